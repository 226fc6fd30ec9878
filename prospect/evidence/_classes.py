"""Continuous grids cut into classes."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import dask.array as da
import numpy as np
import xarray as xr
from dask import compute, delayed
from numba import njit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

METHODS = ("equal_interval", "quantile", "natural_breaks", "geometric", "manual")
SAMPLE = 50_000
HALF = 1 << 16


def classify(
    grid: xr.DataArray,
    *,
    method: str = "quantile",
    n_classes: int | None = None,
    breaks: Sequence[float] | None = None,
) -> xr.DataArray:
    """
    Grid cut into ordered classes; missing cells stay missing.

    All methods but "manual" need a statistic of the whole grid: it is computed once or
    twice, block by block.

    Parameters
    ----------
    grid : DataArray, dims (y, x)
        Continuous grid.
    method : {"quantile", "equal_interval", "natural_breaks", "geometric", "manual"}
        Classes of equal number of cells; of equal width; with the least variance
        within (Fisher and Jenks, on a sample of at most 50 000 cells evenly spread);
        whose limits grow by one factor (positive values only); or cut at `breaks`.
    n_classes : int, optional
        Number of classes, at least 2; 5 unless `breaks` are given. Fewer come out
        where many cells have one value.
    breaks : sequence of float, optional
        Ascending limits between the classes, for "manual": n limits make n + 1 classes.

    Returns
    -------
    DataArray, dims (y, x)
        Codes 1, 2, … from low to high, float32, lazy. A limit belongs to the class
        below it. ``attrs["breaks"]`` are the limits; ``attrs["classes"]`` names them.

    Raises
    ------
    ValueError
        If options contradict each other, the grid has no values, or "geometric" meets
        values that are not positive.

    References
    ----------
    Fisher, W.D. (1958). On grouping for maximum homogeneity. Journal of the American
    Statistical Association 53, 789-798.

    Examples
    --------
    >>> import xarray as xr
    >>> grid = xr.DataArray([[0.0, 1, 2, np.nan, 3, 100]], dims=("y", "x"))
    >>> print(classify(grid, method="equal_interval", n_classes=2).values)
    [[ 1.  1.  1. nan  1.  2.]]
    >>> low = classify(grid, method="manual", breaks=[1.5])
    >>> print(low.values, low.attrs["classes"])
    [[ 1.  1.  2. nan  2.  2.]] {1: '≤ 1.5', 2: '> 1.5'}
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {METHODS}. Got {method!r} instead.")
    if (method == "manual") != (breaks is not None):
        raise ValueError(
            "breaks= goes with method='manual' and only with it. Got "
            f"method={method!r} and breaks={breaks!r}."
        )
    if breaks is not None:
        limits = _checked(breaks, n_classes)
    else:
        n_classes = 5 if n_classes is None else n_classes
        if n_classes < 2:
            raise ValueError(
                f"n_classes must be at least 2. Got {n_classes!r} instead."
            )
        limits = np.unique(FINDERS[method](grid, n_classes))
    codes = xr.apply_ufunc(
        _cut, grid, kwargs={"limits": limits}, dask="parallelized",
        output_dtypes=["float32"], keep_attrs=True,
    )  # fmt: skip
    return codes.assign_attrs(
        kind="categorical",
        units="",
        classes=_texts(limits.tolist()),
        breaks=limits.tolist(),
        method=method,
    )


def _cut(values: np.ndarray, limits: np.ndarray) -> np.ndarray:
    codes = np.searchsorted(limits, values, side="left") + np.float32(1)
    return np.where(np.isnan(values), np.float32(np.nan), codes).astype("float32")


def _texts(limits: list[float]) -> dict[int, str]:
    inner = [f"{a:g} – {b:g}" for a, b in itertools.pairwise(limits)]
    if not limits:
        return {1: "all values"}
    texts = [f"≤ {limits[0]:g}", *inner, f"> {limits[-1]:g}"]
    return dict(enumerate(texts, 1))


def _checked(breaks: Sequence[float], n_classes: int | None) -> np.ndarray:
    limits = np.asarray(breaks, "float64")
    if limits.ndim != 1 or not limits.size or not (np.diff(limits) > 0).all():
        raise ValueError(f"breaks must ascend, each once. Got {list(breaks)} instead.")
    if n_classes is not None and n_classes != limits.size + 1:
        raise ValueError(
            f"{limits.size} breaks make {limits.size + 1} classes, not {n_classes}: "
            "leave n_classes out."
        )
    return limits


def _range(grid: xr.DataArray) -> tuple[float, float]:
    low, high = (float(v) for v in compute(grid.min().data, grid.max().data))
    if not np.isfinite([low, high]).all():
        raise ValueError(
            f"the grid has no finite range (from {low} to {high}). Check that it has "
            "values within the region, and no infinite ones."
        )
    return low, high


def _equal_interval(grid: xr.DataArray, n: int) -> np.ndarray:
    low, high = _range(grid)
    return np.linspace(low, high, n + 1)[1:-1]


def _geometric(grid: xr.DataArray, n: int) -> np.ndarray:
    low, high = _range(grid)
    if low <= 0:
        raise ValueError(
            f"geometric classes need positive values; the lowest is {low:g}. Use "
            "method='quantile' or 'natural_breaks'."
        )
    return np.geomspace(low, high, n + 1)[1:-1]


