import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from survey import DataProblems
from survey.quality import (
    check_reference_materials,
    read_quality_rules,
    reference_summary,
)
from survey.quality.controls._robust import holm, robust_mean_sd
from survey.quality.controls._westgard import expected_false


def controls(values, **more):
    n = len(values)
    table = {
        "sample_id": [f"Q{i}" for i in range(n)],
        "qc_type": "reference material",
        "material": "RM-1",
        "lab_batch": "B1",
        "Cu_ppm": np.asarray(values, dtype=float),
    }
    return pd.DataFrame(table | more)


CERTIFIED = pd.DataFrame({"material": ["RM-1"], "Cu_ppm": [100.0], "Cu_ppm_sd": [5.0]})


def test_worked_by_hand():
    found = check_reference_materials(controls([100, 112, 84]), certified=CERTIFIED)
    assert found["z"].tolist() == pytest.approx([0, 2.4, -3.2])
    assert found["bias_pct"].tolist() == pytest.approx([0, 12, -16])
    assert found["delta_log"].tolist() == pytest.approx([0, 0.0492180, -0.0757207])
    assert found["status"].tolist() == ["pass", "warn", "fail"]
    assert found["rule"].tolist() == ["", "1-2s", "1-2s, 1-3s"]
    assert found["sequence"].tolist() == [1, 2, 3]
    assert set(found["basis"]) == {"certificate"}


@pytest.mark.parametrize(
    ("code", "z", "marked"),
    [
        ("2-2s", [2.1, 2.2, 0, 2.1, -2.2, -2.3], [1, 5]),
        ("R-4s", [2.1, -2.2, 0, -2.5, 2.5], [1, 4]),
        ("4-1s", [1.1, 1.2, 1.3, 1.4, 1.5, -1.1], [3, 4]),
        ("10x", [0.1] * 11 + [-0.1], [9, 10]),
    ],
)
def test_westgard_marks_the_result_that_completes_the_pattern(code, z, marked):
    rules = read_quality_rules("default")
    for name, rule in rules.rules.items():
        if name != code and rule.check == "reference material":
            rules = rules.change(name, on=False)
    rules = rules.change(code, on=True)
    values = 100 + 5 * np.array(z)
    found = check_reference_materials(
        controls(values), certified=CERTIFIED, rules=rules
    )
    assert np.flatnonzero(found["rule"].eq(code)).tolist() == marked
    rules = rules.change(code, on=False)
    found = check_reference_materials(
        controls(values), certified=CERTIFIED, rules=rules
    )
    assert found["rule"].eq("").all()


def test_moving_average_of_the_last_results():
    rules = read_quality_rules("default").change("moving_average", on=True)
    values = np.r_[np.full(5, 100.0), np.full(5, 107.0)]
    found = check_reference_materials(
        controls(values), certified=CERTIFIED, rules=rules
    )
    assert found["moving_average"].isna().sum() == 4
    assert found["moving_average"].iloc[-1] == pytest.approx(1.4)
    # 1.4 × √5 = 3.13 standard errors
    assert found["rule"].tolist()[-1] == "moving_average"
    assert found["status"].tolist()[-1] == "warn"


def test_runs_do_not_cross_materials_or_laboratories():
    table = controls([111.0, 111.0, 111.0, 111.0])
    table["material"] = ["RM-1", "RM-2", "RM-1", "RM-2"]
    table["laboratory"] = ["A", "A", "B", "B"]
    both = pd.concat([CERTIFIED, CERTIFIED.assign(material="RM-2")])
    found = check_reference_materials(table, certified=both)
    assert found["rule"].eq("1-2s").all()


def test_sequence_column_goes_before_the_order_of_rows():
    table = controls([111.0, 100.0, 112.0], sequence=[1, 3, 2])
    found = check_reference_materials(table, certified=CERTIFIED)
    assert found["value"].tolist() == [111, 112, 100]
    assert found["rule"].tolist() == ["1-2s", "1-2s, 2-2s", ""]


