"""What the controls of one batch say against it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scipy import stats

from ._precision import share_passing
from ._reasons import reason
from ._thompson import thompson_howarth

if TYPE_CHECKING:
    import pandas as pd

    from ._rules import QualityRules

_BY_Z = ("1-2s", "1-3s", "2-2s", "R-4s", "4-1s", "10x", "moving_average")


def reference_reasons(
    references: pd.DataFrame, rules: QualityRules, tested: int
) -> list[dict[str, Any]]:
    """
    Rules that reference results of the batch break.

    `tested` is the number of results with a z in all batches, for the chance that one
    of them is as far out by itself.
    """
    reasons = []
    broken = references["rule"].str.split(", ")
    for code in (*_BY_Z, "delta_log"):
        hit = references[[code in each for each in broken]]
        if hit.empty:
            continue
        if code == "1-2s" and len(hit) == sum("1-3s" in each for each in broken):
            continue  # each of them is beyond 3 sd, which is told already
        measure = "delta_log" if code == "delta_log" else "z"
        size = hit[measure].abs()
        row = hit.loc[size.idxmax()] if size.notna().any() else hit.iloc[0]
        values = {
            "n": len(hit),
            "of": len(references),
            "worst": float(row[measure]),
            "sample_id": row["sample_id"],
            "material": row["material"],
        }
        if code in _BY_Z:
            values |= {"rule": code, "limit": rules[code].numbers["limit"]}
        if code == "1-3s":
            values |= {"tested": tested, "chance": _chance(row, tested)}
        reasons.append(reason(code, rules[code].action, **values))
    return reasons + _most_fail(references, rules)


def _chance(row: pd.Series, tested: int) -> float:
    """Chance that the farthest of so many results lies as far out."""
    degrees = row["sd_n"] - 1 if row["sd_n"] > 1 else float("inf")
    tail = 2 * stats.t.sf(abs(row["z"]), degrees)
    return float(1 - (1 - tail) ** max(1, tested))


def _most_fail(references: pd.DataFrame, rules: QualityRules) -> list[dict[str, Any]]:
    rule = rules["most_fail"]
    judged = references[references["status"].ne("untested")]
    failed = int(judged["status"].eq("fail").sum())
    if not rule.on or failed < rule.numbers["minimum_n"]:
        return []
    if 100 * failed < rule.numbers["limit"] * len(judged):
        return []
    return [reason("most_fail", rule.action, n=failed, of=len(judged))]


def blank_reasons(blanks: pd.DataFrame, rules: QualityRules) -> list[dict[str, Any]]:
    """Contaminated blanks of the batch, and what came before them."""
    hit = blanks[blanks["rule"].str.startswith("blank")]
    if hit.empty:
        return []
    worst = hit.loc[hit["ratio"].idxmax()]
    rule = rules["blank"]
    reasons = [
        reason(
            "blank",
            rule.action,
            n=len(hit),
            of=len(blanks),
            limit=rule.numbers["limit"],
            sample_id=worst["sample_id"],
            worst=float(worst["ratio"]),
        )
    ]
    carried = hit[hit["rule"].str.contains("carry_over")]
    if len(carried):
        row = carried.loc[carried["ratio"].idxmax()]
        reasons.append(
            reason(
                "carry_over",
                rules["carry_over"].action,
                n=len(carried),
                sample_id=row["sample_id"],
                preceding_id=row["preceding_id"],
                preceding=float(row["preceding_value"]),
            )
        )
    return reasons


def duplicate_reasons(pairs: pd.DataFrame, rules: QualityRules) -> list[dict[str, Any]]:
    """Kinds of duplicates of the batch that do not pass."""
    reasons = []
    for kind, group in pairs.groupby("kind", sort=True):
        for code in ("hard", "re"):
            found = share_passing(group, rules[code]) if rules[code].on else {}
            if found.get("status") == "fail":
                reasons.append(
                    reason(
                        code,
                        rules[code].action,
                        kind=kind,
                        n=len(group[group["mean"].notna()]) - found["n_near_limit"],
                        share=found["pass_pct"],
                        limit=found["limit_pct"],
                        required=found["required_pct"],
                    )
                )
        reasons += _short_form(group, str(kind), rules)
    return reasons


def _short_form(
    group: pd.DataFrame, kind: str, rules: QualityRules
) -> list[dict[str, Any]]:
    """Too many pairs above the line of the precision that is aimed at."""
    rule = rules["target_rsd"]
    target = rule.numbers[kind.replace(" ", "_")]
    whole = group[group["mean"].gt(0) & group["first"].ge(0) & group["second"].ge(0)]
    if not rule.on or whole.empty or not target:
        return []
    found = thompson_howarth(
        whole["first"], whole["second"], target_rsd=target, method="short"
    )
    line = found.lines[found.lines["probability"].eq(0.95)].iloc[0]
    if line["p"] >= rule.numbers["alpha"]:
        return []
    return [
        reason(
            "target_rsd",
            rule.action,
            kind=kind,
            n=found.n,
            outside=int(line["n_outside"]),
            target=target,
            p=float(line["p"]),
        )
    ]
