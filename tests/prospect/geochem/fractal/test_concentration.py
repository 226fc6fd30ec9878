import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from odc.geo.xr import wrap_xr
from pyproj import Geod
from shapely.geometry import box

from prospect.geochem import (
    FractalModel,
    concentration_area,
    concentration_number,
    concentration_volume,
)
from survey import DataProblems, make_geobox, open_grid, read_samples, save_grid


def grid_of(values, crs="EPSG:32650", resolution=100, corner=(0, 0)):
    rows, columns = np.shape(values)
    west, south = corner
    region = (west, west + columns * resolution, south, south + rows * resolution)
    frame = make_geobox(region, crs=crs, resolution=resolution)
    grid = wrap_xr(np.asarray(values, dtype=float), frame).rename("Cu")
    return grid.rename(dict(zip(grid.dims, "yx", strict=True)))


def bent_law(share, knot=100):
    """Values whose share above v is v^-0.8 up to the knot, then falls as v^-3."""
    at = knot**-0.8
    return np.where(share > at, share ** (-1 / 0.8), knot * (share / at) ** (-1 / 3))


def bent_cells(n):
    return bent_law((np.arange(n) + 0.5) / n)


def points_of(values, seed=0, **columns):
    random = np.random.default_rng(seed)
    xy = random.uniform(0, 10_000, (len(values), 2))
    return gpd.GeoDataFrame(
        {"Cu_ppm": values, **columns},
        geometry=gpd.points_from_xy(*xy.T),
        crs="EPSG:32650",
    )


def test_a_grid_of_the_constructed_law():
    cells = np.random.default_rng(0).permutation(bent_cells(1_000_000))
    model = concentration_area(
        grid_of(cells.reshape(1000, 1000)).astype("float32"),
        weights="counts",
        n_bootstrap=30,
        random_state=1,
    )
    assert isinstance(model, FractalModel)
    np.testing.assert_allclose(model.breaks, [100], rtol=0.01)
    np.testing.assert_allclose(model.slopes, [-0.8, -3], rtol=0.01)
    assert model.thresholds == (pytest.approx(100, rel=0.01),)
    assert model.table["above"].iloc[0] == pytest.approx(10_000)  # km²
    assert model.populations["share"].sum() == pytest.approx(1)
    assert model.populations.loc[2, "share"] == pytest.approx(100**-0.8, rel=0.02)
    low, high = model.intervals.loc["break_1", ["low", "high"]]
    assert low < 100 < high
    assert model.choice["share"].sum() == pytest.approx(1)


def test_areas_are_counted_exactly():
    random = np.random.default_rng(2)
    values = np.exp(random.normal(3, 1, (70, 90)))
    values[random.random(values.shape) < 0.2] = np.nan
    values[0, :5] = [0, -1, 0, -2, 0]
    model = concentration_area(grid_of(values), n_bootstrap=0)
    table = model.table
    expected = [(values >= t).sum() * 0.01 for t in table["threshold"]]
    np.testing.assert_allclose(table["above"], expected)
    known = np.isfinite(values).sum() * 0.01
    np.testing.assert_allclose(table["above"] + table["below"], known)
    assert "5 of" in str(model.notes[0])
    assert "zero or negative" in model.notes[0]


@settings(max_examples=8, deadline=None)
@given(factor=st.floats(0.01, 1000), seed=st.integers(0, 99))
def test_units_only_scale_the_breaks(factor, seed):
    values = np.exp(np.random.default_rng(seed).normal(3, 1, 400))
    one, two = (
        concentration_number(
            pd.DataFrame({"Cu_ppm": v}), "Cu_ppm", n_segments=3, n_bootstrap=0
        )
        for v in (values, factor * values)
    )
    np.testing.assert_allclose(two.breaks, factor * one.breaks, rtol=1e-6)
    np.testing.assert_allclose(two.slopes, one.slopes, rtol=1e-5, atol=1e-7)


