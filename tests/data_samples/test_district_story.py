"""What the files say agrees with the story."""

import tomllib

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from pyproj import CRS

from prospect import read_district
from prospect._district import TREATMENTS

MAIN = "porphyry Cu-Au"
METALS = {"Cu": "10-6", "Au": "10-9", "Mo": "10-6", "Ag": "10-6", "Pb": "10-6"} | {
    "Zn": "10-6",
    "As": "10-6",
}


@pytest.fixture(scope="module")
def geology(folder):
    path = folder / "geology" / "geology.gpkg"
    names = ("units", "faults", "alteration", "roads", "rivers")
    return {name: gpd.read_file(path, layer=name) for name in names}


@pytest.fixture(scope="module")
def deposits(folder):
    return pd.read_csv(folder / "deposits" / "deposits.csv")


@pytest.fixture(scope="module")
def main(deposits):
    return deposits[deposits["deposit_type"] == MAIN]


@pytest.fixture(scope="module")
def hidden(folder):
    return pd.read_csv(folder / "truth" / "hidden_deposits.csv")


@pytest.fixture(scope="module")
def sediments(folder):
    path = folder / "geochemistry" / "stream_sediments_gbk.csv"
    return pd.read_csv(path, encoding="gbk", dtype=str)


@pytest.fixture(scope="module")
def truth(folder):
    return tomllib.loads((folder / "truth" / "parameters.toml").read_text("utf-8"))


def read(path, band=1):
    with rasterio.open(path) as source:
        return source.read(band)


def places(table):
    return gpd.GeoSeries.from_xy(table["easting"], table["northing"], crs="EPSG:4547")


