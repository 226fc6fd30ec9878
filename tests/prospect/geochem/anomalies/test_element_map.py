"""Class limits of element maps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prospect.geochem import map_classes


def test_ends_of_lg_classes_stand_at_seven_hundredths():
    limits = map_classes([1.0, 1000.0], method="lg_interval")
    np.testing.assert_allclose(np.log10(limits) * 100 % 10, 7, atol=1e-9)
    np.testing.assert_allclose(np.diff(np.log10(limits)), 0.1)
    # whole numbers fall inside a class, never on its end
    assert not np.isin(np.round(limits, 6), np.arange(1000)).any()


def test_nineteen_classes_of_an_atlas():
    limits = map_classes(np.arange(1, 10001.0))
    assert len(limits) == 18
    expected = np.percentile(np.arange(1, 10001.0), [0.5, 50 - 10, 99.5])
    assert limits[0] == pytest.approx(expected[0])
    assert limits[8] == pytest.approx(expected[1])
    assert limits[-1] == pytest.approx(expected[2])


@given(
    st.lists(st.floats(0.01, 1e5), min_size=1, max_size=50),
    st.sampled_from(["lg_interval", "cumulative_frequency", "quantile"]),
)
def test_limits_ascend_within_the_values(values, method):
    limits = map_classes(values, method=method)
    assert (np.diff(limits) > 0).all()
    if len(limits):
        assert limits[0] >= min(values) * (1 - 1e-12)
        assert limits[-1] < max(values) * 10**0.1


def test_tied_limits_are_joined():
    assert len(map_classes([5.0] * 90 + [6.0] * 10)) < 18
    assert len(map_classes([5.0])) == 0


def test_refusals():
    with pytest.raises(ValueError, match="method must be one of"):
        map_classes([1.0], method="jenks")
    with pytest.raises(ValueError, match="there is no value to class"):
        map_classes([np.nan])
    with pytest.raises(ValueError, match="1 of 2 values are not positive"):
        map_classes([0.0, 1.0], method="lg_interval")
