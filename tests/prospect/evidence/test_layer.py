import geopandas as gpd
import numpy as np
import pytest
import shapely

from prospect._district import TREATMENTS as NAMES
from prospect._district import Evidence
from prospect.evidence import TREATMENTS, build_layer, distance_to, terrain
from survey import DataProblems, check_same_grid, make_geobox, open_grid, read_features


def section(**options):
    return Evidence(**({"name": "layer"} | options))


@pytest.fixture(scope="module")
def hamersley(real_data):
    folder = real_data("geology/hamersley")
    dem = open_grid(folder / "dtm_rp.tif")
    west, east = float(dem.x[40]), float(dem.x[100])
    south, north = float(dem.y[120]), float(dem.y[60])
    region = tuple(np.round([west, east, south, north], -3))
    return folder, make_geobox(region, crs="EPSG:28350", resolution=500)


def test_every_treatment_of_the_district_file_has_its_function():
    assert set(TREATMENTS) == set(NAMES)


def test_distance_is_that_of_the_features(hamersley):
    folder, geobox = hamersley
    layer = section(
        name="fault_distance",
        title="Distance to faults",
        file="faults.geojson",
        treatment="distance_to",
        direction="ascending",
    )
    found = build_layer(layer, folder=folder, like=geobox)
    expected = distance_to(read_features(folder / "faults.geojson"), like=geobox)
    np.testing.assert_array_equal(found, expected)
    assert found.name == "fault_distance"
    assert found.chunks is not None
    said = {"title": "Distance to faults", "units": "m"}
    assert found.attrs["long_name"] == said["title"]
    assert found.attrs["units"] == said["units"]
    assert found.attrs["kind"] == "continuous"
    assert found.attrs["source"] == "faults.geojson"
    assert found.attrs["treatment"] == "distance_to"
    assert found.attrs["direction"] == "ascending"


def test_all_treatments_end_on_the_grid(hamersley):
    folder, geobox = hamersley
    sections = [
        section(file="dtm_rp.tif", treatment="as_is", units="m", transform="sqrt"),
        section(file="faults.geojson", treatment="density_of", radius=5000),
        section(file="geology.geojson", treatment="categorical", column="unitname"),
        section(file="dtm_rp.tif", treatment="terrain", derivative="slope"),
        section(
            file="dtm_rp.tif",
            treatment="terrain",
            derivative="topographic_position",
            radius=2000,
        ),
        section(file="structures.geojson", treatment="interpolated", column="dip"),
        section(
            file="dtm_rp.tif",
            treatment="index",
            index="(a - b) / (a + 2 * b)",
            bands={"a": 1, "b": 1},
        ),
    ]
    for one in sections:
        found = build_layer(one, folder=folder, like=geobox)
        check_same_grid(found, geobox)
        values = found.values
        assert found.dtype.kind == "f"
        assert not np.isnan(values).all(), one
        assert found.attrs["kind"] in {"continuous", "categorical"}
    assert (values[~np.isnan(values)] == 0).all()


def test_transform_names_its_units_and_counts(hamersley):
    folder, geobox = hamersley
    layer = section(file="dtm_rp.tif", treatment="as_is", units="m", transform="log10")
    found = build_layer(layer, folder=folder, like=geobox)
    plain = build_layer(
        section(file="dtm_rp.tif", treatment="as_is"), folder=folder, like=geobox
    )
    np.testing.assert_allclose(found, np.log10(plain), rtol=1e-6)
    assert found.attrs["units"] == "log10(m)"
    faults = section(file="faults.geojson", treatment="distance_to", transform="log10")
    found = build_layer(faults, folder=folder, like=geobox)
    touched = int(np.isnan(found).sum())
    assert touched
    note = f"{touched} cells have no log10 and are missing"
    assert found.attrs["notes"] == [note]


def test_rare_classes_are_joined_and_told(hamersley):
    folder, geobox = hamersley
    layer = section(
        file="geology.geojson",
        treatment="categorical",
        column="unitname",
        min_share=0.05,
    )
    found = build_layer(layer, folder=folder, like=geobox)
    classes = found.attrs["classes"]
    assert "other" in classes.values()
    assert "rare classes joined" in found.attrs["notes"][-1]
    codes, counts = np.unique(found.values[~np.isnan(found)], return_counts=True)
    assert set(codes) == set(classes)
    kept = counts[[classes[int(code)] != "other" for code in codes]]
    assert (kept / counts.sum() >= 0.05).all()


