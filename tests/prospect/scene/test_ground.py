import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from prospect.scene._ground import (
    MOST,
    NICE,
    _factor,
    average,
    drape,
    make_ground,
    pin,
)


def test_heights_are_kilometres_times_the_factor(score, elevation):
    ground = make_ground(score, elevation, 10)
    middle = ground.at(np.array([453.05]), np.array([7598.05]))
    assert middle == pytest.approx(10 * (500 + 0.05 * 3050) / 1000)
    assert ground.factor == 10
    assert ground.x[0] == pytest.approx(450.05)


def test_flat_without_elevation(score):
    ground = make_ground(score, None, "auto")
    assert (ground.height == 0).all()
    assert ground.factor == 1
    assert ground.has_gaps


def test_gaps_of_the_score_are_grey_and_gaps_of_the_ground_stay_gaps(score, elevation):
    holes = elevation.where(elevation["x"] < 455_000)
    ground = make_ground(score, holes, 1)
    assert np.ptp(ground.colours[0, 0].astype(int)) == 0
    assert np.isnan(ground.height[:, -1]).all()
    assert np.isfinite(ground.height[:, 0]).all()


@given(st.floats(0.001, 10), st.floats(1, 500))
def test_automatic_factor_is_a_nice_one_and_never_flattens(relief, side):
    factor = _factor("auto", relief, side)
    assert factor in NICE
    assert factor >= 1


def test_average_keeps_the_mean_and_the_limit():
    values = np.random.default_rng(0).random((900, 600))
    grid = xr.DataArray(values, dims=("y", "x"))
    small = average(grid)
    assert max(small.shape) <= MOST
    assert float(small.mean()) == pytest.approx(values.mean())


def test_only_deposits_on_the_ground_are_pinned(score, elevation, deposits):
    places = pin(deposits, make_ground(score, elevation, 1))
    assert len(places) == 2
    np.testing.assert_allclose(places[:, 0], [451, 453])
    holes = elevation.where(elevation["x"] < 452_000)
    assert len(pin(deposits, make_ground(score, holes, 1))) == 1


def test_outlines_lie_above_the_ground_and_end_at_its_edge(score, elevation, targets):
    ground = make_ground(score, elevation, 1)
    lines = drape(targets, ground)
    assert [rank for rank, _ in lines] == [1, 1]
    for _, line in lines:
        assert (line[:, 2] > ground.at(line[:, 0], line[:, 1])).all()
        assert line[:, 0].max() <= ground.x.max() + 1e-9


def test_elevation_elsewhere_is_refused(score, elevation):
    with pytest.raises(ValueError, match="elevation grid holds no value on"):
        make_ground(score, elevation.where(False), "auto")
