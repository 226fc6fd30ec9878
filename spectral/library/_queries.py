"""Answers over all batches: values, matches, features, taxonomy, history."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import xarray as xr

from ._absorptions import COLUMNS
from ._index import Derived, derived
from ._match import (
    METRICS,
    best_rows,
    check_query,
    check_windows,
    on_bands,
    prepare,
)
from ._parquet import read_grids, read_meta, read_values
from ._search import CARD, run
from ._taxonomy import mineral_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import ArrayLike, NDArray

    from ._batch import Batch
    from ._search import View

SHOWN = ("spectrum_id", "name", "mineral", "group")


class Cache:
    """Derived data of batches already met; batches never change, so this may stay."""

    def __init__(self) -> None:
        self._derived: dict[tuple[int, str], Derived] = {}
        self._banded: dict[tuple[Any, ...], NDArray] = {}
        self._positions: tuple[object, list[NDArray]] = (None, [])

    def of(self, batch: Batch, folders: Sequence[Path]) -> Derived:
        """Derived data of a batch."""
        key = (batch.layer, batch.key)
        if key not in self._derived:
            self._derived[key] = derived(batch, folders[batch.layer])
        return self._derived[key]

    def banded(self, batch: Batch, part: Derived, bands: xr.DataArray) -> NDArray:
        """A batch on broad bands; those of the last scene are kept."""
        name = tuple(bands[k].to_numpy().tobytes() for k in ("wavelength", "fwhm"))
        if any(key[:2] != name for key in self._banded):
            self._banded.clear()
        key = (*name, batch.layer, batch.key)
        if key not in self._banded:
            self._banded[key] = on_bands(part, bands)
        return self._banded[key]

    def positions(self, view: View) -> list[NDArray]:
        """For every adding batch, the living position of each of its rows, or -1."""
        if self._positions[0] is not view:
            found = []
            where = view.spectra["batch"].to_numpy(dtype=int)
            rows = view.spectra["row"].to_numpy(dtype=int)
            for place, batch in enumerate(view.batches):
                if batch.adds:
                    mine = np.full(int(batch.manifest["n_spectra"]), -1)
                    here = np.flatnonzero(where == place)
                    mine[rows[here]] = here
                    found.append(mine)
            self._positions = (view, found)
        return self._positions[1]

    def features(self, view: View, folders: Sequence[Path]) -> None:
        """Make the table ``features`` of the view's connection, once."""
        connection = view.connection.cursor()
        have = connection.execute("select table_name from duckdb_tables()").fetchall()
        if ("features",) in have:
            return
        tables = []
        adding = [batch for batch in view.batches if batch.adds]
        for batch, positions in zip(adding, self.positions(view), strict=True):
            table = self.of(batch, folders).features
            place = positions[table["row"].to_numpy()]
            tables.append(table.set_column(0, "at", pa.array(place)))
        kinds = [("at", pa.int64()), *((name, pa.float64()) for name in COLUMNS)]
        empty = pa.schema(kinds).empty_table()
        connection.register("given", pa.concat_tables(tables or [empty]))
        columns = ", ".join(f'given."{name}"' for name in COLUMNS)
        connection.execute(
            f"create table features as select spectrum_id, {columns} "
            "from given join spectra on given.at = spectra.position"
        )
        connection.unregister("given")


def ids_in(ids: str | Sequence[str] | pd.DataFrame) -> list[str]:
    """Ids of whatever names spectra."""
    if isinstance(ids, str):
        return [ids]
    if isinstance(ids, pd.DataFrame):
        if "spectrum_id" not in ids:
            raise ValueError("the table has no column 'spectrum_id'")
        return [str(name) for name in ids["spectrum_id"]]
    return [str(name) for name in ids]


def bands_at(wavelength: ArrayLike) -> xr.DataArray:
    """Bands at centres, as wide as their spacing."""
    waves = np.atleast_1d(np.asarray(wavelength, float))
    return xr.DataArray(
        np.zeros(waves.size), dims="wavelength", coords={"wavelength": waves}
    )


def values_at(view: View, rows: pd.DataFrame) -> dict[str, NDArray]:
    """Object columns wavelength, reflectance, fwhm, uncertainty of living spectra."""
    names = ("wavelength", "reflectance", "fwhm", "uncertainty")
    columns = {name: np.full(len(rows), None, object) for name in names}
    where = rows["batch"].to_numpy(dtype=int)
    for place in np.unique(where):
        mine = np.flatnonzero(where == place)
        batch = view.batches[place]
        grids = read_grids(batch)
        values = read_values(batch, rows["row"].to_numpy(dtype=int)[mine])
        codes = rows["grid"].to_numpy(dtype=int)[mine]
        for at, code, (reflectance, error) in zip(mine, codes, values, strict=True):
            cells = (*grids[code], reflectance, error)
            for name, cell in zip(
                ("wavelength", "fwhm", "reflectance", "uncertainty"), cells, strict=True
            ):
                columns[name][at] = cell
    return columns


def match(
    view: View,
    folders: Sequence[Path],
    cache: Cache,
    spectrum: xr.DataArray,
    *,
    n: int,
    metric: str,
    window: tuple[float, float] | Sequence[tuple[float, float]] | None,
    min_coverage: float,
) -> pd.DataFrame:
    """Nearest spectra of one spectrum or of each of a library."""
    if metric not in METRICS:
        raise ValueError(f"metric is {', '.join(METRICS)}. Got {metric!r} instead.")
    if n < 1 or not 0 < min_coverage <= 1:
        raise ValueError(
            f"n is 1 or more, min_coverage above 0 and up to 1. Got n={n}, "
            f"min_coverage={min_coverage}."
        )
    if not len(view.spectra):
        raise ValueError(
            "the library is empty: add spectra first, library.add(records)"
        )
    windows = check_windows(window)
    queries = check_query(spectrum)
    tables, notes = [], []
    for name, one in queries:
        found, told = _match_one(
            view, folders, cache, (one, windows), n, metric, min_coverage
        )
        if spectrum.ndim > 1:
            found.insert(0, "query", name)
            told = [f"{name}: {note}" for note in told]
        tables.append(found)
        notes += told
    result = pd.concat(tables, ignore_index=True)
    result.attrs = {"notes": notes, "metric": metric, "window": windows or None}
    return result


