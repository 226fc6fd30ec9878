import string
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import survey
from survey import DataProblems
from survey.quality import QualityAssessment, assess_quality, read_assays
from survey.quality.controls import _columns as columns
from survey.quality.controls._reasons import _NOTES, _REASONS

FOLDER = (
    Path(survey.__file__).parents[1] / "data_samples/synthetic_district/geochemistry"
)
PLANTED = {
    ("S2", "Zn_ppm"): 16,
    ("S3", "Cu_ppm"): -12,
    ("S4", "As_ppm"): 20,
    ("S5", "Pb_ppm"): -10,
    ("T2", "Mo_ppm"): 18,
    ("T3", "Cu_ppm"): 10,
}


@pytest.fixture(scope="module")
def district():
    files = ("stream_sediments_gbk.csv", "soils.csv")
    assays = pd.concat([read_assays(FOLDER / file) for file in files])
    controls = read_assays(FOLDER / "quality_control.csv")
    certified = pd.read_csv(FOLDER / "reference_materials.csv")
    return assays, controls, certified


@pytest.fixture(scope="module")
def found(district):
    assays, controls, certified = district
    return assess_quality(assays, controls, certified=certified)


def simple(**changes):
    table = {
        "sample_id": ["Q1", "Q2", "Q3", "Q4"],
        "qc_type": ["CRM", "CRM", "blank", "pulp duplicate"],
        "material": ["RM-1", "RM-1", "quartz", ""],
        "original_id": ["", "", "", "S1"],
        "lab_batch": "B1",
        "Cu_ppm": [100.0, 101.0, 1.0, 11.0],
        "Cu_ppm_detection_limit": 1.0,
    }
    return pd.DataFrame(table | changes)


ASSAYS = pd.DataFrame({"sample_id": ["S1", "S2"], "lab_batch": "B1", "Cu_ppm": 10.0})
CERTIFIED = pd.DataFrame({"material": ["RM-1"], "Cu_ppm": [100.0], "Cu_ppm_sd": [5.0]})


def test_tables_have_their_columns(found):
    for name in ("references", "reference_summary", "blanks", "blank_summary",
                 "duplicates", "precision", "laboratories", "verdicts", "notes",
                 "problems"):  # fmt: skip
        wanted = getattr(columns, name.upper())
        table = getattr(found, name)
        assert list(table.columns) == list(wanted), name
        kinds = {c: str(table[c].dtype) for c in table if wanted[c] != "str"}
        assert kinds == {c: k for c, k in wanted.items() if k != "str"}, name


def test_every_batch_and_analyte_has_a_verdict(found):
    verdicts = found.verdicts
    assert len(verdicts) == 9 * 7
    assert not verdicts.duplicated(["lab_batch", "analyte"]).any()
    assert set(verdicts["verdict"]) <= {"accept", "reassay", "reject", "untested"}
    bad = verdicts["verdict"].isin(["reassay", "reject"])
    assert verdicts.loc[bad, "reason"].ne("").all()
    assert verdicts["n_samples"].sum() > 6000


def test_planted_biases(found):
    """Five of six come out; the sixth is less than three results could show."""
    verdicts = found.verdicts.set_index(["lab_batch", "analyte"])
    caught = {key for key in PLANTED if verdicts.loc[key, "verdict"] != "accept"}
    assert caught == set(PLANTED) - {("S3", "Cu_ppm")}
    for key, bias in PLANTED.items():
        row = verdicts.loc[key]
        assert row["bias_low_pct"] < bias < row["bias_high_pct"], key
        codes = {each["code"] for each in row["reasons"]}
        assert ("batch_bias" in codes) == (key in caught)
    missed = verdicts.loc["S3", "Cu_ppm"]
    assert missed["detectable_bias_pct"] > 12
    assert {each["code"] for each in missed["reasons"]} >= {"few_controls"}


def test_false_alarms_are_as_many_as_expected(found):
    verdicts = found.verdicts.set_index(["lab_batch", "analyte"])
    wrong = verdicts[verdicts["verdict"].ne("accept")].index.difference(list(PLANTED))
    assert len(wrong) == 1
    values = found.notes.set_index("code").loc["expected_false", "values"]
    assert values["tested"] == 356
    assert 1 < values["expected"] < 8
    assert len(wrong) < values["expected"]


