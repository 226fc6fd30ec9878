"""Residuals from the background of a sample's own group, such as its rock."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from ..._note import Note
from ._background import counts_of, fit_threshold, share_above
from ._background_notes import joined, notes_of
from ._background_values import backward, fit_mask, forward, read_contents
from ._groups import each_group, group_labels
from ._iterate import trim
from ._thresholds import MAD_TO_SD, median_mad

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import ArrayLike, NDArray

    from ._background_values import Contents

OTHERS, ALL = "(others)", "(all)"
FEWEST = 30
METHODS = ("iterative", "median_mad")


class GroupResiduals(NamedTuple):
    """
    Samples with their residuals, and the backgrounds these rest on.

    Parameters
    ----------
    samples : DataFrame or GeoDataFrame
        The samples with new columns ``Cu_ppm_background_group``, ``_background``,
        ``_threshold``, ``_residual``, ``_contrast``.
    table : DataFrame, index group
        `n`, `n_samples` and the counts of `background_table`; `background_group` whose
        background the group got, `background_value`, `threshold`, `sd`, `share_above`,
        `note`.
    """

    samples: pd.DataFrame
    table: pd.DataFrame


class _Background(NamedTuple):
    """Centre, spread and threshold, in the space of the transform."""

    centre: float
    spread: float
    threshold: float
    note: str


def residuals_by_group(
    samples: pd.DataFrame,
    column: str,
    *,
    by: str | tuple[gpd.GeoDataFrame, str],
    method: str = "median_mad",
    transform: str | None = "log10",
    k: float = 2.0,
    fewest: int = FEWEST,
    fit_on: ArrayLike | str | None = None,
) -> GroupResiduals:
    """
    Residual and contrast of each sample against the background of its group.

    Where rocks differ in their background, one threshold for all finds the rock rich in
    the element and misses the anomaly on the poor one. Here each group has background
    and threshold of its own.

    Parameters
    ----------
    samples : DataFrame
        Samples; points where `by` is a layer of polygons.
    column : str
        Analyte, such as ``Cu_ppm``.
    by : str or (GeoDataFrame, str)
        Column that holds the group of a sample, such as lithology, or polygons and the
        column that names them.
    method : {"median_mad", "iterative"}, default "median_mad"
        Centre and spread: median and 1.4826 · MAD, or mean and standard deviation after
        removal of values beyond mean ± 3 S.
    transform : {"log10", None}, default "log10"
        Whether they are taken in lg C or in C.
    k : float, default 2
        The threshold is centre + k · spread.
    fewest : int, default 30
        Groups with fewer values to fit on are taken together as "(others)"; where these
        are still too few, and for samples without a group, the background is that of
        all samples, "(all)". The table says who got which.
    fit_on : array-like of bool or str, optional
        Samples to fit on, or the column that tells; all of them get their residuals.

    Returns
    -------
    GroupResiduals
        `samples` (a copy, same index and order) with ``Cu_ppm_background_group``,
        ``Cu_ppm_background`` and ``Cu_ppm_threshold`` (in the unit of C),
        ``Cu_ppm_residual`` ((value − centre) / spread in the space of `transform`,
        without unit) and ``Cu_ppm_contrast`` (K = value / threshold). Values below
        detection enter with their limit: their residual and contrast are upper bounds,
        ``Cu_ppm_censored`` marks them. `table`: a row a group.

    Raises
    ------
    DataProblems
        Naming every row with a content of 0 or less where lg is to be taken.
    ValueError
        If an argument is not one of those allowed, names no column, or one of the new
        columns is there already.
    TypeError
        If the column does not hold numbers.

    See Also
    --------
    background_table : More methods, without residuals.
    survey.read_features : Reads a geological map.

    References
    ----------
    Bonham-Carter, G. F. and Goodfellow, W. D. (1986). Background corrections to stream
    geochemical data using digitized drainage and geological maps. Journal of
    Geochemical Exploration 25, 139-155.

    Examples
    --------
    >>> copper = [100.0, 110, 120, 130] * 10 + [8.0, 9, 10, 11] * 9 + [8, 9, 10, 50]
    >>> soil = pd.DataFrame({"rock": ["basalt"] * 40 + ["granite"] * 40,
    ...                      "Cu_ppm": copper})
    >>> found = residuals_by_group(soil, "Cu_ppm", by="rock")
    >>> print(found.table[["n", "background_value", "threshold", "share_above"]])
              n  background_value  threshold  share_above
    group
    basalt   40           114.891    147.181        0.000
    granite  40             9.487     12.774        0.025
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {METHODS}; got {method!r}.")
    contents = read_contents(samples, column, transform=transform)
    labels, mask = group_labels(samples, by), fit_mask(samples, fit_on)
    assigned = _assign(labels, contents.used & mask, fewest)
    fits = {
        name: _fit(contents.take(rows), method, transform, k)
        for name, rows in _fitted_on(assigned, mask)
    }
    lacking = [name for name, fit in fits.items() if np.isnan(fit.threshold)]
    new = _columns(contents, assigned, fits, transform)
    twice = [name for name in new if name in samples]
    if twice:
        raise ValueError(f"columns {twice} are there already: rename or drop them.")
    table = _table(contents, labels, assigned, fits, mask, transform)
    if len(lacking) == len(fits):
        raise ValueError(
            f"{column}: no group has a background, since too many values are below "
            "detection or missing. Impute them first, or take method='iterative'."
        )
    return GroupResiduals(samples.assign(**new), table)


