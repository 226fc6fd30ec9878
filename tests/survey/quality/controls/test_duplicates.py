import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from survey.quality import duplicate_precision, pair_duplicates


def pairs_of(first, second, kind="pulp duplicate", analyte="Cu_ppm", **more):
    n = len(first)
    names = [f"S{i}" for i in range(n)]
    assays = pd.DataFrame({"sample_id": names, "lab_batch": "B1", analyte: first})
    controls = pd.DataFrame(
        {
            "sample_id": [f"D{i}" for i in range(n)],
            "qc_type": kind,
            "original_id": names,
            "lab_batch": "B1",
            analyte: second,
        }
        | more
    )
    return pair_duplicates(assays, controls)


def test_one_pair_by_hand():
    found = pairs_of([2.0], [2.2]).iloc[0]
    assert found["hard_pct"] == pytest.approx(100 / 21)  # 4.7619
    assert found["rpd_pct"] == pytest.approx(200 / 21)  # 9.5238
    assert found["difference"] == pytest.approx(0.2)
    assert found["mean"] == pytest.approx(2.1)


def test_cv_rms_by_hand():
    found = duplicate_precision(pairs_of([2.0, 5.0, 10.0], [2.2, 4.5, 11.0]))
    assert found["cv_rms_pct"].iloc[0] == pytest.approx(6.97865, abs=5e-6)


def test_stanley_2003(real_data):
    data = pd.read_csv(real_data("qaqc/rgr_quality_control") / "ms.data1.csv")
    found = duplicate_precision(pairs_of(data["MS.1"], data["MS.2"])).iloc[0]
    assert found["hard_median_pct"] == pytest.approx(3.1568, abs=5e-5)
    assert found["hard_mean_pct"] == pytest.approx(5.4802, abs=5e-5)
    assert found["cv_rms_pct"] == pytest.approx(9.2023, abs=5e-5)
    assert found["n_outside_95"] == 7
    assert found["p_outside_95"] == pytest.approx(5.983e-6, rel=1e-4)
    assert found["n_outside_90"] == 7
    assert found["p_outside_90"] == pytest.approx(5.045e-4, rel=1e-4)
    assert found["miesch_v"] == pytest.approx(772.53, abs=0.005)
    assert found["miesch_vm"] == pytest.approx(1545.06, abs=0.005)
    assert found["method"] == "short"


def test_analytical_duplicates_of_a_survey(real_data):
    """Eighty duplicates, each followed by its parent: HARD and rates by brute force."""
    data = pd.read_csv(real_data("qaqc/rgr_quality_control") / "ad.test.csv")
    second, first = data["Cu"].to_numpy()[::2], data["Cu"].to_numpy()[1::2]
    found = duplicate_precision(pairs_of(first, second)).iloc[0]
    hard = [100 * abs(a - b) / (a + b) for a, b in zip(first, second, strict=True)]
    assert found["n"] == 80
    assert found["hard_median_pct"] == pytest.approx(np.median(hard))
    assert found["pass_pct"] == pytest.approx(100 * np.mean(np.array(hard) <= 10))
    assert found["method"] == "long"
    assert found["within_rsd_pct"] == pytest.approx(found["cv_rms_pct"], rel=0.1)


def test_censored_pairs_are_counted_and_never_numbers():
    found = pairs_of(
        [1.0, 1.0, 4.0], [1.0, 9.0, 4.4], Cu_ppm_censored=[True, False, False]
    )
    assert found["rule"].tolist()[0] == "censored_one"
    assert found["mean"].isna().tolist() == [True, False, False]
    assays = pd.DataFrame(
        {"sample_id": ["S"], "Cu_ppm": [1.0], "Cu_ppm_censored": True}
    )
    controls = pd.DataFrame(
        {"sample_id": ["D"], "qc_type": ["pulp duplicate"], "original_id": ["S"],
         "lab_batch": ["B"], "Cu_ppm": [1.0], "Cu_ppm_censored": True}
    )  # fmt: skip
    both = pair_duplicates(assays, controls)
    assert both["rule"].tolist() == ["censored_both"]
    row = duplicate_precision(pd.concat([found, both])).iloc[0]
    counts = ["n", "n_complete", "n_censored_one", "n_censored_both"]
    assert row[counts].tolist() == [4, 2, 1, 1]