def test_lazy_equals_in_memory_and_input_stays(tmp_path):
    values = np.exp(np.random.default_rng(3).normal(3, 1, (200, 150)))
    values[:40, :40] = np.nan
    grid = grid_of(values).assign_attrs(
        units="ppm", long_name="copper", imputed_share=0.1
    )
    before = grid.copy(deep=True)
    lazy = open_grid(save_grid(grid, tmp_path / "g.tif", cog=False), chunks=(64, 64))
    one, two = (
        concentration_area(g, n_segments=2, n_bootstrap=20, random_state=4)
        for g in (grid, lazy.assign_attrs(grid.attrs))
    )
    pd.testing.assert_frame_equal(one.table, two.table)
    pd.testing.assert_frame_equal(one.intervals, two.intervals)
    xr.testing.assert_identical(grid, before)
    assert (one.variable, one.units, one.amount_units) == ("copper", "ppm", "km²")
    assert "10% are imputed" in one.notes[-1]


def test_cells_in_degrees_have_their_area_on_the_ellipsoid():
    values = np.exp(np.random.default_rng(4).normal(size=(60, 30)))
    grid = grid_of(values, crs="EPSG:4326", resolution=0.5, corner=(100, 30))
    model = concentration_area(grid, n_bootstrap=0)
    # an outline with many vertices, since the edges of a polygon are geodesics
    x = np.linspace(100, 115, 4001)
    lon = np.concatenate([x, np.full(2, 115), x[::-1], np.full(2, 100)])
    lat = np.concatenate([np.full(4001, 30), [30, 60], np.full(4001, 60), [60, 30]])
    area, _ = Geod(ellps="WGS84").polygon_area_perimeter(lon, lat)
    total = model.table["above"].iloc[0] + model.table["below"].iloc[0]
    assert total == pytest.approx(area / 1e6, rel=1e-6)


def test_below_is_the_mirror_of_above():
    values = np.exp(np.random.default_rng(5).normal(3, 1, 500))
    up = concentration_number(
        pd.DataFrame({"a": values}), "a", n_segments=2, n_bootstrap=0
    )
    down = concentration_number(
        pd.DataFrame({"a": 1 / values}), "a", n_segments=2, n_bootstrap=0,
        direction="below",
    )  # fmt: skip
    # N(1/v < t) against N(v >= 1/t): ties apart, the same steps
    assert down.slopes[0] > down.slopes[1] >= 0
    np.testing.assert_allclose(1 / down.breaks[0], up.breaks[0], rtol=0.1)
    np.testing.assert_allclose(-down.slopes[::-1], up.slopes, rtol=0.15, atol=0.02)


def test_what_is_below_is_never_less_than_a_sample():
    """Areas add up in floating point: nothing is left over below the least value."""
    random = np.random.default_rng(7)
    table = points_of(np.exp(random.normal(3, 1, 300)))
    model = concentration_area(
        table, column="Cu_ppm", direction="below", n_segments=2, n_bootstrap=5,
        random_state=0,
    )  # fmt: skip
    below = model.table["below"]
    assert below.iloc[0] == 0
    assert below[below > 0].min() > 1e-3
    assert model.law.r2 > 0.9


def test_samples_by_voronoi_cells():
    inner = points_of(np.exp(np.random.default_rng(6).normal(3, 1, 300)))
    corners = gpd.GeoDataFrame(
        {"Cu_ppm": [1.0] * 4},
        geometry=gpd.points_from_xy([0, 0, 1e4, 1e4], [0, 1e4, 0, 1e4]),
        crs=inner.crs,
    )
    samples = pd.concat([inner, corners, inner.iloc[:1]], ignore_index=True)
    model = concentration_area(samples, column="Cu_ppm", n_bootstrap=5, random_state=0)
    total = model.table["above"].iloc[0] + model.table["below"].iloc[0]
    assert total == pytest.approx(100)
    assert "2 samples share a place" in model.notes[0]


def test_catchments_stand_for_their_area():
    sizes = np.arange(1, 41) * 100.0
    shapes = [box(0, 0, size, 1000) for size in sizes]
    values = np.arange(1.0, 41)
    basins = gpd.GeoDataFrame({"Cu_ppm": values}, geometry=shapes, crs="EPSG:32650")
    model = concentration_area(basins, column="Cu_ppm", n_bootstrap=0)
    expected = [sizes[values >= t].sum() / 1000 for t in model.table["threshold"]]
    np.testing.assert_allclose(model.table["above"], expected)


