"""False discoveries over a whole map kept below a stated share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from scipy.special import ndtr

from ._null import check_unsquared, core_of, law_of
from ._order import high_counts, low_counts, targets_in, value_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ._order import Sparse

LABELS = {0: "not detected", 1: "detected"}


def control_false_discovery(
    values: xr.DataArray,
    *,
    rate: float = 0.05,
    given: str = "auto",
    dependence: str = "positive",
) -> xr.DataArray:
    """
    Detections of a map of which a stated share at most is false, on average.

    A statistic of the whole map: finds its limit block by block, in memory that does
    not grow with the map, then marks pixels lazily.

    Parameters
    ----------
    values : DataArray
        Scores, higher being more like the target, or p-values; with or without the
        dimension "target", each target for itself.
    rate : float
        Share of false ones among the detections.
    given : {"auto", "normal", "law", "p_values"}
        What the values are: scores whose background is normal, fitted to their middle
        half (matched filters); scores that say their law (rx, ace, amsd); or p-values.
        ``auto``: ``law`` where they say one, else ``normal``.
    dependence : {"positive", "any"}
        How pixels depend on each other: independently or positively, as neighbours in
        an image mostly do (Benjamini-Hochberg), or in any way, which costs detections
        (Benjamini-Yekutieli).

    Returns
    -------
    DataArray
        Class map: 1 detected, 0 not, NaN where values are. Exact for p-values rounded
        to float32. Attrs ``p_value``: the largest p-value detected, NaN without one;
        ``score``: the score it stands for; ``detected`` and ``pixels``: counts. A value
        a target.

    Raises
    ------
    ValueError
        If the rate is no share, p-values leave 0 to 1, a law is missing, a normal law
        is to fit squares (glrt, windowed rx), or options are unknown.

    References
    ----------
    Benjamini, Y., Hochberg, Y. (1995). Controlling the false discovery rate: a
    practical and powerful approach to multiple testing. Journal of the Royal
    Statistical Society B 57, 289-300.
    Benjamini, Y., Yekutieli, D. (2001). The control of the false discovery rate in
    multiple testing under dependency. Annals of Statistics 29, 1165-1188.

    Examples
    --------
    >>> p = xr.DataArray([0.001, 0.012, 0.03, 0.2, 0.9], dims="x")
    >>> found = control_false_discovery(p, rate=0.05, given="p_values")
    >>> print(found.values, round(found.attrs["p_value"][0], 3))
    [1. 1. 1. 0. 0.] 0.03
    """
    if not 0 < rate < 1:
        raise ValueError(f"rate must be above 0, below 1. Got {rate}.")
    if dependence not in {"positive", "any"}:
        raise ValueError(f"dependence must be 'positive' or 'any'. Got {dependence!r}.")
    names = targets_in(values)
    if given == "auto":
        given = "law" if "background_law" in values.attrs else "normal"
    tests, back = _p_values(values, names, given)
    counts = high_counts(tests)
    totals = [int(numbers.sum()) for _, numbers in counts]
    if given == "p_values":
        _check_p(counts)
    limits, detected = _limits(tests, counts, rate, dependence)
    shape = (-1, *[1] * (values.ndim - 1))
    marked = tests.transpose(*(["target"] if "target" in values.dims else []), ...)
    bound = limits.reshape(shape) if "target" in values.dims else limits[0]
    grid = xr.where(marked.isnull(), np.nan, (marked <= bound).astype("float32"))
    return (
        grid.astype("float32")
        .transpose(*values.dims)
        .rename("detected")
        .assign_attrs(
            long_name=f"detected at a false discovery rate of {rate:g}",
            units="1",
            kind="categorical",
            classes=LABELS,
            rate=float(rate),
            dependence=dependence,
            given=given,
            p_value=limits.tolist(),
            score=back(limits).tolist(),
            detected=detected,
            pixels=totals,
        )
    )


def _p_values(
    values: xr.DataArray, names: Sequence[str], given: str
) -> tuple[xr.DataArray, Callable[[np.ndarray], np.ndarray]]:
    """Map of p-values, float32, and the way back to scores."""
    from scipy.special import ndtri

    if given == "p_values":
        return values.astype("float32"), lambda p: np.full_like(p, np.nan)
    if given == "law":
        law, _ = law_of(values)
        return _applied(law.sf, values), law.isf
    if given != "normal":
        raise ValueError(
            f"given must be 'auto', 'normal', 'law' or 'p_values'. Got {given!r}."
        )
    check_unsquared(
        values, "Use given='law' if it says one, or scores of matched_filter."
    )
    core = core_of(values, names)
    middle, spread = xr.DataArray(core.middle), xr.DataArray(core.spread)
    if "target" in values.dims:
        middle, spread = (part.rename(dim_0="target") for part in (middle, spread))
    else:
        middle, spread = middle[0], spread[0]
    tests = _applied(ndtr, ((middle - values) / spread).transpose(*values.dims))
    return tests, lambda p: core.middle - core.spread * ndtri(p)


def _applied(
    function: Callable[[np.ndarray], np.ndarray], values: xr.DataArray
) -> xr.DataArray:
    return xr.apply_ufunc(
        lambda block: function(block.astype("float64")).astype("float32"),
        values,
        dask="parallelized",
        output_dtypes=["float32"],
        keep_attrs=False,
    )


def _check_p(counts: Sequence[Sparse]) -> None:
    for keys, _ in counts:
        if not keys.size:
            continue
        low, high = value_of(int(keys[0]) << 16), value_of(int(keys[-1]) << 16)
        if low < 0 or high > 1:
            raise ValueError(
                "p-values lie from 0 to 1; some of these do not. Scores are given "
                "with given='normal' or given='law'."
            )


def _limits(
    tests: xr.DataArray, counts: list[Sparse], rate: float, dependence: str
) -> tuple[np.ndarray, list[int]]:
    """Largest p-value detected of each target and how many, looked for downwards."""
    limits, detected = np.full(len(counts), np.nan), [0] * len(counts)
    ways = [_candidates(*count, rate, dependence) for count in counts]
    while any(ways):
        wanted = [[way[-1][0]] if way else [] for way in ways]
        lows = low_counts(tests, wanted)
        for i, way in enumerate(ways):
            if not way:
                continue
            high, before, per = way.pop()
            keys, numbers = lows[i][high]
            p = np.array([value_of((high << 16) | int(key)) for key in keys])
            passed = np.flatnonzero(p <= per * (before + np.cumsum(numbers)))
            if passed.size:
                limits[i] = p[passed[-1]]
                detected[i] = int(before + numbers[: passed[-1] + 1].sum())
                way.clear()
    return limits, detected


def _candidates(
    keys: np.ndarray, numbers: np.ndarray, rate: float, dependence: str
) -> list[tuple[int, int, float]]:
    """Upper halves under which the limit may lie: key, count before, share a rank."""
    total = int(numbers.sum())
    if not total:
        return []
    ranks = np.arange(1, total + 1) if total < 10**6 else None
    harmonic = (
        (1 / ranks).sum() if ranks is not None else np.log(total) + np.euler_gamma
    )
    per = rate / total / (harmonic if dependence == "any" else 1)
    after = np.cumsum(numbers)
    lowest = np.array([value_of(int(key) << 16) for key in keys])
    may = np.flatnonzero(lowest <= per * after)
    return [(int(keys[i]), int(after[i] - numbers[i]), per) for i in may]