def test_it_says_what_it_assumed(found):
    codes = set(found.notes["code"])
    assert {"sd_of_results", "expected_false", "batch_tests", "censored_pairs",
            "preceding_controls", "rules_unread"} <= codes  # fmt: skip
    basis = set(found.references["basis"])
    assert basis == {"certified value, sd of results"}
    assert found.problems.empty


def test_chinese_rules_on_the_district(district):
    """Gold scatters by 22 %: a limit of 0.05 in lg C is broken by chance alone."""
    assays, controls, certified = district
    found = assess_quality(assays, controls, certified=certified, rules="china_1_50k")
    values = found.notes.set_index("code").loc["expected_false", "values"]
    assert values["observed"] == pytest.approx(values["expected"], rel=0.3)
    assert values["observed"] > 50


def test_verdict_by_hand():
    found = assess_quality(ASSAYS, simple(), certified=CERTIFIED)
    row = found.verdicts.iloc[0]
    assert row["verdict"] == "accept"
    counts = ["n_samples", "n_reference", "n_blank", "n_duplicate"]
    assert row[counts].tolist() == [2, 2, 1, 1]
    # mean bias 0.5 % with a standard error of 5 / √2
    assert row["bias_pct"] == pytest.approx(0.5)
    assert row["bias_high_pct"] == pytest.approx(0.5 + 1.959964 * 5 / np.sqrt(2))
    # (1.960 + 0.842) × 3.536
    assert row["detectable_bias_pct"] == pytest.approx(9.9055, abs=1e-3)


@pytest.mark.parametrize(
    ("values", "verdict", "codes"),
    [
        ([120.0, 100.0, 1.0, 11.0], "reassay", {"1-3s", "batch_bias"}),
        ([111.0, 112.0, 1.0, 11.0], "reassay", {"1-2s", "2-2s", "batch_bias"}),
        ([100.0, 101.0, 9.0, 11.0], "reassay", {"blank"}),
        ([100.0, 101.0, 5.5, 11.0], "reassay", {"blank"}),
    ],
)
def test_reasons(values, verdict, codes):
    controls = simple(Cu_ppm=values)
    found = assess_quality(
        ASSAYS.assign(Cu_ppm=10.0), controls, certified=CERTIFIED
    ).verdicts.iloc[0]
    assert found["verdict"] == verdict
    told = {each["code"] for each in found["reasons"]}
    assert told >= codes
    assert found["reason"]


def test_a_result_below_detection_may_be_proof_enough():
    table = simple(Cu_ppm_censored=[True, False, False, False])
    table["Cu_ppm"] = [50.0, 101.0, 1.0, 11.0]
    table["Cu_ppm_detection_limit"] = [50.0, 1.0, 1.0, 1.0]
    row = assess_quality(ASSAYS, table, certified=CERTIFIED).verdicts.iloc[0]
    assert row["verdict"] == "reassay"
    assert [each["code"] for each in row["reasons"]] == ["1-3s_hidden"]
    assert "nan" not in row["reason"]
    assert row["bias_pct"] == pytest.approx(1)  # of the other result alone


def test_reject_where_most_results_fail():
    table = simple(Cu_ppm=[120.0, 121.0, 1.0, 11.0])
    third = table.iloc[[0]].assign(sample_id="Q9", Cu_ppm=125.0)
    found = assess_quality(ASSAYS, pd.concat([table, third]), certified=CERTIFIED)
    row = found.verdicts.iloc[0]
    assert row["verdict"] == "reject"
    assert row["reasons"][0]["code"] == "most_fail"
    assert row["reason"].startswith("3 of 3 reference results fail")


