"""Two laboratories on the same samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..._checks import check_columns
from . import _columns as columns
from ._controls import CHECK
from ._paired import LINES, fitted_line, paired_bias
from ._reference import as_rules
from ._robust import holm

if TYPE_CHECKING:
    from pathlib import Path

    from ._rules import QualityRules


def compare_laboratories(
    pairs: pd.DataFrame,
    *,
    method: str = "theil_sen",
    confidence: float = 0.95,
    rules: str | Path | QualityRules = "default",
) -> pd.DataFrame:
    """
    Laboratories compared on pairs of results of the same samples.

    Parameters
    ----------
    pairs : DataFrame
        As `pair_duplicates` gives them. Used are laboratory checks, and other pairs
        whose results come from two laboratories. `first` is the original.
    method : {"theil_sen", "rma", "deming"}, default "theil_sen"
        Line of the second laboratory on the first: median of slopes; reduced major
        axis; Deming's for errors of equal size in both.
    confidence : float, default 0.95
        Of all intervals.
    rules : str, path or QualityRules, default "default"
        See `read_quality_rules`: rule ``laboratory_bias``, limits of rule ``re``.

    Returns
    -------
    DataFrame
        ``laboratories`` of `QualityAssessment`, a row each analyte × pair of
        laboratories: bias of the second in per cent (Hodges-Lehmann median of the
        logarithms of the ratio) with interval, line with intervals, Wilcoxon's p, also
        adjusted for the number of comparisons by Holm's rule, share of the pairs with
        RE = abs(C1 - C2) / mean × 100 within its limit. ``status`` "fail" if the bias
        exceeds the rule's limit beyond chance, or too few pairs pass a rule ``re``
        that is on. Pairs with a censored member are counted only.

    Raises
    ------
    ValueError
        If a column is missing or `method` is not known.

    References
    ----------
    Hodges, J.L. & Lehmann, E.L. 1963. Estimates of location based on rank tests.
    Annals of Mathematical Statistics 34:598-611. Jolicoeur, P. & Mosimann, J.E. 1968.
    Intervalles de confiance pour la pente de l'axe majeur d'une distribution normale
    bidimensionnelle. Biométrie-Praximétrie 9:121-140. Linnet, K. 1993. Evaluation of
    regression procedures for methods comparison studies. Clinical Chemistry
    39:424-432.

    Examples
    --------
    >>> n = 20
    >>> pairs = pd.DataFrame({
    ...     "analyte": "Cu_ppm", "kind": "laboratory check", "laboratory": "B",
    ...     "original_laboratory": "A", "first_censored": False,
    ...     "second_censored": False, "first": np.arange(10.0, 10 + n),
    ...     "second": 1.1 * np.arange(10.0, 10 + n)})
    >>> found = compare_laboratories(pairs)
    >>> print(found[["n", "bias_pct", "slope", "status"]])
        n  bias_pct  slope status
    0  20      10.0    1.1   fail
    """
    if method not in LINES:
        raise ValueError(f"method must be one of {', '.join(LINES)}; got {method!r}")
    needed = ["analyte", "kind", "laboratory", "original_laboratory"]
    needed += ["first", "second", "first_censored", "second_censored"]
    check_columns(pairs, needed)
    settled = as_rules(rules)
    other = pairs["laboratory"].ne(pairs["original_laboratory"])
    known = pairs["laboratory"].ne("") & pairs["original_laboratory"].ne("")
    used = pairs[pairs["kind"].eq(CHECK) | (other & known)]
    rows = []
    keys = ["analyte", "laboratory", "original_laboratory"]
    for key, group in used.groupby(keys, sort=True):
        row = dict(zip(keys, key, strict=True))
        rows.append(row | _compared(group, method, confidence, settled))
    found = columns.as_table(rows, columns.LABORATORIES)
    found["wilcoxon_p_adjusted"] = holm(found["wilcoxon_p"])
    _judge(found, settled)
    return found


def _compared(
    group: pd.DataFrame, method: str, confidence: float, rules: QualityRules
) -> dict[str, object]:
    """Row of one analyte and pair of laboratories."""
    first_censored, second_censored = group["first_censored"], group["second_censored"]
    whole = ~first_censored & ~second_censored
    whole &= group["first"].notna() & group["second"].notna()
    if "rule" in group:
        whole &= group["rule"].ne("over_range")
    x = group.loc[whole, "first"].to_numpy(dtype=float)
    y = group.loc[whole, "second"].to_numpy(dtype=float)
    bias = paired_bias(x, y, confidence)
    limit = rules["re"].limit(str(group["analyte"].iloc[0]))
    return {
        "n": len(group),
        "n_complete": x.size,
        "n_censored_one": int((first_censored ^ second_censored).sum()),
        "n_censored_both": int((first_censored & second_censored).sum()),
        "wilcoxon_p": bias.pop("p"),
        **bias,
        "method": method,
        **fitted_line(x, y, method=method, confidence=confidence),
        "re_limit_pct": limit,
        "re_pass_pct": pass_share(x, y, limit),
        "re_required_pct": rules["re"].numbers["required"],
    }


def pass_share(x: np.ndarray, y: np.ndarray, limit: float) -> float:
    """Per cent of the pairs whose RE is within a limit; NaN without pairs."""
    mean = (x + y) / 2
    good = mean > 0
    if not good.any():
        return float("nan")
    re = 100 * np.abs(x - y)[good] / mean[good]
    return float(100 * np.mean(re <= limit + 1e-9))


def _judge(found: pd.DataFrame, rules: QualityRules) -> None:
    rule, re = rules["laboratory_bias"], rules["re"]
    biased = found["wilcoxon_p_adjusted"] < rule.numbers["alpha"]
    biased &= found["bias_pct"].abs() >= rule.numbers["limit"]
    biased &= rule.on
    enough = found["n_complete"] >= re.numbers["minimum_n"]
    apart = re.on & enough & (found["re_pass_pct"] <= found["re_required_pct"])
    tested = found["wilcoxon_p"].notna() | (re.on & enough)
    found["status"] = np.select([biased | apart, ~tested], ["fail", "untested"], "pass")
