"""Background and threshold of many analytes, by several methods, by group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from survey import DataProblems

from ..._note import Note
from ._background_notes import joined, notes_of
from ._background_values import backward, fit_mask, forward, read_contents
from ._groups import each_group, group_labels
from ._iterate import N_SD, is_hidden, trim
from ._mixture_fit import Points, fit_populations
from ._thresholds import (
    FENCE,
    MAD_TO_SD,
    check_methods,
    hinges,
    median_mad,
    percentile_of,
    quantile,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import geopandas as gpd
    from numpy.typing import ArrayLike, NDArray

    from ._background_values import Contents

COLUMNS = (
    "analyte", "method", "group", "n", "n_censored", "n_imputed", "n_no_limit",
    "n_over_range", "n_missing", "n_removed", "iterations", "mean", "sd", "cv",
    "median", "mad", "background_value", "threshold", "unit", "transform", "k",
    "censored_as", "share_above", "n_held_out", "share_above_held_out", "note",
)  # fmt: skip
MOST_POPULATIONS = 4


class Fitted(NamedTuple):
    """A threshold and what it was taken from, in the space of the transform."""

    background: float
    threshold: float
    rest: NDArray[np.float64]
    k: float
    iterations: int = 0
    notes: tuple[Note, ...] = ()


def background_table(
    samples: pd.DataFrame,
    columns: str | Sequence[str],
    *,
    methods: str | Sequence[str] = ("iterative", "median_mad", "tukey"),
    transform: str | Sequence[str | None] | None = "log10",
    k: float | Mapping[str, float] = 2.0,
    by: str | tuple[gpd.GeoDataFrame, str] | None = None,
    censored: str = "limit",
    fit_on: ArrayLike | str | None = None,
) -> pd.DataFrame:
    """
    Background and threshold of each analyte, method and group.

    Parameters
    ----------
    samples : DataFrame
        Samples; points where `by` is a layer of polygons.
    columns : str or sequence of str
        Analytes, such as ``Cu_ppm``.
    methods : str or sequence of str
        "iterative": mean X̄ and deviation S after repeated removal of values beyond
        X̄ ± 3 S, T = X̄ + k S. "mean_sd": the same without removal. "median_mad": median
        + k · 1.4826 · MAD. "tukey": upper hinge + 1.5 × distance of the hinges.
        "percentile_97.5" and the like ("percentile" is the 98th). "mixture": mean + k S
        of the largest of up to four normal populations (`threshold_mixture`).
    transform : {"log10", None} or a sequence of them, default "log10"
        Whether statistics are taken in lg C or in C; with both, each has its rows.
    k : float or mapping of str to float, default 2
        Number of deviations, or one for each analyte.
    by : str or (GeoDataFrame, str), optional
        Column that holds the group of a sample, such as lithology, or polygons and the
        column that names them. Samples without a group have their own row.
    censored : {"limit", "drop", "imputed"}, default "limit"
        Values below detection enter with their limit (with the imputed value where
        there is one), are left out, or must all be imputed. Those without a limit are
        left out. All are counted.
    fit_on : array-like of bool or str, optional
        Samples to fit on, or the column that tells. A threshold that is to be tested
        against deposits or drilling must not be fitted on the samples that test it:
        keep those out here and read ``share_above_held_out``.

    Returns
    -------
    DataFrame
        A row an analyte, transform, group and method. Counts: `n` values that entered,
        `n_removed` of them by iteration in `iterations` passes, `n_censored` (of these
        `n_imputed`, `n_no_limit`), `n_over_range`, `n_missing`. Of the values that
        remain: `mean` (geometric for "log10", in `unit`), `sd` (in `unit`, in lg for
        "log10"), `cv` (sd / mean of C, never of lg C). Of all that entered: `median`
        (NaN where it lies below detection), `mad` (not scaled; in `unit` or lg).
        `background_value`, `threshold` in `unit`, NaN where values below detection hide
        them; `k` that was used; `share_above`: detected values above the threshold as
        share of `n`; `n_held_out` values outside `fit_on` and their
        `share_above_held_out`; `note` (str, or a note that can be said in Chinese).

    Raises
    ------
    DataProblems
        Naming every row with a content of 0 or less where lg is to be taken.
    ValueError
        If an argument is not one of those allowed or names no column.
    TypeError
        If a column does not hold numbers.

    See Also
    --------
    iterate_background : Every pass of the iteration.
    threshold_mixture : All populations of a mixture, with intervals.
    residuals_by_group : What these backgrounds say about each sample.

    References
    ----------
    Reimann, C., Filzmoser, P. and Garrett, R. G. (2005). Background and threshold:
    critical comparison of methods of determination. Science of the Total Environment
    346, 1-16.
    DB63/T 1936-2021 (Qinghai).

    Examples
    --------
    >>> soil = pd.DataFrame({"Cu_ppm": [20.0, 22, 24, 26, 28, 30] * 6 + [300]})
    >>> found = background_table(soil, "Cu_ppm", transform=None, k=2.5)
    >>> print(found[["method", "n", "n_removed", "background_value", "threshold"]])
           method   n  n_removed  background_value  threshold
    0   iterative  37          1              25.0     33.661
    1  median_mad  37          0              26.0     40.826
    2       tukey  37          0              26.0     37.000
    """
    names = check_methods(methods)
    columns = [columns] if isinstance(columns, str) else list(columns)
    spaces = (
        [transform] if transform is None or isinstance(transform, str) else transform
    )
    labels = list(each_group(group_labels(samples, by)))
    mask = fit_mask(samples, fit_on)
    factors = _factors(k, columns)
    rows: list[dict[str, Any]] = []
    for column, space, contents in _each(samples, columns, spaces, censored):
        for group, inside in labels:
            part, held = contents.take(inside & mask), contents.take(inside & ~mask)
            for method in names:
                fitted = fit_threshold(part, method, space, factors[column])
                told = {"group": group if by is not None else None, "transform": space}
                told |= {"method": method, "censored_as": censored}
                rows.append(told | _row(part, held, fitted, told))
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    for name in ("group", "transform", "note"):
        table[name] = pd.Series([row[name] for row in rows], dtype=object)
    return table


def fit_threshold(
    part: Contents, method: str, transform: str | None, k: float
) -> Fitted:
    """Background and threshold of one set of values by one method."""
    x = forward(part.value[part.used], transform)
    below = part.at_limit[part.used]
    if not len(x):
        return Fitted(np.nan, np.nan, x, k)
    if method in {"iterative", "mean_sd"}:
        trimmed = trim(x, n_sd=N_SD if method == "iterative" else np.inf)
        kept, passes = x[trimmed.kept], len(trimmed.passes) - 1
        if is_hidden(trimmed, below):
            notes = (Note("background_centre_hidden"),)
            return Fitted(np.nan, np.nan, kept, k, passes, notes)
        sd = trimmed.sd if len(kept) > 1 else np.nan
        return Fitted(trimmed.mean, trimmed.mean + k * sd, kept, k, passes)
    if method == "mixture":
        return _of_mixture(part, x, k)
    return _of_order(x, below, method, k)


def _of_order(
    x: NDArray[np.float64], below: NDArray[np.bool_], method: str, k: float
) -> Fitted:
    """Thresholds that rest on ranks: exact as long as the limits do not reach them."""
    share = percentile_of(method)
    middle = quantile(x, below, 0.5)
    centre = middle.value if middle.exact else np.nan
    if share is not None:
        top = quantile(x, below, share / 100)
        notes = () if top.exact else (Note("background_centre_hidden"),)
        return Fitted(centre, top.value if top.exact else np.nan, x, np.nan, 0, notes)
    if method == "tukey":
        low, high = hinges(x, below)
        top, sure, spread, known = (
            high.value,
            high.exact,
            high.value - low.value,
            low.exact,
        )
        factor = FENCE
    else:
        found = median_mad(x, below)
        top, sure = found.centre
        spread, known = MAD_TO_SD * found.spread.value, found.spread.exact
        factor = k
    if not sure:
        return Fitted(centre, np.nan, x, factor, 0, (Note("background_centre_hidden"),))
    notes = () if known else (Note("background_spread_hidden"),)
    return Fitted(centre, top + factor * spread, x, factor, 0, notes)


def _of_mixture(part: Contents, x: NDArray[np.float64], k: float) -> Fitted:
    """Mean and deviation of the largest population; as many as BIC asks for."""
    used = part.used
    points = Points.of(x, part.at_limit[used], part.over_range[used])
    found = [
        fit
        for number in range(1, MOST_POPULATIONS + 1)
        if (fit := fit_populations(points, number, random_state=0)) is not None
    ]
    if not found:
        return Fitted(np.nan, np.nan, x, k, 0, (Note("mixture_none"),))
    best = min(found, key=lambda fit: fit.bic(len(x)))
    main = int(best.share.argmax())
    note = Note("mixture_main", n=len(best.share), share=float(best.share[main]))
    top = best.mean[main] + k * best.sd[main]
    return Fitted(float(best.mean[main]), float(top), x, k, 0, (note,))


def _row(
    part: Contents, held: Contents, fitted: Fitted, told: Mapping[str, Any]
) -> dict[str, Any]:
    space, method = told["transform"], told["method"]
    x, below = forward(part.value[part.used], space), part.at_limit[part.used]
    rest, threshold = fitted.rest, float(backward(fitted.threshold, space))
    several = len(rest) > 1
    plain = backward(rest, space)
    middle, spread = quantile(x, below, 0.5), median_mad(x, below)
    sd = float(rest.std(ddof=1)) if several else np.nan
    notes = notes_of(part, threshold, method, told["censored_as"], sd)
    return {
        "analyte": part.column,
        "n": len(x),
        "n_removed": len(x) - len(rest),
        "iterations": fitted.iterations,
        **counts_of(part),
        "mean": float(backward(rest.mean(), space)) if len(rest) else np.nan,
        "sd": sd,
        "cv": float(plain.std(ddof=1) / plain.mean()) if several else np.nan,
        "median": float(backward(middle.value, space)) if middle.exact else np.nan,
        "mad": spread.spread.value if spread.spread.exact else np.nan,
        "background_value": float(backward(fitted.background, space)),
        "threshold": threshold,
        "unit": part.unit,
        "k": fitted.k,
        "share_above": share_above(part, threshold),
        "n_held_out": int(held.used.sum()),
        "share_above_held_out": share_above(held, threshold),
        "note": joined([*notes, *fitted.notes]),
    }


def counts_of(part: Contents) -> dict[str, int]:
    """How many values are below detection, imputed, without limit, missing."""
    return {
        "n_censored": int(part.censored.sum()),
        "n_imputed": int(part.imputed.sum()),
        "n_no_limit": int(part.no_limit.sum()),
        "n_over_range": int(part.over_range.sum()),
        "n_missing": int(part.missing.sum()),
    }


def share_above(part: Contents, threshold: float) -> float:
    """Detected values above a threshold, as share of all values that entered."""
    n = int(part.used.sum())
    if not n or np.isnan(threshold):
        return float("nan")
    return float((part.used & ~part.at_limit & (part.value > threshold)).sum() / n)


def _each(
    samples: pd.DataFrame,
    columns: Iterable[str],
    spaces: Iterable[str | None],
    censored: str,
) -> list[tuple[str, str | None, Contents]]:
    """Values of every analyte; what is wrong with any of them is told together."""
    found, problems = [], []
    for column in columns:
        for space in spaces:
            try:
                contents = read_contents(
                    samples, column, censored=censored, transform=space
                )
            except DataProblems as error:
                problems += error.problems
            else:
                found.append((column, space, contents))
    if problems:
        raise DataProblems(dict.fromkeys(problems))
    return found


def _factors(
    k: float | Mapping[str, float], columns: Sequence[str]
) -> dict[str, float]:
    """Number of deviations of each analyte."""
    told = dict(k) if hasattr(k, "keys") else dict.fromkeys(columns, k)
    lacking = [name for name in columns if name not in told]
    if lacking:
        raise ValueError(f"k has no entry for {lacking}: give one for every analyte.")
    wrong = {n: told[n] for n in columns if not (np.isfinite(told[n]) and told[n] > 0)}
    if wrong:
        raise ValueError(f"k must be above 0; got {wrong}.")
    return {name: float(told[name]) for name in columns}
