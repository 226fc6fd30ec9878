"""Basins painted: every cell against the polygons, in blocks, with its metadata."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import xarray as xr

from prospect.geochem import catchment_grid, delineate_catchments
from prospect.geochem.catchments._flow import drain, label_upstream
from survey import make_geobox, open_grid, read_samples

from .test_catchments import middle, points
from .test_flow import terrain

FOLDER = "data_samples/synthetic_district/"


@pytest.fixture(scope="module")
def district():
    samples = read_samples(
        FOLDER + "geochemistry/stream_sediments_gbk.csv", crs="EPSG:4547"
    )
    dem = open_grid(FOLDER + "terrain/elevation.tif")
    basins = delineate_catchments(
        samples, dem, snap_distance=100, min_area=0.2, unplaced="keep"
    )
    values = samples.drop(columns="geometry")
    return basins.merge(values, on="sample_id"), dem


def test_each_cell_shows_the_first_sample_below_it(district):
    basins, dem = district
    grid = catchment_grid(basins, "Cu_ppm", like=dem)
    drainage = drain(dem, rivers=None, burn_depth=1)
    placed = basins[basins["status"] == "delineated"]
    labels = label_upstream(drainage, placed["outlet_cell"].astype(int).to_numpy())
    values = np.append(np.nan, placed["Cu_ppm"].to_numpy()).astype("float32")
    np.testing.assert_array_equal(grid.to_numpy(), values[labels])


def test_in_blocks_as_in_one(district):
    basins, dem = district
    whole = catchment_grid(basins, "Cu_ppm", like=dem)
    blocks = catchment_grid(basins, "Cu_ppm", like=dem.chunk(y=64, x=150))
    assert blocks.chunks[0][0] == 64
    xr.testing.assert_equal(whole.compute(), blocks.compute())


def test_it_is_lazy_and_says_what_it_shows(district):
    basins, dem = district
    grid = catchment_grid(basins, "Au_ppb", like=dem)
    assert grid.chunks is not None
    assert grid.dtype == "float32"
    assert grid.rio.crs.to_epsg() == 4547
    assert grid.attrs["units"] == "ppb"
    assert grid.attrs["kind"] == "continuous"
    placed = basins[basins["status"] == "delineated"]
    assert grid.attrs["censored_share"] == placed["Au_ppb_censored"].mean() > 0
    assert grid.attrs["imputed_share"] == 0


def test_made_columns_keep_the_flags_and_units_of_their_analyte(district):
    basins, dem = district
    made = basins.assign(
        Au_ppb_residual=1.0, Au_ppb_imputed=True, Au_ppb_log_residual=0.3
    )
    grid = catchment_grid(made, "Au_ppb_residual", like=dem)
    assert grid.attrs["imputed_share"] == 1
    assert grid.attrs["units"] == "ppb"
    logs = catchment_grid(made, "Au_ppb_log_residual", like=dem)
    assert logs.attrs["units"] == "lg"


def test_the_own_area_of_a_sample_without_value_is_a_gap():
    at = points({"down": middle(5, 2), "up": middle(2, 2)})
    dem = terrain(np.add.outer(np.arange(9.0, 3, -1), np.abs(np.arange(-2.0, 4))))
    basins = delineate_catchments(at, dem, snap_distance=0, min_area=0)
    grid = catchment_grid(basins.assign(value=[4.0, np.nan]), "value", like=dem)
    assert np.isnan(grid.to_numpy()[2, 2])
    assert grid.to_numpy()[5, 2] == 4
    painted = int(grid.count())
    assert painted == pytest.approx(100 * basins["own_area_km2"][0])


def test_samples_of_one_outlet_paint_their_mean_and_are_counted():
    at = points({"A": middle(3, 2), "B": middle(3, 2)})
    dem = terrain(np.add.outer(np.arange(9.0, 3, -1), np.abs(np.arange(-2.0, 4))))
    basins = delineate_catchments(at, dem, snap_distance=0, min_area=0)
    grid = catchment_grid(basins.assign(value=[4.0, 8.0]), "value", like=dem)
    assert grid.to_numpy()[3, 2] == 6
    assert "2 samples share" in grid.attrs["notes"][0]


def test_a_grid_in_another_system(district):
    basins, _ = district
    like = make_geobox((114.2, 114.4, 30.75, 30.9), crs="EPSG:4490", resolution=0.002)
    there = catchment_grid(basins, "Cu_ppm", like=like)
    assert there.count() > 0.3 * there.size


def test_what_is_refused():
    shapes = [shapely.box(0, 0, 1, 1)]
    table = {"outlet_cell": pd.array([1], "Int64"), "unit": ["a"], "v": [1.0]}
    basins = gpd.GeoDataFrame(table, geometry=shapes, crs=32650)
    like = make_geobox((0, 4, 0, 4), crs="EPSG:32650", resolution=1)
    with pytest.raises(ValueError, match="not numbers"):
        catchment_grid(basins, "unit", like=like)
    with pytest.raises(ValueError, match="no column 'w'"):
        catchment_grid(basins, "w", like=like)
    empty = basins.set_geometry([shapely.Polygon()], crs=32650)
    with pytest.raises(ValueError, match="None of the 1 features has a geometry"):
        catchment_grid(empty, "v", like=like)
