"""What comes in and what goes out: made ready, checked against what lives, written."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from ._batch import SCHEMA, list_batches, write_batch
from ._index import derived
from ._parquet import MOST_VALUES, write_tables
from ._schema import check_records, text_of
from ._search import positions_of
from ._stack import split_spectra
from ._taxonomy import class_of, find_mineral, mineral_group

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ._search import View

PROVENANCE = ("file", "sha256", "format", "date", "who", "licence", "citation", "note")


class Incoming(NamedTuple):
    """Sound records and what is to be said of them."""

    records: pd.DataFrame
    provenance: dict[str, str]
    notes: list[str]


def prepare(
    given: pd.DataFrame | xr.DataArray,
    *,
    prefix: str,
    provenance: dict[str, str] | None,
) -> Incoming:
    """Records checked and brought to the taxonomy; the input stays as it is."""
    records = split_spectra(given) if isinstance(given, xr.DataArray) else given
    check_records(records)
    total = sum(np.size(row) for row in records["reflectance"])
    if total > MOST_VALUES:
        raise ValueError(
            f"{total:.3g} values are too many for one batch ({MOST_VALUES:.3g}). Add "
            "the records in parts: library.add(records[:100000]) …"
        )
    said = _provenance(records.attrs.get("provenance", {}), provenance)
    notes = [str(note) for note in records.attrs.get("notes", ())]
    records = records.reset_index(drop=True).copy(deep=False)
    records["spectrum_id"] = [f"{prefix}{name}" for name in records["spectrum_id"]]
    if {"version", "folder"} <= set(records.columns):  # of another library of ours
        pairs = set(zip(records["folder"], records["version"], strict=True))
        told = ", ".join(f"{Path(f).name} version {v}" for f, v in sorted(pairs)[:8])
        notes.append(f"{len(records)} spectra were copied from {told}")
        records = records.drop(columns=["version", "folder"])
    return Incoming(*_classified(records, notes, said))


def _classified(
    records: pd.DataFrame, notes: list[str], said: dict[str, str]
) -> tuple[pd.DataFrame, dict[str, str], list[str]]:
    """Minerals by the taxonomy's names, groups and classes where they are empty."""
    count = len(records)
    texts: dict[str, list[str | None]] = {
        name: [text_of(v) for v in records[name]] if name in records else [None] * count
        for name in ("mineral", "group", "mineral_class")
    }
    renamed: dict[str, str] = {}
    unknown, filled = set(), 0
    for row, name in enumerate(texts["mineral"]):
        if name is None:
            continue
        known = find_mineral(name)
        if known is None:
            unknown.add(name)
            continue
        if known != name:
            renamed[name] = known
        texts["mineral"][row] = known
        if texts["group"][row] is None:
            texts["group"][row] = mineral_group(known)
            filled += 1
        texts["mineral_class"][row] = texts["mineral_class"][row] or class_of(
            str(texts["group"][row])
        )
    for name, column in texts.items():
        records[name] = np.array(column, object)
    if renamed:
        told = ", ".join(f"{old} -> {new}" for old, new in list(renamed.items())[:8])
        more = f" and {len(renamed) - 8} more" if len(renamed) > 8 else ""
        told = f"{len(renamed)} mineral names were brought to the taxonomy's: {told}"
        notes = [*notes, told + more]
    if filled:
        notes = [*notes, f"the group of {filled} spectra was taken from the taxonomy"]
    if unknown:
        told = ", ".join(sorted(unknown)[:8])
        notes = [*notes, f"{len(unknown)} minerals are not in the taxonomy: {told}"]
    return records, said, notes


def _provenance(left: dict[str, Any], given: dict[str, str] | None) -> dict[str, str]:
    said = {**left, **(given or {})}
    unknown = [name for name in said if name not in PROVENANCE]
    if unknown:
        raise ValueError(
            f"provenance has no {', '.join(map(repr, unknown))}. It may say "
            f"{', '.join(PROVENANCE)}."
        )
    found = {name: text_of(said.get(name)) for name in PROVENANCE}
    if given and "file" in given and Path(given["file"]).is_file():
        path = Path(given["file"])
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        when = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        found["file"] = path.name
        found["sha256"] = text_of(given.get("sha256")) or digest
        stamp = when.strftime("%Y-%m-%dT%H:%M:%SZ")
        found["date"] = text_of(given.get("date")) or stamp
    return {name: value for name, value in found.items() if value is not None}


def store(
    folder: Path, batch: Incoming, view: Callable[[], View], *, replace: bool
) -> int:
    """Write a batch of spectra; its version."""
    names = list(batch.records["spectrum_id"])
    replaced = _living(names, view)
    if replaced and not replace:
        raise ValueError(_twice(replaced))
    manifest = {
        "schema": SCHEMA,
        "kind": "add",
        "n_spectra": len(names),
        "replaced": len(replaced),
        "provenance": batch.provenance,
        "notes": batch.notes,
    }

    def check() -> None:
        if not replace and (late := _living(names, view)):
            raise ValueError(_twice(late))

    number = write_batch(
        folder, manifest, lambda part: write_tables(part, batch.records), check
    )
    written = [one for one in list_batches(folder, 0, number) if one.number == number]
    derived(written[0], folder)  # whoever searches first need not wait
    return number


def remove(
    folder: Path,
    names: Sequence[str],
    view: Callable[[], View],
    *,
    reason: str,
    who: str | None,
) -> int:
    """Write that spectra no longer live; the version."""
    if not names:
        raise ValueError("no spectrum is named: library.remove(['id'], reason='…')")
    if not text_of(reason):
        raise ValueError("say why: library.remove(ids, reason='wrong sample')")
    positions_of(view(), names)
    manifest = {
        "schema": SCHEMA,
        "kind": "remove",
        "n_spectra": 0,
        "replaced": 0,
        "removed": list(dict.fromkeys(names)),
        "provenance": {"note": reason, **({"who": who} if who else {})},
        "notes": [],
    }
    return write_batch(folder, manifest, None, lambda: None)


def _living(names: Sequence[str], view: Callable[[], View]) -> list[str]:
    living = set(view().spectra["spectrum_id"])
    return [name for name in names if name in living]


def _twice(names: list[str]) -> str:
    told = ", ".join(names[:10]) + (
        f" and {len(names) - 10} more" if len(names) > 10 else ""
    )
    return (
        f"{len(names)} spectra are in the library already: {told}. Nothing was added. "
        "Give them ids of their own, add(…, prefix='mine:'), or make new versions, "
        "add(…, replace=True)."
    )
