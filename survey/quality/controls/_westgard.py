"""Rules of control charts over results of one material in sequence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from ._rules import QualityRules


def broken_rules(part: pd.DataFrame, rules: QualityRules) -> list[list[str]]:
    """Codes of the rules that each result of one material breaks, in sequence."""
    marks: dict[str, NDArray[np.bool_]] = {}
    z = part["z"].to_numpy(dtype=float)
    seen = ~np.isnan(z)
    for code, pattern in _PATTERNS.items():
        if rules[code].on:
            marks[code] = np.zeros(z.size, dtype=bool)
            if seen.any():
                marks[code][seen] = pattern(z[seen], rules[code].numbers["limit"])
    if rules["moving_average"].on:
        window = rules["moving_average"].numbers["window"]
        mean = part["moving_average"].to_numpy(dtype=float)
        marks["moving_average"] = (
            np.abs(mean) * np.sqrt(window) > rules["moving_average"].numbers["limit"]
        )
    if rules["delta_log"].on:
        marks["delta_log"] = _delta_log(part, rules)
    if rules["1-3s"].on:
        marks["1-3s"] |= _certainly_beyond(part, rules["1-3s"].numbers["limit"])
    return [[code for code in marks if marks[code][i]] for i in range(z.size)]


def _beyond(z: NDArray, limit: float) -> NDArray[np.bool_]:
    return np.abs(z) > limit


def _run(z: NDArray, limit: float, length: int) -> NDArray[np.bool_]:
    """Results that complete a run of this length beyond a limit, on one side."""
    mark = np.zeros(z.size, dtype=bool)
    for side in (z > limit, z < -limit):
        count = np.convolve(side, np.ones(length, dtype=int))[: z.size]
        mark |= count == length
    return mark


def _opposite(z: NDArray, limit: float) -> NDArray[np.bool_]:
    """Results beyond the limit that follow one beyond it on the other side."""
    mark = np.zeros(z.size, dtype=bool)
    mark[1:] = (z[1:] > limit) & (z[:-1] < -limit)
    mark[1:] |= (z[1:] < -limit) & (z[:-1] > limit)
    return mark


_PATTERNS = {
    "1-2s": _beyond,
    "1-3s": _beyond,
    "2-2s": lambda z, limit: _run(z, limit, 2),
    "R-4s": _opposite,
    "4-1s": lambda z, limit: _run(z, limit, 4),
    "10x": lambda z, limit: _run(z, limit, 10),
}


def _delta_log(part: pd.DataFrame, rules: QualityRules) -> NDArray[np.bool_]:
    values = rules["delta_log"].numbers
    limit = log_limits(part, rules)
    # a rounding error must not turn a result on the limit into a failure
    beyond = part["delta_log"].abs().to_numpy() > limit + 1e-12
    if values["only_without_sd"]:
        beyond &= part["sd"].isna().to_numpy()
    return beyond


def log_limits(part: pd.DataFrame, rules: QualityRules) -> NDArray[np.float64]:
    """Limit of |Δlg C| for each result, wider near the limit of detection."""
    values = rules["delta_log"].numbers
    near = part["certified_value"] <= values["near_times"] * part["detection_limit"]
    return np.where(near, values["near"], values["limit"])


def _certainly_beyond(part: pd.DataFrame, limit: float) -> NDArray[np.bool_]:
    """Censored results whose limit is too low, over-range ones that are too high."""
    bound = ((part["value"] - part["centre"]) / part["sd"]).to_numpy(dtype=float)
    low = part["censored"].to_numpy() & (bound < -limit)
    return low | (part["over_range"].to_numpy() & (bound > limit))


def expected_false(
    n: int,
    rules: QualityRules,
    *,
    degrees: float = np.inf,
    relative_sd: float = np.nan,
    log_limit: float = np.nan,
) -> float:
    """
    Failures to expect by chance among n results of a laboratory without bias.

    Normal, independent results; with an sd from few results, Student's t with its
    degrees of freedom. Patterns may overlap, so this is the most to be expected.
    `relative_sd` (a share) and `log_limit` are for the rule on lg C.
    """

    def tail(limit: float) -> float:
        return float(stats.t.sf(limit, degrees))

    chances = {
        "1-2s": (1, lambda limit: 2 * tail(limit)),
        "1-3s": (1, lambda limit: 2 * tail(limit)),
        "2-2s": (2, lambda limit: 2 * tail(limit) ** 2),
        "R-4s": (2, lambda limit: 2 * tail(limit) ** 2),
        "4-1s": (4, lambda limit: 2 * tail(limit) ** 4),
        "10x": (10, lambda limit: 2 * tail(limit) ** 10),
    }
    total = 0.0
    for code, (length, chance) in chances.items():
        rule = rules[code]
        if rule.on and rule.action in {"reassay", "reject"}:
            total += max(0, n - length + 1) * chance(rule.numbers["limit"])
    rule = rules["delta_log"]
    counts = rule.on and not rule.numbers["only_without_sd"]
    if counts and rule.action in {"reassay", "reject"} and relative_sd > 0:
        total += n * 2 * tail(log_limit * np.log(10) / relative_sd)
    return min(total, float(n))
