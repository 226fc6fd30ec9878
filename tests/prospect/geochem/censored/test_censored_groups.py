"""Rank tests of groups with values below detection."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kruskal

from prospect.geochem import compare_censored


def draw(seed, shift=0.6, size=60):
    random = np.random.default_rng(seed)
    groups = random.choice(["granite", "slate", "till"], size)
    values = random.lognormal(np.where(groups == "slate", shift, 0), 0.8)
    limits = random.choice([0.5, 1.0], size)
    hidden = values < limits
    return np.where(hidden, limits, values).round(2), hidden, groups


@pytest.mark.parametrize(
    ("test", "theirs"), [("logrank", None), ("gehan", "gb"), ("peto", "fh")]
)
def test_another_library_on_flipped_values(test, theirs):
    duration = pytest.importorskip("statsmodels.duration.survfunc")
    for seed in range(4):
        values, hidden, groups = draw(seed)
        found = compare_censored(values, hidden, groups, test=test)
        flipped = values.max() + 1 - values
        options = {"weight_type": theirs} if theirs else {}
        options |= {"fh_p": 1} if theirs == "fh" else {}
        statistic, p = duration.survdiff(flipped, ~hidden, groups, **options)
        assert found.attrs["statistic"] == pytest.approx(statistic)
        assert found.attrs["p_value"] == pytest.approx(p)


def test_by_hand():
    # from the top: 3 (A, risk 2 of 4), 2 (B, risk 1 of 3); below: <1 in A and B
    found = compare_censored([3, 1, 2, 1], [0, 1, 0, 1], list("AABB"), test="logrank")
    assert list(found["observed"]) == [1, 1]
    assert found["expected"].tolist() == pytest.approx([2 / 4 + 1 / 3, 2 / 4 + 2 / 3])
    spread = 1 / 4 + 2 / 9
    expected = (1 - 5 / 6) ** 2 / spread
    assert found.attrs["statistic"] == pytest.approx(expected)
    assert found["n_censored"].tolist() == [1, 1]


@pytest.mark.parametrize("test", ["peto", "gehan", "logrank"])
def test_the_richer_group_has_more_than_expected(test):
    values, hidden = [1, 1, 2, 3, 4, 5, 9, 8], [1, 1, 0, 0, 0, 0, 0, 0]
    found = compare_censored(values, hidden, list("aaaabbbb"), test=test)
    above = found["observed"] > found["expected"]
    assert above.to_dict() == {"a": False, "b": True}


def test_laws():
    values, hidden, groups = draw(9)
    found = compare_censored(values, hidden, groups)
    assert found["observed"].sum() == pytest.approx(found["expected"].sum())
    logs = compare_censored(np.log(values), hidden, groups)
    assert logs.attrs["statistic"] == pytest.approx(found.attrs["statistic"])
    order = np.random.default_rng(1).permutation(len(values))
    again = compare_censored(values[order], hidden[order], groups[order])
    pd.testing.assert_frame_equal(again, found)


def test_complete_data_agree_with_kruskal_wallis():
    values, _, groups = draw(3, shift=0.1, size=400)
    found = compare_censored(values, np.zeros(400, bool), groups, test="gehan")
    parts = [values[groups == name] for name in np.unique(groups)]
    assert found.attrs["statistic"] == pytest.approx(kruskal(*parts)[0], rel=0.1)


def test_error_of_the_first_kind():
    rejected = 0
    for seed in range(200):
        values, hidden, groups = draw(seed, shift=0)
        rejected += compare_censored(values, hidden, groups).attrs["p_value"] < 0.05
    assert 2 <= rejected <= 20


def test_zinc_of_two_zones(real_data):
    table = pd.read_csv(real_data("geochem/censored_nada") / "CuZn.csv")
    hidden = table["ZnCen"].astype("boolean").fillna(False).astype(bool)
    found = compare_censored(table["Zn"], hidden, table["Zone"])
    assert list(found["n"]) == [67, 50]
    assert found.attrs["n_missing"] == 1
    assert 0.01 < found.attrs["p_value"] < 0.05


def test_refusals():
    with pytest.raises(ValueError, match="test must be one of"):
        compare_censored([1], [0], ["a"], test="t")
    with pytest.raises(ValueError, match="there are 1 groups and 2 detected"):
        compare_censored([1, 2], [0, 0], ["a", "a"])
    with pytest.raises(ValueError, match="there are 2 groups and 0 detected"):
        compare_censored([1, 2], [1, 1], ["a", "b"])
    with pytest.raises(ValueError, match=r"shapes \(1,\), \(2,\) and \(1,\)"):
        compare_censored([1], [0, 1], ["a"])
