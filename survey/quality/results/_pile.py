"""Columns of analytes piled into one result a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

FIRST = ("sample_id", "analyte", "value", "censored", "over_range", "detection_limit")
TEXT = ("unit", "method", "lab_batch", "laboratory", "source")
COLUMNS = (*FIRST, *TEXT, "row")


class Column(NamedTuple):
    """
    Results of one analyte, a value each sample.

    `texts` holds what is told for each result: ``method``, ``lab_batch``,
    ``laboratory``; what is not there is taken from the column or the sample.
    """

    analyte: str
    unit: str
    value: NDArray[np.float64]
    censored: NDArray[np.bool_]
    over_range: NDArray[np.bool_]
    limit: NDArray[np.float64]
    method: str
    texts: dict[str, pd.Series]
    imputed: NDArray[np.bool_] | None = None


def pile(
    columns: Sequence[Column],
    ids: pd.Series,
    *,
    rows: Sequence[int],
    shared: Mapping[str, pd.Series | str],
    keep_missing: bool = False,
) -> pd.DataFrame:
    """
    One result a row, in the order of the samples.

    Parameters
    ----------
    columns : sequence of Column
        Analytes.
    ids : Series of str
        Samples.
    rows : sequence of int
        Row of each sample in its file.
    shared : mapping of str to Series or str
        Text of each sample, or of all.
    keep_missing : bool
        Whether cells without a result become rows.

    Returns
    -------
    DataFrame
        Columns `COLUMNS`, then ``imputed`` where it is known, then the others shared.
    """
    shape = (len(ids), len(columns))
    value = _matrix([c.value for c in columns], shape, float)
    censored = _matrix([c.censored for c in columns], shape, bool)
    over = _matrix([c.over_range for c in columns], shape, bool)
    there = ~np.isnan(value) | censored | over
    at, which = np.nonzero(np.ones(shape, bool) if keep_missing else there)
    limit = _matrix([c.limit for c in columns], shape, float)
    out = {
        "sample_id": ids.array.take(at),
        "analyte": _one_each([c.analyte for c in columns], which),
        "value": value[at, which],
        "censored": censored[at, which],
        "over_range": over[at, which],
        "detection_limit": limit[at, which],
        "unit": _one_each([c.unit for c in columns], which),
    }
    for name in ("method", "lab_batch", "laboratory"):
        out[name] = _texts(name, columns, shared.get(name, ""), at, which)
    out["source"] = _shared(shared.get("source", ""), at)
    out["row"] = np.asarray(rows, dtype=np.int64)[at]
    if any(c.imputed is not None for c in columns):
        none = np.zeros(shape[0], bool)
        given = [none if c.imputed is None else c.imputed for c in columns]
        out["imputed"] = _matrix(given, shape, bool)[at, which]
    others = [name for name in shared if name not in out]
    out |= {name: _shared(shared[name], at) for name in others}
    return pd.DataFrame(out, copy=False)


def as_categories(texts: pd.Series | pd.Categorical) -> pd.Categorical:
    """Texts as categories in order of appearance; what is missing is an empty text."""
    if isinstance(texts.dtype, pd.CategoricalDtype):
        given = pd.Categorical(texts)
        names = pd.Series([*given.categories, ""]).astype("str").fillna("").str.strip()
        inner, every = pd.factorize(names.array)
        codes = inner[given.codes]  # code -1, missing, takes the last: an empty text
    else:
        plain = pd.Series(texts).astype("str").fillna("").str.strip()
        codes, every = pd.factorize(plain.array)
    used = np.bincount(codes, minlength=len(every)) > 0
    place = np.cumsum(used) - 1
    index = pd.Index(every[used], dtype="str")
    return pd.Categorical.from_codes(place[codes], index)


def no_text(n: int) -> pd.Categorical:
    """Texts of `n` results that tell nothing."""
    codes = np.zeros(n, dtype=np.int8)
    return pd.Categorical.from_codes(codes, pd.Index([""], dtype="str"))


def _matrix(parts: Sequence[NDArray], shape: tuple[int, int], dtype: type) -> NDArray:
    if not parts:
        return np.empty(shape, dtype)
    return np.column_stack(parts).astype(dtype, copy=False)


def _one_each(texts: Sequence[str], which: NDArray[np.intp]) -> pd.Categorical:
    """Text of each column, repeated for its results."""
    codes, every = pd.factorize(np.array(texts, dtype=object))
    names = pd.Index(every, dtype="str")
    return pd.Categorical.from_codes(codes[which] if len(codes) else which, names)


def _shared(texts: pd.Series | str, at: NDArray[np.intp]) -> pd.Categorical:
    """Text of each sample, repeated for its results."""
    if isinstance(texts, str):
        codes = np.zeros(len(at), dtype=np.int8)
        return pd.Categorical.from_codes(codes, pd.Index([texts], dtype="str"))
    found = as_categories(texts)
    return pd.Categorical.from_codes(found.codes[at], found.categories)


def _texts(
    name: str,
    columns: Sequence[Column],
    shared: pd.Series | str,
    at: NDArray[np.intp],
    which: NDArray[np.intp],
) -> pd.Categorical:
    """Text of each result: its own, else its column's, else its sample's."""
    own = any(name in c.texts for c in columns)
    named = name == "method" and any(c.method for c in columns)
    if not own and not named:
        return _shared(shared, at)
    if not own and isinstance(shared, str):
        return _one_each([c.method or shared for c in columns], which)
    n = len(next(iter(columns)).value)
    base = pd.Series([shared] * n, dtype="str") if isinstance(shared, str) else shared
    base = base.astype("str").fillna("").reset_index(drop=True)
    parts = []
    for column in columns:
        filler = base
        if name == "method" and column.method:
            filler = pd.Series([column.method] * n, dtype="str")
        mine = column.texts.get(name)
        if mine is not None:
            mine = mine.astype("str").fillna("").reset_index(drop=True)
            filler = mine.where(mine != "", filler)
        parts.append(filler)
    every = as_categories(pd.concat(parts, ignore_index=True))
    codes = every.codes.reshape(len(columns), n)[which, at]
    return pd.Categorical.from_codes(codes, every.categories)
