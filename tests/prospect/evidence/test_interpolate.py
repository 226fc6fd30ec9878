import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from prospect.evidence import interpolate
from survey import make_geobox

CRS = "EPSG:32633"


@pytest.fixture
def soil(table):
    random = np.random.default_rng(5)
    xy = random.uniform(-5, 45, (60, 2))
    return table(shapely.points(xy), Cu_ppm=random.lognormal(3, 1, 60))


def idw(samples, column, grid, *, power, count):
    """Inverse distance weighting, written out cell by cell."""
    xy = shapely.get_coordinates(samples.geometry)
    values = samples[column].to_numpy()
    out = np.empty(grid.shape)
    for i, y in enumerate(grid.y.values):
        for j, x in enumerate(grid.x.values):
            distance = np.hypot(xy[:, 0] - x, xy[:, 1] - y)
            near = np.argsort(distance)[:count]
            weight = distance[near] ** -power
            out[i, j] = (weight * values[near]).sum() / weight.sum()
    return out


@pytest.mark.parametrize(("power", "count"), [(2.0, 12), (1.0, 3), (3.5, 100)])
def test_idw_equals_brute_force(frame, soil, power, count):
    found = interpolate(
        soil, "Cu_ppm", like=frame(12, 15, 3), power=power, neighbours=count
    )
    expected = idw(soil, "Cu_ppm", found, power=power, count=count)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize("method", ["idw", "nearest", "linear"])
def test_exact_at_a_sample_on_a_centre(frame, table, method):
    centres = [(x, y) for x in (5, 15, 25, 35) for y in (5, 15, 25, 35)]
    values = np.arange(16.0) + 1
    samples = table(shapely.points(centres), v=values)
    found = interpolate(samples, "v", like=frame(4, 4, 10), method=method)
    expected = values.reshape(4, 4).T[::-1]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_north_is_up_and_a_plane_is_a_plane(frame, table):
    xy = np.random.default_rng(1).uniform(-20, 60, (80, 2))
    samples = table(shapely.points(xy), v=xy @ [2.0, 3.0])
    found = interpolate(samples, "v", like=frame(20, 30), method="linear")
    np.testing.assert_allclose(found, found.y * 3 + found.x * 2, rtol=1e-5)
    assert found.to_numpy()[0, 0] > found.to_numpy()[-1, 0]


def test_limits_of_distance(frame, table):
    samples = table(shapely.points([(0.5, 0.5), (3.5, 0.5)]), v=[1.0, 5.0])
    whole = interpolate(samples, "v", like=frame(1, 12)).to_numpy()[0]
    assert not np.isnan(whole).any()
    near = interpolate(samples, "v", like=frame(1, 12), max_distance=2.5).to_numpy()[0]
    assert np.isnan(near).tolist() == [False] * 6 + [True] * 6
    np.testing.assert_allclose(near[:6], [1, 1.8, 4.2, 5, 5, 5], rtol=1e-6)
    few = interpolate(samples, "v", like=frame(1, 12), max_distance=1.5).to_numpy()[0]
    np.testing.assert_allclose(few[:5], [1, 1, 5, 5, 5])
    assert np.isnan(few[5:]).all()


def test_censored_values_are_half_the_limit(frame, table):
    samples = table(
        shapely.points([(0.5, 0.5), (1.5, 0.5), (2.5, 0.5), (3.5, 0.5)]),
        Au_ppb=[1.0, 8.0, np.nan, 4.0],
        Au_ppb_censored=[True, False, False, False],
    )
    before = samples.copy()
    found = interpolate(samples, "Au_ppb", like=frame(1, 4), method="nearest")
    np.testing.assert_allclose(found.to_numpy()[0, [0, 1, 3]], [0.5, 8, 4])
    assert found.attrs["censored_share"] == pytest.approx(1 / 3)
    assert found.attrs["units"] == "ppb"
    assert found.attrs["notes"][0] == "1 of 4 samples have no value"
    assert found.attrs["notes"][1].startswith("1 samples below detection entered as")
    pd.testing.assert_frame_equal(pd.DataFrame(samples), pd.DataFrame(before))


def test_samples_at_one_place_are_averaged(frame, table):
    samples = table(shapely.points([(0.5, 0.5), (0.5, 0.5), (2.5, 0.5)]), v=[1.0, 3, 9])
    found = interpolate(samples, "v", like=frame(1, 3))
    assert found.to_numpy()[0, 0] == 2
    assert found.attrs["notes"] == ["1 samples share a place with another: averaged"]


