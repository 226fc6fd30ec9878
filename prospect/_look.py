"""What a folder of maps, vectors and tables holds, as sections of a district file."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from survey import DataProblems, geobox_of, open_grid, read_features, read_samples

from ._note import Note

if TYPE_CHECKING:
    from collections.abc import Callable

    import geopandas as gpd

GRIDS = {".tif", ".tiff", ".asc", ".img", ".nc", ".zarr", ".bil", ".bsq"}
VECTORS = {".gpkg", ".shp", ".geojson", ".json", ".parquet"}
TABLES = {".csv", ".tsv", ".txt", ".xlsx", ".xls"}
DEPOSITS = re.compile(
    r"deposit|occurrence|mine(?!ral_map)|prospects?\b|矿(床|点|产)", re.I
)
CLASSES = re.compile(r"unit|lith|strat|geol|class|type|code|地层|岩性|类", re.I)
ANALYTE = re.compile(r"^[A-Z][A-Za-z0-9]{0,4}_(ppm|ppb|pct)$")
SEGMENTS = re.compile(r"(x0,y0,x1,y1|x1,y1,x2,y2|x_?start,y_?start,x_?end,y_?end)")
STAND_INS = ("EPSG:4326", "EPSG:3857", "EPSG:4527")  # degrees, metres, zone in front
MOST_ANALYTES = 6
UNDECIDED = "DECIDE"


@dataclass
class Findings:
    """What was found in the folder so far."""

    evidence: list[dict] = field(default_factory=list)
    deposits: list[dict] = field(default_factory=list)
    crs: list[str] = field(default_factory=list)
    resolutions: list[float] = field(default_factory=list)
    extents: dict[str, float] = field(default_factory=dict)
    guesses: list[Note] = field(default_factory=list)
    decisions: list[Note] = field(default_factory=list)


def look_at(path: Path, name: str, found: Findings) -> None:
    """Add what a file holds to `found`, under the name it has in the folder."""
    suffix = path.suffix.lower()
    try:
        if suffix in GRIDS:
            _look_at_grid(path, name, found)
        elif suffix in VECTORS and _declares_crs(path):
            _look_at_table(read_features(path), name, found)
        elif suffix in VECTORS:
            table = _read_with_stand_in(read_features, path)
            _look_at_table(table, name, found, declared=False)
        elif segment := _segment(path):
            found.decisions.append(Note("new_which_crs", file=name))
            _take_lines({"file": name, "crs": UNDECIDED, "segment": segment}, found)
        else:
            table = _read_with_stand_in(read_samples, path)
            _look_at_table(table, name, found, declared=False)
    except DataProblems as error:
        first = error.problems[0].what
        found.decisions.append(Note("new_unreadable", file=name, error=first))
    except (ValueError, OSError, KeyError, RuntimeError) as error:
        last = str(error).strip().splitlines()[-1]
        first = last.replace(f"{path}:", "").replace(str(path), path.name).strip()
        found.decisions.append(Note("new_unreadable", file=name, error=first))


def _declares_crs(path: Path) -> bool:
    import pyogrio

    return path.suffix == ".parquet" or bool(pyogrio.read_info(path).get("crs"))


def _read_with_stand_in(
    read: Callable[..., gpd.GeoDataFrame], path: Path
) -> gpd.GeoDataFrame:
    """Read a file that declares no CRS, as if in the first that its numbers fit."""
    refused = []
    for crs in STAND_INS:
        try:
            return read(path, crs=crs)
        except DataProblems as error:
            refused.append(error)
    raise refused[0]


def _segment(path: Path) -> list[str]:
    """Columns of the ends of straight lines, where a table of text has them."""
    if path.suffix.lower() not in {".csv", ".tsv", ".txt"}:
        return []
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        names = [
            name.strip(" \"'\r\n") for name in re.split(r"[,;\t]", file.readline())
        ]
    match = SEGMENTS.search(",".join(names).lower())
    if not match:
        return []
    first = ",".join(names).lower()[: match.start()].count(",")
    return names[first : first + 4]


def _look_at_grid(path: Path, name: str, found: Findings) -> None:
    import rasterio

    with rasterio.open(path) as source:
        declared, bands = source.crs, source.count
        step = abs(source.transform.a)
    entry = {"name": _name(name), "file": name, "treatment": "as_is"}
    if declared is None:
        entry["crs"] = UNDECIDED
        found.decisions.append(Note("new_no_crs", file=name))
    else:
        box = geobox_of(open_grid(path))
        found.crs.append(_crs_name(box.crs))
        found.extents[entry["name"]] = _square_km(box.extent.to_crs("EPSG:4326"))
        if not box.crs.geographic:
            found.resolutions.append(step)
        kind = open_grid(path).attrs.get("kind", "continuous")
        if kind == "categorical":
            entry["treatment"] = "categorical"
            found.guesses.append(Note("new_classes", file=name))
    if bands > 1:
        found.decisions.append(Note("new_bands", file=name, n=bands))
    found.evidence.append(entry)


def _look_at_table(
    table: gpd.GeoDataFrame, name: str, found: Findings, *, declared: bool = True
) -> None:
    kinds = set(table.geom_type.str.replace("Multi", ""))
    entry = {"file": name}
    if not declared:
        entry["crs"] = UNDECIDED
        found.decisions.append(Note("new_which_crs", file=name))
    else:
        found.crs.append(_crs_name(table.crs))
    analytes = [c for c in table.columns if ANALYTE.match(str(c))]
    if kinds == {"Point"} and not analytes:
        _take_points(table, entry, name, found)
    elif kinds == {"Point"}:
        _take_assays(entry, analytes, name, found)
    elif "LineString" in kinds:
        _take_lines(entry, found)
    else:
        _take_polygons(table, entry, name, found)


def _take_lines(entry: dict, found: Findings) -> None:
    name = entry["file"]
    found.guesses.append(Note("new_lines", file=name))
    found.evidence.append(
        {"name": f"{_name(name)}_distance", **entry, "treatment": "distance_to"}
    )


def _take_points(
    table: gpd.GeoDataFrame, entry: dict, name: str, found: Findings
) -> None:
    if not DEPOSITS.search(name):
        found.decisions.append(Note("new_points", file=name, n=len(table)))
    else:
        found.guesses.append(Note("new_deposits", file=name, n=len(table)))
    found.deposits.append(entry)
    few = [
        Note("new_column", column=str(column), n=int(table[column].nunique()))
        for column in table.columns.drop("geometry")
        if table[column].dtype.kind in "OTU" or str(table[column].dtype) == "str"
        if 1 < table[column].nunique() <= max(20, len(table) // 10)
    ]
    if few:
        found.decisions.append(Note("new_type", file=name, columns=few[:5]))


def _take_assays(entry: dict, analytes: list[str], name: str, found: Findings) -> None:
    for column in analytes[:MOST_ANALYTES]:
        found.evidence.append(
            {
                "name": column,
                **entry,
                "treatment": "interpolated",
                "column": column,
                "transform": "log10",
            }
        )
    taken, rest = analytes[:MOST_ANALYTES], analytes[MOST_ANALYTES:]
    found.guesses.append(Note("new_assays", file=name, columns=taken))
    if rest:
        found.decisions.append(Note("new_more_assays", file=name, columns=rest))


def _take_polygons(
    table: gpd.GeoDataFrame, entry: dict, name: str, found: Findings
) -> None:
    columns = [str(c) for c in table.columns.drop("geometry")]
    likely = [c for c in columns if CLASSES.search(c)] or columns
    if not likely:
        found.guesses.append(Note("new_bare_polygons", file=name))
        found.evidence.append(
            {"name": f"{_name(name)}_distance", **entry, "treatment": "distance_to"}
        )
        return
    best = min(likely, key=lambda c: abs(table[c].nunique() - 12))
    found.guesses.append(Note("new_class_column", file=name, column=best))
    if len(columns) > 1:
        found.decisions.append(
            Note("new_which_column", file=name, columns=columns[:12])
        )
    found.evidence.append(
        {"name": _name(name), **entry, "treatment": "categorical", "column": best}
    )


def _crs_name(crs: object) -> str:
    """EPSG code of a CRS where it has one: its WKT is no name to write by hand."""
    from pyproj import CRS

    known = CRS.from_user_input(crs)
    code = known.to_epsg()
    return f"EPSG:{code}" if code else known.to_string()


def _name(file: str) -> str:
    stem = re.sub(r"\W+", "_", Path(file).stem).strip("_")
    return stem or "layer"


def _square_km(extent: object) -> float:
    return float(extent.to_crs("EPSG:6933").area) / 1e6  # type: ignore[attr-defined]