def test_robust_sd_stands_in_and_is_named():
    rng = np.random.default_rng(0)
    values = rng.normal(100, 5, 40)
    values[7] = 200
    bare = CERTIFIED.drop(columns="Cu_ppm_sd")
    found = check_reference_materials(controls(values), certified=bare)
    assert set(found["basis"]) == {"certified value, sd of results"}
    assert set(found["sd_n"]) == {40}
    _, spread = robust_mean_sd(values)
    assert found["sd"].iloc[0] == pytest.approx(spread)
    assert found["centre"].iloc[0] == 100
    assert found["status"].iloc[7] == "fail"


def test_few_results_without_sd_are_judged_by_their_logarithms():
    bare = CERTIFIED.drop(columns="Cu_ppm_sd")
    found = check_reference_materials(controls([110.0, 115.0, 80.0]), certified=bare)
    assert set(found["basis"]) == {"certified value"}
    # lg 1.10 = 0.0414, lg 1.15 = 0.0607, lg 0.80 = -0.0969; 0.05 is allowed
    assert found["status"].tolist() == ["pass", "fail", "fail"]
    assert found["rule"].tolist() == ["", "delta_log", "delta_log"]


def test_the_limit_of_logarithms_is_wider_near_detection():
    bare = CERTIFIED.drop(columns="Cu_ppm_sd")
    table = controls([115.0, 130.0], Cu_ppm_detection_limit=40.0)
    found = check_reference_materials(table, certified=bare, rules="china_1_50k")
    assert found["status"].tolist() == ["pass", "fail"]  # 0.0607, 0.1139 against 0.10
    table = controls([115.0, 130.0], Cu_ppm_detection_limit=30.0)
    found = check_reference_materials(table, certified=bare, rules="china_1_50k")
    assert found["status"].tolist() == ["fail", "fail"]


def test_without_certificate_results_are_compared_with_each_other():
    values = [10, 10.2, 9.9, 10.1, 10, 9.8, 10.3, 10.1, 14]
    found = check_reference_materials(controls(values))
    assert set(found["basis"]) == {"results"}
    assert found["bias_pct"].isna().all()
    assert found["status"].iloc[-1] == "fail"
    few = check_reference_materials(controls([10, 11]))
    assert few["status"].eq("untested").all()
    assert few["rule"].eq("no_certificate").all()


def test_hidden_results_are_never_numbers():
    table = controls([50.0, 99.0, 130.0])
    table["Cu_ppm_censored"] = [True, True, False]
    table["Cu_ppm_over_range"] = [False, False, True]
    found = check_reference_materials(table, certified=CERTIFIED)
    assert found["z"].isna().all()
    assert found["bias_pct"].isna().all()
    # below 50 cannot be 100 ± 5, above 130 neither; below 99 may be
    assert found["status"].tolist() == ["fail", "untested", "fail"]
    assert found["rule"].tolist() == ["1-3s", "censored", "1-3s"]


def test_methods_are_judged_apart():
    table = pd.DataFrame(
        {
            "sample_id": ["Q1", "Q2"],
            "analyte": "Cu_ppm",
            "value": [101.0, 115.0],
            "method": ["ICP", "XRF"],
            "qc_type": "GBW",
            "material": "RM-1",
            "lab_batch": "B1",
        }
    )
    certified = pd.DataFrame(
        {
            "material": "RM-1",
            "analyte": ["Cu_ppm", "Cu_ppm_XRF"],
            "certified_value": [100.0, 114.0],
            "certified_sd": [5.0, 5.0],
        }
    )
    found = check_reference_materials(table, certified=certified)
    assert found["analyte"].tolist() == ["Cu_ppm_ICP", "Cu_ppm_XRF"]
    assert found["z"].tolist() == pytest.approx([0.2, 0.2])


def test_long_and_wide_are_the_same():
    wide = controls([101.0, 120.0])
    long = wide.rename(columns={"Cu_ppm": "value"}).assign(analyte="Cu_ppm")
    one = check_reference_materials(wide, certified=CERTIFIED)
    two = check_reference_materials(long, certified=CERTIFIED)
    pd.testing.assert_frame_equal(one, two)


