"""One state of the stores: its living spectra as tables, searched by words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from ._batch import Batch, list_batches
from ._parquet import META, read_meta
from ._schema import TEXTS
from ._taxonomy import find_mineral, group_keys, nearest, plain_name, words_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

CARD = (
    "spectrum_id",
    "name",
    "mineral",
    "group",
    "sample_id",
    "instrument",
    "measurement",
    "source",
    "first_nm",
    "last_nm",
    "channels",
    "version",
    "folder",
)


class View(NamedTuple):
    """
    Spectra that live at one version.

    Parameters
    ----------
    batches : list of Batch
        All, in their order, damaged ones and removals too.
    spectra : DataFrame
        One living spectrum a row: `META`, ``batch`` (position in `batches`),
        ``version`` and ``folder``.
    connection : DuckDBPyConnection
        With the table ``spectra``: the same, ``position`` and ``words``.
    """

    batches: list[Batch]
    spectra: pd.DataFrame
    connection: duckdb.DuckDBPyConnection


def open_view(folders: Sequence[Path], upto: Sequence[int | None]) -> View:
    """View of folders opened together: later ones hide ids of earlier ones."""
    batches = [
        batch
        for layer, (folder, last) in enumerate(zip(folders, upto, strict=True))
        for batch in list_batches(folder, layer, last)
    ]
    tables, removed = [], {}
    for place, batch in enumerate(batches):
        if batch.damage is not None:
            continue
        if not batch.adds:
            removed |= dict.fromkeys(batch.manifest["removed"], place)
            continue
        try:
            table = read_meta(batch)
        except OSError as error:
            batches[place] = batch._replace(damage=str(error))
            continue
        table = table.append_column("batch", pa.array([place] * len(table), pa.int32()))
        tables.append(table)
    empty = pa.schema([*META, pa.field("batch", pa.int32())]).empty_table()
    spectra = pa.concat_tables(tables or [empty]).to_pandas()
    last = ~spectra["spectrum_id"].duplicated(keep="last").to_numpy()
    gone = spectra["spectrum_id"].map(removed).fillna(-1).to_numpy()
    spectra = spectra[last & (gone < spectra["batch"].to_numpy())]
    spectra = spectra.reset_index(drop=True)
    where = spectra["batch"].to_numpy(dtype=int)
    spectra["version"] = np.array([b.number for b in batches] + [0])[where]
    spectra["folder"] = np.array(
        [str(folders[b.layer]) for b in batches] + [""], object
    )[where]
    return View(batches, spectra, _connect(spectra))


def _connect(spectra: pd.DataFrame) -> duckdb.DuckDBPyConnection:
    """In memory, without a way to other files."""
    connection = duckdb.connect(":memory:", config={"threads": 2})
    given = spectra.assign(position=np.arange(len(spectra)), words=_words(spectra))
    own = _own_columns(spectra)
    given = pd.concat([given.drop(columns="extra"), own], axis=1)
    table = pa.Table.from_pandas(given, preserve_index=False)
    connection.register("given", table)
    connection.execute("create table spectra as select * from given")
    connection.unregister("given")
    connection.execute("set enable_external_access = false")
    return connection


def _words(spectra: pd.DataFrame) -> pd.Series:
    """All that can be asked for, in lower case."""
    taxonomy = {
        name: words_of(name) for name in spectra["mineral"].dropna().unique().tolist()
    }
    words = spectra["mineral"].astype(object).map(lambda name: taxonomy.get(name, ""))
    for column in [*TEXTS, "extra"]:
        words = words + "\n" + spectra[column].astype(object).fillna("")
    return words.map(str.casefold)


def search(
    view: View,
    words: str,
    *,
    where: str | None = None,
    **wanted: str | Sequence[str] | None,
) -> pd.DataFrame:
    """Cards of the spectra that have all words and all that is wanted."""
    conditions, values = [], []
    for word in words.casefold().split():
        conditions.append("(contains(words, ?) or contains(words, ?))")
        values += [word, word.replace("_", " ")]
    for column, given in wanted.items():
        if given is None:
            continue
        allowed = _allowed(view, column, [given] if isinstance(given, str) else given)
        marks = ", ".join("?" * len(allowed))
        conditions.append(f'lower("{column}") in ({marks})')
        values += [value.lower() for value in allowed]
    if where:
        conditions.append(f"({where})")
    first = find_mineral(words) if words else None
    order = "coalesce(mineral = ?, false) desc, position"
    columns = ", ".join(f'"{name}"' for name in CARD)
    return run(
        view,
        f"select {columns} from spectra where {' and '.join(conditions) or 'true'} "
        f"order by {order}",
        [*values, first or ""],
    )


def run(view: View, sql: str, values: Sequence[Any] = ()) -> pd.DataFrame:
    """Table of a DuckDB query; ValueError where it is none."""
    try:
        return view.connection.cursor().execute(sql, list(values)).df()
    except duckdb.Error as error:
        have = view.connection.cursor().execute("describe spectra").fetchall()
        names = ", ".join(f'"{row[0]}"' for row in have)
        raise ValueError(
            f"DuckDB cannot do that: {str(error).splitlines()[0]}. The columns are "
            f'{names}; group is a word of SQL, write "group".'
        ) from None


def _allowed(view: View, column: str, given: Sequence[str]) -> list[str]:
    found: list[str] = []
    have = view.spectra[column].dropna().unique().tolist()
    for text in given:
        same = [value for value in have if plain_name(value) == plain_name(text)]
        if column == "mineral" and find_mineral(text):
            same.append(str(find_mineral(text)))
        elif column == "group" and not same:
            same = group_keys(text)
        elif not same and column == "mineral":
            near = nearest(plain_name(text), [*have, *_all_minerals()])
            raise KeyError(
                f"neither store nor taxonomy has the mineral '{text}'.{near}"
            )
        elif not same:
            known = ", ".join(sorted(have)[:12]) or "none"
            raise KeyError(f"no spectrum has the {column} '{text}'. There is: {known}")
        found += same
    return found


def _all_minerals() -> list[str]:
    from ._taxonomy import mineral_table

    return list(mineral_table().index)


def positions_of(view: View, ids: Sequence[str]) -> np.ndarray:
    """Rows of `view.spectra`, in the order asked for; KeyError names unknown ids."""
    place = pd.Index(view.spectra["spectrum_id"])
    found = place.get_indexer(list(ids))
    unknown = [name for name, at in zip(ids, found, strict=True) if at < 0]
    if unknown:
        told = "; ".join(
            f"'{name}'.{nearest(name, place)}" if len(place) < 20_000 else f"'{name}'"
            for name in unknown[:10]
        )
        more = f" and {len(unknown) - 10} more" if len(unknown) > 10 else ""
        raise KeyError(f"the library has no spectrum {told}{more}")
    return found


def with_extra(spectra: pd.DataFrame) -> pd.DataFrame:
    """Cards with the source's own columns instead of their JSON text."""
    rows = spectra.drop(columns=["extra", "row", "batch", "grid"])
    return pd.concat([rows, _own_columns(spectra)], axis=1)


def _own_columns(spectra: pd.DataFrame) -> pd.DataFrame:
    """What sources said in columns of their own; numbers where all are numbers."""
    own = [
        json.loads(text) if isinstance(text, str) else {} for text in spectra["extra"]
    ]
    names = list(dict.fromkeys(name for entry in own for name in entry))
    columns = {}
    for name in names:
        values = [entry.get(name) for entry in own]
        there = [value for value in values if value is not None]
        taken = any(name.lower() == str(have).lower() for have in spectra)
        if all(isinstance(value, bool) for value in there):
            column = pd.array(values, dtype="boolean")
        elif all(type(value) in {int, float} for value in there):
            column = np.array(values, "float64")
            if all(type(value) is int for value in values):
                column = column.astype("int64")
        else:
            column = np.array([None if v is None else str(v) for v in values], object)
        columns[f"{name}_of_source" if taken else name] = column
    return pd.DataFrame(columns, index=spectra.index)
