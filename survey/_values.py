"""Cells as numbers: decimal commas, missing values, limits of detection."""

from __future__ import annotations

import functools
import math
import re
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ._headers import load_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

NUMBER, MISSING, BELOW, ABOVE, BAD = range(5)

_PLAIN = r"^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$"
_DOT = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?")
_COMMA = re.compile(r"[+-]?(?:\d+,\d*|,\d+)(?:e[+-]?\d+)?")
_GROUPS_COMMA = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?")
_GROUPS_DOT = re.compile(r"[+-]?[1-9]\d{0,2}(?:(?:\.\d{3})+,\d+|(?:\.\d{3}){2,})")
_GROUPS_SPACE = re.compile(r"[+-]?[1-9]\d{0,2}(?:[ ']\d{3})+(?:[.,]\d+)?")
_EITHER = re.compile(r"[+-]?[1-9]\d{0,2}[,.]\d{3}")
_SIGN = re.compile(
    r"(<=?|≤|⩽|〈|小于|低于|less than)\s*(.+)|(>=?|≥|⩾|〉|大于|高于|more than)\s*(.+)"
)
_LAB_L = re.compile(r"(.*\d)\s*l")
_SEPARATED = re.compile(r"[<>≤≥]?\s*([+-]?[\d.,]*\d[\d.,]*)")
_DMS = re.compile(
    r"([ewns])?\s*(-?\d+(?:\.\d+)?)\s*(?:°|度|º|d)\s*(?:(\d+(?:\.\d+)?)\s*(?:['′’]|分)\s*)?"
    r"(?:(\d+(?:\.\d+)?)\s*(?:\"|″|”|''|秒)\s*)?([ewns])?"
)


class Numbers(NamedTuple):
    """
    Cells of a column as numbers, with the state of each.

    `value` is NaN where it is missing, bad, or beyond a limit that is not told.
    """

    value: NDArray[np.float64]
    state: NDArray[np.int8]


def read_numbers(cells: pd.Series, *, decimal: str = "dot") -> Numbers:
    """
    Numbers in the cells of a column.

    Parameters
    ----------
    cells : Series of str
        Text as found.
    decimal : {"dot", "comma", "mixed", "unknown"}
        What separates decimals in this table, from `find_decimal`. ``"mixed"`` and
        ``"unknown"`` refuse cells that can be read both ways, such as ``1,234``.

    Returns
    -------
    Numbers
        States `NUMBER`, `MISSING`, `BELOW` (the value is the limit), `ABOVE` (likewise)
        or `BAD`, shape (n,).

    Examples
    --------
    >>> read_numbers(pd.Series(["12,5", "<0,5", "未检出", "x"]), decimal="comma")
    Numbers(value=array([12.5, 0.5, nan, nan]), state=array([0, 2, 2, 4], dtype=int8))
    """
    return _each(cells, functools.partial(_read_cell, decimal=decimal), decimal=decimal)


def read_angles(cells: pd.Series, *, decimal: str = "dot") -> Numbers:
    """
    Coordinates in the cells of a column: numbers, or degrees with minutes and seconds.

    Parameters
    ----------
    cells : Series of str
        Text as found, such as ``118.5`` or ``118°30′15″E``.
    decimal : {"dot", "comma", "mixed", "unknown"}
        As for `read_numbers`.

    Returns
    -------
    Numbers
        Degrees or metres; west and south are negative. States `NUMBER`, `MISSING` or
        `BAD`, shape (n,).

    Examples
    --------
    >>> read_angles(pd.Series(["118°30′15″E", "33.5 S"])).value
    array([118.50416667, nan])
    """

    def read(text: str) -> tuple[float, int]:
        value, state = _read_cell(text, decimal=decimal)
        if state == BAD:
            value = _degrees(text)
            state = BAD if math.isnan(value) else NUMBER
        return (value, state) if state in {NUMBER, MISSING} else (math.nan, BAD)

    return _each(cells, read, decimal=decimal)


def find_decimal(columns: Iterable[pd.Series], *, delimiter: str | None) -> str:
    r"""
    What separates decimals in a table.

    Parameters
    ----------
    columns : iterable of Series of str
        The columns of the table, as text.
    delimiter : str or None
        What separates its cells. Settles the tables in which every number with a comma
        could be read both ways: semicolons go with decimal commas, commas do not.

    Returns
    -------
    {"dot", "comma", "mixed", "unknown"}

    Examples
    --------
    >>> find_decimal([pd.Series(["1,5", "1,250"])], delimiter=";")
    'comma'
    >>> find_decimal([pd.Series(["1,250"])], delimiter="\t")
    'unknown'
    """
    comma = dot = either = False
    for column in columns:
        cells = column[column.str.contains(",", regex=False, na=False)]
        for text in pd.unique(cells):
            plain = _SEPARATED.fullmatch(_even(text))
            if not plain:
                continue
            number = plain[1]
            if _EITHER.fullmatch(number):
                either = True
            elif _GROUPS_DOT.fullmatch(number) or _COMMA.fullmatch(number):
                comma = True
            elif "." in number and _GROUPS_COMMA.fullmatch(number):
                dot = True
        dot = dot or bool(column.str.fullmatch(r"\s*[<>]?\s*-?\d+\.\d+\s*").any())
    if comma:
        return "mixed" if dot else "comma"
    if dot or not either:
        return "dot"
    return {";": "comma", ",": "dot"}.get(delimiter or "", "unknown")