def test_pairs_near_detection_are_not_judged():
    found = pairs_of([5.0, 50.0], [9.0, 90.0], Cu_ppm_detection_limit=1.0)
    assert found["status"].tolist() == ["untested", "fail"]
    assert found["rule"].tolist() == ["near_limit", "hard"]
    assert duplicate_precision(found)["n_near_limit"].tolist() == [1]


def test_an_original_may_be_a_control():
    assays = pd.DataFrame({"sample_id": ["S1"], "Ba_ppm": [46.4]})
    controls = pd.DataFrame(
        {
            "sample_id": ["F1", "A1"],
            "qc_type": ["field duplicate", "analytical duplicate"],
            "original_id": ["S1", "F1"],
            "lab_batch": "B1",
            "Ba_ppm": [44.3, 44.4],
        }
    )
    found = pair_duplicates(assays, controls).set_index("kind")
    assert found["first"].to_dict() == {"field duplicate": 46.4, "pulp duplicate": 44.3}


def test_of_several_originals_that_of_the_same_batch_is_taken():
    assays = pd.DataFrame(
        {"sample_id": ["S1", "S1"], "lab_batch": ["B1", "B2"], "Cu_ppm": [10.0, 20.0]}
    )
    controls = pd.DataFrame(
        {"sample_id": ["D"], "qc_type": ["pulp duplicate"], "original_id": ["S1"],
         "lab_batch": ["B2"], "Cu_ppm": [21.0]}
    )  # fmt: skip
    found = pair_duplicates(assays, controls)
    assert found["first"].tolist() == [20]
    found = pair_duplicates(assays, controls.assign(lab_batch="B3"))
    assert found["first"].tolist() == [10]


def test_chinese_rule_with_its_exception_for_gold():
    for analyte, status in (("Cu_ppm", "fail"), ("Au_ppb", "pass")):
        assays = pd.DataFrame({"sample_id": ["S"], analyte: [10.0]})
        controls = pd.DataFrame(
            {"sample_id": ["D"], "qc_type": ["重复样"], "original_id": ["S"],
             "lab_batch": ["B"], analyte: [15.0]}
        )  # fmt: skip
        found = pair_duplicates(assays, controls, rules="china_1_50k")
        assert found["rpd_pct"].tolist() == pytest.approx([40])
        assert found["status"].tolist() == [status]


def test_pass_rate_must_be_above_eighty_per_cent():
    first = np.full(10, 100.0)
    second = np.array([100.0] * 8 + [200.0] * 2)
    pairs = pairs_of(first, second)
    row = duplicate_precision(pairs, rules="china_1_50k").iloc[0]
    assert row["pass_pct"] == 80
    assert row["status"] == "fail"
    second[-1] = 100
    row = duplicate_precision(pairs_of(first, second), rules="china_1_50k").iloc[0]
    assert row["status"] == "pass"


def test_few_failures_are_no_verdict():
    """One of two pairs fails: likely enough if nine in ten pass (p = 0.19)."""
    row = duplicate_precision(pairs_of([10.0, 10.0], [10.0, 20.0])).iloc[0]
    assert row["pass_pct"] == 50
    assert row["status"] == "pass"


@settings(max_examples=8, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(0.1, 1e4), st.floats(0.1, 1e4)), min_size=2, max_size=15
    )
)
def test_swapping_members_changes_no_measure(values):
    first, second = map(np.array, zip(*values, strict=True))
    one = duplicate_precision(pairs_of(first, second)).iloc[0]
    two = duplicate_precision(pairs_of(second, first)).iloc[0]
    for name in ("hard_median_pct", "cv_rms_pct", "pass_pct", "n_outside_95"):
        assert one[name] == pytest.approx(two[name])
    assert one["hard_median_pct"] <= 100


def test_recovers_the_precision_that_was_put_in():
    rng = np.random.default_rng(4)
    content = np.exp(rng.normal(3, 1, 400))
    x = content * np.exp(rng.normal(0, 0.08, (2, 400)))
    row = duplicate_precision(pairs_of(*x)).iloc[0]
    assert row["within_rsd_low_pct"] < 8 < row["within_rsd_high_pct"]
    assert row["sd_slope"] == pytest.approx(0.08, rel=0.2)
    assert row["rms_slope"] == pytest.approx(0.08, rel=0.15)


def test_missing_column():
    with pytest.raises(ValueError, match="no column 'kind'"):
        duplicate_precision(pairs_of([1.0], [2.0]).drop(columns="kind"))
