import itertools

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from prospect.evidence import classify
from prospect.evidence._classes import _jenks

METHODS = ["equal_interval", "quantile", "natural_breaks", "geometric"]


def grid(values, **attrs):
    return xr.DataArray(np.atleast_2d(values), dims=("y", "x"), name="g", attrs=attrs)


@pytest.fixture
def skewed():
    values = np.random.default_rng(0).lognormal(0, 2, (60, 50)).astype("float32")
    values[::7, ::5] = np.nan
    return grid(values, units="ppm", long_name="gold")


def test_equal_intervals_are_equal_in_value():
    """Of 100 skewed values 99 lie in the lowest class: these are no quantiles."""
    values = np.append(np.arange(99.0), 10_000)
    found = classify(grid(values), method="equal_interval", n_classes=5)
    np.testing.assert_allclose(found.attrs["breaks"], [2000, 4000, 6000, 8000])
    assert np.unique(found, return_counts=True)[1].tolist() == [99, 1]


@pytest.mark.parametrize("n", [2, 5, 9])
def test_quantiles_equal_numpy(skewed, n):
    shares = np.arange(1, n) / n
    for values in (skewed, skewed - 3, -skewed):
        expected = np.nanquantile(values, shares, method="inverted_cdf")
        found = classify(values, method="quantile", n_classes=n)
        np.testing.assert_array_equal(found.attrs["breaks"], expected)
        counts = np.unique(found.values[~np.isnan(found)], return_counts=True)[1]
        assert np.ptp(counts) <= n


def squares(parts):
    return sum(part.var() * part.size for part in parts)


def test_natural_breaks_equal_trying_all():
    for seed in range(5):
        values = np.unique(np.random.default_rng(seed).integers(0, 99, 14)).astype(
            float
        )
        for n in (2, 3, 4):
            cuts = itertools.combinations(range(1, len(values)), n - 1)
            best = min(cuts, key=lambda c: squares(np.split(values, c)))
            found = _jenks(values, np.ones(len(values)), n)
            assert found.tolist() == list(best)


def test_natural_breaks_find_the_groups():
    random = np.random.default_rng(1)
    groups = [random.normal(m, 1, 400) for m in (0, 50, 1000)]
    found = classify(grid(np.concatenate(groups)), method="natural_breaks", n_classes=3)
    assert np.unique(found, return_counts=True)[1].tolist() == [400, 400, 400]


def test_geometric_limits_grow_by_one_factor(skewed):
    found = classify(skewed, method="geometric", n_classes=4)
    limits = [float(skewed.min()), *found.attrs["breaks"], float(skewed.max())]
    assert np.ptp(np.diff(np.log(limits))) < 1e-6


def test_manual_limits_belong_to_the_class_below():
    found = classify(
        grid([0, 10, 10.1, 20, 21, np.nan]), method="manual", breaks=[10, 20]
    )
    np.testing.assert_array_equal(found, [[1, 1, 2, 2, 3, np.nan]])
    assert found.attrs["classes"] == {1: "≤ 10", 2: "10 – 20", 3: "> 20"}


@pytest.mark.parametrize("method", METHODS)
def test_missing_stays_missing_and_chunks_do_not_matter(skewed, method):
    before = skewed.copy(deep=True)
    found = classify(skewed, method=method, n_classes=5)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(skewed))
    lazy = classify(skewed.chunk(y=7, x=11), method=method, n_classes=5)
    assert lazy.chunks is not None
    xr.testing.assert_identical(lazy.compute(), found)
    xr.testing.assert_identical(skewed, before)
    assert found.attrs["kind"] == "categorical"
    assert found.attrs["long_name"] == "gold"
    assert set(np.unique(found.values[~np.isnan(found)])) <= set(found.attrs["classes"])


@settings(max_examples=20, deadline=None)
@given(
    values=hnp.arrays(
        "float32",
        (4, 6),
        elements=st.floats(-(2.0**60), 2.0**60, width=32),
    ),
    method=st.sampled_from(METHODS[:3]),
    n=st.integers(2, 6),
)
def test_codes_follow_the_values(values, method, n):
    found = classify(grid(values), method=method, n_classes=n).values.ravel()
    order = np.argsort(values.ravel())
    assert (np.diff(found[order]) >= 0).all()
    same = values.ravel()[order][1:] == values.ravel()[order][:-1]
    assert (np.diff(found[order])[same] == 0).all()
    assert found.max() <= n


def test_one_value_is_one_class():
    for method in METHODS:
        found = classify(grid([5.0, 5, 5]), method=method, n_classes=3)
        assert len(np.unique(found)) == 1


def test_errors():
    some = grid([0.0, 1, 2])
    with pytest.raises(ValueError, match=r"method must be one of.*'jenks'"):
        classify(some, method="jenks")
    with pytest.raises(ValueError, match="breaks= goes with method='manual'"):
        classify(some, method="quantile", breaks=[1])
    with pytest.raises(ValueError, match="breaks= goes with method='manual'"):
        classify(some, method="manual")
    with pytest.raises(ValueError, match=r"breaks must ascend.*\[2, 1\]"):
        classify(some, method="manual", breaks=[2, 1])
    with pytest.raises(ValueError, match="1 breaks make 2 classes, not 4"):
        classify(some, method="manual", breaks=[1], n_classes=4)
    with pytest.raises(ValueError, match=r"n_classes must be at least 2. Got 1"):
        classify(some, n_classes=1)
    with pytest.raises(ValueError, match="positive values; the lowest is 0"):
        classify(some, method="geometric")
    for method in METHODS[:3]:
        with pytest.raises(ValueError, match=r"no (finite range|values)"):
            classify(grid([np.nan, np.nan]), method=method)
