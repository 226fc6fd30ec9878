import numpy as np
import pytest
import shapely
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from prospect.evidence import density_of
from survey import make_geobox, read_features

CRS = "EPSG:32633"


def lines(seed, count=12):
    random = np.random.default_rng(seed)
    return [
        shapely.LineString(
            random.uniform(-1000, 5000, 2) + random.normal(0, 400, (6, 2)).cumsum(0)
        )
        for _ in range(count)
    ]


def discs(grid, radius, quads=256):
    x, y = np.meshgrid(grid.x, grid.y)
    return shapely.buffer(shapely.points(x, y), radius, quad_segs=quads)


@pytest.mark.parametrize("radius", [60.0, 730.0])
def test_lines_equal_shapely(frame, table, radius):
    shapes = lines(1)
    found = density_of(table(shapes), like=frame(30, 40, 100), radius=radius)
    cut = shapely.intersection(
        discs(found, radius)[..., None], np.array(shapes)[None, None]
    )
    expected = shapely.length(cut).sum(axis=-1) / (np.pi * radius**2) * 1000
    np.testing.assert_allclose(found, expected, rtol=2e-3, atol=1e-3)


def test_points_equal_counting(frame, table):
    random = np.random.default_rng(2)
    xy = random.uniform(-1000, 5000, (300, 2))
    found = density_of(table(shapely.points(xy)), like=frame(30, 40, 100), radius=500)
    x, y = np.meshgrid(found.x, found.y)
    distance = np.hypot(x[..., None] - xy[:, 0], y[..., None] - xy[:, 1])
    expected = (distance <= 500).sum(axis=-1) / (np.pi * 0.25)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize(("radius", "within"), [(730.0, 0.02), (60.0, 0.03)])
def test_polygons_equal_shapely(frame, table, radius, within):
    random = np.random.default_rng(3)
    shapes = [
        shapely.Point(random.uniform(-500, 4500, 2)).buffer(random.uniform(50, 600))
        for _ in range(15)
    ]
    found = density_of(table(shapes), like=frame(30, 40, 100), radius=radius)
    cut = shapely.intersection(discs(found, radius, 64), shapely.union_all(shapes))
    expected = shapely.area(cut) / (np.pi * radius**2)
    assert np.abs(found.values - expected).max() < within
    assert found.values.min() >= 0
    assert found.values.max() <= 1


def test_worked_by_hand(frame, table):
    """A line through the middle of a circle: 2 r / (π r²)."""
    through = table([shapely.LineString([(-9e3, 500), (9e3, 500)])])
    found = density_of(through, like=frame(1, 1, 1000), radius=2000).values.item()
    assert found == pytest.approx(2 / (np.pi * 2))


def test_a_whole_map_of_polygon_is_one(frame, table):
    cover = table([shapely.box(-5e3, -5e3, 9e3, 9e3), shapely.box(0, 0, 2e3, 2e3)])
    found = density_of(cover, like=frame(20, 20, 100), radius=450)
    assert (found.values == 1).all()


@settings(max_examples=10, deadline=None)
@given(
    seed=st.integers(0, 100),
    radius=st.floats(60, 900),
    kind=st.sampled_from(["points", "lines", "polygons"]),
    chunks=st.tuples(st.integers(1, 20), st.integers(1, 30)),
)
def test_chunks_do_not_matter(seed, radius, kind, chunks):
    import geopandas as gpd

    shapes = np.array(lines(seed, 5))
    if kind == "points":
        shapes = shapely.points(shapely.get_coordinates(shapes))
    if kind == "polygons":
        shapes = shapely.buffer(shapes, 70)
    features = gpd.GeoDataFrame(geometry=list(shapes), crs=CRS)
    geobox = make_geobox((0, 3000, 0, 2000), crs=CRS, resolution=100)
    whole = density_of(features, like=geobox, radius=radius)
    like = whole.chunk(dict(zip("yx", chunks, strict=True)))
    parts = density_of(features, like=like, radius=radius)
    np.testing.assert_allclose(parts, whole, rtol=1e-5, atol=1e-8)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 100), cut=st.floats(0.1, 0.9))
def test_cutting_a_line_changes_nothing(seed, cut):
    import geopandas as gpd

    whole = shapely.LineString(lines(seed, 1)[0].coords[:2])
    middle = whole.interpolate(cut, normalized=True)
    halves = [
        shapely.LineString([whole.coords[0], middle.coords[0]]),
        shapely.LineString([middle.coords[0], whole.coords[1]]),
    ]
    geobox = make_geobox((0, 3000, 0, 2000), crs=CRS, resolution=100)
    one, two = (
        density_of(gpd.GeoDataFrame(geometry=g, crs=CRS), like=geobox, radius=400)
        for g in ([whole], halves)
    )
    np.testing.assert_allclose(one, two, atol=1e-5)


def test_metadata_and_input(frame, table):
    features = table(lines(1))
    before = features.copy()
    found = density_of(features, like=frame(5, 7, 100), radius=500)
    assert found.chunks is not None
    assert (found.attrs["units"], found.attrs["kind"]) == ("km/km²", "continuous")
    assert found.dtype == "float32"
    assert features.equals(before)
    again = density_of(features, like=found, radius=500)
    xr.testing.assert_identical(found.compute(), again.compute())


def test_errors(frame, table):
    features = table(lines(1))
    with pytest.raises(ValueError, match=r"at least 50 m, half a cell. Got 10"):
        density_of(features, like=frame(5, 5, 100), radius=10)
    mixed = table([shapely.Point(0, 0), *lines(1)])
    with pytest.raises(ValueError, match="one kind at a time"):
        density_of(mixed, like=frame(5, 5, 100), radius=500)
    with pytest.raises(ValueError, match="None of the 0 features"):
        density_of(features.iloc[:0], like=frame(5, 5, 100), radius=500)
    degrees = make_geobox((135, 136, -31, -30), crs="EPSG:4283", resolution=0.1)
    with pytest.raises(ValueError, match="density_of needs metres"):
        density_of(features, like=degrees, radius=500)


def test_length_of_gawler_faults_is_kept(real_data):
    """Integrated over a map larger than the data, the density gives the length back."""
    folder = real_data("mpm/gawler_vectors")
    faults = read_features(folder / "faults_neoproterozoic_ordovician.shp")
    metric = faults.to_crs("EPSG:7845").iloc[:300]
    west, south, east, north = np.round(metric.total_bounds, -4)
    region = (west - 40_000, east + 40_000, south - 40_000, north + 40_000)
    geobox = make_geobox(region, crs="EPSG:7845", resolution=2000)
    found = density_of(faults.iloc[:300], like=geobox, radius=10_000)
    length = float(found.astype("f8").sum()) * 4
    assert length == pytest.approx(metric.length.sum() / 1000, rel=0.01)
