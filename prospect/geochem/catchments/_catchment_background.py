"""Background of each stream sample: what the rocks of its catchment would give."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from survey import DataProblems, Problem, check_columns

from ..._note import Note
from ._catchment_rocks import UNMAPPED
from ._rock_fit import nonnegative, robust, weighted_means

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._rock_fit import Fit

METHODS = ("weighted_mean", "robust", "nonnegative")
FEW = 3


class CatchmentBackground(NamedTuple):
    """
    Result of `catchment_background`.

    Attributes
    ----------
    samples : DataFrame
        A row a sample, in the order given; columns see `catchment_background`.
    lithologies : DataFrame
        A row an analyte and lithology: `analyte`, `lithology`, `content`,
        `standard_error`, `area_km2` (summed over the catchments, so that ground above
        two samples counts twice), `catchments` (how many hold it).
    notes : list of str
        What was left out or stands at a limit, with counts.
    """

    samples: pd.DataFrame
    lithologies: pd.DataFrame
    notes: list[str]


def catchment_background(
    samples: pd.DataFrame,
    catchments: pd.DataFrame,
    composition: pd.DataFrame,
    columns: str | Sequence[str],
    *,
    method: str = "weighted_mean",
    scale: str = "raw",
    censored: str = "error",
) -> CatchmentBackground:
    r"""
    Background by the rocks upstream, and what stands above it.

    Parameters
    ----------
    samples : DataFrame
        Samples with `sample_id` and analytes.
    catchments : DataFrame
        The table of `delineate_catchments`.
    composition : DataFrame
        The table of `catchment_composition`: shares of the lithologies.
    columns : str or sequence of str
        Analytes.
    method : {"weighted_mean", "robust", "nonnegative"}
        How the content of a lithology is found. ``weighted_mean``:
        :math:`\bar Y_j = \sum_i Y_i A_{ij} / \sum_i A_{ij}`, the classical way; mixing
        draws all lithologies towards the mean. ``robust``: Huber regression of the
        samples on the shares, which takes the mixture apart and resists anomalies.
        ``nonnegative``: least squares without negative contents.
    scale : {"raw", "log"}
        Contents as they are (mixtures add up), or their logarithms (geometric means,
        for contents spread over decades).
    censored : {"error", "limit", "leave_out"}
        Values below detection that were not imputed: refused; taken at their detection
        limit, which bounds background and residual from above; or left out of the fit
        and without a residual. The last two are counted in `notes`.

    Returns
    -------
    CatchmentBackground
        ``samples`` holds for each analyte, here Cu_ppm: `Cu_ppm_background`
        (:math:`\hat C_i = \sum_j \bar Y_j A_{ij} / \sum_j A_{ij}` over the mapped
        ground, unit of the analyte), `Cu_ppm_background_error` (one standard error;
        with `scale="log"` in decades), `Cu_ppm_residual` (value less background; with
        `scale="log"` instead `Cu_ppm_log_residual`, lg value less lg background) and
        `mapped_share`.

    Raises
    ------
    ValueError
        If an option is unknown, or there are too few samples to tell the lithologies
        apart, or lithologies that always occur in the same proportion.
    DataProblems
        Listing samples that have no row in `catchments`, censored values
        (`censored="error"`), and values that have no logarithm.

    Notes
    -----
    The background rests on the same samples whose residuals it gives: a lithology of
    few catchments explains their own values away, which `notes` says. Regression gives
    the metal of a mineralised lithology to that lithology: to look for such rock,
    leave its name empty in the geology, so that it counts as unmapped. Nested
    catchments share rocks, so the standard errors, which take samples as independent,
    are too small.

    References
    ----------
    Bonham-Carter, G. F. and Goodfellow, W. D. (1986). Background corrections to stream
    geochemical data using digitized drainage and geological maps. Journal of
    Geochemical Exploration 25, 139-155.

    Carranza, E. J. M. (2009). Geochemical Anomaly and Mineral Prospectivity Mapping in
    GIS. Handbook of Exploration and Environmental Geochemistry 11, chapter 5.

    Huber, P. J. (1981). Robust Statistics.

    Examples
    --------
    Two rocks of 10 and 50 ppm, mixed half and half in sample C, which has 40:

    >>> ids = ["A", "B", "C"]
    >>> samples = pd.DataFrame({"sample_id": ids, "Cu_ppm": [10.0, 50.0, 40.0]})
    >>> catchments = pd.DataFrame({"sample_id": ids, "area_km2": [1.0, 1.0, 2.0]})
    >>> shares = {"granite": [1, 0, 0.5], "schist": [0, 1, 0.5], "unmapped": 0.0}
    >>> rocks = pd.DataFrame(shares, index=ids)
    >>> found = catchment_background(samples, catchments, rocks, "Cu_ppm")
    >>> found.lithologies[["lithology", "content", "catchments"]]
      lithology  content  catchments
    0   granite     25.0           2
    1    schist     45.0           2
    >>> found.samples[["sample_id", "Cu_ppm_background", "Cu_ppm_residual"]]
      sample_id  Cu_ppm_background  Cu_ppm_residual
    0         A               25.0            -15.0
    1         B               45.0              5.0
    2         C               35.0              5.0
    """
    columns = [columns] if isinstance(columns, str) else list(columns)
    _check(samples, catchments, columns, method=method, scale=scale, censored=censored)
    shares, area = _aligned(samples, catchments, composition)
    mapped = 1 - shares[UNMAPPED].to_numpy()
    rocks = shares.drop(columns=UNMAPPED)
    usable = np.isfinite(mapped) & (mapped > 0) & np.isfinite(area)
    with np.errstate(invalid="ignore", divide="ignore"):
        parts = rocks.to_numpy() / mapped[:, None]
    notes: list[str] = []
    if not usable.all():
        notes.append(Note("lithology_unplaced", n=int((~usable).sum())))
    table = pd.DataFrame({"sample_id": samples["sample_id"].to_numpy()})
    table["mapped_share"] = mapped
    found = []
    for column in columns:
        y = _values(samples, column, scale, censored, notes)
        areas = rocks.to_numpy() * area[:, None]
        fit, fitted = _fit(y, parts, areas, usable, method, rocks.columns)
        _fill(table, column, y, parts, fit, usable, scale)
        found.append(_rock_table(column, rocks.columns, fit, areas[fitted], scale))
        few = found[-1].query("0 < catchments < @FEW")["lithology"].tolist()
        if few:
            notes.append(Note("lithology_few", column=column, units=few))
    notes.append(Note("lithology_nested"))
    return CatchmentBackground(table, pd.concat(found, ignore_index=True), notes)


def _check(
    samples: pd.DataFrame,
    catchments: pd.DataFrame,
    columns: list[str],
    **options: str,
) -> None:
    check_columns(samples, ["sample_id", *columns], where="samples")
    check_columns(catchments, ["sample_id", "area_km2"], where="catchments")
    known = {
        "method": METHODS,
        "scale": ("raw", "log"),
        "censored": ("error", "limit", "leave_out"),
    }
    for name, value in options.items():
        if value not in known[name]:
            raise ValueError(f"{name}={value!r} is unknown: use one of {known[name]}")


def _aligned(
    samples: pd.DataFrame, catchments: pd.DataFrame, composition: pd.DataFrame
) -> tuple[pd.DataFrame, np.ndarray]:
    """Shares and area of the catchment of each sample, in the order of the samples."""
    check_columns(composition, UNMAPPED, where="composition")
    ids = samples["sample_id"].astype(str)
    area = pd.Series(
        catchments["area_km2"].to_numpy(float), catchments["sample_id"].astype(str)
    )
    problems = [
        Problem(
            f"the sample has no row in {name}",
            "make it from the same samples; unplaced='keep' keeps all rows",
            row=int(row) + 1,
            column="sample_id",
            value=ids.iloc[row],
        )
        for name, there in (
            ("catchments", area.index),
            ("composition", composition.index.astype(str)),
        )
        for row in np.flatnonzero(~ids.isin(there))
    ]
    if problems:
        raise DataProblems(problems)
    shares = composition.set_axis(composition.index.astype(str)).loc[ids]
    return shares, area.loc[ids].to_numpy()


def _values(
    samples: pd.DataFrame, column: str, scale: str, censored: str, notes: list[str]
) -> np.ndarray:
    """Values to fit, in logarithms if asked for; NaN where there is none."""
    y = samples[column].to_numpy("float64", na_value=np.nan).copy()
    below = _flag(samples, f"{column}_censored")
    imputed = _flag(samples, f"{column}_imputed")
    below &= ~imputed
    if imputed.any():
        notes.append(
            Note("lithology_imputed", column=column, n=int(imputed.sum()), total=len(y))
        )
    if below.any() and censored == "error":
        raise DataProblems(
            _listed(
                samples,
                below,
                column,
                "the value is below detection",
                "impute it (prospect.geochem.impute_censored), or pass "
                "censored='limit' or censored='leave_out'",
            )
        )
    if below.any() and censored == "leave_out":
        y[below] = np.nan
        notes.append(Note("lithology_left_out", column=column, n=int(below.sum())))
    below &= np.isfinite(y)
    if below.any():
        notes.append(Note("lithology_limit", column=column, n=int(below.sum())))
    missing = ~np.isfinite(y)
    if missing.any():
        notes.append(
            Note("lithology_missing", column=column, n=int(missing.sum()), total=len(y))
        )
    if scale == "raw":
        return y
    if (y <= 0).any():
        what, remedy = "there is no logarithm", "take scale='raw' or mend the value"
        raise DataProblems(_listed(samples, y <= 0, column, what, remedy))
    return np.log10(y)


def _flag(samples: pd.DataFrame, name: str) -> np.ndarray:
    if name not in samples:
        return np.zeros(len(samples), bool)
    return samples[name].fillna(False).to_numpy(bool).copy()


def _listed(
    samples: pd.DataFrame, bad: np.ndarray, column: str, what: str, remedy: str
) -> list[Problem]:
    return [
        Problem(
            what,
            remedy,
            row=int(row) + 1,
            column=column,
            value=f"{samples[column].iloc[row]} ({samples['sample_id'].iloc[row]})",
        )
        for row in np.flatnonzero(bad)
    ]


def _fit(
    y: np.ndarray,
    parts: np.ndarray,
    areas: np.ndarray,
    usable: np.ndarray,
    method: str,
    names: pd.Index,
) -> tuple[Fit, np.ndarray]:
    """Contents of the lithologies, and which samples they rest on."""
    fitted = usable & np.isfinite(y)
    if not fitted.any():
        raise ValueError(
            "no sample has both a value and a mapped catchment: nothing can be fitted"
        )
    if method == "weighted_mean":
        return weighted_means(y[fitted], areas[fitted]), fitted
    x = parts[fitted]
    if method == "nonnegative":
        return nonnegative(y[fitted], x), fitted
    rank = np.linalg.matrix_rank(x)
    if rank < x.shape[1] or len(x) <= x.shape[1]:
        raise ValueError(
            f"{len(x)} samples cannot tell {x.shape[1]} lithologies apart (rank "
            f"{rank}): {', '.join(map(str, names))}. Join lithologies "
            "(prospect.evidence.merge_rare), or take method='weighted_mean' or "
            "'nonnegative'"
        )
    return robust(y[fitted], x), fitted


def _fill(
    table: pd.DataFrame,
    column: str,
    y: np.ndarray,
    parts: np.ndarray,
    fit: Fit,
    usable: np.ndarray,
    scale: str,
) -> None:
    """Add background, its error and the residual of one analyte, in place."""
    background, variance = np.full((2, len(y)), np.nan)
    held = np.where(parts[usable] > 0, parts[usable], 0)
    background[usable] = held @ np.nan_to_num(fit.contents)
    told = np.nan_to_num(fit.covariance)
    variance[usable] = np.einsum("ij,jk,ik->i", held, told, held)
    # a lithology without an error leaves the mixture without one
    unknown = np.isnan(np.diag(fit.covariance))
    variance[usable] = np.where(held[:, unknown].any(axis=1), np.nan, variance[usable])
    lost = np.isnan(fit.contents)
    background[usable] = np.where(held[:, lost].any(axis=1), np.nan, background[usable])
    log = scale == "log"
    table[f"{column}_background"] = 10**background if log else background
    table[f"{column}_background_error"] = np.sqrt(variance)
    name = f"{column}_log_residual" if log else f"{column}_residual"
    table[name] = y - background


def _rock_table(
    column: str, names: pd.Index, fit: Fit, areas: np.ndarray, scale: str
) -> pd.DataFrame:
    error = np.sqrt(np.diag(fit.covariance))
    return pd.DataFrame(
        {
            "analyte": column,
            "lithology": list(names),
            "content": 10**fit.contents if scale == "log" else fit.contents,
            "standard_error": error,
            "area_km2": areas.sum(axis=0),
            "catchments": (areas > 0).sum(axis=0),
        }
    )
