"""Models of variograms."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prospect.gridding import Structure, VariogramModel

from .oracle import covariance

KINDS = ["spherical", "exponential", "gaussian", "cubic"]


@pytest.mark.parametrize(
    ("structure", "h", "gamma"),
    [
        (Structure("spherical", 8, 100), 50, 8 * 0.6875),
        (Structure("spherical", 8, 100), 100, 8),
        (Structure("exponential", 1, 100), 100, 1 - np.exp(-3)),
        (Structure("gaussian", 1, 100), 50, 1 - np.exp(-0.75)),
        (Structure("matern", 1, 100, smoothness=0.5), 40, 1 - np.exp(-1.2)),
        (Structure("matern", 1, 100, smoothness=1.5), 100, 0.95),
        (Structure("matern", 1, 100, smoothness=2.5), 100, 0.95),
        (Structure("cubic", 1, 2), 1, 1.75 - 8.75 / 8 + 3.5 / 32 - 0.75 / 128),
        (Structure("linear", 3, 100), 250, 7.5),
    ],
    ids=str,
)
def test_semivariance_by_hand(structure, h, gamma):
    assert VariogramModel(0, [structure])(h) == pytest.approx(gamma, rel=1e-9)


def test_matern_is_that_of_its_bessel_function():
    from scipy.special import gamma, kv

    for nu, scale in ((1.5, 4.743864518), (2.5, 5.918649346)):
        r = np.array([0.1, 0.5, 1.0, 2.0])
        z = scale * r
        expected = 1 - 2 ** (1 - nu) / gamma(nu) * z**nu * kv(nu, z)
        model = VariogramModel(0, [Structure("matern", 1, 1, smoothness=nu)])
        np.testing.assert_allclose(model(r), expected, rtol=1e-9)


@given(
    kind=st.sampled_from(KINDS),
    reach=st.floats(1, 1e5),
    ratio=st.floats(0.05, 1),
    azimuth=st.floats(-360, 360),
    direction=st.floats(0, 360),
    share=st.floats(0, 3),
)
def test_anisotropy_is_that_of_the_oracle(
    kind, reach, ratio, azimuth, direction, share
):
    model = VariogramModel(0.5, [Structure(kind, 2, reach, ratio, azimuth)])
    h = share * reach + 1e-3
    dx, dy = (h * f(np.radians(direction)) for f in (np.sin, np.cos))
    expected = model.sill - covariance(model, np.array(dx), np.array(dy))
    assert model(h, azimuth=direction) == pytest.approx(float(expected), abs=1e-9)


def test_azimuth_is_clockwise_from_north():
    model = VariogramModel(0, [Structure("spherical", 1, 100, 0.5, 90)])
    assert model(100, azimuth=90) == 1
    assert model(99, azimuth=90) < 1
    assert model(50, azimuth=0) == 1


def test_properties():
    model = VariogramModel(1, [Structure("cubic", 2, 50), Structure("spherical", 3, 9)])
    assert (model.sill, model.range) == (6, 50)
    assert model.is_isotropic
    assert model.is_bounded
    assert model(0) == 0
    assert model(1e-9) == pytest.approx(1)
    np.testing.assert_allclose(model.covariance([0, 100]), [6, 0], atol=1e-12)
    assert model.scaled(2).sill == 12
    rising = VariogramModel(1, [Structure("linear", 2, 50)])
    assert rising.sill == np.inf
    with pytest.raises(ValueError, match="has no sill"):
        rising.covariance(1)


def test_goes_to_json_and_back():
    model = VariogramModel(
        0.1,
        [
            Structure("spherical", 1, 100, 0.5, 30),
            Structure("matern", 1, 9, smoothness=2.5),
        ],
    )
    told = json.loads(json.dumps(model.to_dict()))
    assert VariogramModel.from_dict(told) == model
    assert eval(repr(model)) == model
    assert hash(model) == hash(VariogramModel.from_dict(told))


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"kind": "round"}, "kind of a structure must be one of"),
        ({"sill": -1}, "sill must not be negative"),
        ({"range": 0}, "range must be positive"),
        ({"range": "far"}, "range must be a finite number"),
        ({"ratio": 2}, "turn the azimuth by 90"),
        ({"kind": "matern"}, "needs smoothness"),
        ({"smoothness": 1.5}, "belongs to matern"),
        ({"azimuth": np.nan}, "azimuth must be a finite number"),
    ],
)
def test_structure_refuses(options, match):
    with pytest.raises(ValueError, match=match):
        Structure(**{"kind": "spherical", "sill": 1, "range": 100} | options)


def test_model_refuses():
    with pytest.raises(ValueError, match="neither nugget nor sill"):
        VariogramModel()
    with pytest.raises(ValueError, match="nugget must not be negative"):
        VariogramModel(-1)
    with pytest.raises(ValueError, match="a structure has kind, sill, range"):
        VariogramModel(0, [{"kind": "spherical", "psill": 1}])
    with pytest.raises(ValueError, match="leave them out"):
        VariogramModel.from_dict({"nugget": 1, "sill": 3})
    with pytest.raises(ValueError, match="state azimuth="):
        VariogramModel(0, [Structure("cubic", 1, 9, 0.5)])(3)