def test_terrain_of_heights_in_degrees(real_data):
    folder = real_data("remote_sensing/sentinel2_amazon")
    dem = open_grid(folder / "srtm_sen2.tif")
    region = dem.rio.transform_bounds("EPSG:32721")
    west, south, east, north = np.round(region, -2)
    geobox = make_geobox((west, east, south, north), crs="EPSG:32721", resolution=100)
    layer = section(file="srtm_sen2.tif", treatment="terrain", derivative="slope")
    found = build_layer(layer, folder=folder, like=geobox)
    assert 0 < float(found.mean()) < 45
    assert "brought to the district's grid" in found.attrs["notes"][0]


def test_terrain_is_taken_on_its_own_grid(hamersley):
    folder, _ = hamersley
    own = terrain(open_grid(folder / "dtm_rp.tif"), "slope")
    layer = section(file="dtm_rp.tif", treatment="terrain", derivative="slope")
    found = build_layer(layer, folder=folder, like=own)
    np.testing.assert_array_equal(found, own)


def test_till_with_limits_filter_and_log(real_data):
    folder = real_data("geochem/gtk_till_central_lapland")
    geobox = make_geobox(
        (346000, 436000, 7458000, 7540000), crs="EPSG:3067", resolution=2000
    )
    layer = section(
        file="IOCG_CLB_Till_Geochem_reg_511p.gpkg",
        treatment="interpolated",
        column="Cu_ppm_511",
        units="ppm",
        transform="log10",
        max_distance=8000,
    )
    found = build_layer(layer, folder=folder, like=geobox)
    assert found.attrs["units"] == "log10(ppm)"
    values = found.values[~np.isnan(found)]
    assert 0 < values.min() < values.max() < 3
    few = layer.model_copy(update={"where": "Cu_ppm_511 > 50"})
    high = build_layer(few, folder=folder, like=geobox).values
    assert np.nanmin(high) > np.log10(50) - 1e-6
    for where, message in (("Cu_ppm_511 > 1e9", "leaves no row"), ("(", "where:")):
        wrong = layer.model_copy(update={"where": where})
        with pytest.raises(DataProblems, match=message):
            build_layer(wrong, folder=folder, like=geobox)


def test_header_of_the_table_also_names_the_column(tmp_path):
    text = "样号,X,Y,Cu(μg/g)\nS1,500500,4000500,<2\nS2,501500,4000500,9\n"
    (tmp_path / "soil.csv").write_text(text, encoding="utf-8")
    geobox = make_geobox(
        (500_000, 502_000, 4_000_000, 4_001_000), crs="EPSG:32650", resolution=1000
    )
    for column in ("Cu(μg/g)", "Cu_ppm"):
        layer = section(
            file="soil.csv",
            treatment="interpolated",
            crs="EPSG:32650",
            column=column,
            method="nearest",
        )
        found = build_layer(layer, folder=tmp_path, like=geobox)
        np.testing.assert_array_equal(found, [[1, 9]])
        assert found.attrs["units"] == "ppm"
        assert found.attrs["censored_share"] == 0.5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"treatment": "density_of"}, "needs 'radius'"),
        ({"treatment": "interpolated"}, "needs 'column'"),
        ({"treatment": "terrain"}, "needs 'derivative'"),
        ({"treatment": "index"}, "needs 'index'"),
        ({"treatment": "categorical", "transform": "sqrt"}, "have no transform"),
    ],
)
def test_missing_options_are_named(frame, tmp_path, options, message):
    with pytest.raises(DataProblems, match=message):
        build_layer(section(file="a.tif", **options), folder=tmp_path, like=frame(2, 2))


def test_missing_file_is_named(frame, tmp_path):
    layer = section(file="none.gpkg", treatment="distance_to")
    with pytest.raises(FileNotFoundError, match=r"none\.gpkg"):
        build_layer(layer, folder=tmp_path, like=frame(2, 2))


def test_features_of_another_crs_are_brought_over(frame, tmp_path):
    points = gpd.GeoDataFrame(geometry=[shapely.Point(15, 45)], crs="EPSG:4326")
    points.to_file(tmp_path / "p.gpkg")
    x, y = points.to_crs("EPSG:32633").geometry.iloc[0].coords[0]
    region = (x - 5e3, x + 5e3, y - 5e3, y + 5e3)
    geobox = make_geobox(region, crs="EPSG:32633", resolution=100)
    layer = section(file="p.gpkg", treatment="distance_to")
    found = build_layer(layer, folder=tmp_path, like=geobox)
    at = found.sel(x=x, y=y, method="nearest")
    assert float(at) == 0
