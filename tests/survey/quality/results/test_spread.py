import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from survey import DataProblems
from survey.quality import melt_samples, read_assays, spread_assays

ANALYTES = ("Cu_ppm", "Au_ppb", "SiO2_pct")


def long(rows, **extra):
    names = ["sample_id", "analyte", "value", "method"]
    return pd.DataFrame(rows, columns=names).assign(**extra)


@st.composite
def tables(draw):
    """Samples with values, limits, flags, methods and batches, some missing."""
    n = draw(st.integers(1, 5))
    out = {"sample_id": [f"S{i}" for i in range(n)]}
    for name in draw(st.lists(st.sampled_from(ANALYTES), min_size=1, unique=True)):
        states = draw(st.lists(st.sampled_from("vcon"), min_size=n, max_size=n))
        state = np.array(states)
        value = draw(st.lists(st.floats(0.01, 1e4), min_size=n, max_size=n))
        out[name] = np.where(state == "n", np.nan, value)
        out[f"{name}_censored"] = state == "c"
        out[f"{name}_over_range"] = state == "o"
        out[f"{name}_detection_limit"] = np.where(state == "c", value, 0.005)
        for ending in ("method", "lab_batch"):
            texts = st.lists(st.sampled_from(["A", "B"]), min_size=n, max_size=n)
            out[f"{name}_{ending}"] = pd.array(draw(texts), dtype="str")
    return pd.DataFrame(out).astype({"sample_id": "str"})


@settings(max_examples=60, deadline=None)
@given(tables())
def test_melt_then_spread_loses_nothing(samples):
    before = samples.copy(deep=True)
    back = spread_assays(melt_samples(samples))
    # flags that mark nothing are not written again
    empty = [
        name
        for name in samples
        if name.endswith(("_censored", "_over_range")) and not samples[name].any()
    ]
    pd.testing.assert_frame_equal(back, samples.drop(columns=empty))
    pd.testing.assert_frame_equal(samples, before)


@settings(max_examples=30, deadline=None)
@given(tables())
def test_spread_then_melt_loses_no_result(samples):
    assays = melt_samples(samples, missing="drop")
    assume(len(assays))
    again = melt_samples(spread_assays(assays), missing="drop")
    order = ["sample_id", "analyte"]
    one, two = (
        t.drop(columns=["row", "source"])
        .astype(dict.fromkeys(["analyte", "unit", "method", "lab_batch"], "str"))
        .sort_values(order, ignore_index=True)
        for t in (assays, again)
    )
    pd.testing.assert_frame_equal(one, two, check_categorical=False)


def test_methods_as_columns_of_their_own():
    assays = long([("S1", "Ba_ppm", 5.0, "ICP-MS"), ("S1", "Ba_ppm", 6.0, "INAA")])
    wide = spread_assays(assays, methods="columns")
    assert wide["Ba_ppm_ICP_MS"].tolist() == [5.0]
    assert wide["Ba_ppm_INAA"].tolist() == [6.0]
    again = melt_samples(wide[["sample_id", "Ba_ppm_ICP_MS", "Ba_ppm_INAA"]])
    assert list(again["analyte"]) == ["Ba_ppm", "Ba_ppm"]
    assert list(again["method"]) == ["ICP_MS", "INAA"]


def test_preferred_method_and_over_range():
    assays = long(
        [
            ("S1", "Cu_ppm", 5.0, "XRF"),
            ("S1", "Cu_ppm", 6.0, "ICP"),
            ("S2", "Cu_ppm", 10000.0, "ICP"),
            ("S2", "Cu_ppm", 12500.0, "OG"),
            ("S3", "Cu_ppm", 7.0, "XRF"),
        ],
        over_range=[False, False, True, False, False],
    )
    wide = spread_assays(assays, prefer=("ICP", "XRF"))
    assert wide["Cu_ppm"].tolist() == [6.0, 12500.0, 7.0]
    assert wide["Cu_ppm_method"].tolist() == ["ICP", "OG", "XRF"]
    assert wide.attrs["not_preferred"] == {"Cu_ppm": 1}
    assert wide.attrs["over_range_replaced"] == {"Cu_ppm": 1}
    assert "Cu_ppm_over_range" not in wide
    assert spread_assays(assays, prefer="XRF")["Cu_ppm"].iloc[0] == 5.0


def test_different_results_are_all_listed():
    rows = [("S1", "Cu_ppm", 5.0, ""), ("S1", "Cu_ppm", 6.0, ""),
            ("S2", "Cu_ppm", 1.0, ""), ("S3", "Cu_ppm", 1.0, "ICP"),
            ("S3", "Cu_ppm", 2.0, "XRF")]  # fmt: skip
    with pytest.raises(DataProblems, match=r"several results \(rows 1, 2\)") as caught:
        spread_assays(long(rows))
    problems = caught.value.problems
    assert [p.row for p in problems] == [1, 4]
    assert problems[1].value == "1 (ICP), 2 (XRF)"
    assert "prefer=" in problems[0].remedy


