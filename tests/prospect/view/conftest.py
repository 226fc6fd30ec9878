"""Grids and samples to look at, and a real JupyterLab in a real browser."""

import geopandas as gpd
import numpy as np
import pytest
import rioxarray  # noqa: F401
import xarray as xr
from shapely.geometry import box

from ._lab import Lab

# CGCS2000, Gauss-Kruger on a meridian that has no EPSG code
OWN = (
    "+proj=tmerc +lat_0=0 +lon_0=103.5 +k=1 +x_0=500000 +y_0=0 +ellps=GRS80 +units=m "
    "+no_defs"
)


def build_grid(values, *, name="score", cell=100.0, crs="EPSG:4547", south_up=False):
    """Grid of 100 m cells whose north-west corner is (500000, 3400000)."""
    values = np.asarray(values, dtype=float)
    rows, columns = values.shape
    y = 3_400_000 - cell * (np.arange(rows) + 0.5)
    x = 500_000 + cell * (np.arange(columns) + 0.5)
    grid = xr.DataArray(values, {"y": y, "x": x}, ("y", "x"), name)
    grid = grid.isel(y=slice(None, None, -1)) if south_up else grid
    return grid.rio.write_crs(crs) if crs is not None else grid


@pytest.fixture(scope="session")
def make_grid():
    return build_grid


@pytest.fixture
def layers():
    """Two layers with gaps: copper in ppm, rocks by class."""
    draw = np.random.default_rng(4)
    copper = draw.lognormal(3, 0.6, (40, 60))
    copper[:6, :9] = np.nan
    rocks = draw.integers(1, 4, (40, 60)).astype(float)
    named = {1: "granite", 2: "schist", 3: "marble"}
    return xr.Dataset(
        {
            "copper": build_grid(copper).assign_attrs(units="ppm", long_name="Copper"),
            "rocks": build_grid(rocks).assign_attrs(kind="categorical", classes=named),
        }
    )


@pytest.fixture
def targets():
    shapes = [
        box(502_000, 3_397_000, 503_000, 3_398_000),
        box(504_000, 3_398_500, 504_600, 3_399_000),
    ]
    return gpd.GeoDataFrame({"rank": [2, 1]}, geometry=shapes, crs="EPSG:4547")


@pytest.fixture
def samples():
    draw = np.random.default_rng(6)
    copper = draw.lognormal(3, 0.7, 60).round(1)
    below = copper < 12
    return gpd.GeoDataFrame(
        {
            "sample_id": [f"S{i:02}" for i in range(60)],
            "Cu_ppm": np.where(below, 12.0, copper),
            "Cu_ppm_censored": below,
            "Zn_ppm": (copper * draw.lognormal(1, 0.3, 60)).round(1),
            "rock": draw.choice(["granite", "schist"], 60),
        },
        geometry=gpd.points_from_xy(
            draw.uniform(500_000, 506_000, 60), draw.uniform(3_396_000, 3_400_000, 60)
        ),
        crs="EPSG:4547",
        index=range(100, 160),
    )


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A JupyterLab on a free port, and a browser that reaches nothing else."""
    running = Lab(tmp_path_factory.mktemp("lab"))
    try:
        yield running.wait()
    finally:
        running.close()
