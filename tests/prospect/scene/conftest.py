import geopandas as gpd
import numpy as np
import pytest
import rioxarray  # noqa: F401
import xarray as xr
from shapely.geometry import MultiPolygon, Point, box

CRS = "EPSG:32654"


@pytest.fixture
def score():
    rows, columns = 40, 60
    y = 7_600_000 - 100 * (np.arange(rows) + 0.5)
    x = 450_000 + 100 * (np.arange(columns) + 0.5)
    values = np.random.default_rng(2).random((rows, columns))
    values[:6, :6] = np.nan
    grid = xr.DataArray(values, {"y": y, "x": x}, ("y", "x"), "score")
    return grid.rio.write_crs(CRS)


@pytest.fixture
def elevation(score):
    slope = 500 + 0.05 * (score["x"] - 450_000) + 0 * score["y"]
    return slope.transpose("y", "x").rename("elevation").rio.write_crs(CRS)


@pytest.fixture
def deposits():
    places = [Point(451_000, 7_599_000), Point(453_000, 7_598_000), Point(0, 0)]
    return gpd.GeoDataFrame(geometry=places, crs=CRS)


@pytest.fixture
def targets():
    one = box(452_000, 7_598_000, 453_000, 7_599_000)
    half_outside = box(455_500, 7_597_000, 457_000, 7_598_000)
    outside = box(460_000, 7_597_000, 461_000, 7_598_000)
    shapes = [MultiPolygon([one, half_outside]), outside]
    return gpd.GeoDataFrame({"rank": [1, 2]}, geometry=shapes, crs=CRS)


@pytest.fixture
def forget_probe():
    from prospect.scene import probe_offscreen

    probe_offscreen.cache_clear()
    yield
    probe_offscreen.cache_clear()
