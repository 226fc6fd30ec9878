"""A first district file from a folder of maps and tables: guesses, said as guesses."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from survey import geobox_of, open_grid, read_features, read_samples, write_text

from ._note import Note

if TYPE_CHECKING:
    import geopandas as gpd

GRIDS = {".tif", ".tiff", ".asc", ".img", ".nc", ".zarr", ".bil", ".bsq"}
VECTORS = {".gpkg", ".shp", ".geojson", ".json", ".parquet"}
TABLES = {".csv", ".tsv", ".txt", ".xlsx", ".xls"}
DEPOSITS = re.compile(
    r"deposit|occurrence|mine(?!ral_map)|prospects?\b|矿(床|点|产)", re.I
)
CLASSES = re.compile(r"unit|lith|strat|geol|class|type|code|地层|岩性|类", re.I)
ANALYTE = re.compile(r"^[A-Z][A-Za-z0-9]{0,4}_(ppm|ppb|pct)$")
MOST_ANALYTES = 6
UNDECIDED = "DECIDE"


class NewDistrict(NamedTuple):
    """Where the district file lies, what was guessed, what a person must decide."""

    path: Path
    guesses: list[str]
    decisions: list[str]


@dataclass
class _Findings:
    """What was found in the folder so far."""

    evidence: list[dict] = field(default_factory=list)
    deposits: list[dict] = field(default_factory=list)
    crs: list[str] = field(default_factory=list)
    resolutions: list[float] = field(default_factory=list)
    extents: dict[str, float] = field(default_factory=dict)
    guesses: list[Note] = field(default_factory=list)
    decisions: list[Note] = field(default_factory=list)


def new_district(
    folder: str | Path, *, out: str | Path | None = None, lang: str = "en"
) -> NewDistrict:
    """
    Write a first district file for a folder of maps, vectors and tables.

    Every grid becomes a layer as it is, lines become distances, polygons categories,
    assay columns interpolated layers; a point file whose name speaks of deposits
    becomes the deposits. What was guessed is said, what a person must decide is
    marked `DECIDE` in the file.

    Parameters
    ----------
    folder : path
        Folder to look at, with its subfolders.
    out : path, optional
        File to write, by default `district.toml` in `folder`. An existing file is not
        overwritten.
    lang : {"en", "zh"}
        Language of the comments in the file.

    Returns
    -------
    NewDistrict
        Path, guesses, decisions: in English, `note.say("zh")` gives each in Chinese.

    Raises
    ------
    FileNotFoundError
        If the folder does not exist or holds nothing that can be read.
    FileExistsError
        If the district file is already there.

    Examples
    --------
    >>> from prospect import new_district
    >>> new = new_district("maps")  # doctest: +SKIP
    >>> new.decisions  # doctest: +SKIP
    ['which column of deposits.gpkg is the deposit type']
    """
    folder = Path(folder)
    target = Path(out) if out else folder / "district.toml"
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder {folder}: check the name")
    if target.exists():
        raise FileExistsError(
            f"{target} is already there: move it away or name another file with --out"
        )
    found = _Findings()
    for path in _files(folder):
        _look(path, path.relative_to(folder).as_posix(), found)
    if not found.evidence and not found.deposits:
        kinds = ", ".join(sorted(GRIDS | VECTORS | TABLES))
        raise FileNotFoundError(f"nothing readable in {folder}; looked for {kinds}")
    _tell_names_apart(found.evidence)
    write_text(target, _compose(folder.resolve().name, found, lang))
    return NewDistrict(target, found.guesses, found.decisions)


def _files(folder: Path) -> list[Path]:
    known = GRIDS | VECTORS | TABLES
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in known
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and path.name.lower() not in {"readme.txt", "requirements.txt"}
    ]


def _look(path: Path, name: str, found: _Findings) -> None:
    suffix = path.suffix.lower()
    try:
        if suffix in GRIDS:
            _look_at_grid(path, name, found)
        elif suffix in VECTORS:
            _look_at_table(read_features(path, crs=_stated(path)), name, found)
        else:
            _look_at_table(
                read_samples(path, crs="EPSG:4326"), name, found, table_file=True
            )
    except (ValueError, OSError, KeyError) as error:
        first = str(error).strip().splitlines()[-1].strip()
        found.decisions.append(Note("new_unreadable", file=name, error=first))


def _stated(path: Path) -> str | None:
    """CRS to read a vector file with when it declares none: a stand-in, said later."""
    import pyogrio

    if path.suffix == ".parquet":
        return None
    return None if pyogrio.read_info(path).get("crs") else "EPSG:4326"


def _look_at_grid(path: Path, name: str, found: _Findings) -> None:
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
    table: gpd.GeoDataFrame, name: str, found: _Findings, *, table_file: bool = False
) -> None:
    kinds = set(table.geom_type.str.replace("Multi", ""))
    entry = {"file": name}
    declared = None if table_file else table.crs
    if declared is None:
        entry["crs"] = UNDECIDED
        found.decisions.append(Note("new_which_crs", file=name))
    else:
        found.crs.append(_crs_name(declared))
    analytes = [c for c in table.columns if ANALYTE.match(str(c))]
    if kinds == {"Point"} and not analytes:
        _take_points(table, entry, name, found)
    elif kinds == {"Point"}:
        _take_assays(entry, analytes, name, found)
    elif "LineString" in kinds:
        found.guesses.append(Note("new_lines", file=name))
        found.evidence.append(
            {"name": f"{_name(name)}_distance", **entry, "treatment": "distance_to"}
        )
    else:
        _take_polygons(table, entry, name, found)


def _take_points(
    table: gpd.GeoDataFrame, entry: dict, name: str, found: _Findings
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


def _take_assays(entry: dict, analytes: list[str], name: str, found: _Findings) -> None:
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
    table: gpd.GeoDataFrame, entry: dict, name: str, found: _Findings
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


def _tell_names_apart(evidence: list[dict]) -> None:
    seen: dict[str, int] = {}
    for entry in evidence:
        name = entry["name"]
        seen[name] = seen.get(name, 0) + 1
        if seen[name] > 1:
            entry["name"] = f"{name}_{seen[name]}"


def _square_km(extent: object) -> float:
    return float(extent.to_crs("EPSG:6933").area) / 1e6  # type: ignore[attr-defined]


def _choose_crs(found: _Findings) -> str:
    from pyproj import CRS

    projected = [c for c in found.crs if CRS(c).is_projected]
    if projected:
        best = max(set(projected), key=projected.count)
        found.guesses.append(Note("new_crs", crs=best))
        return best
    found.decisions.append(Note("new_choose_crs"))
    return UNDECIDED


def _choose_resolution(found: _Findings) -> float:
    if found.resolutions:
        finest = min(found.resolutions)
        found.guesses.append(Note("new_resolution", cell=finest))
        return finest
    area = max(found.extents.values(), default=0.0)
    side = math.sqrt(area) * 1000 / 500 if area else 100.0
    rounded = float(10 ** round(math.log10(max(side, 1.0))))
    found.decisions.append(Note("new_choose_resolution", cell=rounded))
    return rounded


def _compose(title: str, found: _Findings, lang: str) -> str:
    crs, resolution = _choose_crs(found), _choose_resolution(found)
    if not found.deposits:
        found.decisions.append(Note("new_no_deposits"))
        found.deposits.append({"file": UNDECIDED})
    elif len(found.deposits) > 1:
        names = [d["file"] for d in found.deposits]
        found.deposits.sort(key=lambda d: not DEPOSITS.search(d["file"]))
        found.decisions.append(Note("new_many_deposits", files=names))
    widest = max(found.extents, key=found.extents.__getitem__, default=None)
    head = {"name": title, "crs": crs, "resolution": resolution}
    if widest:
        head["region_from"] = widest
        found.guesses.append(Note("new_region", layer=widest))
    lines = [Note("new_file")]
    lines += [Note("new_guessed", note=note) for note in found.guesses]
    lines += [Note("new_decide", note=note) for note in found.decisions]
    parts = [f"# {line.say(lang)}" for line in lines]
    parts.append(_table("[district]", head))
    parts += [_table("[[evidence]]", entry) for entry in found.evidence]
    parts.append(_table("[deposits]", found.deposits[0]))
    parts.append(_table("[background]", {"method": "random", "n": 10_000}))
    kinds = "weights_of_evidence", "logistic_regression", "random_forest", "lightgbm"
    parts += [_table("[[model]]", {"kind": kind}) for kind in kinds]
    parts.append(_table("[validation]", {"folds": 5}))
    return "\n".join(parts) + "\n"


def _table(header: str, entries: dict) -> str:
    lines = [
        f"{key} = {json.dumps(v, ensure_ascii=False)}" for key, v in entries.items()
    ]
    return "\n".join(["", header, *lines])
