"""Windows, models and coverage: numbers worked by hand, and laws."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral.mapping import read_mineral_rules
from spectral.mapping.minerals._compile import compile_rules
from spectral.mapping.minerals._kernel import judge
from spectral.mapping.minerals._rules import Band
from spectral.mapping.minerals._shapes import (
    band_window,
    make_shape,
    model_spectrum,
    reference_curve,
)
from spectral.mapping.minerals._wording import Lack

WAVE = np.arange(2000.0, 2500.0, 10.0)
ENDS = (2110.0, 2145.0, 2255.0, 2285.0)


def test_window_by_hand():
    window = band_window(ENDS, WAVE)
    assert WAVE[window.bands[[0, -1]]].tolist() == [2110, 2280]
    assert WAVE[window.left].tolist() == [2110, 2120, 2130, 2140]
    assert WAVE[window.right].tolist() == [2260, 2270, 2280]
    # from the mean of the left shoulder, 2125, to that of the right, 2270
    assert window.along[WAVE[window.bands] == 2200] == pytest.approx(75 / 145)


def test_a_model_is_half_as_deep_half_its_width_away():
    bands = (Band(2200.0, 0.4, 40.0, 60.0),)
    got = model_spectrum(bands, np.array([2180.0, 2200.0, 2230.0]), None)
    np.testing.assert_allclose(got, [0.8, 0.6, 0.8])


def test_a_model_seen_by_a_sensor_keeps_its_area():
    fine = np.arange(2000.0, 2400.0, 0.5)
    bands = (Band(2200.0, 0.4, 40.0, 40.0),)
    sharp = 1 - model_spectrum(bands, fine, None)
    seen = 1 - model_spectrum(bands, fine, np.full(fine.size, 30.0))
    assert seen.sum() == pytest.approx(sharp.sum(), rel=1e-4)
    assert seen.max() == pytest.approx(0.4 * 40 / 50)
    # the same as convolving with the response
    response = np.exp(-4 * np.log(2) * ((fine - 2200) / 30) ** 2)
    blurred = np.convolve(sharp, response / response.sum(), mode="same")
    np.testing.assert_allclose(seen[100:-100], blurred[101:-99], atol=2e-3)


@pytest.mark.parametrize(
    ("wave", "key"),
    [
        (WAVE[WAVE > 2300], "no_band"),
        (WAVE[WAVE > 2200], "no_left"),
        (WAVE[WAVE < 2250], "no_right"),
        (np.array([2120.0, 2200.0, 2270.0]), "few_bands"),
        (WAVE[(WAVE < 2160) | (WAVE > 2240)], "gap"),
        (np.empty(0), "no_band"),
    ],
)
def test_what_bands_lack_is_said(wave, key):
    lack = band_window(ENDS, wave)
    assert isinstance(lack, Lack)
    assert lack.key == key
    assert "nm" in lack.say("en")
    assert lack.say("zh") != lack.say("en")


def test_gaps_of_a_reference_narrow_its_window():
    usable = np.ones(WAVE.size, bool)
    usable[WAVE == 2200] = False
    assert 2200 not in WAVE[band_window(ENDS, WAVE, usable).bands]
    usable[WAVE < 2150] = False
    assert band_window(ENDS, WAVE, usable).key == "no_reference"
    assert make_shape(np.ones(9)) is None


@settings(max_examples=40, deadline=None)
@given(
    st.floats(0.02, 0.9), st.floats(0.05, 2.0), st.floats(-0.4, 0.4),
    st.integers(0, 2**32 - 1),
)  # fmt: skip
def test_least_squares_of_the_kernel(share, level, tilt, seed):
    """A share of the shape under any straight continuum gives share and fit back."""
    rules = read_mineral_rules().select(["pyrophyllite"])
    compiled = compile_rules(rules, WAVE)
    part = compiled.judged[0].rule.features[0]
    window = compiled.windows[compiled.judged[0].places[0][0]]
    whole = model_spectrum(part.model, WAVE, None)
    curve = np.ones(WAVE.size)
    curve[window.bands] = 1 + share * (reference_curve(window, whole) - 1)
    line = level * (1 + tilt * (WAVE - 2250) / 500)
    noise = np.random.default_rng(seed).normal(0, 1e-9, WAVE.size)
    found = judge((curve * line + noise)[:, None], compiled.tables, every=True)
    if found.best[0] >= 0:
        weights = np.array(compiled.judged[0].weights)
        depth = found.numbers[1, 0] / weights[0]
        assert depth == pytest.approx(share * compiled.shapes[0].depth, rel=1e-3)
        assert found.numbers[0, 0] == pytest.approx(weights[0], abs=0.02)
    else:  # too shallow for the rule
        assert share * compiled.shapes[0].depth * 0.85 < 0.025
