"""Directions and areas against hand-made terrains and a tracing of every cell."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from prospect.geochem.catchments._flow import drain, label_upstream


def terrain(values, *, size=100.0, crs="EPSG:32650"):
    values = np.asarray(values, float)
    rows, columns = values.shape
    coords = {
        "y": size * (rows - np.arange(rows) - 0.5),
        "x": size * (np.arange(columns) + 0.5),
    }
    return xr.DataArray(values, coords, ("y", "x"), name="dem").rio.write_crs(crs)


def run(values, **options):
    options = {"rivers": None, "burn_depth": 5.0} | options
    return drain(terrain(values), **options)


def trace(downstream, start):
    """All cells on the way down, one at a time."""
    path = [start]
    while downstream[path[-1]] != path[-1]:
        path.append(downstream[path[-1]])
        assert len(path) <= downstream.size, "a circle"
    return path


def test_a_valley_by_hand():
    # a V-shaped valley that falls to the south: the sides run straight or diagonally
    # into the third column, whichever is steeper
    found = run(
        [
            [9, 8, 7, 8, 9, 9],
            [9, 7, 6, 7, 8, 9],
            [9, 6, 5, 6, 7, 9],
            [9, 5, 4, 5, 6, 9],
            [9, 4, 3, 4, 5, 9],
            [9, 3, 2, 3, 4, 9],
        ]
    )
    down = found.downstream.reshape(6, 6)
    assert down[5, 2] == 32, "the outlet drains to itself"
    # from (0, 1) two metres in a diagonal (1.41/100) beat one straight (1/100)
    assert down[0, 1] == 1 * 6 + 2
    assert down[1, 2] == 2 * 6 + 2
    assert down[2, 4] == 3 * 6 + 3
    assert found.cells[32] == 36, "all of it leaves by the lowest cell"


def test_steepest_descent_weighs_distance_not_only_height():
    # the lowest neighbour of the middle is the diagonal one (drop 1.2 over 141 m),
    # the steepest way is straight (drop 1.0 over 100 m)
    found = run([[9, 9, 9], [9, 5, 9], [9, 4, 3.8]])
    assert found.downstream[4] == 7


def test_a_pit_is_filled_and_drains_over_its_lowest_rim():
    values = np.full((6, 6), 9.0)
    values[1:5, 1:5] = 5.0
    values[2:4, 2:4] = 1.0
    values[2, 5] = 4.0  # the only gap of the rim
    found = run(values)
    for cell in (14, 15, 20, 21):
        assert trace(found.downstream, cell)[-1] == 2 * 6 + 5
    assert found.cells[2 * 6 + 5] >= 16


def test_a_gap_is_an_outlet_and_its_rim_an_edge():
    values = np.add.outer(np.arange(7.0), np.zeros(7)) + 10
    values[3, 3] = np.nan
    found = run(values)
    assert found.downstream[3 * 7 + 3] == -1
    assert found.cells[3 * 7 + 3] == 0
    assert found.edge[2:5, 2:5].sum() == 8
    assert not found.edge[1, 1]
    assert found.order.size == 48


def check_against_tracing(values):
    found = run(values)
    valid = np.isfinite(np.asarray(values, float)).ravel()
    counts = np.zeros(valid.size, int)
    for start in np.flatnonzero(valid):
        path = trace(found.downstream, start)
        counts[path] += 1
        last = path[-1]
        assert found.edge.ravel()[last], "water ends at the border or at a gap only"
    np.testing.assert_array_equal(found.cells, counts)
    roots = np.flatnonzero(valid & (found.downstream == np.arange(valid.size)))
    assert found.cells[roots].sum() == valid.sum(), "each cell drains once"
    return found


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 11), st.integers(2, 11))
def test_area_upstream_is_what_tracing_every_cell_gives(seed, rows, columns):
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 5, (rows, columns)).astype(float)  # flats and pits
    values[rng.random(values.shape) < 0.1] = np.nan
    if np.isnan(values).all():
        values[0, 0] = 1
    check_against_tracing(values)


@pytest.mark.parametrize("offset", [0.0, 0.1, 8000.3, -412.7])
def test_rounding_of_float32_makes_no_circles(offset):
    rng = np.random.default_rng(5)
    values = np.cumsum(rng.normal(0, 0.3, (40, 40)), axis=1) + offset
    check_against_tracing(values)


def test_labels_are_the_first_outlet_below():
    rng = np.random.default_rng(11)
    found = run(rng.random((25, 25)))
    outlets = rng.choice(625, 12, replace=False)
    number = {cell: i + 1 for i, cell in enumerate(outlets)}
    labels = label_upstream(found, outlets).ravel()
    for start in range(625):
        met = [number[c] for c in trace(found.downstream, start) if c in number]
        assert labels[start] == (met[0] if met else 0)


def test_north_up_or_down_is_the_same_ground():
    rng = np.random.default_rng(2)
    dem = terrain(np.add.outer(np.arange(9.0), 0.3 * rng.random(12)))  # without pits
    up = drain(dem, rivers=None, burn_depth=5)
    down = drain(dem.isel(y=slice(None, None, -1)), rivers=None, burn_depth=5)
    np.testing.assert_array_equal(
        up.cells.reshape(9, 12)[::-1], down.cells.reshape(9, 12)
    )


def test_cells_that_are_not_square():
    dem = terrain([[9, 9, 9], [9, 5, 4.2], [9, 4, 9]])
    dem = dem.assign_coords(x=[10.0, 30.0, 50.0])
    # east: 0.8 over 20 m; south: 1.0 over 100 m
    assert drain(dem, rivers=None, burn_depth=5).downstream[4] == 5


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.full((4, 4), np.nan), "nothing can flow"),
        (np.ones((1, 4)), "larger grid"),
        ([[1, 2], [np.inf, 3]], "1 cells of the DEM are infinite.*row 2, column 1"),
    ],
)
def test_dems_that_cannot_be_used(values, message):
    with pytest.raises(ValueError, match=message):
        run(values)
