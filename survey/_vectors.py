"""Vector files as they are: layer, encoding and coordinate system settled."""

from __future__ import annotations

import codecs
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd
import pyogrio

from ._coordinates import check_coordinates
from ._crs import resolve_crs, same_crs
from ._problems import DataProblems, Problem
from ._text import codec_of, detect_encoding

if TYPE_CHECKING:
    from pyproj import CRS

logger = logging.getLogger(__name__)

PARQUET = {".parquet", ".geoparquet", ".pq"}
# Language byte of a .dbf: code page, where neither a .cpg nor the bytes decide.
_LANGUAGES = {0x03: "cp1252", 0x57: "cp1252", 0x58: "cp1252", 0xC9: "cp1251"}
_LOOKED_AT = 1 << 24


def read_vector(
    path: Path, notes: list[str], *, layer: str | None, encoding: str | None
) -> pd.DataFrame:
    """
    Table of a vector file, with geometry where there is one.

    Parameters
    ----------
    path : Path
        Parquet, or any format GDAL reads.
    notes : list of str
        What was noticed is added to it.
    layer, encoding : str, optional
        As for `survey.read_features`.

    Returns
    -------
    GeoDataFrame or DataFrame
        With the CRS the file declares, if any.

    Raises
    ------
    DataProblems
        If the file is damaged, or the layer or encoding is unclear.
    """
    if path.suffix.lower() in PARQUET:
        return _read_parquet(path)
    try:
        layer = _pick_layer(path, layer)
        if path.suffix.lower() == ".shp":
            _check_whole(path)
            encoding = _shape_encoding(path, encoding, notes)
        frame = pyogrio.read_dataframe(path, layer=layer, encoding=encoding)
    except UnicodeDecodeError as error:
        what = f"text that is not {error.encoding}"
        remedy = "state the encoding, for example encoding='gb18030'"
        raise DataProblems([Problem(what, remedy, str(path), layer)]) from None
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        raise DataProblems([_damaged(path, error)]) from None
    return frame


def settle_crs(declared: Any, crs: Any, path: Path) -> CRS:  # noqa: ANN401
    """
    Coordinate system of a file, from what it declares and what its reader states.

    Parameters
    ----------
    declared : CRS or None
        What the file says.
    crs : any CRS input or None
        What the caller says.
    path : Path
        The file, for messages.

    Returns
    -------
    pyproj.CRS

    Raises
    ------
    DataProblems
        If neither is known, or they contradict each other.
    """
    if crs is not None:
        crs = resolve_crs(crs, where=str(path))
    if declared is None or _is_unknown(declared):
        if crs is None:
            what = "the file declares no coordinate system, and none is guessed"
            remedy = (
                "state it with crs=, for example crs='EPSG:4326' for longitude and "
                "latitude, crs='EPSG:32650' for UTM zone 50N; ask whoever made the file"
            )
            raise DataProblems([Problem(what, remedy, str(path))])
        return crs
    if crs is None or same_crs(declared, crs):
        return declared
    if path.suffix.lower() in {".geojson", ".json"} and not _json_states_crs(path):
        return crs
    what = f"the file is in {_short(declared)}, crs= says {_short(crs)}"
    remedy = (
        "leave crs= out and project with .to_crs afterwards; if the file is wrong, "
        "mend its declaration first"
    )
    raise DataProblems([Problem(what, remedy, str(path))])


def settle_coordinates(
    features: gpd.GeoDataFrame, path: Path, notes: list[str]
) -> None:
    """Raise for coordinates that cannot be in their system, note doubtful ones."""
    found = check_coordinates(features.geometry, features.crs, file=str(path))
    errors = [problem for problem in found if problem.severity == "error"]
    if errors:
        raise DataProblems(errors)
    for problem in found:
        notes.append(f"{problem.what}; row {problem.row} is at {problem.value}")
        logger.warning("%s", problem)


def _read_parquet(path: Path) -> pd.DataFrame:
    import pyarrow  # noqa: ICN001
    from pyarrow import parquet

    try:
        kinds = parquet.read_schema(path).metadata or {}
        read = gpd.read_parquet if b"geo" in kinds else pd.read_parquet
        return read(path)
    except (pyarrow.ArrowInvalid, OSError) as error:
        raise DataProblems([_damaged(path, error)]) from None


def _pick_layer(path: Path, layer: str | None) -> str:
    listed = pyogrio.list_layers(path)
    names = [str(name) for name in listed[:, 0]]
    spatial = [str(name) for name, kind in listed if kind is not None]
    if layer is not None:
        if layer in names:
            return layer
        what, remedy = f"no layer '{layer}'", f"name one of: {', '.join(names)}"
        raise DataProblems([Problem(what, remedy, str(path))])
    choice = spatial or [name for name in names if name != "layer_styles"]
    if not choice:
        remedy = "check that the file is the one that was meant"
        raise DataProblems([Problem("there is no layer in it", remedy, str(path))])
    if len(choice) > 1:
        what = f"{len(choice)} layers and none is named"
        remedy = f"state layer=, one of: {', '.join(choice)}"
        raise DataProblems([Problem(what, remedy, str(path))])
    return choice[0]