def test_censored_samples_are_counted_not_replaced():
    """Helsel's Oahu arsenic; the share above is that of the Kaplan-Meier estimate."""
    values = [1, 1, 1.7, 1, 1, 2, 3.2, 2, 2, 2.8, 2, 2, 2, 2, 2, 0.7, 0.9, 0.5, 0.5,
              0.9, 0.5, 0.7, 0.6, 1.5]  # fmt: skip
    flags = [1, 1, 0, 1, 1, 1, 0, 1, 1, 0, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0]
    table = pd.DataFrame({"As_ppb": values, "As_ppb_censored": np.array(flags, bool)})
    table.attrs["units"] = {"As_ppb": "ppb"}
    model = concentration_number(
        table, "As_ppb", n_thresholds=400, n_segments=1, n_bootstrap=0
    )
    found = model.table
    # above the highest limit the plain count; the mean is the area under the curve
    assert found["above"].iloc[-1] == pytest.approx(1)
    assert found["above"][found["threshold"] > 2].max() == pytest.approx(2)
    share = np.concatenate([[1], found["above"] / 24, [0]])
    edges = np.concatenate([[0], found["threshold"], [3.2]])
    mean = float((share[1:] * np.diff(edges)).sum())
    assert mean == pytest.approx(0.9489583, abs=0.01)
    assert (
        "13 of 24 samples are below detection (limits 0.9 to 2 ppb)" in model.notes[0]
    )
    assert "unknown below 0.5" in model.notes[0]


def test_over_range_missing_and_imputed_samples_are_told():
    values = np.exp(np.random.default_rng(8).normal(3, 1, 200))
    values[:3] = np.nan
    over = values > 60
    table = pd.DataFrame({"Cu_ppm": np.where(over, 60.0, values)})
    table["Cu_ppm_over_range"] = over
    table["Cu_ppm_imputed"] = np.arange(200) < 10
    model = concentration_number(table, "Cu_ppm", n_bootstrap=10, random_state=1)
    assert model.table["threshold"].max() == 60
    assert model.table["above"].iloc[-1] == over.sum()
    text = " ".join(model.notes)
    assert "3 of 200 samples have no value" in text
    assert "7 of 197 values are imputed" in text
    assert f"{over.sum()} samples are above the range" in text


def test_limits_of_the_companion_column_are_used():
    values = np.exp(np.random.default_rng(9).normal(3, 1, 100))
    flags = values < 10
    full = pd.DataFrame({"a": np.where(flags, 10.0, values), "a_censored": flags})
    apart = pd.DataFrame({"a": np.where(flags, np.nan, values), "a_censored": flags})
    apart["a_detection_limit"] = 10.0
    one, two = (
        concentration_number(t, "a", n_segments=2, n_bootstrap=0) for t in (full, apart)
    )
    pd.testing.assert_frame_equal(one.table, two.table)


def test_a_volume():
    grade = np.exp(np.random.default_rng(10).normal(0, 1, (12, 20, 25)))
    cube = xr.DataArray(
        grade,
        dims=("z", "y", "x"),
        coords={
            "z": np.arange(12) * 5.0,
            "y": np.arange(20) * -10.0,
            "x": np.arange(25) * 10,
        },
        name="Au_gt",
    )
    model = concentration_volume(cube, n_bootstrap=10, random_state=0)
    other = concentration_volume(
        cube.chunk({"z": 5, "y": 8, "x": 8}), cell_volume=500, n_bootstrap=10,
        random_state=0,
    )  # fmt: skip
    pd.testing.assert_frame_equal(model.table, other.table)
    pd.testing.assert_frame_equal(model.intervals, other.intervals)
    expected = [(grade >= t).sum() * 500 for t in model.table["threshold"]]
    np.testing.assert_allclose(model.table["above"], expected)
    assert (model.kind, model.amount_units) == ("concentration_volume", "m³")


@pytest.mark.parametrize("weights", ["equal", "counts"])
def test_intervals_cover_the_break(weights):
    """Of 40 draws of 1000 samples, the 95 % interval holds the true break of most."""
    random = np.random.default_rng(11)
    held = 0
    for seed in range(40):
        table = pd.DataFrame({"a": bent_law(random.random(1000), knot=20)})
        model = concentration_number(
            table, "a", n_segments=2, weights=weights, n_bootstrap=50, random_state=seed
        )
        low, high = model.intervals.loc["break_1", ["low", "high"]]
        held += low <= 20 <= high
    assert held >= 32