def test_input_is_left_alone():
    table, certified = controls([101.0, 120.0]), CERTIFIED.copy()
    before = table.copy()
    check_reference_materials(table, certified=certified)
    pd.testing.assert_frame_equal(table, before)
    pd.testing.assert_frame_equal(certified, CERTIFIED)


def test_summary_against_scipy():
    from scipy import stats

    rng = np.random.default_rng(3)
    values = rng.normal(104, 3, 30) + 0.2 * np.arange(30)
    found = check_reference_materials(controls(values), certified=CERTIFIED)
    row = reference_summary(found).iloc[0]
    test = stats.ttest_1samp(values, 100)
    interval = test.confidence_interval(0.95)
    assert row["bias_p"] == pytest.approx(test.pvalue)
    assert row["bias_low_pct"] == pytest.approx(interval.low - 100)
    assert row["bias_high_pct"] == pytest.approx(interval.high - 100)
    slope = stats.theilslopes(values, np.arange(30))
    assert row["drift"] == pytest.approx(slope.slope)
    assert row["drift_low"] < 0.2 < row["drift_high"]
    assert row["drift_p"] < 0.01
    assert row["rsd_pct"] == pytest.approx(100 * values.std(ddof=1) / values.mean())


def test_rsd_limits_by_level():
    certified = pd.DataFrame(
        {"material": ["RM-1"], "Cu_ppm": [1.0], "CaO_pct": [2.0], "SiO2_pct": [60.0]}
    )
    table = controls([1.0, 1.1], CaO_pct=[2.0, 2.1], SiO2_pct=[60.0, 61.0])
    table["Cu_ppm_detection_limit"] = 0.5
    found = check_reference_materials(table, certified=certified, rules="china_1_50k")
    summed = reference_summary(found, rules="china_1_50k").set_index("analyte")
    limits = summed["rsd_limit_pct"].to_dict()
    assert limits == {"Cu_ppm": 17, "CaO_pct": 8, "SiO2_pct": 3}
    table["Cu_ppm_detection_limit"] = 0.1
    found = check_reference_materials(table, certified=certified, rules="china_1_50k")
    summed = reference_summary(found, rules="china_1_50k").set_index("analyte")
    assert summed["rsd_limit_pct"]["Cu_ppm"] == 10


def test_expected_false_alarms_are_those_of_chance():
    rules = read_quality_rules("default")
    z = np.random.default_rng(5).normal(size=30000)
    names = [f"RM-{i}" for i in range(300)]
    table = controls(100 + 5 * z, material=np.repeat(names, 100))
    certified = pd.DataFrame({"material": names, "Cu_ppm": 100.0, "Cu_ppm_sd": 5.0})
    found = check_reference_materials(table, certified=certified, rules=rules)
    hits = found["status"].eq("fail").sum()
    # 0.0027 beyond 3 sd, 0.00104 second of two beyond 2 sd
    assert expected_false(100, rules) == pytest.approx(0.27 + 99 * 0.001035, rel=1e-3)
    assert hits / 300 == pytest.approx(expected_false(100, rules), rel=0.2)


def test_real_reference_materials(real_data):
    path = real_data("qaqc/rgr_quality_control") / "crm.test.csv"
    data = pd.read_csv(path, index_col=0)
    table = pd.DataFrame(
        {
            "sample_id": data.index,
            "qc_type": "CRM",
            "material": data["CRM"],
            "lab_batch": "NGR",
            "Cu_ppm": data["Cu"],
        }
    )
    certified = pd.DataFrame({"material": ["X"], "Cu_ppm": [34.5], "Cu_ppm_sd": [2.19]})
    found = check_reference_materials(table, certified=certified)
    x = data.loc[data["CRM"].eq("X"), "Cu"].to_numpy()
    mine = found[found["material"].eq("X")]
    assert mine["z"].to_numpy() == pytest.approx((x - 34.5) / 2.19)
    row = reference_summary(found).set_index("material").loc["X"]
    assert row["n"] == 25
    assert row["bias_pct"] == pytest.approx(100 * (x.mean() / 34.5 - 1))
    assert found["material"].nunique() == 8
    assert len(found) == 97  # a material without certificate is not dropped


