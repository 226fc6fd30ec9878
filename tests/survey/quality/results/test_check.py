import numpy as np
import pandas as pd
import pytest

from survey.quality import check_assays, read_assays


def assays(**columns):
    n = max(len(v) for v in columns.values() if not isinstance(v, str))
    base = {"sample_id": [f"S{i}" for i in range(n)], "analyte": "Cu_ppm", "value": 5.0}
    return pd.DataFrame({**base, **columns})


def whats(table, severity=None):
    return [p.what for p in check_assays(table) if severity in (None, p.severity)]


def test_clean_table_has_no_problem():
    assert check_assays(assays(value=[1.0, 2.0], detection_limit=[0.5, 0.5])) == []


def test_everything_is_listed_at_once_errors_first():
    table = assays(
        value=[-3.0, 0.0, 0.2, 5.0, 2e6, np.nan],
        detection_limit=[np.nan, np.nan, 0.5, np.nan, np.nan, np.nan],
        censored=[False, False, False, False, False, True],
        lab_batch=["B1"] * 6,
        source=["lab.csv"] * 6,
    )
    found = check_assays(table)
    assert [(p.severity, p.row, p.value) for p in found] == [
        ("error", 1, "-3"),
        ("error", 5, "2e+06"),
        ("warning", 2, "0"),
        ("warning", 3, "0.2"),
        ("warning", None, None),
    ]
    assert all(p.remedy for p in found)
    assert found[0].file == "lab.csv"
    assert "1 values of batch B1 lie below a limit that is not told" in found[-1].what


def test_different_results_of_one_sample_and_method():
    table = assays(sample_id=["S1", "S1", "S2", "S2"], value=[5.0, 6.0, 1.0, 1.0])
    (found,) = check_assays(table)
    assert found.what == "sample S1 has different results (rows 1, 2)"
    assert found.value == "5, 6"
    by_method = table.assign(method=["ICP", "XRF", "ICP", "ICP"])
    assert check_assays(by_method) == []
    censored = assays(sample_id=["S1", "S1"], value=[5.0, 5.0], censored=[True, False])
    assert check_assays(censored)[0].value == "<5, 5"


def test_mixed_units_of_an_element():
    table = assays(analyte=["Cu_ppm", "Cu_pct", "Zn_ppm"])
    (found,) = check_assays(table)
    assert found.what == "Cu stands in several units: 1 Cu_ppm, 1 Cu_pct"
    assert "convert_unit" in found.remedy


def test_limit_above_the_values_of_a_batch():
    table = assays(value=[1.0, 2.0, 3.0, 90.0], detection_limit=[50.0] * 4)
    errors = whats(table, "error")
    assert errors == ["the limit of detection lies above 75% of the 4 values"]


def test_batch_in_another_unit_is_noticed():
    rng = np.random.default_rng(3)
    value = rng.lognormal(3, 0.5, 60)
    value[40:] /= 1e3
    batch = np.repeat(["B1", "B2", "B3"], 20)
    (found,) = check_assays(assays(value=value, lab_batch=batch))
    assert found.what.startswith("the contents of batch B3 are ")
    assert "lower" in found.what


def test_unknown_analyte():
    (found,) = check_assays(assays(analyte=["Cu_ppm", "Xx_ppm"]))
    assert found.column == "Xx_ppm"


def test_over_range_needs_a_second_determination():
    table = assays(
        sample_id=["S1", "S2", "S2"],
        analyte=["Cu_ppm", "Cu_ppm", "Cu_pct"],
        value=[10000.0, 10000.0, 1.3],
        over_range=[True, True, False],
    )
    found = [p for p in check_assays(table) if "range" in p.what]
    assert [(p.row, p.value) for p in found] == [(1, ">10000")]


def test_results_without_sample_or_analyte():
    table = assays(sample_id=["", "S2"], analyte=["Cu_ppm", ""])
    assert whats(table, "error") == [
        "the result has no sample",
        "the result has no analyte",
    ]


def test_many_rows_are_counted():
    found = check_assays(assays(value=np.zeros(250)))
    assert len(found) == 101
    assert found[-1].what == "150 further results: a content of 0"


def test_gswa(real_data):
    path = real_data("geochem/gswa_stream_sediment_au") / "sediment_samples.csv"
    read = read_assays(path, columns={"lab_batch": "WAMEX_A_NO"})
    found = check_assays(read)
    zeros = [p for p in found if "a content of 0" in p.what and p.column == "Au_ppm"]
    assert len(zeros) == 101
    assert "54 further" in zeros[-1].what


def test_input_is_unchanged():
    table = assays(value=[-1.0, 0.0])
    before = table.copy()
    check_assays(table)
    pd.testing.assert_frame_equal(table, before)
    with pytest.raises(ValueError, match="no column 'analyte'"):
        check_assays(table.drop(columns="analyte"))