def test_many_different_results_are_counted():
    rows = [(f"S{i}", "Cu_ppm", v, "") for i in range(130) for v in (1.0, 2.0)]
    with pytest.raises(DataProblems, match="30 further samples") as caught:
        spread_assays(long(rows))
    assert len(caught.value.problems) == 101


def test_mean_and_first():
    rows = [
        ("S1", "Cu_ppm", 5.0, ""),
        ("S1", "Cu_ppm", 7.0, ""),
        ("S2", "Cu_ppm", 1.0, ""),
    ]
    mean = spread_assays(long(rows), duplicates="mean")
    assert mean["Cu_ppm"].tolist() == [6.0, 1.0]
    assert mean.attrs["averaged"] == {"Cu_ppm": 2}
    first = spread_assays(long(rows), duplicates="first")
    assert first["Cu_ppm"].tolist() == [5.0, 1.0]
    assert first.attrs["left_out"] == {"Cu_ppm": 1}
    assert any("left out" in note for note in first.attrs["notes"])


def test_mean_never_mixes_censored_and_measured():
    rows = [("S1", "Cu_ppm", 2.0, ""), ("S1", "Cu_ppm", 4.0, "")]
    both = spread_assays(long(rows, censored=[True, True]), duplicates="mean")
    assert both["Cu_ppm"].tolist() == [3.0]
    assert both["Cu_ppm_censored"].all()
    with pytest.raises(DataProblems, match="several results") as caught:
        spread_assays(long(rows, censored=[True, False]), duplicates="mean")
    assert caught.value.problems[0].value == "<2, 4"


def test_identical_results_are_one_and_counted():
    rows = [("S1", "Cu_ppm", 5.0, ""), ("S1", "Cu_ppm", 5.0, "")]
    wide = spread_assays(long(rows, row=[1, 9]))
    assert wide["Cu_ppm"].tolist() == [5.0]
    assert wide.attrs["identical"] == {"Cu_ppm": 1}


def test_empty_cell_beside_a_result_is_no_second_result():
    rows = [("S1", "Cu_ppm", np.nan, ""), ("S1", "Cu_ppm", 5.0, "")]
    assert spread_assays(long(rows))["Cu_ppm"].tolist() == [5.0]


def test_units_and_counts_are_told():
    assays = long([("S1", "Cu_ppm", 5.0, "")], censored=True)
    assays.attrs["notes"] = ["read as gb18030"]
    wide = spread_assays(assays)
    assert wide.attrs["units"] == {"Cu_ppm": "ppm"}
    assert wide.attrs["censored"] == {"Cu_ppm": 1}
    assert wide.attrs["notes"] == ["read as gb18030"]


def test_district_equals_its_table():
    path = "data_samples/synthetic_district/geochemistry/soils.csv"
    wide = spread_assays(read_assays(path))
    table = pd.read_csv(path)
    for name in wide.attrs["units"]:
        np.testing.assert_array_equal(wide[name], table[name])
        assert (wide[f"{name}_lab_batch"] == table["batch"]).all()


def test_melt_takes_roles_from_columns():
    samples = pd.DataFrame(
        {"sample_id": ["S1"], "Cu_ppm": [3.0], "Cu_ppm_note": ["x"], "批次": ["B1"],
         "lab": ["A"], "job": ["J"], "X": [5.0], "Y": [6.0]}
    )  # fmt: skip
    assays = melt_samples(samples, columns={"lab_batch": "job"})
    assert list(assays["lab_batch"]) == ["J"]
    assert list(assays["laboratory"]) == ["A"]
    assert assays.attrs["left_out"] == ["Cu_ppm_note", "批次", "X", "Y"]
    assert list(melt_samples(samples, analytes=["Cu_ppm", "X"])["analyte"]) == [
        "Cu_ppm",
        "X",
    ]


def test_arguments_are_checked():
    assays = long([("S1", "Cu_ppm", 5.0, "")])
    with pytest.raises(ValueError, match="duplicates must be one of"):
        spread_assays(assays, duplicates="sum")
    with pytest.raises(ValueError, match="methods must be"):
        spread_assays(assays, methods="two")
    with pytest.raises(ValueError, match="no column 'value'"):
        spread_assays(assays.drop(columns="value"))
    samples = pd.DataFrame({"sample_id": ["S1"], "x": [1]})
    with pytest.raises(ValueError, match="no column holds an analyte"):
        melt_samples(samples)
    with pytest.raises(ValueError, match="missing must be"):
        melt_samples(samples, missing="zero")
    with pytest.raises(ValueError, match="no column 'sample_id'"):
        melt_samples(samples[["x"]])