@pytest.mark.parametrize(
    ("values", "options", "match"),
    [
        ([[np.inf, 1.0]] * 2, {}, "2 cells are infinite"),
        ([[0.0, -1.0]] * 2, {}, r"no cells have a positive value \(4 are zero"),
        ([[np.nan, np.nan]] * 2, {}, "no cells have a positive value: a power law"),
        ([[1.0, 2.0]] * 2, {}, "points are too few"),
        ([[1.0, 2.0]] * 2, {"direction": "up"}, "direction must be one of"),
        ([[1.0, 2.0]] * 2, {"weights": "area"}, "weights must be one of"),
        ([[1.0, 2.0]] * 2, {"n_thresholds": 5}, "n_thresholds must be from 10 to 1000"),
        ([[1.0, 2.0]] * 2, {"n_bootstrap": -1}, "must not be negative"),
        ([[1.0, 2.0]] * 2, {"column": "Cu_ppm"}, "leave it out for a grid"),
    ],
)
def test_refused_grids(values, options, match):
    with pytest.raises(ValueError, match=match):
        concentration_area(grid_of(values), **options)


def test_refused_samples():
    good = points_of(np.arange(1.0, 31))
    with pytest.raises(ValueError, match="name one with column='Cu_ppm'"):
        concentration_area(good)
    with pytest.raises(ValueError, match="needs metres"):
        concentration_area(
            good.set_crs("EPSG:4326", allow_override=True), column="Cu_ppm"
        )
    with pytest.raises(ValueError, match="no column 'Cu_ppb'"):
        concentration_number(good, "Cu_ppb")
    places = [None if i == 2 else p for i, p in enumerate(good.geometry)]
    placeless = good.set_geometry(gpd.GeoSeries(places, crs=good.crs))
    with pytest.raises(ValueError, match="no geometry, the first is row 3"):
        concentration_area(placeless, column="Cu_ppm")
    along = gpd.points_from_xy(np.arange(30), np.zeros(30))
    line = good.set_geometry(along, crs=good.crs)
    with pytest.raises(ValueError, match="on one line"):
        concentration_area(line, column="Cu_ppm")
    bad = good.assign(sample_id=[f"S{i}" for i in range(30)])
    bad.loc[3, "Cu_ppm"] = np.inf
    bad["Cu_ppm_censored"] = bad.index == 5
    bad.loc[5, "Cu_ppm"] = np.nan
    with pytest.raises(DataProblems, match=r"row S5.*no limit.*\n.*row S3.*inf"):
        concentration_number(bad, "Cu_ppm")


def test_refused_volumes():
    with pytest.raises(ValueError, match="has 2"):
        concentration_volume(np.ones((3, 3)), cell_volume=1.0)
    with pytest.raises(ValueError, match="state cell_volume= in m³"):
        concentration_volume(np.ones((3, 3, 3)))
    with pytest.raises(ValueError, match=r"positive number\. Got -1"):
        concentration_volume(np.ones((3, 3, 3)), cell_volume=-1)
    uneven = xr.DataArray(
        np.ones((3, 2, 2)), dims=("z", "y", "x"),
        coords={"z": [0.0, 1, 5], "y": [0.0, 1], "x": [0.0, 1]},
    )  # fmt: skip
    with pytest.raises(ValueError, match="'z' is not evenly spaced"):
        concentration_volume(uneven)


def test_real_till(real_data):
    folder = real_data("geochem/gtk_till_central_lapland")
    till = read_samples(folder / "IOCG_CLB_Till_Geochem_reg_511p.gpkg")
    number = concentration_number(till, "Cu_ppm_511", n_bootstrap=20, random_state=0)
    area = concentration_area(till, column="Cu_ppm_511", n_bootstrap=20, random_state=0)
    assert number.table["above"].iloc[0] == 1112
    assert (np.diff(number.slopes[:3]) < 0).all()
    # even sampling: both curves bend at about the same contents
    assert number.breaks[0] == pytest.approx(area.breaks[0], rel=0.15)
    assert "curve bends" in " ".join(number.notes)


def test_real_stream_sediments(real_data):
    path = real_data("geochem/gswa_stream_sediment_au") / "sediment_samples.csv"
    samples = read_samples(path, crs="EPSG:4283")
    model = concentration_number(samples, "Au_ppm", n_bootstrap=20, random_state=0)
    text = " ".join(model.notes)
    assert "53 of 1392 samples are below detection" in text
    assert "154 of 1392 values are zero" in text
    assert model.table["above"].is_monotonic_decreasing
    with pytest.raises(ValueError, match="needs metres"):
        concentration_area(samples, column="Au_ppm")
