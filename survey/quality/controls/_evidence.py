"""What the controls say against batches: reasons by batch, laboratory, analyte."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import stats

from ._batches import KEYS
from ._duplicates import pair_limits
from ._precision import passing_table
from ._reasons import reason

if TYPE_CHECKING:
    import pandas as pd

    from ._rules import QualityRules

Key = tuple[str, str, str]
Reasons = dict[Key, list[dict[str, Any]]]
_BY_Z = ("1-2s", "1-3s", "2-2s", "R-4s", "4-1s", "10x", "moving_average")
_UP_TO_95 = np.sqrt(2) * stats.norm.ppf(0.975)


def reference_reasons(references: pd.DataFrame, rules: QualityRules) -> Reasons:
    """Rules that reference results of each batch break."""
    tested = int(references["z"].notna().sum())
    of = references.groupby(KEYS).size()
    reasons: Reasons = defaultdict(list)
    for key, n, judged in _mostly_failing(references, rules):
        rule = rules["most_fail"]
        reasons[key].append(reason("most_fail", rule.action, n=n, of=judged))
    hit = references[references["status"].isin(["warn", "fail", "pass"])]
    hit = hit[hit["rule"].ne("")]
    beyond = hit["rule"].str.split(", ")
    for code in (*_BY_Z, "delta_log"):
        here = hit[np.array([code in each for each in beyond], dtype=bool)]
        here = here[here["z"].notna() | (code == "delta_log")]
        for key, rows in here.groupby(KEYS):
            farther = code == "1-2s" and all(
                "1-3s" in each for each in beyond.loc[rows.index]
            )
            if farther:  # beyond 3 sd is told already
                continue
            values = _worst(rows, code) | {"n": len(rows), "of": int(of[key])}
            if code in _BY_Z:
                values |= {"rule": code, "limit": rules[code].numbers["limit"]}
            if code == "1-3s":
                values |= {"tested": tested, "chance": _chance(rows, tested)}
            reasons[key].append(reason(code, rules[code].action, **values))
    _add_hidden(reasons, hit, of, rules)
    return reasons


def _add_hidden(
    reasons: Reasons, hit: pd.DataFrame, of: pd.Series, rules: QualityRules
) -> None:
    """Results without a number that are beyond 3 sd whatever they are."""
    rule = rules["1-3s"]
    for key, rows in hit[hit["censored"] | hit["over_range"]].groupby(KEYS):
        values = {
            "n": len(rows),
            "of": int(of[key]),
            "limit": rule.numbers["limit"],
            "sample_id": str(rows["sample_id"].iloc[0]),
            "material": str(rows["material"].iloc[0]),
        }
        reasons[key].append(reason("1-3s_hidden", rule.action, **values))


def _worst(rows: pd.DataFrame, code: str) -> dict[str, Any]:
    """The result that is farthest off."""
    measure = "delta_log" if code == "delta_log" else "z"
    row = rows.loc[rows[measure].abs().idxmax()]
    return {
        "worst": float(row[measure]),
        "sample_id": str(row["sample_id"]),
        "material": str(row["material"]),
    }


def _chance(rows: pd.DataFrame, tested: int) -> float:
    """Chance that the farthest of so many results lies as far out."""
    degrees = rows["sd_n"].sub(1).where(rows["sd_n"].gt(1), np.inf).to_numpy()
    tail = 2 * stats.t.sf(rows["z"].abs().to_numpy(dtype=float), degrees)
    return float(1 - (1 - tail.min()) ** max(1, tested))


def _mostly_failing(
    references: pd.DataFrame, rules: QualityRules
) -> list[tuple[Key, int, int]]:
    rule = rules["most_fail"]
    if not rule.on:
        return []
    judged = references[references["status"].ne("untested")]
    failed = judged["status"].eq("fail")
    counts = failed.groupby([judged[name] for name in KEYS]).agg(["sum", "size"])
    many = counts["sum"] >= rule.numbers["minimum_n"]
    many &= 100 * counts["sum"] >= rule.numbers["limit"] * counts["size"]
    return [
        (key, int(row["sum"]), int(row["size"])) for key, row in counts[many].iterrows()
    ]


def blank_reasons(blanks: pd.DataFrame, rules: QualityRules) -> Reasons:
    """Contaminated blanks of each batch, and what came before them."""
    reasons: Reasons = defaultdict(list)
    of = blanks.groupby(KEYS).size()
    hit = blanks[blanks["rule"].str.startswith("blank")]
    for key, rows in hit.groupby(KEYS):
        worst = rows.loc[rows["ratio"].idxmax()]
        reasons[key].append(
            reason(
                "blank",
                rules["blank"].action,
                n=len(rows),
                of=int(of[key]),
                limit=rules["blank"].numbers["limit"],
                sample_id=str(worst["sample_id"]),
                worst=float(worst["ratio"]),
            )
        )
        carried = rows[rows["rule"].str.contains("carry_over")]
        if len(carried):
            row = carried.loc[carried["ratio"].idxmax()]
            reasons[key].append(
                reason(
                    "carry_over",
                    rules["carry_over"].action,
                    n=len(carried),
                    sample_id=str(row["sample_id"]),
                    preceding_id=str(row["preceding_id"]),
                    preceding=float(row["preceding_value"]),
                )
            )
    return reasons


def duplicate_reasons(pairs: pd.DataFrame, rules: QualityRules) -> Reasons:
    """Kinds of duplicates of each batch that do not pass."""
    reasons: Reasons = defaultdict(list)
    by = [*KEYS, "kind"]
    for code in ("hard", "re"):
        if not rules[code].on:
            continue
        found = passing_table(pairs, rules[code], by)
        for index, row in found[found["status"].eq("fail")].iterrows():
            values = {
                "kind": index[3],
                "n": int(row["n"]),
                "share": float(row["pass_pct"]),
                "limit": float(row["limit_pct"]),
                "required": rules[code].numbers["required"],
            }
            reasons[index[:3]].append(reason(code, rules[code].action, **values))
    _add_short_form(reasons, pairs, rules, by)
    return reasons


def _add_short_form(
    reasons: Reasons, pairs: pd.DataFrame, rules: QualityRules, by: list[str]
) -> None:
    """Too many pairs above the 95 % line of the precision that is aimed at."""
    rule = rules["target_rsd"]
    if not rule.on:
        return
    target = pair_limits(pairs, rule)
    whole = pairs["mean"].gt(0) & pairs["first"].ge(0) & pairs["second"].ge(0)
    whole &= target.gt(0)
    line = _UP_TO_95 * target / 100 * pairs["mean"]
    counted = pairs[whole].assign(
        outside=(pairs["difference"].abs() > line)[whole], target=target[whole]
    )
    groups = counted.groupby(by)
    found = groups["outside"].agg(["sum", "size"])
    found["target"] = groups["target"].first()
    found["p"] = stats.binom.sf(found["sum"] - 1, found["size"], 0.05)
    for index, row in found[found["p"] < rule.numbers["alpha"]].iterrows():
        values = {
            "kind": index[3],
            "n": int(row["size"]),
            "outside": int(row["sum"]),
            "target": float(row["target"]),
            "p": float(row["p"]),
        }
        reasons[index[:3]].append(reason("target_rsd", rule.action, **values))
