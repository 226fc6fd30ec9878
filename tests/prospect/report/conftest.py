import geopandas as gpd
import numpy as np
import pytest
import rioxarray  # noqa: F401
import xarray as xr
from shapely.geometry import Point, box

CRS = "EPSG:32654"


def build_grid(values, name="score", cell=100.0, crs=CRS, **attrs):
    values = np.asarray(values, dtype=float)
    rows, columns = values.shape
    grid = xr.DataArray(
        values,
        dims=("y", "x"),
        coords={
            "y": 7_600_000 - cell * (np.arange(rows) + 0.5),
            "x": 450_000 + cell * (np.arange(columns) + 0.5),
        },
        name=name,
        attrs=attrs,
    )
    return grid.rio.write_crs(crs)


@pytest.fixture(scope="session")
def make_grid():
    return build_grid


@pytest.fixture
def score():
    rng = np.random.default_rng(1)
    values = rng.random((40, 60))
    values[:5, :8] = np.nan
    return build_grid(values)


@pytest.fixture
def deposits():
    places = [Point(451_000, 7_599_000), Point(453_000, 7_598_000), Point(0, 0)]
    return gpd.GeoDataFrame(geometry=places, crs=CRS)


@pytest.fixture
def targets():
    shapes = [
        box(452_000, 7_598_000, 453_000, 7_599_000),
        box(454_000, 7_596_500, 454_600, 7_597_000),
    ]
    return gpd.GeoDataFrame({"rank": [2, 1]}, geometry=shapes, crs=CRS)


@pytest.fixture
def no_chinese_font(monkeypatch):
    from prospect.report import _figure, _fonts

    monkeypatch.setattr(_fonts, "chinese_font", lambda: None)
    monkeypatch.setattr(_figure, "families", _fonts.families)
