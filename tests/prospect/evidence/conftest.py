import geopandas as gpd
import pytest

from survey import make_geobox

CRS = "EPSG:32633"


@pytest.fixture
def frame():
    """Make a pixel grid of metres from (0, 0)."""

    def make(rows, cols, resolution=1.0):
        region = (0, cols * resolution, 0, rows * resolution)
        return make_geobox(region, crs=CRS, resolution=resolution)

    return make


@pytest.fixture
def table():
    """Make a GeoDataFrame from geometries and columns."""

    def make(geometries, **columns):
        return gpd.GeoDataFrame(columns, geometry=list(geometries), crs=CRS)

    return make
