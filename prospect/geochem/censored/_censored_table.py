"""Statistics of the analytes of a table, values below detection among them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from survey import DataProblems

from ..._note import Note
from ..composition._parts import chosen_columns, split_name
from ._censored import METHODS, censored_statistics
from ._limits import Cells, read_cells

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def censored_table(
    samples: pd.DataFrame,
    *,
    columns: Iterable[str] | None = None,
    method: str = "km",
    limits: Mapping[str, Any] | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """
    Statistics of analytes by `censored_statistics`, a row each.

    Parameters
    ----------
    samples : DataFrame or GeoDataFrame
        Table of samples as `survey.read_samples` gives it. Values below detection are
        told by the column ending in ``_censored``; their limit by the one ending in
        ``_detection_limit``, else by the value column.
    columns : iterable of str, optional
        The analytes. All columns with a unit if left out.
    method : {"km", "ros", "mle"}, default "km"
        As for `censored_statistics`; "mle" takes the lognormal.
    limits : mapping of str to float or array_like, optional
        Limits by column that are not in the table, or better known.
    confidence : float, default 0.95
        Level of the intervals.

    Returns
    -------
    DataFrame
        A row an analyte: `analyte`, `unit`; counts `n` (with a value or limit),
        `n_missing`, `n_censored`, `share_censored`; `lowest_limit`, `highest_limit`,
        `minimum` and `maximum` (of detected values); `mean`, `mean_low`, `mean_high`
        (interval), `mean_at_least`, `mean_at_most` (whatever lies below the lowest
        detected value), `sd`, `q25`, `median`, `q75` (NaN where they cannot be told)
        and each as text (``<0.5``); `notes`. Imputed values are not used, their limits
        are. Nothing is replaced by half its limit.

    Raises
    ------
    DataProblems
        If values below detection have no limit or one that is not positive, by column.
    ValueError
        If there is no such column or method.

    See Also
    --------
    censored_statistics : One analyte, with more options.

    Examples
    --------
    >>> soil = pd.DataFrame({"Cu_ppm": [9.0, 4, 7], "Ag_ppm": [0.1, 0.1, 0.3],
    ...                      "Ag_ppm_censored": [True, True, False]})
    >>> censored_table(soil)[["analyte", "n", "n_censored", "mean", "median_text"]]
      analyte  n  n_censored      mean median_text
    0  Cu_ppm  3           0  6.666667           7
    1  Ag_ppm  3           2  0.166667        <0.1
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {METHODS}; got {method!r}")
    names = chosen_columns(samples, columns, what="analytes")
    unknown = sorted(set(limits or ()) - set(names))
    if unknown:
        raise ValueError(f"limits for {unknown}, which are not among {names}")
    cells = [read_cells(samples, name, limits) for name in names]
    problems = [problem for each in cells for problem in each.problems]
    if problems:
        raise DataProblems(problems)
    units = samples.attrs.get("units", {})
    rows = []
    for each in cells:
        head = {"analyte": each.column}
        head["unit"] = split_name(each.column)[1] or units.get(each.column)
        rows.append(head | _counts(each) | _statistics(each, method, confidence))
    return pd.DataFrame(rows)


def _counts(cells: Cells) -> dict[str, Any]:
    used = ~cells.missing
    hidden = int(cells.censored.sum())
    seen = cells.numbers[~np.isnan(cells.numbers)]
    limits = cells.limits[cells.censored]
    return {
        "n": int(used.sum()),
        "n_missing": int(cells.missing.sum()),
        "n_censored": hidden,
        "share_censored": hidden / used.sum() if used.any() else np.nan,
        "lowest_limit": limits.min() if limits.size else np.nan,
        "highest_limit": limits.max() if limits.size else np.nan,
        "minimum": seen.min() if seen.size else np.nan,
        "maximum": seen.max() if seen.size else np.nan,
    }


def _statistics(cells: Cells, method: str, confidence: float) -> dict[str, Any]:
    names = {0.25: "q25", 0.5: "median", 0.75: "q75"}
    numbers = ["mean", "mean_low", "mean_high", "mean_at_least", "mean_at_most", "sd"]
    empty = dict.fromkeys([*numbers, *names.values()], np.nan)
    empty |= {f"{name}_text": "" for name in names.values()}
    seen = np.unique(cells.numbers[~np.isnan(cells.numbers)])
    if seen.size < (1 if method == "km" else 2):
        return empty | {"notes": str(Note("censored_few", n=int(seen.size)))}
    data = np.where(cells.censored, cells.limits, cells.numbers)
    found = censored_statistics(
        data, cells.censored, method=method, confidence=confidence
    )
    row = {"mean": found.mean, "sd": found.sd}
    row["mean_low"], row["mean_high"] = found.mean_interval
    row["mean_at_least"], row["mean_at_most"] = found.mean_bounds
    for level, name in names.items():
        told = pd.isna(found.quantiles.loc[level, "below"])
        row[name] = found.quantiles.loc[level, "value"] if told else np.nan
        row[f"{name}_text"] = found.quantiles.loc[level, "text"]
    said = [*cells.notes, *found.notes]
    return empty | row | {"notes": "; ".join(str(note) for note in said)}