def _match_one(
    view: View,
    folders: Sequence[Path],
    cache: Cache,
    asked: tuple[xr.DataArray, list[tuple[float, float]]],
    n: int,
    metric: str,
    min_coverage: float,
) -> tuple[pd.DataFrame, list[str]]:
    query = prepare(*asked)
    adding = [batch for batch in view.batches if batch.adds]
    parts = []
    for batch, positions in zip(adding, cache.positions(view), strict=True):
        part = cache.of(batch, folders)
        banded = partial(cache.banded, batch, part, query.bands)
        parts.append((part, positions, banded))
    found, left = best_rows(parts, query, n=n, metric=metric, min_coverage=min_coverage)
    cards = view.spectra.iloc[found.pop("position")].reset_index(drop=True)
    rest = [name for name in CARD if name not in SHOWN]
    table = pd.concat([cards[list(SHOWN)], found, cards[rest]], axis=1)
    return table, _told(left, min_coverage)


def _told(left: dict[str, int], min_coverage: float) -> list[str]:
    notes = []
    if left["coverage"]:
        notes.append(
            f"{left['coverage']} spectra have less than {min_coverage:.0%} of the "
            "channels asked for and were not ranked; min_coverage= lets them in"
        )
    if left["none"]:
        notes.append(
            f"{left['none']} spectra have none of the channels asked for, or too broad "
            "ones, and were not ranked"
        )
    if left["dark"]:
        notes.append(f"{left['dark']} spectra are zero or constant there: not ranked")
    return notes


def find_features(
    view: View,
    *,
    position: tuple[float, float] | Sequence[tuple[float, float]],
    depth: float | tuple[float, float],
    width: tuple[float, float] | None,
) -> pd.DataFrame:
    """Spectra with a feature in every range; `Cache.features` has been called."""
    ranges = check_windows(position)
    if not ranges:
        raise ValueError("position is (from, to) in nm, such as (2195, 2215)")
    least, most = (float(depth), 1.0) if np.ndim(depth) == 0 else map(float, depth)
    if not 0 <= least <= most <= 1:
        raise ValueError(f"depth runs from 0 to 1, least first. Got {depth}.")
    wide = (0.0, np.inf) if width is None else check_windows(width)[0]
    found = None
    for number, (low, high) in enumerate(ranges, 1):
        tail = f"_{number}" if number > 1 else ""
        table = run(
            view,
            "select spectrum_id, arg_max(position, depth) as position, "
            "max(depth) as depth, arg_max(width, depth) as width from features "
            "where position between ? and ? and depth between ? and ? "
            "and width between ? and ? group by spectrum_id",
            [low, high, least, most, *wide],
        ).set_index("spectrum_id")
        table = table.add_suffix(tail)
        found = table if found is None else found.join(table, how="inner")
    cards = view.spectra.set_index("spectrum_id")
    found = found.sort_values("depth", ascending=False, kind="stable")
    found = found.join(cards[[name for name in CARD if name != "spectrum_id"]])
    first = ["name", "mineral", "group"]
    rest = [name for name in found if name not in first]
    ordered = found.reset_index()[["spectrum_id", *first, *rest]]
    return ordered.sort_values(
        ["depth", "spectrum_id"], ascending=[False, True], ignore_index=True
    )


def taxonomy(view: View) -> pd.DataFrame:
    """Minerals there are, with counts."""
    counts = run(
        view,
        'select mineral_class, "group", mineral, count(*) as spectra, '
        "count(distinct sample_id) as samples from spectra "
        'group by mineral_class, "group", mineral '
        'order by mineral_class nulls last, "group" nulls last, mineral nulls last',
    )
    names = mineral_table()[["zh", "formula"]]
    found = counts.join(names, on="mineral")
    order = ["mineral_class", "group", "mineral", "zh", "formula", "spectra", "samples"]
    return found[order]


def history(
    view: View, folders: Sequence[Path], spectrum_id: str | None
) -> pd.DataFrame:
    """One batch a row."""
    rows = []
    for batch in view.batches:
        said = batch.manifest
        if spectrum_id is not None and not _names(batch, spectrum_id):
            continue
        rows.append(
            {
                "version": batch.number,
                "folder": str(folders[batch.layer]),
                "kind": said.get("kind"),
                "spectra": said.get("n_spectra"),
                "removed": len(said.get("removed", ())),
                "replaced": said.get("replaced"),
                **{
                    name: said.get("provenance", {}).get(name)
                    for name in ("file", "sha256", "format", "date", "who", "licence")
                },
                "citation": said.get("provenance", {}).get("citation"),
                "note": said.get("provenance", {}).get("note"),
                "notes": said.get("notes", []),
                "damage": batch.damage,
            }
        )
    if spectrum_id is not None and not rows:
        raise KeyError(f"no version of the library ever had '{spectrum_id}'")
    return pd.DataFrame(rows, columns=None if rows else ["version", "folder", "kind"])


def _names(batch: Batch, spectrum_id: str) -> bool:
    if batch.damage is not None:
        return False
    if batch.adds:
        return spectrum_id in set(read_meta(batch)["spectrum_id"].to_pylist())
    return spectrum_id in batch.manifest["removed"]