def test_untested_is_not_accepted():
    bare = assess_quality(ASSAYS.assign(lab_batch="B9"), simple(), certified=CERTIFIED)
    row = bare.verdicts.set_index("lab_batch").loc["B9"]
    assert row["verdict"] == "untested"
    assert row["reason"] == "no control sample in the batch"
    unsure = assess_quality(ASSAYS, simple())
    row = unsure.verdicts.iloc[0]
    assert row["verdict"] == "untested"
    assert row["reasons"][0]["code"] == "reference_untested"
    nameless = assess_quality(ASSAYS.drop(columns="lab_batch"), simple())
    row = nameless.verdicts.set_index("lab_batch").loc[""]
    assert row["reason"] == "the samples name no batch"


def test_stability_may_be_enough(tmp_path):
    rules = tmp_path / "stable.toml"
    rules.write_text('based_on = "international"\nrequired = ["stability", "blank"]\n')
    table = simple()
    more = [table] + [
        table.iloc[[0]].assign(sample_id=f"R{i}", Cu_ppm=99.0 + i) for i in range(8)
    ]
    found = assess_quality(ASSAYS, pd.concat(more), rules=rules)
    row = found.verdicts.iloc[0]
    assert row["verdict"] == "accept"
    assert "no_certificate" in {each["code"] for each in row["reasons"]}


def test_material_without_certificate_is_listed_and_kept():
    table = simple(material=["RM-1", "RM-2", "quartz", ""])
    found = assess_quality(ASSAYS, table, certified=CERTIFIED)
    assert found.references["material"].tolist() == ["RM-1", "RM-2"]
    problem = found.problems.iloc[0]
    assert problem["severity"] == "warning"
    assert problem["row"] == 2
    assert "RM-2" in problem["what"]
    assert "accuracy is not tested" in problem["remedy"]
    percent = CERTIFIED.rename(columns={"Cu_ppm": "Cu_pct"})[["material", "Cu_pct"]]
    found = assess_quality(ASSAYS, simple(), certified=percent)
    assert "gives Cu_pct: convert it" in found.problems["remedy"][0]


def test_duplicate_without_original_is_listed_and_counted():
    found = assess_quality(
        ASSAYS, simple(original_id=["", "", "", "S7"]), certified=CERTIFIED
    )
    assert found.duplicates.empty
    problem = found.problems.iloc[0]
    assert (problem["row"], problem["value"]) == (4, "S7")
    assert found.notes.set_index("code").loc["pairs_lost", "values"] == {"n": 1}


def test_bad_controls_are_listed_together():
    table = simple(
        qc_type=["CRM", "CRM", "balnk", "pulp duplicate"],
        material=["RM-1", "", "quartz", ""],
        original_id=["", "", "", "Q4"],
        Cu_ppm=[0.5, 101.0, 1.0, 11.0],
        lab_batch=["B1", "B1", "B1", ""],
    )
    with pytest.raises(DataProblems) as raised:
        assess_quality(ASSAYS, table, certified=CERTIFIED)
    said = str(raised.value)
    assert "5 problems" in said
    assert "row 3, column 'qc_type', value 'balnk': unknown kind" in said
    assert "row 2, column 'material', value 'Q2': the reference material has no" in said
    assert "row 4, column 'original_id', value 'Q4': the duplicate is its own" in said
    assert "row 4, column 'lab_batch', value 'Q4': the control belongs to no" in said
    assert "row 1, column 'Cu_ppm', value '0.5': the detection limit 1 is above" in said


def test_more_bad_input():
    with pytest.raises(DataProblems, match="no column 'lab_batch'"):
        assess_quality(ASSAYS, simple().drop(columns="lab_batch"))
    with pytest.raises(DataProblems, match="no column 'qc_type'"):
        assess_quality(ASSAYS, simple().drop(columns="qc_type"))
    with pytest.raises(DataProblems, match="the duplicate does not name its original"):
        assess_quality(ASSAYS, simple(original_id=""))
    high = ASSAYS.assign(Cu_ppm_detection_limit=[5.0, 50.0])
    with pytest.raises(DataProblems, match=r"assays, row 2, .*limit 50 is above"):
        assess_quality(high, simple())
    with pytest.raises(FileNotFoundError, match="no rules 'mine'"):
        assess_quality(ASSAYS, simple(), rules="mine")