def _damaged(path: Path, error: Exception) -> Problem:
    missing = [
        f"{path.stem}{suffix}"
        for suffix in (".shx",)
        if path.suffix.lower() == ".shp" and not path.with_suffix(suffix).exists()
    ]
    if missing:
        what = f"its companion {missing[0]} is missing"
        return Problem(what, "copy it beside the .shp", str(path))
    message = str(error).split("; ")[0]
    remedy = "copy the file again, or check that its ending tells its format"
    return Problem(f"not readable: {message}", remedy, str(path))


def _check_whole(path: Path) -> None:
    """Raise if a .shp or its .dbf is shorter than its own header says."""
    sizes = []
    with path.open("rb") as handle:
        sizes.append((path, 2 * int.from_bytes(handle.read(28)[24:28], "big")))
    table = path.with_suffix(".dbf")
    if table.exists():
        with table.open("rb") as handle:
            head = handle.read(12)
        records, start, width = (
            int.from_bytes(head[a:b], "little") for a, b in ((4, 8), (8, 10), (10, 12))
        )
        sizes.append((table, start + records * width))
    short = [
        Problem(
            f"cut short: {file.stat().st_size} of {size} bytes",
            "copy the file again from where it came",
            str(file),
        )
        for file, size in sizes
        if file.stat().st_size < size
    ]
    if short:
        raise DataProblems(short)


def _shape_encoding(path: Path, encoding: str | None, notes: list[str]) -> str | None:
    """Encoding of a shapefile's attributes: stated, from .cpg, or proved by bytes."""
    table = path.with_suffix(".dbf")
    if not table.exists():
        notes.append("no .dbf beside the .shp: geometry without attributes")
        return None
    if encoding:
        return _fits(_dbf_text(table), encoding, table)
    page = path.with_suffix(".cpg")
    stated = page.read_text("ascii", errors="ignore").strip() if page.exists() else ""
    codec = _codec(stated)
    if codec:
        return _fits(_dbf_text(table), codec, table)
    try:
        found = detect_encoding(_dbf_text(table), file=str(table))
    except DataProblems:
        with table.open("rb") as handle:
            found = _LANGUAGES.get(handle.read(30)[29], "")
        if not found:
            raise
        notes.append(f"attributes read as {found}, by the language byte of the .dbf")
        return found
    if found != "utf-8":
        notes.append(f"attributes read as {found}: there is no .cpg that says so")
    return found


def _fits(content: bytes, encoding: str, path: Path) -> str:
    """Raise unless text of a file reads in an encoding."""
    codec = codec_of(encoding, path)
    try:
        content.decode(codec)
    except UnicodeDecodeError:
        what = f"attributes that are not {encoding}"
        remedy = "state the encoding, for example encoding='gb18030' or 'cp1252'"
        raise DataProblems([Problem(what, remedy, str(path))]) from None
    return codec


def _codec(page: str) -> str:
    """Python codec of a code page as a .cpg names it, empty if it is not known."""
    plain = page.lower().removeprefix("ansi ").removeprefix("cp")
    name = {"936": "gb18030", "gbk": "gb18030", "gb2312": "gb18030"}.get(plain)
    name = name or (f"cp{plain}" if plain.isdigit() and len(plain) < 5 else plain)
    name = name.replace("88591", "iso8859-1") if plain == "88591" else name
    try:
        return codecs.lookup(name).name if name else ""
    except LookupError:
        return ""


def _dbf_text(path: Path) -> bytes:
    """Field names and records of a .dbf."""
    with path.open("rb") as handle:
        head = handle.read(32)
        start = int.from_bytes(head[8:10], "little")
        fields = handle.read(max(0, start - 32))
        records = handle.read(_LOOKED_AT)
    names = [
        fields[at : at + 11].split(b"\0")[0]
        for at in range(0, len(fields) - 1, 32)
        if fields[at : at + 1] != b"\r"
    ]
    width = max(1, int.from_bytes(head[10:12], "little"))
    if len(records) == _LOOKED_AT:
        records = records[: len(records) // width * width]
    return b"\n".join(names) + b"\n" + records.replace(b"\0", b" ").rstrip(b"\x1a")


def _is_unknown(crs: Any) -> bool:  # noqa: ANN401
    name = str(getattr(crs, "name", crs)).lower()
    return name.startswith(("undefined", "unknown")) and getattr(
        crs, "is_engineering", True
    )


def _json_states_crs(path: Path) -> bool:
    with path.open("rb") as handle:
        return b'"crs"' in handle.read(1 << 16)


def _short(crs: Any) -> str:  # noqa: ANN401
    code = crs.to_epsg()
    return f"EPSG:{code} ({crs.name})" if code else str(crs.name)
