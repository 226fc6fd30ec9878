"""Inverse distance weighting, natural neighbours, minimum curvature."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox
from odc.geo.types import resxy_
from scipy.sparse.linalg import spsolve

from prospect.gridding import (
    inverse_distance,
    minimum_curvature,
    natural_neighbour,
)
from survey import make_geobox

CRS = "EPSG:32633"
METHODS = {
    "idw": inverse_distance,
    "natural": natural_neighbour,
    "curvature": minimum_curvature,
}


def table(x, y, **columns):
    return gpd.GeoDataFrame(columns, geometry=gpd.points_from_xy(x, y), crs=CRS)


def scattered(n=60, seed=0, side=100.0):
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(0, side, (2, n))
    return table(x, y, v=rng.normal(size=n), plane=3 + 0.2 * x - 0.1 * y)


def frame(side=100, resolution=5):
    return make_geobox((0, side, 0, side), crs=CRS, resolution=resolution)


@pytest.mark.parametrize("power", [1.0, 2.0, 3.5])
@pytest.mark.parametrize("far", [None, 30.0])
def test_idw_of_all_samples_against_a_plain_sum(power, far):
    samples = scattered(31)
    found = inverse_distance(
        samples, "v", like=frame(), neighbours=None, power=power, max_distance=far
    )
    x, y = samples.geometry.x.to_numpy(), samples.geometry.y.to_numpy()
    apart = np.hypot(
        found.x.to_numpy()[None, :, None] - x, found.y.to_numpy()[:, None, None] - y
    )
    weight = np.where(apart <= (far or np.inf), apart**-power, 0)
    with np.errstate(invalid="ignore"):
        expected = (weight * samples["v"].to_numpy()).sum(-1) / weight.sum(-1)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_idw_is_exact_on_a_sample_and_near_it():
    # a sample on a cell centre gave 1.02 instead of 1.00 elsewhere
    samples = table([12.5, 12.5 + 1e-9, 52.5], [12.5, 52.5, 52.5], v=[1.0, 2.0, 4.0])
    found = inverse_distance(samples, "v", like=frame(), neighbours=None)
    assert found.sel(x=12.5, y=12.5) == 1
    assert found.sel(x=12.5, y=52.5) == pytest.approx(2, abs=1e-6)


def test_idw_is_north_up():
    samples = table([50, 50], [5, 95], v=[0.0, 10.0])
    found = inverse_distance(samples, "v", like=frame(), neighbours=None)
    assert found.y.to_numpy()[0] > found.y.to_numpy()[-1]
    assert found.to_numpy()[0, 10] > 9
    assert found.to_numpy()[-1, 10] < 1


def test_all_neighbours_are_all_samples():
    samples = scattered(20)
    whole = inverse_distance(samples, "v", like=frame(), neighbours=None)
    np.testing.assert_array_equal(
        inverse_distance(samples, "v", like=frame(), neighbours=99), whole
    )
    many = inverse_distance(samples, "v", like=frame(), neighbours=19)
    assert abs(many - whole).max() < 0.2


def sibson_by_areas(samples, x, y):
    """Natural neighbour mean from areas of Voronoi cells, cut and measured."""
    points = shapely.get_coordinates(samples.geometry.to_numpy())
    far = 1e4 * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    ground = shapely.box(-1e5, -1e5, 1e5, 1e5)

    def cells(places):
        every = shapely.multipoints(np.vstack([places, far]))
        found = shapely.get_parts(shapely.voronoi_polygons(every, extend_to=ground))
        tree = shapely.STRtree(found)
        inputs = shapely.points(places)
        at, cell = tree.query(inputs, predicate="intersects")
        return found[cell[np.argsort(at, kind="stable")]]

    before, after = cells(points), cells(np.vstack([points, [[x, y]]]))[-1]
    taken = shapely.area(shapely.intersection(before, after))
    return (taken * samples["v"]).sum() / taken.sum()


def test_natural_neighbours_against_measured_areas():
    samples = scattered(40)
    found = natural_neighbour(samples, "v", like=frame()).compute()
    for row in range(3, 18, 4):
        for col in range(3, 18, 4):
            x, y = float(found.x[col]), float(found.y[row])
            if np.isnan(found[row, col]):
                continue
            expected = sibson_by_areas(samples, x, y)
            assert found.to_numpy()[row, col] == pytest.approx(expected, abs=2e-3)


def test_natural_neighbours_of_a_square_by_hand():
    # the middle of a square takes a quarter from each; an edge half from two
    samples = table([0, 100, 0, 100], [0, 0, 100, 100], v=[0.0, 8.0, 4.0, 20.0])
    found = natural_neighbour(samples, "v", like=frame(100, 100))
    np.testing.assert_allclose(found, [[8.0]], rtol=1e-5)
    wide = natural_neighbour(samples, "v", like=frame(300, 100))
    assert np.isnan(wide.to_numpy()[0, 2])


@given(st.integers(0, 50))
@settings(max_examples=10, deadline=None)
def test_a_plane_stays_a_plane_and_means_stay_within(seed):
    samples = scattered(25, seed)
    found = natural_neighbour(samples, "plane", like=frame()).compute()
    plane = 3 + 0.2 * found.x - 0.1 * found.y
    assert float(abs(found - plane).max()) < 1e-4
    rough = natural_neighbour(samples, "v", like=frame()).to_numpy()
    assert np.nanmin(rough) >= samples["v"].min() - 1e-5
    assert np.nanmax(rough) <= samples["v"].max() + 1e-5


def test_natural_neighbours_exist_within_the_hull_only():
    samples = scattered(30)
    found = natural_neighbour(samples, "v", like=frame()).compute()
    hull = samples.union_all().convex_hull
    x, y = np.meshgrid(found.x, found.y)
    inside = shapely.contains_xy(hull, x, y)
    np.testing.assert_array_equal(np.isfinite(found.to_numpy()), inside)


def direct(fixed, tension):
    """Minimum of the same energy by a sparse direct solver."""
    rows, cols = fixed.shape
    number = np.arange(rows * cols).reshape(rows, cols)

    def term(parts, weight):
        m = parts[0][0].size
        row = np.tile(np.arange(m), len(parts))
        col = np.concatenate([cells.ravel() for cells, _ in parts])
        value = np.concatenate([np.full(m, k, dtype=float) for _, k in parts])
        matrix = sp.csr_array((value, (row, col)), shape=(m, number.size))
        return weight * (matrix.T @ matrix)

    n, plate = number, 1 - tension
    energy = term([(n[:, :-2], 1), (n[:, 1:-1], -2), (n[:, 2:], 1)], plate)
    energy += term([(n[:-2], 1), (n[1:-1], -2), (n[2:], 1)], plate)
    corners = [(n[:-1, :-1], 1), (n[:-1, 1:], -1), (n[1:, :-1], -1), (n[1:, 1:], 1)]
    energy += term(corners, 2 * plate)
    energy += term([(n[:, :-1], 1), (n[:, 1:], -1)], tension)
    energy += term([(n[:-1], 1), (n[1:], -1)], tension)
    energy, held = energy.tocsr(), np.isfinite(fixed).ravel()
    out = np.where(held, fixed.ravel(), 0)
    free = ~held
    right = -energy[free][:, held] @ out[held]
    out[free] = spsolve(energy[free][:, free].tocsc(), right)
    return out.reshape(rows, cols)


@pytest.mark.parametrize("tension", [0.0, 0.35])
def test_minimum_curvature_against_a_direct_solver(tension):
    samples = scattered(40)
    found = minimum_curvature(
        samples,
        "v",
        like=frame(),
        tension=tension,
        tolerance=1e-8,
        max_iterations=20000,
    ).compute()
    x, y = samples.geometry.x.to_numpy(), samples.geometry.y.to_numpy()
    row, col = ((100 - y) // 5).astype(int), (x // 5).astype(int)
    cell = pd.Series(samples["v"].to_numpy()).groupby(row * 20 + col).mean()
    fixed = np.full(400, np.nan)
    fixed[cell.index] = cell
    fixed = fixed.reshape(20, 20)
    np.testing.assert_allclose(found, direct(fixed, tension), atol=2e-6)


def test_tension_takes_the_overshoot_away():
    samples = table([22, 27, 72, 77], [52] * 4, v=[0.0, 1.0, 1.0, 0.0])
    loose = minimum_curvature(samples, "v", like=frame()).to_numpy()
    tight = minimum_curvature(samples, "v", like=frame(), tension=0.95).to_numpy()
    assert loose.max() > 2
    assert tight.max() < loose.max() / 2


def test_what_is_left_to_go_is_told(caplog):
    with caplog.at_level("WARNING"):
        minimum_curvature(
            scattered(40), "v", like=frame(), tolerance=1e-9, max_iterations=2
        ).compute()
    assert "stopped after 2 iterations" in caplog.text


def test_minimum_curvature_keeps_a_plane_and_its_cells():
    samples = scattered(12)
    found = minimum_curvature(samples, "plane", like=frame(resolution=4)).compute()
    # samples stand anywhere in their cell: the plane is met within a cell
    plane = 3 + 0.2 * found.x - 0.1 * found.y
    assert float(abs(found - plane).max()) < 1.5


def test_samples_off_the_grid_are_counted():
    samples = table([10, 20, 500], [10, 30, 10], v=[1.0, 2.0, 3.0])
    found = minimum_curvature(samples, "v", like=frame())
    assert "1 of 3 places lie outside the grid" in found.attrs["notes"]
    with pytest.raises(ValueError, match="none of the 1 places lies on the grid"):
        minimum_curvature(samples.iloc[2:], "v", like=frame())


@pytest.mark.parametrize("name", METHODS)
def test_blocks_attrs_and_input(name):
    samples = scattered(50).assign(
        v_censored=lambda t: t["v"] < -1, v_imputed=lambda t: t["v"] < -1.5
    )
    samples.attrs["units"] = {"v": "ppm"}
    before = samples.copy()
    whole = METHODS[name](samples, "v", like=frame())
    like = whole.chunk({"y": 7, "x": 9})
    parts = METHODS[name](samples, "v", like=like)
    np.testing.assert_array_equal(parts, whole)
    assert parts.chunks == like.chunks
    assert whole.attrs["units"] == "ppm"
    censored, imputed = samples["v_censored"].mean(), samples["v_imputed"].mean()
    assert whole.attrs["censored_share"] == pytest.approx(censored)
    assert whole.attrs["imputed_share"] == pytest.approx(imputed)
    count = int((samples["v_censored"] & ~samples["v_imputed"]).sum())
    assert f"{count} samples below detection entered as half" in str(
        whole.attrs["notes"]
    )
    pd.testing.assert_frame_equal(pd.DataFrame(samples), pd.DataFrame(before))
    assert whole.rio.crs.to_epsg() == 32633


@pytest.mark.parametrize("name", METHODS)
def test_cells_far_from_samples_are_missing(name):
    samples = table([10, 20, 15], [80, 80, 90], v=[1.0, 2.0, 3.0])
    found = METHODS[name](samples, "v", like=frame(), max_distance=20).to_numpy()
    assert np.isnan(found[-1, -1])
    assert np.isfinite(found[3, 3])


@pytest.mark.parametrize("name", METHODS)
def test_common_refusals(name):
    samples = scattered(5)
    call = METHODS[name]
    with pytest.raises(ValueError, match="no column 'w'"):
        call(samples, "w", like=frame())
    with pytest.raises(ValueError, match="max_distance must be positive"):
        call(samples, "v", like=frame(), max_distance=0)
    box = make_geobox((0, 1, 0, 1), crs=4326, resolution=0.1)
    with pytest.raises(ValueError, match="needs metres"):
        call(samples, "v", like=box)
    with pytest.raises(ValueError, match="none of the 5 samples has a value"):
        call(samples.assign(v=np.nan), "v", like=frame())


def test_own_refusals():
    samples = scattered(5)
    with pytest.raises(ValueError, match="neighbours must be at least 1, or None"):
        inverse_distance(samples, "v", like=frame(), neighbours=0)
    with pytest.raises(ValueError, match="power must be positive"):
        inverse_distance(samples, "v", like=frame(), power=0)
    line = table([0, 10, 20], [0, 10, 20], v=[1.0, 2, 3])
    with pytest.raises(ValueError, match="three places not on one line; there are 3"):
        natural_neighbour(line, "v", like=frame())
    with pytest.raises(ValueError, match="tension must be from 0 to below 1"):
        minimum_curvature(samples, "v", like=frame(), tension=1)
    with pytest.raises(ValueError, match="tolerance must be positive"):
        minimum_curvature(samples, "v", like=frame(), tolerance=0)
    oblong = GeoBox.from_bbox((0, 0, 100, 100), CRS, resolution=resxy_(10, -5))
    with pytest.raises(ValueError, match="the cells must be square"):
        minimum_curvature(samples, "v", like=oblong)
