"""The district as files a survey would hand over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import rasterio
import shapely
from rasterio.features import shapes
from shapely.geometry import shape

from ._build import District
from ._frame import CRS, EAST, NORTH, RESOLUTION, SEED, SOUTH, TRANSFORM, WEST
from ._imagery import BANDS, STRIP, WAVELENGTHS
from ._story import ALLUVIUM, FAULTS, FIELD, RULE, STOCKS, UNITS

UNIT_CELL = 0.25  # km²
CHINESE = {
    "sample_id": "样品编号", "easting": "横坐标", "northing": "纵坐标",
    "date": "采样日期", "batch": "分析批次", "laboratory": "实验室",
    "Cu_ppm": "Cu(10-6)", "Au_ppb": "Au(10-9)", "Mo_ppm": "Mo(10-6)",
    "Ag_ppm": "Ag(10-6)", "Pb_ppm": "Pb(10-6)", "Zn_ppm": "Zn(10-6)",
    "As_ppm": "As(10-6)",
}  # fmt: skip


def write_district(district: District, folder: Path) -> None:
    """Write every generated file; README.md and the job files are written by hand."""
    for name in ("geology", "deposits", "geochemistry", "geophysics", "terrain",
                 "imagery", "drillholes", "other", "truth"):  # fmt: skip
        (folder / name).mkdir(parents=True, exist_ok=True)
    _write_grids(district, folder)
    _write_geology(district, folder / "geology" / "geology.gpkg")
    _write_tables(district, folder)
    _write_strip(district.strip, folder / "imagery" / "swir_strip.img")
    _write_truth(district, folder / "truth")


def _write_grids(district: District, folder: Path) -> None:
    grids = {
        "geophysics/magnetics": (district.magnetics, 16, "nT", "total-field anomaly"),
        "geophysics/gravity": (district.gravity, 512, "mGal", "Bouguer anomaly"),
        "terrain/elevation": (district.terrain.elevation, 8, "m", "elevation"),
        "other/soil_ph": (district.soil_ph, 256, "", "soil pH"),
        "other/rainfall": (district.rainfall, 8, "mm/a", "mean rainfall"),
    }
    for name, (values, steps, units, title) in grids.items():
        # binary fractions below the noise compress well and lose nothing real
        rounded = (np.round(values * steps) / steps).astype("float32")
        _write_grid(
            folder / f"{name}.tif", rounded[None], units=[units], titles=[title]
        )
    titles = [f"{band} reflectance, {wave} nm" for band, wave in BANDS.items()]
    _write_grid(
        folder / "imagery" / "sentinel2.tif", district.scene, titles=titles, scale=1e-4
    )


def _write_grid(
    path: Path,
    bands: np.ndarray,
    *,
    titles: list[str],
    units: list[str] | None = None,
    scale: float = 1.0,
    transform: rasterio.Affine = TRANSFORM,
) -> None:
    real = bands.dtype.kind == "f"
    options: dict[str, Any] = {"compress": "deflate", "zlevel": 9, "tiled": True}
    options |= {"blockxsize": 256, "blockysize": 256, "predictor": 3 if real else 2}
    count, height, width = bands.shape
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        count=count,
        height=height,
        width=width,
        dtype=bands.dtype,
        crs=CRS,
        transform=transform,
        nodata=np.nan if real else 0,
        interleave="band",
        **options,
    ) as target:
        target.write(bands)
        target.descriptions = titles
        if units and units[0]:
            target.units = units
        if scale != 1:
            target.scales = [scale] * count


def _write_geology(district: District, path: Path) -> None:
    path.unlink(missing_ok=True)
    # the time stamp of a GeoPackage would change with every run
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": "2024-06-18T00:00:00.000Z"})
    layers = {
        "units": _unit_polygons(district.mapped),
        "faults": _fault_lines(district),
        "alteration": _alteration_polygons(district),
        "roads": _lines(district.roads, ["name", "name_zh"]),
        "rivers": _lines(
            [(round(a / 1e6, 2), line) for a, line in district.rivers],
            ["catchment_km2"],
        ),
    }
    for name, layer in layers.items():
        layer.to_file(path, layer=name, engine="pyogrio")


def _unit_polygons(mapped: np.ndarray) -> gpd.GeoDataFrame:
    """Map units with smooth contacts that still fit each other without gaps."""
    found = list(shapes(mapped.astype("uint8"), transform=TRANSFORM))
    codes = [int(code) for _, code in found]
    steps = [shape(geometry) for geometry, _ in found]
    # neighbours must share every corner before their common edges are smoothed
    steps = shapely.segmentize(np.array(steps), RESOLUTION)
    outlines = shapely.coverage_simplify(steps, tolerance=75)
    table = {unit.code: unit for unit in UNITS}
    frame = gpd.GeoDataFrame({"code": codes}, geometry=outlines, crs=CRS)
    for field in ("symbol", "name", "name_zh", "age", "lithology"):
        frame[field] = [getattr(table[code], field) for code in codes]
    return frame[[*frame.columns.drop("geometry"), "geometry"]]


def _alteration_polygons(district: District) -> gpd.GeoDataFrame:
    """Alteration as mapped: outcrop only."""
    zone = np.where(district.mapped == ALLUVIUM, 0, district.geology.zone)
    blind = [i + 1 for i, stock in enumerate(STOCKS) if stock.top > 0]
    names = {1: "propylitic", 2: "phyllic", 3: "potassic"}
    rows = []
    for geometry, code in shapes(zone.astype("uint8"), transform=TRANSFORM):
        outline = shape(geometry)
        if code and outline.area > 4 * RESOLUTION**2:
            rows.append((names[int(code)], outline.simplify(60)))
    frame = gpd.GeoDataFrame(rows, columns=["zone", "geometry"], crs=CRS)
    hidden = _stock_outlines(district, blind)
    return frame[~frame.intersects(hidden)].reset_index(drop=True)


def _stock_outlines(district: District, numbers: list[int]) -> shapely.Geometry:
    mask = np.isin(district.geology.stock, numbers).astype("uint8")
    return shapely.union_all(
        [shape(g) for g, code in shapes(mask, transform=TRANSFORM) if code]
    )


def _fault_lines(district: District) -> gpd.GeoDataFrame:
    rows = [
        (f.name, f.name_zh, f.fault_set, round(f.azimuth % 180), round(line.length))
        for f, line in zip(FAULTS, district.geology.faults, strict=True)
    ]
    columns = ["name", "name_zh", "fault_set", "strike", "length_m"]
    frame = gpd.GeoDataFrame(
        pd.DataFrame(rows, columns=columns), geometry=district.geology.faults, crs=CRS
    )
    return frame.clip((WEST, SOUTH, EAST, NORTH)).sort_index().reset_index(drop=True)


def _lines(rows: list[tuple], columns: list[str]) -> gpd.GeoDataFrame:
    table = pd.DataFrame([row[:-1] for row in rows], columns=columns)
    return gpd.GeoDataFrame(table, geometry=[row[-1] for row in rows], crs=CRS)


def _write_tables(district: District, folder: Path) -> None:
    chemistry = district.geochemistry
    tables = {
        "deposits/deposits": district.deposits.found,
        "geochemistry/soils": chemistry.soils,
        "geochemistry/quality_control": chemistry.quality,
        "geochemistry/reference_materials": chemistry.references,
        **{f"drillholes/{k}": v for k, v in district.drillholes._asdict().items()},
        "truth/hidden_deposits": district.deposits.hidden,
    }
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")
    _as_reported(chemistry.sediments).to_csv(
        folder / "geochemistry" / "stream_sediments_gbk.csv",
        index=False,
        encoding="gbk",
        lineterminator="\r\n",
    )


def _as_reported(sediments: pd.DataFrame) -> pd.DataFrame:
    """Chinese headers; laboratory A writes molybdenum below its limit in words."""
    table = sediments.copy()
    below = (table["laboratory"] == "A") & table["Mo_ppm"].str.startswith("<")
    table.loc[below, "Mo_ppm"] = "未检出"
    table.loc[[57, 211, 318], "Zn_ppm"] = "未分析"
    return table.rename(columns=CHINESE)


def _write_strip(strip: np.ndarray, path: Path) -> None:
    """ENVI, band sequential, with wavelengths and the place in the header."""
    bands, rows, columns = strip.shape
    strip.astype("<i2").tofile(path)
    cell = STRIP["cell"]
    wkt = rasterio.crs.CRS.from_user_input(CRS).to_wkt(version="WKT1_ESRI")
    waves = ", ".join(f"{wave:g}" for wave in WAVELENGTHS)
    widths = ", ".join(["6.5"] * bands)
    path.with_suffix(".hdr").write_text(
        "ENVI\n"
        "description = {synthetic airborne SWIR reflectance}\n"
        f"samples = {columns}\nlines = {rows}\nbands = {bands}\n"
        "header offset = 0\nfile type = ENVI Standard\ndata type = 2\n"
        "interleave = bsq\nbyte order = 0\n"
        "reflectance scale factor = 10000\n"
        f"map info = {{CGCS2000 CM 114E, 1, 1, {STRIP['west']:.1f}, "
        f"{STRIP['north']:.1f}, {cell:g}, {cell:g}, units=Meters}}\n"
        f"coordinate system string = {{{wkt}}}\n"
        "wavelength units = Nanometers\n"
        f"wavelength = {{{waves}}}\nfwhm = {{{widths}}}\n",
        encoding="utf-8",
    )


def _write_truth(district: District, folder: Path) -> None:
    share = 1 - np.exp(-district.deposits.intensity * UNIT_CELL)
    title = f"probability of a {UNIT_CELL} km2 cell to hold a porphyry Cu-Au deposit"
    rounded = (np.round(share * 65536) / 65536).astype("float32")
    _write_grid(folder / "prospectivity.tif", rounded[None], titles=[title])
    zones = (np.round(district.geology.alteration * 256) / 256).astype("float32")
    _write_grid(folder / "alteration.tif", zones[None], titles=["alteration, 0 to 1"])
    _write_cover(district.cover, folder / "mineral_cover.tif")
    sections = {
        "district": {"seed": SEED, "crs": CRS, "unit_cell_area_km2": UNIT_CELL},
        "rule": RULE._asdict(),
        "field": FIELD._asdict(),
    }
    text = "# The parameters the district was made with; see ../README.md.\n"
    for name, values in sections.items():
        text += f"\n[{name}]\n" + "".join(
            f"{k} = {_toml(v)}\n" for k, v in values.items()
        )
    for name, rows in (("unit", UNITS), ("fault", FAULTS), ("stock", STOCKS)):
        for row in rows:
            lines = "".join(f"{k} = {_toml(v)}\n" for k, v in row._asdict().items())
            text += f"\n[[{name}]]\n{lines}"
    (folder / "parameters.toml").write_text(text, encoding="utf-8")


def _write_cover(cover: dict[str, np.ndarray], path: Path) -> None:
    """Share of the ground under each mineral of the strip, one band each."""
    shares = np.stack(list(cover.values()))
    rounded = (np.round(shares * 1024) / 1024).astype("float32")
    cell = STRIP["cell"]
    place = rasterio.Affine(cell, 0, STRIP["west"], 0, -cell, STRIP["north"])
    _write_grid(path, rounded, titles=list(cover), transform=place)


def _toml(value: object) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    return str(list(value)) if isinstance(value, tuple) else str(value)
