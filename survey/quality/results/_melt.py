"""Samples with a column an analyte, into one result a row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..._checks import check_columns
from ..._headers import Analyte, parse_header
from ._pile import Column, pile
from ._roles import CONTROL, TEXTS, find_roles

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray


def melt_samples(
    samples: pd.DataFrame,
    *,
    columns: Mapping[str, str] | None = None,
    analytes: Sequence[str] | None = None,
    missing: str = "keep",
) -> pd.DataFrame:
    """
    Samples with a column an analyte as results, one a row.

    Parameters
    ----------
    samples : DataFrame
        Column ``sample_id``, analytes (``Cu_ppm``, ``Cu_ppm_ICP``) with their
        companions (``Cu_ppm_censored`` and so on), as `survey.read_samples` and
        `spread_assays` give them.
    columns : mapping of str to str, optional
        Column that holds ``lab_batch``, ``method``, ``laboratory``, ``qc_type``,
        ``original_id`` or ``material`` of each sample; recognised by name if left out.
        Any other name carries that column along.
    analytes : sequence of str, optional
        Analytes to take; all columns named by symbol and unit if left out.
    missing : {"keep", "drop"}, default "keep"
        Whether cells without a result become rows (``value`` NaN, neither censored nor
        above range). With "keep", `spread_assays` gives back every sample and analyte.

    Returns
    -------
    DataFrame
        As `read_assays`; ``row`` counts the samples from 1. ``attrs["left_out"]`` names
        the columns that are not among the results, ``attrs["missing_results"]`` counts
        the cells without one.

    Raises
    ------
    ValueError
        If there is no ``sample_id``, no analyte, or a named column is missing.

    See Also
    --------
    spread_assays : The other way.

    Examples
    --------
    >>> samples = pd.DataFrame({
    ...     "sample_id": ["S1", "S2"], "Cu_ppm": [0.5, 9.0],
    ...     "Cu_ppm_censored": [True, False], "分析批次": ["B1", "B2"]})
    >>> shown = ["sample_id", "analyte", "value", "censored", "lab_batch"]
    >>> melt_samples(samples)[shown]
      sample_id analyte  value  censored lab_batch
    0        S1  Cu_ppm    0.5      True        B1
    1        S2  Cu_ppm    9.0     False        B2
    """
    if missing not in ("keep", "drop"):
        raise ValueError(f"missing must be 'keep' or 'drop'; got {missing!r}")
    check_columns(samples, "sample_id", where="samples")
    table = pd.DataFrame(samples.drop(columns="geometry", errors="ignore"))
    found = _analytes(table, analytes)
    if not found:
        raise ValueError(
            "no column holds an analyte: name them by symbol and unit, as Cu_ppm, or "
            "state analytes="
        )
    wanted = (*TEXTS, *CONTROL)
    roles = find_roles(table.columns, columns, where="samples", wanted=wanted)
    roles.pop("sample_id", None)
    used: set[str] = {"sample_id", *roles.values()}
    made = [_column(table, name, analyte, used) for name, analyte in found.items()]
    shared: dict[str, pd.Series | str] = {
        "source": str(samples.attrs.get("source", ""))
    }
    for role, name in roles.items():
        shared[role] = table[name].astype("str").fillna("").reset_index(drop=True)
    ids = table["sample_id"].astype("str").reset_index(drop=True)
    rows = range(1, len(table) + 1)
    keep = missing == "keep"
    assays = pile(made, ids, rows=rows, shared=shared, keep_missing=keep)
    results = sum(
        int((~np.isnan(c.value) | c.censored | c.over_range).sum()) for c in made
    )
    assays.attrs = {
        "left_out": [str(c) for c in samples if c not in used],
        "missing_results": len(table) * len(made) - results,
        "notes": list(samples.attrs.get("notes", ())),
        "source": samples.attrs.get("source", ""),
    }
    return assays


def _analytes(table: pd.DataFrame, stated: Sequence[str] | None) -> dict[str, Analyte]:
    if stated is not None:
        check_columns(table, stated, where="samples")
        parsed = {name: parse_header(name) for name in stated}
        return {name: found or Analyte(name, None) for name, found in parsed.items()}
    out = {}
    for name in map(str, table.columns):
        column = table[name]
        number = pd.api.types.is_numeric_dtype(column)
        if number and not pd.api.types.is_bool_dtype(column):
            found = parse_header(name)
            if found is not None and found.unit is not None:
                out[name] = found
    return out


def _column(table: pd.DataFrame, name: str, analyte: Analyte, used: set[str]) -> Column:
    """Results of a column with its companions; their names go to `used`."""

    def companion(ending: str) -> pd.Series | None:
        key = f"{name}_{ending}"
        if key not in table:
            return None
        used.add(key)
        return table[key]

    used.add(name)
    value = table[name].to_numpy(dtype=float, na_value=np.nan)
    censored = _flags(companion("censored"), len(table))
    limit = companion("detection_limit")
    limits = np.full(len(table), np.nan)
    if limit is not None:
        limits = limit.to_numpy(dtype=float, na_value=np.nan).copy()
    imputed = companion("imputed")
    marks = None if imputed is None else _flags(imputed, len(table))
    untold = censored & np.isnan(limits)
    if marks is not None:
        untold &= ~marks
    limits = np.where(untold, value, limits)
    texts = {ending: companion(ending) for ending in TEXTS}
    return Column(
        f"{analyte.symbol}_{analyte.unit}" if analyte.unit else analyte.symbol,
        analyte.unit or "",
        value,
        censored,
        _flags(companion("over_range"), len(table)),
        limits,
        analyte.method,
        {ending: text for ending, text in texts.items() if text is not None},
        marks,
    )


def _flags(column: pd.Series | None, n: int) -> NDArray[np.bool_]:
    if column is None:
        return np.zeros(n, bool)
    return column.fillna(value=False).astype(bool).to_numpy()