def plain_column(cells: pd.Series, *, decimal: str = "dot") -> pd.Series:
    """
    Column of text as numbers or booleans where every cell is one.

    Codes with leading zeros or more than fifteen digits stay text.

    Parameters
    ----------
    cells : Series of str
        Text as found; empty cells and ``nan``, ``null``, ``none`` are missing.
    decimal : {"dot", "comma", "mixed", "unknown"}
        As for `read_numbers`.

    Returns
    -------
    Series
        int64, float64, bool or str; same index and name.

    Examples
    --------
    >>> plain_column(pd.Series(["1", "2"])).dtype, plain_column(pd.Series(["01"])).dtype
    (dtype('int64'), <StringDtype(na_value=nan)>)
    """
    text = cells.str.strip()
    empty = text.isna() | text.str.lower().isin(["", "nan", "null", "none"])
    known = text[~empty]
    if known.empty:
        return text.mask(empty)
    if known.str.lower().isin(["true", "false"]).all() and not empty.any():
        return text.str.lower() == "true"
    if known.str.contains(r"^[+-]?0\d|\d{16}|\D:|[a-df-z]", case=False).any():
        return text.mask(empty)
    numbers = read_numbers(text, decimal=decimal)
    if not np.isin(numbers.state, (NUMBER, MISSING)).all():
        return text.mask(empty)
    whole = known.str.fullmatch(r"[+-]?\d+").all() and not empty.any()
    values = text.astype("int64") if whole else numbers.value
    return pd.Series(values, index=cells.index, name=cells.name)


def is_sentinel(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether numbers stand for a missing value, such as -9999."""
    known = np.array(load_words("words")["sentinels"])
    return np.isin(values, known) | (np.abs(values) > 1e37)


def _each(
    cells: pd.Series, read: Callable[[str], tuple[float, int]], *, decimal: str
) -> Numbers:
    """Read every different text once; plain numbers all together."""
    every = pa.array(cells.fillna(""), type=pa.large_string()).dictionary_encode()
    every = every.combine_chunks() if isinstance(every, pa.ChunkedArray) else every
    codes, texts = every.indices.to_numpy(zero_copy_only=False), every.dictionary
    value = np.full(max(1, len(texts)), math.nan)
    state = np.full(max(1, len(texts)), MISSING, dtype=np.int8)
    plain = np.zeros(len(texts), dtype=bool)
    if decimal != "comma" and len(texts):
        plain = pc.match_substring_regex(texts, _PLAIN).to_numpy(zero_copy_only=False)
        value[plain] = texts.filter(pa.array(plain)).cast(pa.float64()).to_numpy()
        plain &= np.isfinite(value)
        state[plain] = NUMBER
    others = np.flatnonzero(~plain)
    for at, text in zip(others, texts.take(others).to_pylist(), strict=True):
        value[at], state[at] = read(text)
    return Numbers(value[codes], state[codes])


def _read_cell(text: str, *, decimal: str) -> tuple[float, int]:
    plain = _even(text)
    value = _number(plain, decimal)
    if not math.isnan(value):
        return value, NUMBER
    words = _words()
    if plain in words:
        return math.nan, words[plain]
    sign = _SIGN.fullmatch(plain)
    if sign:
        limit, state = sign[2] or sign[4], BELOW if sign[1] else ABOVE
    else:
        lab = _LAB_L.fullmatch(plain)
        limit, state = (lab[1], BELOW) if lab and "L" in text else ("", BAD)
    value = _number(limit.strip(), decimal)
    if math.isnan(value) or value < 0:
        return math.nan, BAD
    return (math.nan if state == BELOW and value == 0 else value), state


def _number(text: str, decimal: str) -> float:
    """Value of a plain number, NaN for anything else."""
    if _EITHER.fullmatch(text):
        return _either(text, decimal)
    if _DOT.fullmatch(text):
        plain = text
    elif _GROUPS_COMMA.fullmatch(text):
        plain = text.replace(",", "")
    elif _COMMA.fullmatch(text) and decimal in {"comma", "mixed"}:
        plain = text.replace(",", ".")
    elif _GROUPS_DOT.fullmatch(text):
        plain = text.replace(".", "").replace(",", ".")
    elif _GROUPS_SPACE.fullmatch(text):
        plain = re.sub(r"[ ']", "", text).replace(",", ".")
    else:
        return math.nan
    value = float(plain)
    return value if math.isfinite(value) else math.nan


def _either(text: str, decimal: str) -> float:
    """Value of a number such as 1,234 or 1.234, which may be a thousand or one."""
    if "," in text:
        readings = {"comma": text.replace(",", "."), "dot": text.replace(",", "")}
        return float(readings.get(decimal, "nan"))
    return math.nan if decimal == "comma" else float(text)


def _degrees(text: str) -> float:
    """Degrees of an angle written with minutes and seconds, NaN if it is none."""
    match = _DMS.fullmatch(_even(text))
    if not match:
        return math.nan
    before, degrees, minutes, seconds, after = match.groups()
    small = float(minutes or 0) / 60 + float(seconds or 0) / 3600
    if float(minutes or 0) >= 60 or float(seconds or 0) >= 60:
        return math.nan
    value = math.copysign(abs(float(degrees)) + small, float(degrees))
    return -value if (before or after or "") in {"w", "s"} else value


def _even(text: str) -> str:
    """Full-width and typographic variants made alike, lower case."""
    if text.isascii():
        return text.strip().lower()
    keep = text.replace("″", "\x01").replace("″", "\x01")
    plain = unicodedata.normalize("NFKC", keep).replace("\x01", "″")
    return re.sub("[\u2212\u2010-\u2013]", "-", plain).strip().lower()


@functools.cache
def _words() -> dict[str, int]:
    """State that a word stands for."""
    words = load_words("words")
    return {
        _even(word): state
        for key, state in (("missing", MISSING), ("below", BELOW), ("above", ABOVE))
        for word in words[key]
    }
