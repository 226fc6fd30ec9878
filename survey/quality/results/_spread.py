"""Results one a row, and samples with a column an analyte: there and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from ..._problems import DataProblems, Problem
from ._join import complete

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_MANY = 100
_RULES = ("error", "mean", "first")
_REMEDY = (
    "correct the table; state prefer=(method, …) for a method, duplicates='mean' or "
    "'first'; or give field duplicates ids of their own"
)


class _Cells(NamedTuple):
    """Results and the cell of the wide table that each goes to."""

    frame: pd.DataFrame
    sample: NDArray[np.intp]
    column: NDArray[np.intp]


def spread_assays(
    assays: pd.DataFrame,
    *,
    prefer: Sequence[str] = (),
    duplicates: str = "error",
    methods: str = "one",
) -> pd.DataFrame:
    """
    One sample a row, one analyte a column, with what belongs to each value beside it.

    Parameters
    ----------
    assays : DataFrame
        Results as `read_assays` gives them.
    prefer : sequence of str
        Methods in order of preference, where an analyte of a sample was determined by
        several. A result above the range of its method gives way to one within range.
    duplicates : {"error", "mean", "first"}, default "error"
        What becomes of several results that prefer does not tell apart: an error, their
        mean, or the first. Censored results have a mean only among themselves (their
        mean limit), results above range likewise.
    methods : {"one", "columns"}, default "one"
        One column an analyte, or one an analyte and method: ``Cu_ppm_ICP``.

    Returns
    -------
    DataFrame
        ``sample_id``, then for each analyte ``Cu_ppm`` and, where there is anything to
        say, ``Cu_ppm_censored``, ``_over_range``, ``_detection_limit``, ``_method``,
        ``_lab_batch``, ``_laboratory``, ``_imputed``; samples and analytes in order of
        appearance. In ``attrs``: ``units``; counts of results by analyte ``censored``,
        ``over_range``, ``identical`` (repeated in all but file and row, one kept),
        ``averaged`` (made one by their mean), ``left_out`` (not the first),
        ``not_preferred`` (by another method), ``over_range_replaced``; ``notes``.

    Raises
    ------
    DataProblems
        Results of the same sample and analyte that differ, each with its rows.
    ValueError
        If an argument is not one of those allowed.

    See Also
    --------
    melt_samples : The other way.

    Examples
    --------
    >>> assays = pd.DataFrame({
    ...     "sample_id": ["S1", "S1", "S2"], "analyte": ["Cu_ppm", "Au_ppb", "Cu_ppm"],
    ...     "value": [21.0, 0.5, 34.0], "censored": [False, True, False],
    ...     "detection_limit": [0.5, 0.5, 0.5]})
    >>> wide = spread_assays(assays)
    >>> print(wide[["sample_id", "Cu_ppm", "Au_ppb", "Au_ppb_censored"]])
      sample_id  Cu_ppm  Au_ppb  Au_ppb_censored
    0        S1    21.0     0.5             True
    1        S2    34.0     NaN            False
    """
    if duplicates not in _RULES:
        raise ValueError(f"duplicates must be one of {_RULES}; got {duplicates!r}")
    if methods not in ("one", "columns"):
        raise ValueError(f"methods must be 'one' or 'columns'; got {methods!r}")
    if isinstance(prefer, str):
        prefer = (prefer,)
    table = complete(assays)
    names = _column_names(table, methods)
    ids = pd.unique(table["sample_id"])
    sample = pd.factorize(table["sample_id"].array)[0]
    cells = _Cells(table, sample, names.codes.astype(np.intp))
    counts: dict[str, dict[str, int]] = {}
    cells = _without_identical(cells, names, counts)
    cells = _preferred(cells, names, list(prefer), counts)
    cells = _single(cells, names, duplicates, counts)
    wide = _lay_out(cells, ids, names)
    wide.attrs = _attrs(cells, names, counts, assays.attrs.get("notes", ()))
    return wide


def _column_names(table: pd.DataFrame, methods: str) -> pd.Categorical:
    if methods == "one":
        return table["analyte"].array
    analyte, method = table["analyte"].cat, table["method"].cat
    pair = analyte.codes.to_numpy().astype(np.int64) * len(method.categories)
    codes, pairs = pd.factorize(pair + method.codes.to_numpy())
    every = []
    for number in pairs:
        a, m = divmod(int(number), len(method.categories))
        text = "_".join(str(method.categories[m]).replace("-", "_").split())
        every.append("_".join(x for x in (str(analyte.categories[a]), text) if x))
    return pd.Categorical.from_codes(codes, pd.Index(every, dtype="str"))


def _keys(cells: _Cells, names: pd.Categorical) -> NDArray[np.int64]:
    return cells.sample.astype(np.int64) * max(1, len(names.categories)) + cells.column


def _keep(cells: _Cells, keep: NDArray[np.bool_]) -> _Cells:
    if keep.all():
        return cells
    frame = cells.frame[keep].reset_index(drop=True)
    return _Cells(frame, cells.sample[keep], cells.column[keep])


def _tally(
    counts: dict[str, dict[str, int]],
    kind: str,
    columns: NDArray[np.intp],
    names: pd.Categorical,
) -> None:
    sums = np.bincount(columns, minlength=len(names.categories))
    found = {str(names.categories[i]): int(sums[i]) for i in np.flatnonzero(sums)}
    if found:
        counts[kind] = found


def _twice(cells: _Cells, names: pd.Categorical) -> NDArray[np.bool_]:
    return pd.Series(_keys(cells, names)).duplicated(keep=False).to_numpy()


def _without_identical(
    cells: _Cells, names: pd.Categorical, counts: dict[str, dict[str, int]]
) -> _Cells:
    """Keep one of the results that are the same in all but file and row."""
    twice = _twice(cells, names)
    if not twice.any():
        return cells
    some = cells.frame[twice].drop(columns=["source", "row"])
    again = np.zeros(len(cells.frame), bool)
    again[twice] = some.duplicated().to_numpy()
    # an empty cell beside a result is no second result
    empty = cells.frame["value"].isna() & ~cells.frame["censored"]
    empty &= ~cells.frame["over_range"]
    again |= twice & empty.to_numpy() & _beside_result(cells, names, empty.to_numpy())
    _tally(counts, "identical", cells.column[again], names)
    return _keep(cells, ~again)


def _beside_result(
    cells: _Cells, names: pd.Categorical, empty: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    keys = _keys(cells, names)
    return np.isin(keys, keys[~empty])


def _preferred(
    cells: _Cells,
    names: pd.Categorical,
    prefer: list[str],
    counts: dict[str, dict[str, int]],
) -> _Cells:
    """Keep the results of the preferred method, within range if one of them is."""
    twice = _twice(cells, names)
    if not twice.any():
        return cells
    method = cells.frame["method"].cat
    ranks = [prefer.index(m) if m in prefer else len(prefer) for m in method.categories]
    rank = np.array(ranks or [0])[method.codes.to_numpy()]
    over = cells.frame["over_range"].to_numpy()
    each = pd.DataFrame({"key": _keys(cells, names), "rank": rank, "over": over})[twice]
    several = each.groupby("key")["over"].transform("nunique").to_numpy() > 1
    replaced = np.zeros(len(cells.frame), bool)
    replaced[twice] = several & each["over"].to_numpy()
    left = each[~replaced[twice]]
    best = left.groupby("key")["rank"].transform("min").to_numpy()
    other = np.zeros(len(cells.frame), bool)
    at = np.flatnonzero(twice)[~replaced[twice]]
    other[at] = left["rank"].to_numpy() > best
    _tally(counts, "over_range_replaced", cells.column[replaced], names)
    _tally(counts, "not_preferred", cells.column[other], names)
    return _keep(cells, ~(replaced | other))


def _single(
    cells: _Cells,
    names: pd.Categorical,
    duplicates: str,
    counts: dict[str, dict[str, int]],
) -> _Cells:
    """One result a cell, by the rule for duplicates."""
    twice = _twice(cells, names)
    if not twice.any():
        return cells
    keys = _keys(cells, names)
    if duplicates == "error":
        raise DataProblems(_listed(cells, keys, twice))
    first = ~pd.Series(keys).duplicated().to_numpy()
    if duplicates == "first":
        _tally(counts, "left_out", cells.column[~first], names)
        return _keep(cells, first)
    flags = cells.frame[["censored", "over_range"]].groupby(keys)
    uneven = (flags.transform("nunique") > 1).any(axis=1).to_numpy()
    if uneven.any():
        raise DataProblems(_listed(cells, keys, uneven))
    _tally(counts, "averaged", cells.column[twice], names)
    frame = cells.frame.copy()
    some = frame[twice]
    for name in ("value", "detection_limit"):
        # a mean of limits of which one is untold is untold
        mean = some.groupby(keys[twice])[name].transform(_mean)
        frame.loc[twice, name] = mean.to_numpy()
    return _keep(cells._replace(frame=frame), first)


def _mean(values: pd.Series) -> float:
    return float(np.mean(values.to_numpy()))


def _listed(
    cells: _Cells, keys: NDArray[np.int64], which: NDArray[np.bool_]
) -> list[Problem]:
    problems = []
    groups = cells.frame[which].groupby(keys[which], sort=False)
    for number, (_, every) in enumerate(groups):
        if number == _MANY:
            what = f"{groups.ngroups - _MANY} further samples have several results"
            problems.append(Problem(what, _REMEDY))
            break
        told = [
            f"{'<' if c else '>' if o else ''}{v:g}" + (f" ({m})" if m else "")
            for v, c, o, m in zip(
                every["value"],
                every["censored"],
                every["over_range"],
                every["method"],
                strict=True,
            )
        ]
        one = every.iloc[0]
        rows = ", ".join(map(str, every["row"]))
        what = f"sample {one['sample_id']} has several results (rows {rows})"
        place = {"row": int(one["row"]), "column": str(one["analyte"])}
        place |= {"file": str(one["source"]) or None, "value": ", ".join(told)}
        problems.append(Problem(what, _REMEDY, **place))
    return problems


def _lay_out(cells: _Cells, ids: Any, names: pd.Categorical) -> pd.DataFrame:  # noqa: ANN401
    """Put each result into its cell."""
    shape = (len(ids), len(names.categories))
    frame, at = cells.frame, (cells.sample, cells.column)
    used = np.bincount(cells.column, minlength=shape[1]) > 0
    values = _grid(shape, at, frame["value"].to_numpy(), np.nan)
    limits = _grid(shape, at, frame["detection_limit"].to_numpy(), np.nan)
    marks = {
        name: _grid(shape, at, frame[name].to_numpy(), fill=False)
        for name in ("censored", "over_range", "imputed")
        if name in frame
    }
    texts = {}
    for name in ("method", "lab_batch", "laboratory"):
        column = frame[name].cat
        if any(column.categories):
            codes = _grid(shape, at, column.codes.to_numpy().astype(np.int32), -1)
            texts[name] = (codes, column.categories)
    out: dict[str, Any] = {"sample_id": pd.array(ids, dtype="str")}
    for j in np.flatnonzero(used):
        name = str(names.categories[j])
        out[name] = values[:, j]
        for ending in ("censored", "over_range"):
            if marks[ending][:, j].any():
                out[f"{name}_{ending}"] = marks[ending][:, j]
        if not np.isnan(limits[:, j]).all():
            out[f"{name}_detection_limit"] = limits[:, j]
        for ending, (codes, every) in texts.items():
            told = pd.Categorical.from_codes(codes[:, j], every).astype("str")
            told = np.where(codes[:, j] < 0, "", told)
            if (told != "").any():
                out[f"{name}_{ending}"] = pd.array(told, dtype="str")
        if "imputed" in marks and marks["imputed"][:, j].any():
            out[f"{name}_imputed"] = marks["imputed"][:, j]
    return pd.DataFrame(out)


def _grid(
    shape: tuple[int, int], at: tuple, values: NDArray, fill: float | bool
) -> NDArray:
    # a column of the grid is a column of the table: keep it together in memory
    grid = np.full(shape, fill, dtype=values.dtype, order="F")
    grid[at] = values
    return grid


def _attrs(
    cells: _Cells,
    names: pd.Categorical,
    counts: dict[str, dict[str, int]],
    notes: Sequence[str],
) -> dict[str, Any]:
    frame = cells.frame
    for kind in ("censored", "over_range"):
        _tally(counts, kind, cells.column[frame[kind].to_numpy()], names)
    first = pd.Series(cells.column).drop_duplicates()
    units = {
        str(names.categories[j]): str(frame["unit"].iloc[i])
        for i, j in first.items()
        if frame["unit"].iloc[i]
    }
    words = {
        "identical": "results repeat another one in all but file and row",
        "averaged": "results are part of a mean of duplicates",
        "left_out": "results are left out as they are not the first of their sample",
        "not_preferred": "results give way to a preferred method",
        "over_range_replaced": "results above range give way to one within range",
    }
    said = [
        f"{sum(counts[kind].values())} {text} (see attrs['{kind}'])"
        for kind, text in words.items()
        if kind in counts
    ]
    kinds = ("censored", "over_range", *words)
    return {
        "units": units,
        **{kind: counts.get(kind, {}) for kind in kinds},
        "notes": [*notes, *said],
    }