def test_words_of_other_people():
    chinese = simple(qc_type=["标准物质", "GBW", "空白", "内检"])
    found = assess_quality(ASSAYS, chinese, certified=CERTIFIED)
    usual = assess_quality(ASSAYS, simple(), certified=CERTIFIED)
    pd.testing.assert_frame_equal(found.verdicts, usual.verdicts)


def test_wide_and_long_give_the_same(district, found):
    assays, controls, certified = district
    from survey.quality import spread_assays

    wide = spread_assays(controls.drop(columns=["qc_type", "original_id", "material"]))
    keys = ["sample_id", "qc_type", "original_id", "material"]
    wide = wide.merge(controls[keys].drop_duplicates(), on="sample_id")
    again = assess_quality(assays, wide, certified=certified)
    said = ["lab_batch", "analyte", "verdict", "reason"]
    pd.testing.assert_frame_equal(again.verdicts[said], found.verdicts[said])


def test_input_is_left_alone():
    tables = ASSAYS.copy(), simple(), CERTIFIED.copy()
    before = [each.copy() for each in tables]
    assess_quality(tables[0], tables[1], certified=tables[2])
    for one, two in zip(tables, before, strict=True):
        pd.testing.assert_frame_equal(one, two)


def test_a_batch_takes_its_laboratory_from_the_other_table():
    found = assess_quality(ASSAYS.assign(laboratory="A"), simple(), certified=CERTIFIED)
    assert found.verdicts["laboratory"].tolist() == ["A"]


def test_laboratory_check_by_another_method():
    n = 12
    assays = pd.DataFrame(
        {
            "sample_id": [f"S{i}" for i in range(n)],
            "analyte": "Cu_ppm",
            "value": np.linspace(10, 100, n),
            "method": "ICP",
            "lab_batch": "B1",
            "laboratory": "A",
        }
    )
    checks = assays.assign(
        sample_id=[f"C{i}" for i in range(n)],
        qc_type="umpire",
        original_id=assays["sample_id"],
        value=1.2 * assays["value"],
        method="XRF",
        lab_batch="U1",
        laboratory="B",
    )
    found = assess_quality(assays, checks)
    row = found.laboratories.iloc[0]
    assert row["n_complete"] == n
    assert row["bias_pct"] == pytest.approx(20)
    assert row["status"] == "fail"
    same = assess_quality(assays, checks.assign(qc_type="pulp duplicate"))
    assert same.duplicates.empty  # methods are not duplicates of each other


def test_triples(real_data):
    """Field and analytical duplicates of one survey, originals among both tables."""
    data = pd.read_csv(real_data("qaqc/rgr_quality_control") / "triples.test1.csv")
    site = np.repeat(np.arange(9), 3)
    parent = (
        data.assign(site=site)
        .groupby("site")["ID"]
        .transform(lambda ids: [ids.iloc[1], ids.iloc[2], ""])
    )
    routine = parent.eq("")
    assays = data[routine].rename(columns={"ID": "sample_id"})[["sample_id", "Ba_ppm"]]
    controls = pd.DataFrame(
        {
            "sample_id": data["ID"],
            "qc_type": np.tile(["pulp duplicate", "field duplicate", ""], 9),
            "original_id": parent,
            "lab_batch": "M",
            "Ba_ppm": data["Ba_ppm"],
        }
    )[~routine.to_numpy()]
    found = assess_quality(assays.assign(lab_batch="M"), controls)
    assert found.duplicates["kind"].value_counts().to_dict() == {
        "field duplicate": 9,
        "pulp duplicate": 9,
    }
    rows = found.precision.set_index("kind")
    field, pulp = rows["within_rsd_pct"][["field duplicate", "pulp duplicate"]]
    assert field > pulp > 0


def test_every_reason_and_note_can_be_worded():
    for table in (_REASONS, _NOTES):
        for code, text in table.items():
            fields = list(string.Formatter().parse(text))
            assert all(name != "" for _, name, _, _ in fields), code


def test_it_is_one_frozen_object(found):
    assert isinstance(found, QualityAssessment)
    with pytest.raises(AttributeError):
        found.verdicts = None
