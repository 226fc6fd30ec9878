"""What is wrong with the results of a laboratory, all at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..._headers import parse_header
from ..._problems import Problem
from ._join import complete, mixed_units

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

_MANY = 100
_WHOLE = ("analyte", "lab_batch", "laboratory", "method")


def check_assays(assays: pd.DataFrame) -> list[Problem]:
    """
    List everything that is wrong with results, with row, value and remedy.

    Parameters
    ----------
    assays : DataFrame
        Results as `read_assays` gives them.

    Returns
    -------
    list of Problem
        Errors first. Errors: negative contents, results of the same sample, analyte and
        method that differ, values above the limit of percent (100 %), a limit of
        detection that lies above most of a batch's values, results without an analyte
        or sample. Warnings: contents of exactly zero, values below their limit that are
        not marked as such, elements in several units, batches whose contents look like
        another unit, analytes that are not known, values above range that were not
        determined again, censored values without a limit. At most 100 rows are listed a
        kind and analyte; a line counts the others.

    Examples
    --------
    >>> assays = pd.DataFrame({
    ...     "sample_id": ["S1", "S2"], "analyte": ["Cu_ppm", "Cu_ppm"],
    ...     "value": [-3.0, 0.2], "detection_limit": [0.5, 0.5]})
    >>> for problem in check_assays(assays):
    ...     print(problem.severity, problem.row, problem.what)
    error 1 a negative content
    warning 2 below its limit of detection (0.5), yet not marked as such
    """
    table = complete(assays)
    found: list[Problem] = []
    checks: tuple[Callable[[pd.DataFrame], Iterator[Problem]], ...] = (
        _nameless,
        _negative,
        _too_much,
        _contradicting,
        _limit_above,
        _zero,
        _uncensored,
        _untold_limit,
        _units,
        _scale,
        _unknown,
        _over_range,
    )
    for check in checks:
        found.extend(check(table))
    return sorted(found, key=lambda problem: problem.severity != "error")


def _rows(
    table: pd.DataFrame,
    mark: NDArray[np.bool_] | pd.Series,
    what: str,
    remedy: str,
    severity: str = "error",
) -> Iterator[Problem]:
    """One problem a row, at most so many an analyte."""
    some = table[np.asarray(mark)]
    for name, every in some.groupby("analyte", observed=True, sort=False):
        for one in every.head(_MANY).itertuples():
            said = what.format(limit=one.detection_limit)
            yield Problem(said, remedy, **_place(one), severity=severity)
        if len(every) > _MANY:
            said = f"{len(every) - _MANY} further results: {what}".split(" ({")[0]
            yield Problem(said, remedy, column=str(name), severity=severity)


def _place(one: Any) -> dict[str, Any]:  # noqa: ANN401
    sign = "<" if one.censored else ">" if one.over_range else ""
    return {
        "file": str(one.source) or None,
        "row": int(one.row),
        "column": str(one.analyte),
        "value": f"{sign}{one.value:g}",
    }


def _nameless(table: pd.DataFrame) -> Iterator[Problem]:
    ids = table["sample_id"].fillna("").str.strip()
    remedy = "write the id of the sample, or remove the row"
    yield from _rows(table, ids == "", "the result has no sample", remedy)
    remedy = "name the analyte, or remove the row"
    yield from _rows(table, table["analyte"] == "", "the result has no analyte", remedy)


def _negative(table: pd.DataFrame) -> Iterator[Problem]:
    remedy = "write '<0.5' for below 0.5; a code for missing data is an empty cell"
    yield from _rows(table, table["value"] < 0, "a negative content", remedy)


def _too_much(table: pd.DataFrame) -> Iterator[Problem]:
    top = {"pct": 100.0, "permil": 1e3, "ppm": 1e6, "ppb": 1e9}
    tops = table["unit"].cat.categories.map(lambda unit: top.get(unit, np.inf))
    limit = tops.to_numpy(dtype=float)[table["unit"].cat.codes.to_numpy()]
    remedy = "correct the value or its unit"
    more = table["value"].to_numpy() > limit
    yield from _rows(table, more, "more than the whole sample", remedy)


def _contradicting(table: pd.DataFrame) -> Iterator[Problem]:
    """Different results of one sample, analyte and method."""
    keys = ["sample_id", "analyte", "method"]
    some = table[table.duplicated(keys, keep=False)]
    if some.empty:
        return
    told = [*keys, "value", "censored", "over_range"]
    different = some.drop_duplicates(told)
    groups = different[different.duplicated(keys, keep=False)].groupby(
        keys, observed=True, sort=False
    )
    remedy = (
        "correct it; give duplicates ids of their own, or name the methods; "
        "spread_assays(duplicates='mean' or 'first') settles what is left"
    )
    for number, ((sample, _, method), every) in enumerate(groups):
        if number == _MANY:
            what = f"{groups.ngroups - _MANY} further samples have different results"
            yield Problem(what, remedy)
            return
        values = ", ".join(_place(one)["value"] for one in every.itertuples())
        rows = ", ".join(map(str, every["row"]))
        by = f" by {method}" if method else ""
        what = f"sample {sample} has different results{by} (rows {rows})"
        first = next(every.itertuples())
        yield Problem(what, remedy, **(_place(first) | {"value": values}))


def _limit_above(table: pd.DataFrame) -> Iterator[Problem]:
    """Limits that lie above most of the values they should lie below."""
    plain = table[~table["censored"] & table["value"].notna()]
    plain = plain[plain["detection_limit"].notna()]
    if plain.empty:
        return
    below = plain["value"] < plain["detection_limit"]
    each = plain.assign(_below=below).groupby(list(_WHOLE), observed=True)
    parts = each.agg(
        n=("_below", "size"), share=("_below", "mean"), limit=("detection_limit", "max")
    )
    remedy = "correct the limit or its unit"
    for key, row in parts[(parts["share"] > 0.5) & (parts["n"] >= 3)].iterrows():
        analyte, batch = str(key[0]), str(key[1])
        place = f" of batch {batch}" if batch else ""
        what = (
            f"the limit of detection lies above {row['share']:.0%} of the "
            f"{row['n']:.0f} values{place}"
        )
        yield Problem(what, remedy, column=analyte, value=f"{row['limit']:g}")


def _zero(table: pd.DataFrame) -> Iterator[Problem]:
    remedy = "write '<' and the limit where it is meant; no content is exactly 0"
    mark = (table["value"] == 0) & ~table["censored"]
    yield from _rows(table, mark, "a content of 0", remedy, "warning")


def _uncensored(table: pd.DataFrame) -> Iterator[Problem]:
    what = "below its limit of detection ({limit:g}), yet not marked as such"
    remedy = "write '<' before the limit, or correct the limit"
    value = table["value"]
    mark = (value < table["detection_limit"]) & (value > 0) & ~table["censored"]
    yield from _rows(table, mark, what, remedy, "warning")


def _untold_limit(table: pd.DataFrame) -> Iterator[Problem]:
    mark = table["censored"] & table["value"].isna()
    counts = table[mark].groupby(["analyte", "lab_batch"], observed=True).size()
    remedy = "state limits= when the table is read"
    for (analyte, batch), n in counts.items():
        place = f" of batch {batch}" if batch else ""
        what = f"{n} values{place} lie below a limit that is not told"
        yield Problem(what, remedy, column=str(analyte), severity="warning")


def _units(table: pd.DataFrame) -> Iterator[Problem]:
    for symbol, every in mixed_units([table]).items():
        counts = [f"{int((table['analyte'] == name).sum())} {name}" for name in every]
        what = f"{symbol} stands in several units: {', '.join(counts)}"
        remedy = f"convert_unit(assays, '{every[1]}', …) brings them together"
        yield Problem(what, remedy, column=symbol, severity="warning")


def _scale(table: pd.DataFrame) -> Iterator[Problem]:
    """Batches whose contents lie a thousand or more times off the others'."""
    plain = table[~table["censored"] & (table["value"] > 0)]
    if plain["lab_batch"].nunique() < 2:
        return
    each = plain.groupby(["analyte", "lab_batch"], observed=True)["value"]
    parts = each.agg(["median", "size"]).reset_index()
    logs = np.log10(parts["median"])
    middle = logs.groupby(parts["analyte"], observed=True).transform("median")
    off = logs - middle
    n_batches = parts.groupby("analyte", observed=True)["lab_batch"].transform("size")
    odd = (off.abs() > 2.5) & (parts["size"] >= 5) & (n_batches > 2)
    for i in np.flatnonzero(odd):
        one = parts.loc[i]
        way = "higher" if off[i] > 0 else "lower"
        what = (
            f"the contents of batch {one['lab_batch']} are {10 ** abs(off[i]):.0f} "
            f"times {way} than those of the other batches"
        )
        remedy = "check the unit of that batch"
        place = {"column": str(one["analyte"]), "value": f"{one['median']:g}"}
        yield Problem(what, remedy, **place, severity="warning")


def _unknown(table: pd.DataFrame) -> Iterator[Problem]:
    for name in table["analyte"].cat.categories:
        if name and parse_header(str(name)) is None:
            count = int((table["analyte"] == name).sum())
            if count:
                what = f"no element or oxide known here ({count} results)"
                remedy = "name it by symbol and unit, such as Cu_ppm"
                yield Problem(what, remedy, column=str(name), severity="warning")


def _over_range(table: pd.DataFrame) -> Iterator[Problem]:
    """Values above range without a result of the same sample and element within it."""
    if not table["over_range"].any():
        return
    names = [str(name) for name in table["analyte"].cat.categories]
    parsed = [parse_header(name) for name in names]
    symbols = np.array(
        [p.symbol if p else n for p, n in zip(parsed, names, strict=True)]
    )
    symbol = symbols[table["analyte"].cat.codes.to_numpy()]
    keys = pd.MultiIndex.from_arrays([table["sample_id"], symbol])
    over = table["over_range"].to_numpy()
    within = keys[~over & table["value"].notna().to_numpy()]
    what = "above the range of its method and not determined again"
    remedy = "have it determined by a method with a wider range, or say so on the map"
    yield from _rows(table, over & ~keys.isin(within), what, remedy, "warning")