def _quantile(grid: xr.DataArray, n: int) -> np.ndarray:
    """
    Exact quantiles in two passes and constant memory.

    The bits of a float32, with the sign turned, are integers in the order of the
    values: the upper halves are counted first, then the lower halves of those in which
    a quantile lies.
    """
    _range(grid)
    upper = sum(_over_blocks(grid, _count_upper))
    below = np.cumsum(upper)
    ranks = np.ceil(np.arange(1, n) * below[-1] / n).astype(np.int64)
    bins = np.searchsorted(below, ranks)
    chosen = np.unique(bins)
    lower = sum(_over_blocks(grid, lambda block: _count_lower(block, chosen)))
    keys = []
    for rank, place in zip(ranks, bins, strict=True):
        counts = np.cumsum(lower[np.searchsorted(chosen, place)])
        rest = rank - (below[place] - upper[place])
        keys.append(place * HALF + np.searchsorted(counts, rest))
    return _from_keys(np.array(keys, "uint32")).astype("float64")


def _over_blocks(
    grid: xr.DataArray, function: Callable[[np.ndarray], np.ndarray]
) -> list[np.ndarray]:
    if grid.chunks is None:
        return [function(np.asarray(grid.data))]
    parts = [delayed(function)(b) for b in grid.data.to_delayed().ravel()]
    while len(parts) > 1:
        pairs = [parts[i : i + 8] for i in range(0, len(parts), 8)]
        parts = [delayed(sum)(pair) for pair in pairs]
    return list(compute(*parts))


def _keys(block: np.ndarray) -> np.ndarray:
    values = block[~np.isnan(block)].astype("float32") + np.float32(0)
    bits = values.view("uint32")
    negative = bits >> 31 == 1
    return np.where(negative, ~bits, bits | np.uint32(1 << 31))


def _from_keys(keys: np.ndarray) -> np.ndarray:
    negative = keys >> 31 == 0
    bits = np.where(negative, ~keys, keys & np.uint32((1 << 31) - 1))
    return bits.astype("uint32").view("float32")


def _count_upper(block: np.ndarray) -> np.ndarray:
    return np.bincount(_keys(block) >> 16, minlength=HALF)


def _count_lower(block: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    keys = _keys(block)
    place = np.searchsorted(chosen, keys >> 16)
    place = np.minimum(place, len(chosen) - 1)
    keys, place = (a[chosen[place] == keys >> 16] for a in (keys, place))
    flat = place * HALF + (keys & np.uint32(HALF - 1))
    return np.bincount(flat, minlength=len(chosen) * HALF).reshape(-1, HALF)


def _natural_breaks(grid: xr.DataArray, n: int) -> np.ndarray:
    step = max(1, int(np.ceil(np.sqrt(grid.size / SAMPLE))))
    sample = np.asarray(da.asarray(grid.data)[::step, ::step].compute(), "float64")
    sample = np.sort(sample[np.isfinite(sample)])
    if not sample.size:
        raise ValueError("the grid has no values within the region. Check its extent.")
    values, counts = np.unique(sample, return_counts=True)
    if len(values) <= n:
        return values[:-1]
    return values[_jenks(values, counts.astype("float64"), n) - 1]


@njit(nogil=True, cache=True)
def _jenks(values, counts, n):  # noqa: ANN001, ANN202
    """
    First members of the second to the last class, with the least sum of squares.

    The best start of the last class moves up with the end of the range, so each class
    is found by halving: n classes of m values cost n m log m.
    """
    m = len(values)
    w, s, q = np.zeros(m + 1), np.zeros(m + 1), np.zeros(m + 1)
    shift = values[m // 2]
    for i in range(m):
        v = values[i] - shift
        w[i + 1] = w[i] + counts[i]
        s[i + 1] = s[i] + counts[i] * v
        q[i + 1] = q[i] + counts[i] * v * v
    cost = np.full((n + 1, m + 1), np.inf)
    begin = np.zeros((n + 1, m + 1), np.int64)
    cost[0, 0] = 0.0
    stack = np.empty((4 * m + 8, 4), np.int64)
    for k in range(1, n + 1):
        top = 0
        stack[0, 0], stack[0, 1], stack[0, 2], stack[0, 3] = k, m, k - 1, m - 1
        top = 1
        while top:
            top -= 1
            lo, hi, first, last = stack[top]
            if lo > hi:
                continue
            mid = (lo + hi) // 2
            best, where = np.inf, first
            for i in range(first, min(last, mid - 1) + 1):
                d = s[mid] - s[i]
                c = cost[k - 1, i] + q[mid] - q[i] - d * d / (w[mid] - w[i])
                if c < best:
                    best, where = c, i
            cost[k, mid], begin[k, mid] = best, where
            stack[top, 0], stack[top, 1] = lo, mid - 1
            stack[top, 2], stack[top, 3] = first, where
            stack[top + 1, 0], stack[top + 1, 1] = mid + 1, hi
            stack[top + 1, 2], stack[top + 1, 3] = where, last
            top += 2
    out = np.empty(n - 1, np.int64)
    end = m
    for k in range(n, 1, -1):
        end = begin[k, end]
        out[k - 2] = end
    return out


FINDERS = {
    "equal_interval": _equal_interval,
    "quantile": _quantile,
    "natural_breaks": _natural_breaks,
    "geometric": _geometric,
}
