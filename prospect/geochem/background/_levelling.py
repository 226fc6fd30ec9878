"""Campaigns brought to one level; the value as it was stays beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ..._note import Note
from ._background import counts_of
from ._background_notes import joined
from ._background_values import check_choice, read_contents
from ._groups import each_group, group_labels
from ._level_factors import unknown
from ._level_sources import CERTIFIED, Campaigns, from_medians, from_standards

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._level_factors import Factor

APART = 0.05  # share of samples inside the reference's hull
METHODS = ("median_ratio", "quantile", "standards", "huber")


class Levelling(NamedTuple):
    """
    Levelled samples and the factors they were levelled with.

    Parameters
    ----------
    samples : DataFrame or GeoDataFrame
        Copy of the samples with the levelled analyte, ``Cu_ppm_unlevelled`` and
        ``Cu_ppm_level_factor``.
    table : DataFrame, index campaign
        `n` values, their counts, `n_standards`, `median` before levelling, `factor`,
        `low` and `high` of its 95 % interval, `differs` (whether that excludes 1),
        `slope` (in lg, other than 1 for "huber"), `factor_min` and `factor_max` over
        the samples, `overlap` (share of the campaign's samples inside the hull of the
        reference's; NaN without points), `note`.
    reference : str
        Campaign the others were brought to, or "certified_value".
    """

    samples: pd.DataFrame
    table: pd.DataFrame
    reference: str


def level_campaigns(
    samples: pd.DataFrame,
    column: str,
    *,
    by: str,
    method: str = "median_ratio",
    reference: str | None = None,
    standards: pd.DataFrame | None = None,
    within: str | tuple[gpd.GeoDataFrame, str] | None = None,
    fewest: int = 10,
) -> Levelling:
    """
    Values of several campaigns, laboratories or batches brought to one level.

    Parameters
    ----------
    samples : DataFrame
        Samples; points or a plain table.
    column : str
        Analyte, such as ``Cu_ppm``; contents above 0.
    by : str
        Column that holds campaign, laboratory or batch.
    method : {"median_ratio", "quantile", "standards", "huber"}, default "median_ratio"
        "median_ratio": ratio of the medians, one factor a campaign; with `within` the
        weighted mean over rocks that both campaigns sampled. "quantile": quantiles
        matched one by one, a factor that changes with the content. "standards": least
        squares in lg C over results on the same materials, one factor a campaign.
        "huber": robust line in lg C of the target on the measured value of those
        materials, a factor that changes with the content.
    reference : str, optional
        Campaign that stays as it is. Left out, it is the one with most values, or, for
        the last two methods, the certified values where `standards` has them.
    standards : DataFrame, optional
        Results on reference materials, or on samples analysed in several campaigns,
        for "standards" and "huber": columns `material`, `by`, `column` and, where
        known, `certified_value` in the unit of `column`; or the long table of
        `survey.quality.read_assays` (campaign in `by` or ``lab_batch``), with
        `certified_value` merged in. Results below detection are left out and counted,
        blanks (``qc_type``) left out.
    within : str or (GeoDataFrame, str), optional
        Lithology or the like, for "median_ratio": medians are compared inside it only.
    fewest : int, default 10
        Least number of values of a campaign (and of a campaign in one rock).

    Returns
    -------
    Levelling
        `samples`: a copy, same index and order. ``Cu_ppm`` is levelled, also where it
        holds a detection limit, as is ``Cu_ppm_detection_limit``; the parents are kept
        in ``Cu_ppm_unlevelled`` and ``Cu_ppm_detection_limit_unlevelled``, the factor
        in ``Cu_ppm_level_factor``. Where no factor can be told, and for samples without
        a campaign, values stay as they are and the factor is NaN. `table`: factors,
        intervals, notes. `reference`.

    Raises
    ------
    DataProblems
        Naming every row of samples or standards with a content of 0 or less.
    ValueError
        If no campaign but the reference can be levelled, the samples are levelled
        already, or an argument does not fit the method.
    TypeError
        If the column does not hold numbers.

    Notes
    -----
    Medians tell a bias of the laboratory only where both campaigns sampled the same
    rocks. The table says where campaigns do not overlap on the ground; then use
    reference materials, or at least `within`. Intervals take samples as independent.

    References
    ----------
    Main, P. T. and Champion, D. C. (2022). Levelling of multi-generational and
    spatially isolated geochemical surveys. Journal of Geochemical Exploration 240.
    Daneshfar, B. and Cameron, E. (1998). Leveling geochemical data between map sheets.
    Journal of Geochemical Exploration 63, 189-201.

    Examples
    --------
    >>> zinc = [60.0, 70, 80, 90, 100] * 8
    >>> soil = pd.DataFrame({"batch": ["A"] * 40 + ["B"] * 40,
    ...                      "Zn_ppm": zinc + [1.25 * each for each in zinc]})
    >>> found = level_campaigns(soil, "Zn_ppm", by="batch", reference="A")
    >>> print(found.table[["n", "factor", "low", "high", "differs"]].round(2))
              n  factor   low  high  differs
    campaign
    A        40     1.0  1.00  1.00    False
    B        40     0.8  0.67  0.96     True
    >>> found.samples.loc[79, ["Zn_ppm", "Zn_ppm_unlevelled"]].tolist()
    [100.0, 125.0]
    """
    _check(samples, column, method, standards, within)
    contents = read_contents(samples, column, transform="log10")
    labels = group_labels(samples, by)
    counts = labels[contents.used].value_counts()
    certified = method in METHODS[2:] and standards is not None
    certified = certified and reference is None and CERTIFIED in standards
    if reference is None and not certified and len(counts):
        reference = str(counts.sort_index().idxmax())
    if reference is not None and reference not in counts.index:
        there = sorted(counts.index)
        raise ValueError(f"reference={reference!r} is no campaign of {by!r}: {there}.")
    names = sorted(set(labels.dropna()))
    strata = None if within is None else group_labels(samples, within)
    campaigns = Campaigns(contents, labels, names, reference, strata, fewest)
    if method in METHODS[2:]:
        factors = from_standards(campaigns, standards, by, method)
    else:
        factors = from_medians(campaigns, method)
    if set(names) <= {reference}:
        raise ValueError(
            f"{by!r} tells {len(names)} campaign{'s' * (len(names) != 1)} with values "
            f"of {column}: there is nothing to level it to. Levelling needs two."
        )
    if all(np.isnan(f.shift) for n, f in factors.items() if n != reference):
        said = "; ".join(
            f"{n}: {joined(list(f.notes))}"
            for n, f in factors.items()
            if n != reference
        )
        raise ValueError(f"{column}: no campaign can be levelled by {method} ({said}).")
    lg = np.log10(contents.value)
    factor = _per_sample(lg, labels, factors)
    table = _table(samples, campaigns, factors, factor)
    return Levelling(_levelled(samples, column, factor), table, reference or CERTIFIED)


def _check(
    samples: pd.DataFrame,
    column: str,
    method: str,
    standards: pd.DataFrame | None,
    within: object,
) -> None:
    check_choice("method", method, METHODS)
    twice = [
        n for n in (f"{column}_unlevelled", f"{column}_level_factor") if n in samples
    ]
    if twice:
        raise ValueError(
            f"{column} is levelled already ({twice} are there): start from the samples "
            "as they were, or drop these columns."
        )
    if (standards is None) == (method in METHODS[2:]):
        need = "needs" if standards is None else "does not use"
        raise ValueError(f"method={method!r} {need} standards.")
    if within is not None and method != "median_ratio":
        raise ValueError(f"method={method!r} does not use within: only 'median_ratio'.")


def _per_sample(
    lg: NDArray[np.float64], labels: pd.Series, factors: dict[str, Factor]
) -> NDArray[np.float64]:
    factor = np.full(len(lg), np.nan)
    for name, found in factors.items():
        mine = (labels == name).to_numpy()
        if found.curve is None:
            factor[mine] = 10**found.shift
        else:
            factor[mine] = 10 ** (found.apply(lg[mine]) - lg[mine])
    return factor


def _levelled(
    samples: pd.DataFrame, column: str, factor: NDArray[np.float64]
) -> pd.DataFrame:
    used = np.where(np.isnan(factor), 1.0, factor)
    new = {column: samples[column] * used, f"{column}_unlevelled": samples[column]}
    limit = f"{column}_detection_limit"
    if limit in samples:
        new |= {limit: samples[limit] * used, f"{limit}_unlevelled": samples[limit]}
    new[f"{column}_level_factor"] = pd.Series(factor, index=samples.index)
    return samples.assign(**new)


def _table(
    samples: pd.DataFrame,
    campaigns: Campaigns,
    factors: dict[str, Factor],
    factor: NDArray[np.float64],
) -> pd.DataFrame:
    hull = _hull(samples, campaigns)
    rows: list[dict[str, Any]] = []
    for name, inside in each_group(campaigns.labels):
        part = campaigns.contents.take(inside)
        found = factors.get(name) if name is not None else None
        found = found or unknown(Note("level_no_campaign", n=int(inside.sum())))
        low, high = 10**found.low, 10**found.high
        mine = factor[inside & campaigns.contents.used]
        known = mine[~np.isnan(mine)]
        overlap = _overlap(samples, inside, hull)
        notes = [*found.notes, *_cautions(campaigns, name, found, overlap)]
        rows.append(
            {
                "campaign": name,
                "n": int(part.used.sum()),
                **counts_of(part),
                "n_standards": found.n_standards,
                "median": float(np.median(part.value[part.used]))
                if part.used.any()
                else np.nan,
                "factor": 10**found.shift,
                "low": low,
                "high": high,
                "differs": bool(low > 1 or high < 1),
                "slope": found.slope if not np.isnan(found.shift) else np.nan,
                "factor_min": known.min() if len(known) else np.nan,
                "factor_max": known.max() if len(known) else np.nan,
                "overlap": overlap,
                "note": joined(notes),
            }
        )
    table = pd.DataFrame(rows).set_index("campaign")
    table["note"] = pd.Series([r["note"] for r in rows], table.index, dtype=object)
    return table


def _cautions(
    campaigns: Campaigns, name: str | None, found: Factor, overlap: float
) -> list[Note]:
    """What the factor of a campaign cannot tell."""
    if name is None or name == campaigns.reference or np.isnan(found.shift):
        return []
    notes = []
    if not found.n_standards and overlap < APART:
        notes.append(Note("level_apart"))
    elif not found.n_standards and campaigns.strata is None:
        notes.append(Note("level_rocks"))
    if not (found.low > 0 or found.high < 0):
        notes.append(Note("level_not_told"))
    return notes


def _hull(samples: pd.DataFrame, campaigns: Campaigns) -> shapely.Geometry | None:
    if not isinstance(samples, gpd.GeoDataFrame) or campaigns.reference is None:
        return None
    mine = (campaigns.labels == campaigns.reference).to_numpy()
    hull = samples.geometry[mine].union_all().convex_hull
    shapely.prepare(hull)
    return hull


def _overlap(
    samples: pd.DataFrame, inside: NDArray[np.bool_], hull: shapely.Geometry | None
) -> float:
    if hull is None:
        return float("nan")
    return float(shapely.intersects(hull, samples.geometry[inside].array).mean())