def test_transform_is_of_the_samples(frame, table):
    samples = table(
        shapely.points([(0.5, 0.5), (2.5, 0.5), (9, 9)]), Cu_ppm=[1.0, 100, 0]
    )
    found = interpolate(samples, "Cu_ppm", like=frame(1, 3), transform="log10")
    np.testing.assert_allclose(found.to_numpy()[0], [0, 1, 2], atol=1e-6)
    assert found.attrs["units"] == "log10(ppm)"
    assert found.attrs["notes"] == ["1 of 3 samples have no log10"]


@settings(max_examples=10, deadline=None)
@given(
    seed=st.integers(0, 100),
    method=st.sampled_from(["idw", "nearest", "linear", "natural_neighbour"]),
    chunks=st.tuples(st.integers(1, 12), st.integers(1, 15)),
)
def test_chunks_do_not_matter_and_range_is_kept(seed, method, chunks):
    random = np.random.default_rng(seed)
    points = shapely.points(random.uniform(0, 40, (20, 2)))
    samples = gpd.GeoDataFrame({"v": random.normal(size=20)}, geometry=points, crs=CRS)
    geobox = make_geobox((0, 45, 0, 36), crs=CRS, resolution=3)
    whole = interpolate(samples, "v", like=geobox, method=method)
    like = whole.chunk(dict(zip("yx", chunks, strict=True)))
    parts = interpolate(samples, "v", like=like, method=method)
    np.testing.assert_array_equal(parts, whole)
    assert np.nanmin(whole) >= samples.v.min() - 1e-5
    assert np.nanmax(whole) <= samples.v.max() + 1e-5


def test_order_of_rows_does_not_matter(frame, soil):
    one = interpolate(soil, "Cu_ppm", like=frame(12, 15, 3))
    two = interpolate(soil.sample(frac=1, random_state=1), "Cu_ppm", like=one)
    np.testing.assert_array_equal(one, two)
    assert one.chunks is not None
    xr.testing.assert_identical(one.drop_attrs(), two.drop_attrs())


def test_errors(frame, table, soil):
    geobox = frame(3, 3)
    with pytest.raises(ValueError, match=r"no column 'Cu_ppb'.*did you mean 'Cu_ppm'"):
        interpolate(soil, "Cu_ppb", like=geobox)
    with pytest.raises(ValueError, match=r"not numeric; it begins with \['<0.5'\]"):
        interpolate(table([shapely.Point(0, 0)], v=["<0.5"]), "v", like=geobox)
    with pytest.raises(ValueError, match=r"not numeric; it begins with \[True\]"):
        interpolate(table([shapely.Point(0, 0)], v=[True]), "v", like=geobox)
    with pytest.raises(ValueError, match="none of the 1 samples has a value"):
        interpolate(table([shapely.Point(0, 0)], v=[np.nan]), "v", like=geobox)
    with pytest.raises(ValueError, match=r"method must be one of.*'spline'"):
        interpolate(soil, "Cu_ppm", like=geobox, method="spline")
    with pytest.raises(ValueError, match="neighbours must be at least 1"):
        interpolate(soil, "Cu_ppm", like=geobox, neighbours=0)
    with pytest.raises(ValueError, match="max_distance must be positive"):
        interpolate(soil, "Cu_ppm", like=geobox, max_distance=-1)
    with pytest.raises(ValueError, match="transform must be one of"):
        interpolate(soil, "Cu_ppm", like=geobox, transform="log")
    with pytest.raises(ValueError, match="none of the 60 samples has a log10"):
        interpolate(soil.assign(Cu_ppm=-1.0), "Cu_ppm", like=geobox, transform="log10")
    line = table(shapely.points([(0, 0), (1, 1), (2, 2), (3, 3)]), v=[1.0, 2, 3, 4])
    with pytest.raises(ValueError, match="three places not on one line; there are 4"):
        interpolate(line, "v", like=geobox, method="linear")
    discs = soil.set_geometry(soil.buffer(1))
    with pytest.raises(ValueError, match="samples must be points"):
        interpolate(discs, "Cu_ppm", like=geobox)


def test_till_of_lapland(real_data):
    file = "IOCG_CLB_Till_Geochem_reg_511p.gpkg"
    till = gpd.read_file(real_data("geochem/gtk_till_central_lapland") / file)
    west, south, east, north = np.round(till.total_bounds, -3)
    geobox = make_geobox((west, east, south, north), crs=till.crs, resolution=2000)
    found = interpolate(till, "Cu_ppm_511", like=geobox, max_distance=5000)
    assert 0.3 < float(found.notnull().mean()) < 1  # noqa: PD004
    cells = found.sel(
        x=xr.DataArray(till.geometry.x),
        y=xr.DataArray(till.geometry.y),
        method="nearest",
    )
    assert np.corrcoef(np.log(cells), np.log(till["Cu_ppm_511"]))[0, 1] > 0.85