def cells(table):
    row = ((3_420_000 - table["northing"]) // 50).astype(int).to_numpy()
    return row, ((table["easting"] - 520_000) // 50).astype(int).to_numpy()


def share_below(grid, table):
    """Share of the ground with lower values than the places of a table, on average."""
    rank = grid.ravel().argsort().argsort().reshape(grid.shape) / grid.size
    return rank[cells(table)].mean()


def test_district_file(folder):
    district = read_district(folder / "district.toml")
    basic = TREATMENTS[: TREATMENTS.index("index") + 1]
    assert {layer.treatment for layer in district.evidence} == set(basic)
    assert len({model.kind for model in district.model}) == 4
    assert all(layer.title and layer.title_zh for layer in district.evidence)
    assert all(district.path(layer).exists() for layer in district.evidence)
    assert district.path(district.deposits).exists()
    assert district.path(district.scene.elevation).exists()
    with rasterio.open(folder / "terrain" / "elevation.tif") as grid:
        west, south, east, north = grid.bounds
    assert district.region == (west, east, south, north)


def test_coordinate_system():
    crs = CRS("EPSG:4547")
    assert "CGCS2000" in crs.name
    assert crs.name.endswith("CM 114E")
    assert [axis.name for axis in crs.axis_info] == ["Northing", "Easting"]


def test_counts(deposits, main, hidden, truth):
    assert len(main) == truth["rule"]["discovered"] == 60
    assert len(hidden) == truth["rule"]["hidden"] == 15
    assert deposits["deposit_type"].value_counts().drop(MAIN).to_list() == [
        12,
        10,
        9,
        6,
    ]
    assert deposits["deposit_id"].is_unique
    assert pd.concat([deposits, hidden])["name"].is_unique
    assert deposits["discovery_year"].between(1956, 2021).all()
    assert (deposits["tonnage_Mt"] > 0).all()


def test_hidden_deposits_are_in_no_table(deposits, hidden):
    near = [places(deposits).distance(point).min() for point in places(hidden)]
    assert min(near) > 100


def test_deposits_are_apart(main, hidden, truth):
    points = shapely.points(
        pd.concat([main, hidden])[["easting", "northing"]].to_numpy()
    )
    tree = shapely.STRtree(points)
    near = tree.query(
        points, predicate="dwithin", distance=truth["rule"]["min_spacing"] - 60
    )
    assert (near[0] == near[1]).all()


def test_deposits_follow_the_rule(geology, main):
    point = places(main)
    anywhere = pd.DataFrame(
        np.random.default_rng(0).uniform(
            (520_000, 3_400_000), (540_000, 3_420_000), (800, 2)
        ),
        columns=["easting", "northing"],
    )
    faults = geology["faults"].query("fault_set == 'NE'").union_all()
    stocks = geology["units"].query("lithology == 'granodiorite porphyry'").union_all()
    for shape in (faults, stocks.boundary):
        assert (
            point.distance(shape).median()
            < 0.45 * places(anywhere).distance(shape).median()
        )


def test_hosts_are_on_the_map(geology, deposits):
    units = geology["units"][["name", "geometry"]].rename(columns={"name": "unit"})
    spots = gpd.GeoDataFrame(deposits, geometry=places(deposits))
    joined = gpd.sjoin(spots, units, predicate="intersects")
    bedrock = joined[joined["unit"] != "Alluvium"]
    # contacts on the map are generalised
    assert (bedrock["host"] == bedrock["unit"]).mean() > 0.85
    assert set(deposits.loc[deposits["deposit_type"] == "skarn Cu-Fe", "host"]) == {
        "Bixi limestone"
    }
    assert set(deposits.loc[deposits["deposit_type"] == "epithermal Au", "host"]) == {
        "Yanwu andesite"
    }


def test_discovery_is_biased_towards_roads(geology, main, hidden):
    roads = geology["roads"].union_all()
    assert (
        places(main).distance(roads).mean()
        < 0.8 * places(hidden).distance(roads).mean()
    )
    early = main["discovery_year"] < 1990
    assert (
        main.loc[early, "tonnage_Mt"].median() > main.loc[~early, "tonnage_Mt"].median()
    )


def test_truth_expects_all_deposits(folder):
    share = read(folder / "truth" / "prospectivity.tif").astype(float)
    density = -np.log1p(-share) / 0.25
    assert density.sum() * 0.05**2 == pytest.approx(75, rel=0.01)


def test_readme_states_what_can_be_reached(folder, main, hidden):
    share = read(folder / "truth" / "prospectivity.tif")
    text = (folder / "README.md").read_text("utf-8")
    known, new = share_below(share, main), share_below(share, hidden)
    assert f"above {known:.0%}".replace("%", " %") in text
    assert f"above {new:.0%}".replace("%", " %") in text


@pytest.mark.parametrize("name", ["other/soil_ph.tif", "other/rainfall.tif"])
def test_irrelevant_grids(name, folder, main, hidden):
    every = pd.concat([main, hidden])
    assert share_below(read(folder / name), every) == pytest.approx(0.5, abs=0.13)


def test_blind_stock_is_not_on_the_map(geology, folder, truth):
    blind = [stock for stock in truth["stock"] if stock["top"] > 0]
    assert len(truth["stock"]) == 10
    assert len(blind) == 1
    place = shapely.Point(537_200, 3_405_000)
    stocks = geology["units"].query("lithology == 'granodiorite porphyry'")
    assert stocks.distance(place).min() > 3000
    row, column = (3_420_000 - 3_405_000) // 50, (537_200 - 520_000) // 50
    field = read(folder / "geophysics" / "magnetics.tif")
    assert np.ptp(field[row - 20 : row + 30, column - 20 : column + 20]) > 150


def test_units_cover_the_district_once(geology):
    units = geology["units"]
    assert units.geometry.is_valid.all()
    assert shapely.coverage_is_valid(units.geometry.to_numpy())
    assert units.area.sum() == pytest.approx(400e6, rel=1e-6)


def test_detection_limits(folder, sediments, generator):
    from generator._geochemistry import ELEMENTS

    soils = pd.read_csv(folder / "geochemistry" / "soils.csv", dtype=str)
    for name, unit in METALS.items():
        reported = sediments.rename(columns={f"{name}({unit})": name, "实验室": "lab"})
        column = name + ("_ppb" if name == "Au" else "_ppm")
        told = pd.concat(
            [
                reported[[name, "lab"]],
                soils.set_axis(soils.columns, axis=1).rename(
                    columns={column: name, "laboratory": "lab"}
                )[[name, "lab"]],
            ]
        )
        for laboratory, limit in zip("AB", ELEMENTS[name].limits, strict=True):
            text = told.loc[told["lab"] == laboratory, name]
            assert set(text[text.str.startswith("<")]) <= {f"<{limit:g}"}
            assert (pd.to_numeric(text, errors="coerce").dropna() >= limit).all()


def test_sediments_are_chinese_and_gbk(folder, sediments):
    raw = (folder / "geochemistry" / "stream_sediments_gbk.csv").read_bytes()
    with pytest.raises(UnicodeDecodeError):
        raw.decode("utf-8")
    assert sediments.columns[:3].to_list() == ["样品编号", "横坐标", "纵坐标"]
    assert sediments["样品编号"].is_unique
    words = sediments[sediments["Mo(10-6)"] == "未检出"]
    assert set(words["实验室"]) == {"A"}
    assert len(words) > 20
    assert sediments["Au(10-9)"].str.startswith("<").sum() > 20


def test_batch_bias_shows_in_reference_materials(folder):
    quality = pd.read_csv(folder / "geochemistry" / "quality_control.csv")
    certified = pd.read_csv(folder / "geochemistry" / "reference_materials.csv")
    known = quality.query("qc_type == 'reference material'").merge(
        certified, on="material"
    )
    for batch, column, factor in (
        ("T2", "Mo_ppm", 1.18),
        ("T3", "Cu_ppm", 1.10),
        ("S3", "Cu_ppm", 0.88),
    ):
        rows = known[known["batch"] == batch]
        ratio = rows[f"{column}_x"].astype(float) / rows[f"{column}_y"]
        assert ratio.mean() == pytest.approx(factor, abs=0.08)


def test_blanks_are_below_detection(folder):
    quality = pd.read_csv(folder / "geochemistry" / "quality_control.csv", dtype=str)
    blanks = quality.query("qc_type == 'blank'").filter(regex="_pp[mb]$")
    assert blanks.map(lambda text: text.startswith("<")).all(axis=None)
    soils = pd.read_csv(folder / "geochemistry" / "soils.csv")["sample_id"]
    doubles = quality.query(
        "qc_type == 'field duplicate' and batch.str.startswith('T')"
    )
    assert doubles["original_id"].isin(soils).all()


def test_drillholes_fit_together(folder):
    path = folder / "drillholes"
    tables = {
        n: pd.read_csv(path / f"{n}.csv")
        for n in ("collars", "surveys", "assays", "geology")
    }
    collars = tables["collars"].set_index("hole_id")
    assert len(collars) == 24
    assert all(set(table["hole_id"]) == set(collars.index) for table in tables.values())
    assert tables["surveys"]["dip"].between(-90, -45).all()
    for name in ("assays", "geology"):
        for hole, part in tables[name].groupby("hole_id"):
            assert part["from_depth"].iloc[0] == 0
            assert (
                part["from_depth"].to_numpy()[1:] == part["to_depth"].to_numpy()[:-1]
            ).all()
            assert part["to_depth"].iloc[-1] <= collars.loc[hole, "end_depth"]
    elevation = read(folder / "terrain" / "elevation.tif")[cells(collars)]
    np.testing.assert_allclose(collars["elevation"], elevation, atol=2)


def test_images(folder):
    with rasterio.open(folder / "imagery" / "sentinel2.tif") as scene:
        bands = scene.read().astype(float)
        assert scene.scales == (1e-4,) * 6
    assert bands.min() >= 1
    alteration = read(folder / "truth" / "alteration.tif")
    ratio = bands[4] / bands[5]
    assert np.median(ratio[alteration > 0.6]) > 1.15 * np.median(
        ratio[alteration < 0.1]
    )
    with rasterio.open(folder / "imagery" / "swir_strip.img") as strip:
        spectra = strip.read().reshape(100, -1).astype(float)
        waves = np.array([float(strip.tags(i + 1)["wavelength"]) for i in range(100)])
        assert strip.crs.to_epsg() == 4547
    depth = 1 - spectra / np.maximum(spectra[10], 1)
    mica = depth[(waves > 2195) & (waves < 2215)].mean(axis=0)
    deepest = spectra[(waves > 2150) & (waves < 2260)][:, mica.argmax()].argmin()
    assert waves[(waves > 2150) & (waves < 2260)][deepest] == pytest.approx(
        2205, abs=10
    )


def test_cover_is_what_the_strip_shows(folder):
    with (
        rasterio.open(folder / "truth" / "mineral_cover.tif") as truth,
        rasterio.open(folder / "imagery" / "swir_strip.img") as strip,
    ):
        assert (truth.crs, truth.shape) == (strip.crs, strip.shape)
        assert truth.transform.almost_equals(strip.transform)
        cover = dict(zip(truth.descriptions, truth.read().astype(float), strict=True))
        waves = [float(strip.tags(i + 1)["wavelength"]) for i in range(strip.count)]
        spectra = dict(zip(waves, strip.read().astype(float), strict=True))
    total = sum(cover.values())
    assert 0 <= total.min() <= total.max() <= 1
    clay = 1 - spectra[2205] / spectra[2130]
    carbonate = 1 - spectra[2340] / spectra[2275]
    mica = cover["white mica"] + cover["kaolinite"]
    assert np.corrcoef(clay.ravel(), mica.ravel())[0, 1] > 0.95
    plain = mica < 0.05
    assert np.corrcoef(carbonate[plain], cover["calcite"][plain])[0, 1] > 0.9