def _assign(labels: pd.Series, fits: NDArray[np.bool_], fewest: int) -> pd.Series:
    """Whose background each sample gets: its group's, that of all others, or of all."""
    counts = labels[fits].value_counts()
    small = labels.notna() & ~labels.isin(counts.index[counts >= fewest])
    assigned = labels.astype(object).where(labels.notna(), ALL)
    name = OTHERS if int((small.to_numpy() & fits).sum()) >= fewest else ALL
    return assigned.where(~small, name)


def _fitted_on(
    assigned: pd.Series, mask: NDArray[np.bool_]
) -> list[tuple[str, NDArray[np.bool_]]]:
    """Names of the backgrounds and the samples each is fitted on."""
    told = assigned.to_numpy(dtype=object)
    return [
        (name, mask if name == ALL else mask & (told == name))
        for name in sorted(set(told))
    ]


def _fit(part: Contents, method: str, transform: str | None, k: float) -> _Background:
    x = forward(part.value[part.used], transform)
    below = part.at_limit[part.used]
    fitted = fit_threshold(part, method, transform, k)
    spread = np.nan
    if len(x) and method == "iterative":
        spread = trim(x).sd
    elif len(x):
        spread = MAD_TO_SD * median_mad(x, below).spread.value
    told = float(backward(fitted.threshold, transform))
    notes = notes_of(part, told, method, "limit", spread)
    note = joined([*notes, *fitted.notes])
    return _Background(fitted.background, spread, fitted.threshold, note)


def _columns(
    contents: Contents,
    assigned: pd.Series,
    fits: dict[str, _Background],
    transform: str | None,
) -> dict[str, pd.Series]:
    index, column = assigned.index, contents.column
    centre, spread, threshold = (
        assigned.map({name: fit[i] for name, fit in fits.items()}).to_numpy(dtype=float)
        for i in range(3)
    )
    x = forward(contents.value, transform)
    with np.errstate(divide="ignore", invalid="ignore"):
        residual = np.where(spread > 0, (x - centre) / spread, np.nan)
        contrast = contents.value / backward(threshold, transform)
    new = {
        "background_group": assigned,
        "background": backward(centre, transform),
        "threshold": backward(threshold, transform),
        "residual": residual,
        "contrast": np.where(np.isfinite(contrast), contrast, np.nan),
    }
    return {
        f"{column}_{name}": pd.Series(value, index=index) for name, value in new.items()
    }


def _table(
    contents: Contents,
    labels: pd.Series,
    assigned: pd.Series,
    fits: dict[str, _Background],
    mask: NDArray[np.bool_],
    transform: str | None,
) -> pd.DataFrame:
    rows = []
    for group, inside in each_group(labels):
        part = contents.take(inside & mask)
        whose = assigned.to_numpy(dtype=object)[inside][0]
        fit = fits[whose]
        threshold = float(backward(fit.threshold, transform))
        notes = [fit.note] if fit.note else []
        if group is None:
            notes.insert(0, Note("group_none", n=int(inside.sum())))
        elif whose != group:
            notes.insert(0, Note("group_small", n=int(part.used.sum()), group=whose))
        rows.append(
            {
                "group": group,
                "n_samples": int(inside.sum()),
                "n": int(part.used.sum()),
                **counts_of(part),
                "background_group": whose,
                "background_value": float(backward(fit.centre, transform)),
                "sd": fit.spread,
                "threshold": threshold,
                "share_above": share_above(contents.take(inside), threshold),
                "note": joined(notes),
            }
        )
    table = pd.DataFrame(rows).set_index("group")
    table["note"] = pd.Series([r["note"] for r in rows], table.index, dtype=object)
    return table
