import numpy as np
import pandas as pd
import pytest

from survey import DataProblems
from survey.quality import check_blanks
from survey.quality.controls._blanks import summarise_blanks


def table(values, kinds=None, **more):
    n = len(values)
    columns = {
        "sample_id": [f"Q{i}" for i in range(n)],
        "qc_type": kinds or ["blank"] * n,
        "material": "quartz",
        "lab_batch": "B1",
        "Cu_ppm": np.asarray(values, dtype=float),
        "Cu_ppm_detection_limit": 1.0,
    }
    return pd.DataFrame(columns | more)


def test_worked_by_hand():
    found = check_blanks(table([5.0, 5.1, 1.0], Cu_ppm_censored=[False, False, True]))
    assert found["status"].tolist() == ["pass", "fail", "pass"]
    assert found["ratio"].tolist()[:2] == pytest.approx([5, 5.1])
    assert np.isnan(found["ratio"].iloc[2])  # a limit is not a content


def test_carry_over_is_told_from_other_contamination():
    kinds = ["CRM", "blank", "CRM", "blank"]
    found = check_blanks(table([1000.0, 20.0, 100.0, 20.0], kinds))
    # 2 % of 1000 would do, 20 % of 100 is no carry-over
    assert found["rule"].tolist() == ["blank, carry_over", "blank"]
    assert found["preceding_id"].tolist() == ["Q0", "Q2"]


def test_the_sample_before_is_known_from_the_file():
    controls = table([20.0], source="lab.csv").assign(row=3)
    assays = pd.DataFrame(
        {"sample_id": ["S1", "S2"], "Cu_ppm": [3.0, 900.0], "lab_batch": "B1"}
    ).assign(source="lab.csv", row=[1, 2])
    found = check_blanks(controls, assays=assays)
    assert found["preceding_id"].tolist() == ["S2"]
    assert found["preceding_type"].tolist() == ["sample"]
    assert found["rule"].tolist() == ["blank, carry_over"]
    # elsewhere the order between the tables is not known, and not guessed
    found = check_blanks(controls, assays=assays.assign(source="other.csv"))
    assert found["preceding_id"].tolist() == [""]
    assert found["rule"].tolist() == ["blank"]


def test_nothing_precedes_across_batches():
    found = check_blanks(table([900.0, 20.0], ["CRM", "blank"], lab_batch=["B1", "B2"]))
    assert found["preceding_id"].tolist() == [""]


def test_limits_come_from_the_batch_then_from_the_laboratory():
    controls = table(
        [7.0, 7.0, 7.0], lab_batch=["B1", "B2", "B3"], laboratory=["A", "A", "B"]
    )
    controls["Cu_ppm_detection_limit"] = np.nan
    assays = pd.DataFrame(
        {
            "sample_id": ["S1"],
            "Cu_ppm": [2.0],
            "Cu_ppm_censored": True,
            "lab_batch": "B1",
            "laboratory": "A",
        }
    )
    found = check_blanks(controls, assays=assays)
    assert found["detection_limit"].tolist()[:2] == [2, 2]
    assert found["status"].tolist() == ["pass", "pass", "untested"]
    assert found["rule"].tolist()[2] == "no_detection_limit"


def test_blanks_that_follow_what_came_before():
    rng = np.random.default_rng(0)
    before = rng.uniform(10, 1000, 20)
    values = np.ravel(np.column_stack([before, 1 + 0.01 * before]))
    found = check_blanks(table(values, ["CRM", "blank"] * 20))
    row = summarise_blanks(found).iloc[0]
    assert row["carry_over_rho"] == pytest.approx(1)
    assert row["carry_over_pct"] == pytest.approx(1)
    assert row["carry_over_p"] < 1e-6
    shuffled = rng.permutation(1 + 0.01 * before)
    values = np.ravel(np.column_stack([before, shuffled]))
    found = check_blanks(table(values, ["CRM", "blank"] * 20))
    assert summarise_blanks(found).iloc[0]["carry_over_p"] > 0.01


def test_no_blanks():
    found = check_blanks(table([10.0], ["CRM"]))
    assert found.empty
    assert summarise_blanks(found).empty


def test_text_is_refused_with_its_place():
    controls = table([1.0, 2.0]).astype({"Cu_ppm": object})
    controls.loc[1, "Cu_ppm"] = "<2"
    with pytest.raises(DataProblems, match="row 2, column 'Cu_ppm', value '<2'"):
        check_blanks(controls)
