import numpy as np
import pytest
import xarray as xr
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox
from odc.geo.xr import wrap_xr

from prospect.evidence import terrain
from survey import open_grid

CRS = "EPSG:32633"
DERIVATIVES = [
    "slope",
    "northness",
    "eastness",
    "profile_curvature",
    "plan_curvature",
    "roughness",
    "ruggedness",
    "topographic_position",
]


def surface(function, size=(10.0, -10.0), shape=(21, 25)):
    """DEM z = function(x, y), x and y in metres from the middle of the map."""
    corner = (-shape[1] / 2 * size[0], -shape[0] / 2 * size[1])
    geobox = GeoBox(shape, Affine(size[0], 0, corner[0], 0, size[1], corner[1]), CRS)
    y = corner[1] + (np.arange(shape[0]) + 0.5) * size[1]
    x = corner[0] + (np.arange(shape[1]) + 0.5) * size[0]
    return wrap_xr(function(*np.meshgrid(x, y)).astype("float32"), geobox)


@settings(max_examples=12, deadline=None)
@given(p=st.floats(-1.5, 1.5), q=st.floats(-1.5, 1.5))
def test_a_plane_has_its_slope_everywhere(p, q):
    dem = surface(lambda x, y: 100 + p * x + q * y, size=(10.0, -5.0))
    steep = np.hypot(p, q)
    slope = terrain(dem, "slope").values
    np.testing.assert_allclose(slope, np.degrees(np.arctan(steep)), atol=1e-2)
    if steep > 0.01:
        np.testing.assert_allclose(terrain(dem, "northness"), -q / steep, atol=1e-2)
        np.testing.assert_allclose(terrain(dem, "eastness"), -p / steep, atol=1e-2)


def test_curvature_of_a_dome_and_a_bowl():
    """On z = ∓a r² both second derivatives are 2 a, convex positive."""
    for sign in (1, -1):
        dem = surface(lambda x, y, sign=sign: -sign * 0.002 * (x**2 + y**2))
        inner = np.s_[1:-1, 1:-1]
        away = np.ones((19, 23), bool)
        away[9, 11] = False
        for name in ("profile_curvature", "plan_curvature"):
            found = terrain(dem, name).values[inner][away]
            np.testing.assert_allclose(found, sign * 0.004, rtol=2e-3)
            assert terrain(dem, name).values[10, 12] == 0


def test_curvature_of_a_ridge_is_across_it():
    dem = surface(lambda x, y: -0.002 * x**2 + 1e-3 * y)
    profile = terrain(dem, "profile_curvature").values[1:-1, 2:10]
    plan = terrain(dem, "plan_curvature").values[1:-1, 2:10]
    np.testing.assert_allclose(profile, 0.004, rtol=2e-2)
    np.testing.assert_allclose(plan, 0, atol=2e-4)


def test_slope_of_a_cone_and_where_it_faces():
    dem = surface(lambda x, y: -0.3 * np.hypot(x, y), shape=(41, 41))
    slope = terrain(dem, "slope").values
    x, y = np.meshgrid(dem.x, dem.y)
    far = np.hypot(x, y)
    away = far > 60
    np.testing.assert_allclose(slope[away], np.degrees(np.arctan(0.3)), rtol=0.02)
    north = terrain(dem, "northness").values
    np.testing.assert_allclose(north[away], y[away] / far[away], atol=0.06)


def test_roughness_ruggedness_and_position_by_hand():
    values = np.array([[1.0, 2, 3], [4, 5, 6], [7, 8, 99]])
    dem = surface(lambda x, y: values + 0 * (x + y), shape=(3, 3))
    assert terrain(dem, "roughness").values[1, 1] == 98
    squares = ((np.array([1.0, 2, 3, 4, 6, 7, 8, 99]) - 5) ** 2).sum()
    assert terrain(dem, "ruggedness").values[1, 1] == pytest.approx(np.sqrt(squares))
    position = terrain(dem, "topographic_position", window=3).values
    assert position[1, 1] == pytest.approx(5 - values.mean())
    assert position[0, 0] == pytest.approx(1 - values[:2, :2].mean())


def test_a_missing_cell_costs_only_itself():
    dem = surface(lambda x, y: 100 + 0.2 * x - 0.1 * y)
    holed = dem.copy(deep=True)
    holed[7, 9] = np.nan
    for name in DERIVATIVES[:5]:
        whole, found = terrain(dem, name).values, terrain(holed, name).values
        assert np.isnan(found).sum() == 1
        known = ~np.isnan(found)
        np.testing.assert_allclose(found[known], whole[known], atol=2e-3)
    for name in DERIVATIVES:
        assert np.isnan(terrain(holed, name).values).sum() == 1


@pytest.mark.parametrize("name", DERIVATIVES)
def test_chunks_metadata_and_input(name):
    random = np.random.default_rng(0)
    dem = surface(lambda x, y: random.normal(100, 5, (x + y).shape))
    before = dem.copy(deep=True)
    found = terrain(dem, name, window=5)
    lazy = terrain(dem.chunk(y=6, x=7), name, window=5)
    np.testing.assert_allclose(lazy, found, rtol=1e-6, atol=1e-7)
    xr.testing.assert_identical(dem, before)
    assert found.chunks is not None
    assert found.dtype == "float32"
    assert found.attrs["units"] in {"degree", "1", "1/m", "m"}
    assert found.attrs["kind"] == "continuous"
    assert found.name == name


def test_errors():
    dem = surface(lambda x, y: x + y)
    with pytest.raises(ValueError, match=r"'aspect' instead. An aspect comes as"):
        terrain(dem, "aspect")
    with pytest.raises(ValueError, match=r"derivative must be one of.*'tilt'"):
        terrain(dem, "tilt")
    with pytest.raises(ValueError, match="window must be a positive odd number"):
        terrain(dem, "topographic_position", window=4)
    corner = Affine(0.1, 0, 10, 0, -0.1, 50)
    degrees = wrap_xr(np.zeros((3, 3)), GeoBox((3, 3), corner, "EPSG:4326"))
    degrees = degrees.rename(latitude="y", longitude="x")
    with pytest.raises(ValueError, match="terrain needs metres"):
        terrain(degrees, "slope")


def test_hamersley_equals_gradients_of_numpy(real_data):
    dem = open_grid(real_data("geology/hamersley") / "dtm_rp.tif")
    slope = terrain(dem, "slope").values[2:-2, 2:-2]
    z = dem.values.astype("f8")
    cell = abs(float(dem.x[1] - dem.x[0]))
    smooth_x = (z[:-2] + 2 * z[1:-1] + z[2:])[:, 1:-1] / 4
    smooth_y = (z[:, :-2] + 2 * z[:, 1:-1] + z[:, 2:])[1:-1] / 4
    p = np.gradient(smooth_x, cell, axis=1)[1:-1, 1:-1]
    q = np.gradient(smooth_y, cell, axis=0)[1:-1, 1:-1]
    expected = np.degrees(np.arctan(np.hypot(p, q)))
    known = ~np.isnan(expected) & ~np.isnan(slope)
    assert known.mean() > 0.5
    np.testing.assert_allclose(slope[known], expected[known], rtol=1e-4, atol=1e-4)
