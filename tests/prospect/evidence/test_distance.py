import numpy as np
import pytest
import shapely
import xarray as xr
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox
from scipy.ndimage import distance_transform_edt

from prospect.evidence import distance_to
from survey import check_same_grid, make_geobox, read_features

CRS = "EPSG:32633"


def shapes(seed, kind, count, low=-40, high=100):
    random = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        place = random.uniform(low, high, 2)
        if kind == "points":
            made.append(shapely.Point(place))
        elif kind == "lines":
            made.append(shapely.LineString(place + random.normal(0, 15, (5, 2))))
        else:
            ring = shapely.Point(place).buffer(random.uniform(4, 12))
            made.append(ring.difference(shapely.Point(place).buffer(3)))
    return made


def by_brute_force(geometries, geobox, pad=90):
    """Distance between centres to all cells whose square meets a geometry."""
    a, (rows, cols) = geobox.affine, geobox.shape
    r, c = np.mgrid[-pad : rows + pad, -pad : cols + pad]
    x, y = a.c + c * a.a, a.f + r * a.e
    squares = shapely.box(x, y + a.e, x + a.a, y).ravel()
    tree = shapely.STRtree(geometries)
    hit = np.unique(tree.query(squares, predicate="intersects")[0])
    r, c = r.ravel()[hit] * a.e, c.ravel()[hit] * a.a
    here = np.mgrid[:rows, :cols].astype(float)
    down = here[0].ravel()[:, None] * a.e - r
    along = here[1].ravel()[:, None] * a.a - c
    return np.hypot(down, along).min(axis=1).reshape(rows, cols)


@pytest.mark.parametrize("kind", ["points", "lines", "polygons"])
@pytest.mark.parametrize("size", [(1.0, -1.0), (1.5, -0.7)])
@pytest.mark.parametrize("seed", [0, 1])
def test_equals_brute_force_also_for_features_outside(table, kind, size, seed):
    geobox = GeoBox((30, 40), Affine(size[0], 0, 3, 0, size[1], 31), CRS)
    geometries = shapes(seed, kind, 4)
    found = distance_to(table(geometries), like=geobox)
    np.testing.assert_allclose(
        found, by_brute_force(geometries, geobox), rtol=1e-6, atol=1e-6
    )


def test_worked_by_hand(frame, table):
    found = distance_to(table([shapely.Point(5, 25)]), like=frame(3, 4, 10)).values
    np.testing.assert_allclose(found[0], [0, 10, 20, 30])
    np.testing.assert_allclose(found[2], np.hypot(20, [0, 10, 20, 30]))


def test_squares_equal_scipy_in_integers(frame, table):
    random = np.random.default_rng(4)
    rows, cols = random.integers(0, 200, (2, 60))
    points = shapely.points(cols + 0.5, 200 - rows - 0.5)
    found = distance_to(table(points), like=frame(200, 200)).values.astype("f8")
    mask = np.ones((200, 200), bool)
    mask[rows, cols] = False
    near = distance_transform_edt(mask, return_distances=False, return_indices=True)
    squares = ((near - np.indices(mask.shape)) ** 2).sum(axis=0)
    assert (np.rint(found**2) == squares).all()


@pytest.mark.parametrize("kind", ["points", "lines", "polygons"])
def test_far_features_outside_the_map(frame, table, kind):
    geobox = frame(20, 30)
    shapes_far = [shapely.affinity.translate(g, 3e5, 1e5) for g in shapes(3, kind, 3)]
    found = distance_to(table(shapes_far), like=geobox).values
    y, x = np.mgrid[19.5:-0.5:-1, 0.5:30.5][:, :20, :30]
    exact = shapely.distance(shapely.points(x, y), shapely.union_all(shapes_far))
    assert np.abs(found - exact).max() <= np.sqrt(0.5) + 0.04  # float32 at 3e5 m
    assert found.dtype == "float32"


@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 1000),
    kind=st.sampled_from(["points", "lines", "polygons"]),
    chunks=st.tuples(st.integers(1, 50), st.integers(1, 60)),
)
def test_chunks_do_not_matter(seed, kind, chunks):
    import geopandas as gpd

    geobox = make_geobox((0, 60, 0, 50), crs=CRS, resolution=1)
    features = gpd.GeoDataFrame(geometry=shapes(seed, kind, 3), crs=CRS)
    whole = distance_to(features, like=geobox)
    parts = distance_to(
        features, like=whole.chunk(dict(zip("yx", chunks, strict=True)))
    )
    assert parts.chunks[0][0] == min(chunks[0], 50)
    np.testing.assert_array_equal(parts, whole)