def test_real_standard_without_certified_value(real_data):
    data = pd.read_csv(real_data("qaqc/kola_quality_control") / "CHorSTANDARD.csv")
    table = pd.DataFrame(
        {
            "sample_id": data["X.Loc"].astype(str),
            "qc_type": "standard",
            "material": "in-house",
            "lab_batch": "Kola",
            "Cu_ppm": data["Cu"],
        }
    )
    found = check_reference_materials(table)
    assert set(found["basis"]) == {"results"}
    centre, spread = robust_mean_sd(data["Cu"])
    median = np.median(data["Cu"])
    mad = 1.4826 * np.median(np.abs(data["Cu"] - median))
    assert centre == pytest.approx(median, rel=0.02)
    assert spread == pytest.approx(mad, rel=0.2)


def test_algorithm_a():
    """Results with one outlier: by hand from the definition, at the fixed point."""
    x = np.array([9.8, 9.9, 10.0, 10.1, 10.2, 15.0])
    centre, spread = robust_mean_sd(x)
    pulled = np.clip(x, centre - 1.5 * spread, centre + 1.5 * spread)
    assert centre == pytest.approx(pulled.mean())
    assert spread == pytest.approx(1.134 * pulled.std(ddof=1))
    assert robust_mean_sd([5, 5, 5, 5, 8])[1] == pytest.approx(
        np.std([5, 5, 5, 5, 8], ddof=1)
    )


def test_holm_against_statsmodels():
    multipletests = pytest.importorskip("statsmodels.stats.multitest").multipletests
    p = np.random.default_rng(0).uniform(size=30) ** 3
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1])
    assert np.isnan(holm([0.01, np.nan])[1])
    assert holm([0.01, np.nan])[0] == 0.01


@settings(max_examples=10, deadline=None)
@given(
    st.lists(st.floats(1, 1e4), min_size=1, max_size=12),
    st.floats(0.01, 100),
)
def test_units_do_not_matter(values, factor):
    one = check_reference_materials(controls(values), certified=CERTIFIED)
    scaled = CERTIFIED.assign(
        Cu_ppm=CERTIFIED["Cu_ppm"] * factor, Cu_ppm_sd=CERTIFIED["Cu_ppm_sd"] * factor
    )
    two = check_reference_materials(
        controls(np.array(values) * factor), certified=scaled
    )
    assert two["z"].to_numpy() == pytest.approx(one["z"].to_numpy(), abs=1e-6)


def test_bad_certificates_are_listed_together():
    certified = pd.DataFrame(
        {
            "material": ["RM-1", "RM-1", "RM-2", "RM-3"],
            "Cu_ppm": ["100", "120", "-5", "abc"],
        }
    )
    with pytest.raises(DataProblems) as raised:
        check_reference_materials(controls([100.0]), certified=certified)
    said = str(raised.value)
    assert "3 problems" in said
    assert "row 3, column 'Cu_ppm certified_value', value '-5'" in said
    assert "value 'abc'" in said
    assert "several certified values" in said


def test_tables_without_columns():
    with pytest.raises(ValueError, match="no column 'material'"):
        check_reference_materials(
            controls([1.0]), certified=pd.DataFrame({"Cu_ppm": [1]})
        )
    with pytest.raises(ValueError, match="neither columns 'analyte'"):
        check_reference_materials(
            controls([1.0]), certified=pd.DataFrame({"material": ["a"]})
        )
    with pytest.raises(ValueError, match="no column 'sample_id'"):
        check_reference_materials(controls([1.0]).drop(columns="sample_id"))
    with pytest.raises(ValueError, match="no column 'z'"):
        reference_summary(check_reference_materials(controls([1.0])).drop(columns="z"))
