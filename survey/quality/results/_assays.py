"""Laboratory tables: one result a row, each with its limit, method and batch."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..._analytes import Reading
from ..._features import existing
from ..._headers import unit_of
from ..._problems import DataProblems, Problem
from ..._samples import load_source
from ._certificate import Certificate
from ._limits import FROM_VALUES, apply_limits, limits_from_values, read_limits
from ._long import read_long
from ._pile import COLUMNS, as_categories, pile
from ._roles import CELLS, CONTROL, ROLES, TEXTS, find_roles
from ._wide import read_wide

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

logger = logging.getLogger(__name__)

_LAYOUTS = ("auto", "wide", "long")
_NEGATIVE = ("censored", "error", "keep")
_MANY = 100


def read_assays(
    path: str | Path,
    *,
    layout: str = "auto",
    columns: Mapping[str, str] | None = None,
    constants: Mapping[str, str] | None = None,
    limits: str | Path | Mapping[str, Any] | pd.DataFrame | None = None,
    layer: str | None = None,
    encoding: str | None = None,
    negative: str = "censored",
) -> pd.DataFrame:
    r"""
    Results of a laboratory, one a row, each with its limit, method and batch.

    Parameters
    ----------
    path : path
        CSV, TSV, TXT or Excel (.xlsx) table, or a point layer. Wide tables have a
        sample a row and a column an analyte, with the unit in the header or with
        further rows of the header for unit, method and limit of detection, above or
        below the names; long tables have a result a row.
    layout : {"auto", "wide", "long"}, default "auto"
        Long, if a column names the analyte and another holds the value.
    columns : mapping of str to str, optional
        Column in the file by what it holds: ``sample_id, analyte, value, qualifier,
        unit, detection_limit, method, lab_batch, laboratory, qc_type, original_id,
        material``; what is left out is recognised by its header. Any other name
        carries that column along.
    constants : mapping of str to str, optional
        ``unit``, ``method``, ``lab_batch`` or ``laboratory`` of results that tell none.
    limits : path, mapping, DataFrame or "from_values", optional
        Limits of detection of results that tell none: ``{"Cu_ppm": 0.5}``, ``{batch:
        {"Cu_ppm": 0.5}}``, or a table with columns analyte and detection_limit and
        perhaps lab_batch, method, laboratory, or with a column each analyte.
        "from_values" takes the limit of the censored results of the same batch.
    layer : str, optional
        Layer of the file or sheet of the workbook.
    encoding : str, optional
        Encoding of the text, where it cannot be told.
    negative : {"censored", "error", "keep"}, default "censored"
        What a negative content is, as for `survey.read_samples`.

    Returns
    -------
    DataFrame
        In the order of the file: ``sample_id`` (str), ``analyte`` ("Cu_ppm"),
        ``value``, ``censored`` (the value is the limit, NaN if untold), ``over_range``,
        ``detection_limit`` (unit of the analyte), ``unit``, ``method``, ``lab_batch``,
        ``laboratory``, ``source`` (file name), ``row`` (from 1, without the header);
        for controls also ``qc_type``, ``original_id``, ``material``. Texts other than
        the sample are categories, "" where nothing is told. Cells without a result
        give no row: ``attrs`` counts them (``missing``: codes such as -9999) as it
        counts ``censored``, ``censored_without_limit``, ``over_range`` and ``zero`` by
        analyte, names ``without_results`` (samples) and ``left_out`` (columns), and
        holds ``dropped``, ``notes`` and ``source``.

    Raises
    ------
    DataProblems
        All at once: cells that are not numbers, results without a sample, unknown or
        contradicting units, a table without results.
    ValueError
        If an argument is not one of those allowed or names no column.
    FileNotFoundError
        If there is no such file.

    See Also
    --------
    check_assays : What is wrong with the results themselves.
    spread_assays : One sample a row.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> path = Path(tempfile.mkdtemp()) / "certificate.csv"
    >>> _ = path.write_text(
    ...     "样号,Cu,Au\n单位,10-6,10-9\n方法,ICP-MS,火试金\n检出限,0.5,0.2\n"
    ...     "S1,<0.5,1.3\nS2,21,未检出\n"
    ... )
    >>> assays = read_assays(path, constants={"lab_batch": "B7"})
    >>> print(assays[["sample_id", "analyte", "value", "censored", "method"]])
      sample_id analyte  value  censored  method
    0        S1  Cu_ppm    0.5      True  ICP-MS
    1        S1  Au_ppb    1.3     False     火试金
    2        S2  Cu_ppm   21.0     False  ICP-MS
    3        S2  Au_ppb    0.2      True     火试金
    """
    _one_of("layout", layout, _LAYOUTS)
    _one_of("negative", negative, _NEGATIVE)
    fixed = _constants(constants)
    told = None if limits is None or _is_word(limits) else read_limits(limits)
    head = Certificate()
    source = load_source(existing(path), layer, encoding, header=head)
    cells = source.cells.drop(columns="geometry", errors="ignore")
    roles = find_roles(cells.columns, columns, where=str(path))
    if layout == "auto":
        layout = "long" if {"analyte", "value"} <= set(roles) else "wide"
    how = Reading(str(source.path), source.rows, source.decimal, negative, source.typed)
    read = _read_long if layout == "long" else _read_wide
    assays = read(cells, roles, how, fixed, head)
    notes = [*source.notes, *assays.attrs.pop("notes")]
    if told is not None:
        notes += apply_limits(assays, told)
    elif limits is not None:
        notes += limits_from_values(assays)
    assays.attrs |= {
        "dropped": source.dropped,
        "notes": notes,
        "source": source.path.name,
    }
    _recount_untold(assays)
    for note in assays.attrs["notes"]:
        logger.info("%s: %s", source.path.name, note)
    return assays


def _is_word(limits: object) -> bool:
    return isinstance(limits, str) and limits == FROM_VALUES


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValueError(f"{name} must be one of {allowed}; got {value!r}")


def _constants(constants: Mapping[str, str] | None) -> dict[str, str]:
    """Check and return texts that hold for a whole file."""
    found = {name: str(text).strip() for name, text in (constants or {}).items()}
    allowed = ("unit", *TEXTS)
    unknown = [name for name in found if name not in allowed]
    if unknown:
        raise ValueError(f"constants may name {allowed}; got {unknown}")
    if "unit" in found:
        unit = unit_of(found["unit"])
        if unit is None:
            raise ValueError(
                f"the unit {found['unit']!r} is not known: write ppm, ppb, %, g/t …"
            )
        found["unit"] = unit
    return found


def _read_wide(
    cells: pd.DataFrame,
    roles: dict[str, str],
    how: Reading,
    fixed: dict[str, str],
    head: Certificate,
) -> pd.DataFrame:
    # what describes a cell is no role of a column in a wide table
    stay = {r: c for r, c in roles.items() if r not in CELLS}
    ids, problems, notes = _ids(cells, stay, how)
    others = cells.drop(columns=list(dict.fromkeys(stay.values())))
    found = read_wide(others, how, told=head.told, unit=fixed.get("unit", ""))
    problems += found.problems
    if not found.columns and not problems:
        problems.append(_nothing(how))
    if problems:
        raise DataProblems(problems)
    shared = _shared(cells, stay, fixed, how)
    assays = pile(found.columns, ids, rows=how.rows, shared=shared)
    empty = sorted(set(ids) - set(assays["sample_id"].unique()))
    assays.attrs = _attrs(found.counts, [*notes, *found.notes], empty)
    used = {*found.used, *stay.values()}
    assays.attrs["left_out"] = [str(c) for c in cells if c not in used]
    _refuse_nameless(assays, how)
    return assays


def _read_long(
    cells: pd.DataFrame,
    roles: dict[str, str],
    how: Reading,
    fixed: dict[str, str],
    head: Certificate,  # noqa: ARG001
) -> pd.DataFrame:
    lacking = [role for role in ("analyte", "value") if role not in roles]
    if lacking:
        remedy = "name the columns, as columns={'analyte': …, 'value': …}"
        what = f"no column for {' and '.join(lacking)} in a table with a result a row"
        raise DataProblems([Problem(what, remedy, how.path)])
    ids, problems, notes = _ids(cells, roles, how)
    found = read_long(cells, roles, how, unit=fixed.get("unit", ""))
    problems += found.problems
    if not found.there.any() and not problems:
        problems.append(_nothing(how))
    if problems:
        raise DataProblems(problems)
    frame = found.frame
    shared = _shared(
        cells, {r: c for r, c in roles.items() if r not in CELLS}, fixed, how
    )
    own = frame["method"].astype("str")
    for name, text in shared.items():
        texts = (
            pd.Series([text] * len(frame), dtype="str")
            if isinstance(text, str)
            else text
        )
        if name == "method":
            texts = texts.astype("str").fillna("").reset_index(drop=True)
            texts = texts.where(texts != "", own)
        frame[name] = as_categories(texts)
    frame["sample_id"] = ids.to_numpy(dtype=object)
    frame["sample_id"] = frame["sample_id"].astype("str")
    frame["row"] = np.asarray(how.rows, dtype=np.int64)
    extra = [name for name in frame if name not in COLUMNS]
    assays = frame.loc[found.there, [*COLUMNS, *extra]].reset_index(drop=True)
    empty = sorted(set(ids) - set(assays["sample_id"].unique()))
    assays.attrs = _attrs(found.counts, [*notes, *found.notes], empty)
    assays.attrs["left_out"] = [str(c) for c in cells if c not in roles.values()]
    _refuse_nameless(assays, how)
    return assays


def _ids(
    cells: pd.DataFrame, roles: dict[str, str], how: Reading
) -> tuple[pd.Series, list[Problem], list[str]]:
    """Ids of the rows; the first column where no header names them."""
    notes = []
    if "sample_id" not in roles:
        first = str(cells.columns[0])
        if first in roles.values() or cells[first].nunique() < 0.5 * len(cells):
            what = "no column names the samples"
            remedy = "name it, as columns={'sample_id': …}"
            raise DataProblems([Problem(what, remedy, how.path)])
        roles["sample_id"] = first
        notes.append(f"column '{first}' is taken as the id of the samples")
    column = cells[roles["sample_id"]]
    if pd.api.types.is_float_dtype(column):
        column = column.astype("Int64")
    ids = column.astype("str").fillna("").str.strip().replace("<NA>", "")
    return ids.reset_index(drop=True), [], notes


def _shared(
    cells: pd.DataFrame, roles: dict[str, str], fixed: dict[str, str], how: Reading
) -> dict[str, pd.Series | str]:
    """Texts that go with a row of the table, or with all of them."""
    from pathlib import Path

    shared: dict[str, pd.Series | str] = {"source": Path(how.path).name}
    for name in TEXTS:
        shared[name] = fixed.get(name, "")
    for role, column in roles.items():
        if role == "sample_id" or (role in ROLES and role not in (*TEXTS, *CONTROL)):
            continue
        texts = cells[column].astype("str").fillna("").reset_index(drop=True)
        texts = texts.str.strip().replace({"<NA>": "", "nan": ""})
        shared[role] = texts.where(texts != "", fixed.get(role, ""))
    return shared


def _attrs(
    counts: dict[str, dict[str, int]], notes: list[str], empty: list[str]
) -> dict[str, Any]:
    texts = {
        "missing": "cells with a code such as -9999 are taken as missing",
        "zero": "contents are exactly 0 and kept as numbers",
    }
    for kind, text in texts.items():
        if counts[kind]:
            number = sum(counts[kind].values())
            notes.append(f"{number} {text} (see attrs['{kind}'])")
    empty = [name for name in empty if name]
    if empty:
        notes.append(
            f"{len(empty)} samples have no result (see attrs['without_results'])"
        )
    return {**counts, "without_results": empty, "notes": notes}


def _recount_untold(assays: pd.DataFrame) -> None:
    """Count what lies below an untold limit, now that all limits are in."""
    untold = assays["censored"] & assays["value"].isna()
    counts = assays.loc[untold, "analyte"].astype("str").value_counts(sort=False)
    assays.attrs["censored_without_limit"] = {k: int(n) for k, n in counts.items()}
    if len(counts):
        assays.attrs["notes"].append(
            f"{int(untold.sum())} contents below an untold limit are NaN and censored "
            "(see attrs['censored_without_limit'])"
        )


def _refuse_nameless(assays: pd.DataFrame, how: Reading) -> None:
    rows = assays.loc[assays["sample_id"] == "", "row"].unique()
    if len(rows):
        remedy = "write the id of the sample, or remove the row"
        what = "results without a sample"
        if len(rows) > _MANY:
            what = f"{what} ({len(rows)} rows, these are the first)"
        raise DataProblems(
            [Problem(what, remedy, how.path, row=int(row)) for row in rows[:_MANY]]
        )


def _nothing(how: Reading) -> Problem:
    what = "no column holds contents of an element or oxide"
    remedy = (
        "write headers such as Cu_ppm or Au (ppb), or for a table with a result a row "
        "name the columns, as columns={'analyte': …, 'value': …}"
    )
    return Problem(what, remedy, how.path)