@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 1000),
    east=st.integers(-5000, 5000),
    north=st.integers(-5000, 5000),
)
def test_moving_features_and_grid_changes_nothing(seed, east, north):
    import geopandas as gpd

    random = np.random.default_rng(seed)
    lines = shapely.linestrings(random.integers(-160, 480, (4, 3, 2)) / 4)
    here = gpd.GeoDataFrame(geometry=list(lines), crs=CRS)
    there = here.set_geometry(here.translate(east, north))
    one = make_geobox((0, 60, 0, 50), crs=CRS, resolution=1)
    two = make_geobox((east, 60 + east, north, 50 + north), crs=CRS, resolution=1)
    np.testing.assert_array_equal(
        distance_to(here, like=one).values, distance_to(there, like=two).values
    )


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000))
def test_distance_changes_by_no_more_than_one_cell(seed):
    import geopandas as gpd

    geobox = make_geobox((0, 60, 0, 50), crs=CRS, resolution=1)
    features = gpd.GeoDataFrame(geometry=shapes(seed, "lines", 3), crs=CRS)
    found = distance_to(features, like=geobox).values
    assert np.abs(np.diff(found, axis=0)).max() <= 1 + 1e-4
    assert np.abs(np.diff(found, axis=1)).max() <= 1 + 1e-4


def test_max_distance_is_a_ceiling(frame, table):
    features = table(shapes(2, "lines", 3))
    free = distance_to(features, like=frame(50, 60)).values
    capped = distance_to(features, like=frame(50, 60), max_distance=9.5).values
    np.testing.assert_allclose(capped, np.minimum(free, 9.5), rtol=1e-6)
    far = table([shapely.Point(1e6, 1e6)])
    assert (distance_to(far, like=frame(5, 5), max_distance=7).values == 7).all()


def test_metadata_and_input(frame, table):
    features = table([shapely.Point(1, 1), None, shapely.Point()], name=list("abc"))
    before = features.copy()
    geobox = frame(5, 7)
    found = distance_to(features, like=geobox)
    assert found.chunks is not None
    assert found.dims == ("y", "x")
    assert found.attrs["units"] == "m"
    assert found.attrs["kind"] == "continuous"
    assert found.rio.crs.to_epsg() == 32633
    check_same_grid(found, geobox)
    assert features.equals(before)
    xr.testing.assert_identical(
        found.compute(), distance_to(features, like=found).compute()
    )


def test_works_on_workers_of_a_cluster(frame, table):
    from distributed import Client

    features = table(shapes(2, "lines", 3))
    lazy = distance_to(features, like=frame(50, 60))
    with Client(
        processes=False, n_workers=1, threads_per_worker=1, dashboard_address=None
    ):
        there = lazy.compute()
    xr.testing.assert_identical(there, lazy.compute())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.iloc[:0], "None of the 0 features has a geometry"),
        (lambda f: f.set_crs(None, allow_override=True), "have no CRS"),
    ],
)
def test_bad_features(frame, table, change, message):
    with pytest.raises(ValueError, match=message):
        distance_to(change(table([shapely.Point(0, 0)])), like=frame(3, 3))


def test_bad_grid_and_ceiling(frame, table):
    features = table([shapely.Point(0, 0)])
    degrees = make_geobox((135, 136, -31, -30), crs="EPSG:4283", resolution=0.1)
    with pytest.raises(ValueError, match=r"degrees.*EPSG:"):
        distance_to(features, like=degrees)
    rotated = GeoBox((3, 3), Affine(1, 0.5, 0, 0.5, -1, 0), CRS)
    with pytest.raises(ValueError, match="rotated"):
        distance_to(features, like=rotated)
    with pytest.raises(ValueError, match=r"max_distance must be positive.*-1"):
        distance_to(features, like=frame(3, 3), max_distance=-1)


def test_gawler_faults_in_degrees(real_data):
    folder = real_data("mpm/gawler_vectors")
    faults = read_features(folder / "faults_neoproterozoic_ordovician.shp")
    centre = faults.to_crs("EPSG:7845").geometry.iloc[100].centroid
    x, y = np.round([centre.x, centre.y], -3)
    geobox = make_geobox(
        (x, x + 40_000, y, y + 30_000), crs="EPSG:7845", resolution=500
    )
    found = distance_to(faults, like=geobox)
    lines = shapely.STRtree(faults.to_crs("EPSG:7845").geometry.to_numpy())
    grid_x, grid_y = np.meshgrid(found.x, found.y)
    points = shapely.points(grid_x.ravel(), grid_y.ravel())
    _, exact = lines.query_nearest(points, return_distance=True, all_matches=False)
    assert np.abs(found.values.ravel() - exact).max() <= 500 * np.sqrt(0.5)
