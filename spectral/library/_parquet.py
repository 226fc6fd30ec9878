"""The Parquet files of a batch: spectra, grids, values."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ._schema import ARRAYS, TEXTS, is_missing, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from ._batch import Batch

VALUES_A_GROUP = 1 << 18  # numbers a row group: a few spectra are read in milliseconds
MOST_VALUES = 2**31 - 1  # of one batch: offsets are 32 bit
META = pa.schema(
    [
        pa.field("row", pa.int32()),
        *(pa.field(name, pa.string()) for name in TEXTS),
        pa.field("grid", pa.int32()),
        pa.field("channels", pa.int32()),
        pa.field("first_nm", pa.float64()),
        pa.field("last_nm", pa.float64()),
        pa.field("has_uncertainty", pa.bool_()),
        pa.field("extra", pa.string()),
    ]
)


def write_tables(folder: Path, records: pd.DataFrame) -> None:
    """Parquet files of sound records."""
    grids, codes = _grids(records)
    values = _values_table(records)
    widest = max(len(waves) for waves, _ in grids)
    checked: dict[str, Any] = {"compression": "zstd", "write_page_checksum": True}
    options = checked | {"use_dictionary": False}
    pq.write_table(
        values,
        folder / "values.parquet",
        row_group_size=max(16, VALUES_A_GROUP // widest),
        **options,
    )
    pq.write_table(_grids_table(grids), folder / "grids.parquet", **options)
    pq.write_table(_meta_table(records, codes), folder / "spectra.parquet", **checked)


def read_meta(batch: Batch) -> pa.Table:
    """Rows of spectra.parquet."""
    return _guarded(batch, "spectra.parquet", _read_table)


@lru_cache(maxsize=64)
def _grids_at(folder: Path) -> tuple[tuple[NDArray, NDArray | None], ...]:
    table = _read_table(folder / "grids.parquet").to_pydict()
    return tuple(
        (np.array(waves), None if fwhm is None else np.array(fwhm))
        for waves, fwhm in zip(table["wavelength"], table["fwhm"], strict=True)
    )


def read_grids(batch: Batch) -> tuple[tuple[NDArray, NDArray | None], ...]:
    """Pairs (wavelength, fwhm or None) in nm."""
    return _guarded(batch, "grids.parquet", lambda path: _grids_at(path.parent))


def read_values(
    batch: Batch, rows: ArrayLike, *, uncertainty: bool = True
) -> list[tuple[NDArray, NDArray | None]]:
    """Reflectance and uncertainty of some rows, in their order."""
    names = ["reflectance", "uncertainty"] if uncertainty else ["reflectance"]
    rows = np.asarray(rows)

    def read(path: Path) -> list[tuple[NDArray, NDArray | None]]:
        with pq.ParquetFile(
            path, memory_map=True, page_checksum_verification=True
        ) as file:
            meta = file.metadata
            sizes = [meta.row_group(i).num_rows for i in range(meta.num_row_groups)]
            starts = np.concatenate([[0], np.cumsum(sizes)])
            groups = np.searchsorted(starts, rows, side="right") - 1
            found: dict[int, tuple[NDArray, NDArray | None]] = {}
            for group in np.unique(groups):
                table = file.read_row_group(int(group), columns=names)
                columns = [_arrays(table[name]) for name in names]
                for row in rows[groups == group]:
                    at = int(row - starts[group])
                    error = columns[1][at] if uncertainty else None
                    found[int(row)] = (columns[0][at], error)
        return [found[int(row)] for row in rows]

    return _guarded(batch, "values.parquet", read)


def _read_table(path: Path) -> pa.Table:
    return pq.read_table(path, page_checksum_verification=True)


def _arrays(column: pa.ChunkedArray) -> list[NDArray | None]:
    lists = column.combine_chunks()
    flat = lists.flatten().to_numpy(zero_copy_only=False)
    sizes = np.nan_to_num(lists.value_lengths().to_numpy(zero_copy_only=False))
    ends = np.cumsum(sizes).astype(int)
    there = lists.is_valid().to_numpy(zero_copy_only=False)
    return [
        flat[end - int(size) : end] if is_there else None
        for end, size, is_there in zip(ends, sizes, there, strict=True)
    ]


def _guarded(batch: Batch, name: str, read: Callable[[Path], Any]) -> Any:  # noqa: ANN401
    path = batch.folder / name
    try:
        return read(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise OSError(
            f"{path} cannot be read ({error}). The other batches can: open the store "
            f"up to version {batch.number - 1}, as_of={batch.number - 1}, or put the "
            "file back from a copy."
        ) from error


def _grids(
    records: pd.DataFrame,
) -> tuple[list[tuple[NDArray, NDArray | None]], list[int]]:
    """Different grids, each once, and which of them every record has."""
    known: dict[bytes, int] = {}
    by_identity: dict[tuple[int, int], int] = {}
    grids, codes = [], []
    widths = list(records["fwhm"]) if "fwhm" in records else [None] * len(records)
    for given, width in zip(records["wavelength"], widths, strict=True):
        pair_id = (id(given), id(width))
        if pair_id not in by_identity:
            waves = np.asarray(given, "float64")
            fwhm = None if is_missing(width) else np.asarray(width, "float64")
            key = waves.tobytes() + (b"" if fwhm is None else b"|" + fwhm.tobytes())
            if key not in known:
                known[key] = len(grids)
                grids.append((waves, fwhm))
            by_identity[pair_id] = known[key]
        codes.append(by_identity[pair_id])
    return grids, codes


def _grids_table(grids: list[tuple[NDArray, NDArray | None]]) -> pa.Table:
    kind = pa.list_(pa.float64())
    return pa.table(
        {
            "grid": pa.array(range(len(grids)), pa.int32()),
            "wavelength": pa.array([waves for waves, _ in grids], kind),
            "fwhm": pa.array([fwhm for _, fwhm in grids], kind),
        }
    )


def _values_table(records: pd.DataFrame) -> pa.Table:
    """Values as given: float32 stays where all are, else float64."""
    rows = [np.asarray(row) for row in records["reflectance"]]
    single = all(row.dtype == np.float32 for row in rows)
    errors = (
        [None if is_missing(row) else np.asarray(row) for row in records["uncertainty"]]
        if "uncertainty" in records
        else [None] * len(rows)
    )
    return pa.table(
        {
            "row": pa.array(range(len(rows)), pa.int32()),
            "reflectance": _lists(rows, single=single),
            "uncertainty": _lists(errors, single=single),
        }
    )


def _lists(rows: Sequence[NDArray | None], *, single: bool) -> pa.ListArray:
    dtype = np.float32 if single else np.float64
    sizes = [0 if row is None else row.size for row in rows]
    given = [row.astype(dtype, copy=False) for row in rows if row is not None]
    flat = np.concatenate(given) if given else np.empty(0, dtype)
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype("int32")
    gaps = np.array([row is None for row in rows])
    return pa.ListArray.from_arrays(
        pa.array(offsets), pa.array(flat, from_pandas=False), mask=pa.array(gaps)
    )


def _meta_table(records: pd.DataFrame, codes: list[int]) -> pa.Table:
    columns: dict[str, Any] = {
        name: [text_of(v) for v in records[name]]
        if name in records
        else [None] * len(records)
        for name in TEXTS
    }
    seen = [np.isfinite(np.asarray(row, float)) for row in records["reflectance"]]
    ends = [
        (waves[there][0], waves[there][-1])
        for waves, there in zip(
            map(np.asarray, records["wavelength"]), seen, strict=True
        )
    ]
    errors = records.get("uncertainty", [None] * len(records))
    columns |= {
        "row": range(len(records)),
        "grid": codes,
        "channels": [int(there.sum()) for there in seen],
        "first_nm": [float(first) for first, _ in ends],
        "last_nm": [float(last) for _, last in ends],
        "has_uncertainty": [not is_missing(row) for row in errors],
        "extra": _extra(records),
    }
    return pa.table({name: columns[name] for name in META.names}, schema=META)


def _extra(records: pd.DataFrame) -> list[str | None]:
    """Columns of the source's own, as one JSON text a record."""
    own = [name for name in records.columns if name not in (*TEXTS, *ARRAYS)]
    found: list[str | None] = []
    for cells in zip(*(records[name] for name in own), strict=True):
        entry = {str(n): _json(c) for n, c in zip(own, cells, strict=True)}
        kept = {name: value for name, value in entry.items() if value is not None}
        found.append(json.dumps(kept, ensure_ascii=False) if kept else None)
    return found if own else [None] * len(records)


def _json(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return None if np.isnan(value) else float(value)
    if isinstance(value, np.ndarray):
        return value.tolist()
    return text_of(value)
