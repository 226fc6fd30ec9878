import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from prospect.report import Words, write_quality_report
from prospect.report import _control_words as control_words
from prospect.report._control_words import notes_said, reason_said
from survey.quality import (
    assess_quality,
    join_assays,
    read_assays,
    read_certified,
    read_quality_rules,
)
from survey.quality.controls import _reasons as library

DISTRICT = "data_samples/synthetic_district/geochemistry"
PLANTED = {("S2", "Zn_ppm"), ("S4", "As_ppm"), ("S5", "Pb_ppm"), ("T2", "Mo_ppm"),
           ("T3", "Cu_ppm")}  # fmt: skip


def tables():
    controls = read_assays(f"{DISTRICT}/quality_control.csv", limits="from_values")
    assays = join_assays(
        read_assays(f"{DISTRICT}/stream_sediments_gbk.csv"),
        read_assays(f"{DISTRICT}/soils.csv"),
    )
    return assays, controls, read_certified(f"{DISTRICT}/reference_materials.csv")


@pytest.fixture(scope="module")
def district():
    assays, controls, certified = tables()
    return assess_quality(assays, controls, certified=certified)


@pytest.fixture(scope="module")
def zinc():
    """The district with one analyte: its pages are drawn faster."""
    assays, controls, certified = (t[t["analyte"] == "Zn_ppm"] for t in tables())
    return assess_quality(assays, controls, certified=certified)


def small(**columns):
    table = {
        "sample_id": ["Q1", "Q2"],
        "qc_type": "reference material",
        "material": "RM-1",
        "lab_batch": ["B1", "B2"],
        "Cu_ppm": [21.3, 27.0],
    }
    certified = pd.DataFrame(
        {"material": ["RM-1"], "Cu_ppm": [21.0], "Cu_ppm_sd": [1.0]}
    )
    controls = pd.DataFrame({**table, **columns})
    certified["material"] = controls["material"].iloc[0]
    return assess_quality(None, controls, certified=certified)


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.data, self.sources = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.sources += [v for k, v in attrs if k in ("src", "href")]

    def handle_data(self, data):
        self.data.append(data)


def read(path):
    return path.read_text(encoding="utf-8")


def test_answer_comes_first_in_both_languages(zinc, tmp_path):
    for lang, answer, act in (
        ("en", "Which batches can be used", "re-assay"),
        ("zh", "哪些批次可以使用", "重新分析"),
    ):
        text = read(write_quality_report(zinc, tmp_path / f"{lang}.html", lang=lang))
        headings = re.findall(r"<h2 id=\"\w+\">(.*?)</h2>", text)
        assert headings[0] == answer
        assert text.count('v-reassay"') == (zinc.verdicts["verdict"] == "reassay").sum()
        assert act in text
        page = Page(text)
        assert all(s.startswith(("data:", "#")) for s in page.sources)
        assert "{" not in "".join(Page(text.split("</style>")[1]).data)


def test_planted_biases_are_found_and_the_weak_one_is_told_honestly(district):
    verdicts = district.verdicts.set_index(["lab_batch", "analyte"])
    acted = verdicts[verdicts["verdict"].isin(["reassay", "reject"])]
    assert set(acted.index) >= PLANTED
    assert len(acted) <= len(PLANTED) + 2
    missed = verdicts.loc[("S3", "Cu_ppm")]  # -12 %, three results only
    assert missed["verdict"] == "accept"
    assert missed["detectable_bias_pct"] > 12
    assert "few_controls" in {reason["code"] for reason in missed["reasons"]}


def test_same_assessment_gives_the_same_bytes(tmp_path):
    found = small()
    one = write_quality_report(found, tmp_path / "a.html").read_bytes()
    assert one == write_quality_report(found, tmp_path / "b.html").read_bytes()


def test_everything_is_escaped(tmp_path):
    evil = "<script>alert(1)</script>"
    found = small(material=evil, lab_batch=[evil, "B2"], sample_id=[evil, "Q2"])
    text = read(
        write_quality_report(
            found,
            tmp_path / "r.html",
            name=evil,
            rules=evil,
            sources=[evil],
            remarks=[evil],
        )
    )
    assert "script" not in Page(text).tags
    assert "&lt;script&gt;" in text


def test_nothing_to_judge_by(tmp_path):
    controls = pd.DataFrame(
        {
            "sample_id": ["Q1"],
            "qc_type": "blank",
            "material": "sand",
            "lab_batch": "B1",
            "Cu_ppm": [0.5],
            "Cu_ppm_censored": [True],
        }
    )
    found = assess_quality(None, controls)
    text = read(write_quality_report(found, tmp_path / "r.html"))
    assert "accuracy was not tested" in text
    assert "precision was not tested" in text
    assert "untested" in text


def test_problems_and_sources_are_listed(tmp_path):
    found = small()
    lost = pd.DataFrame(
        {
            "severity": ["warning"], "what": ["no certificate"], "remedy": ["add it"],
            "file": ["qc.csv"], "row": [3], "column": ["Cu_ppm"], "value": ["5"],
        }
    )  # fmt: skip
    object.__setattr__(found, "problems", lost)
    path = write_quality_report(found, tmp_path / "r.html", sources=["assays.csv"])
    text = read(path)
    assert "qc.csv, row 3, column &#39;Cu_ppm&#39;" in text
    assert "<code>assays.csv</code>" in text


def test_problems_alike_share_a_line(tmp_path):
    found = small()
    rows = range(1, 61)
    lost = pd.DataFrame(
        {
            "severity": "warning", "what": "no original", "remedy": "add it",
            "file": "qc.csv", "row": rows, "column": "original_id",
            "value": [f"S{row}" for row in rows],
        }
    )  # fmt: skip
    object.__setattr__(found, "problems", lost)
    text = read(write_quality_report(found, tmp_path / "r.html"))
    assert text.count("no original") == 1
    assert "60 times: row 1 (S1), row 2 (S2)" in text
    assert "row 5 (S5) and 55 more" in text


def test_every_code_of_the_library_has_words():
    assert set(control_words.REASONS) == set(library._REASONS)
    assert set(control_words.NOTES) == set(library._NOTES)
    checks = set(read_quality_rules("default").table()["check"])
    assert checks <= set(control_words.CHECKS)


def test_every_reason_is_said_in_both_languages(district):
    controls = district.verdicts["reasons"].explode().dropna()
    for lang in ("en", "zh"):
        words = Words(lang)
        for each in controls:
            text = reason_said(each, words)
            assert "{" not in text
            assert text != each["code"]
    assert all(line for line in notes_said(district.notes.to_dict("records"), words))


def test_unknown_codes_fall_back_to_the_english_text():
    words = Words("en")
    assert (
        reason_said({"code": "new", "values": {}}, words, text="it is so") == "it is so"
    )
    assert reason_said({"code": "hard", "values": {}}, words, text="as is") == "as is"
    assert notes_said([{"code": "new", "values": {}, "text": "so"}], words) == ["so"]


def test_negative_numbers_have_a_minus_ids_a_hyphen():
    values = {"n": 1, "of": 2, "limit": 3.0, "worst": -3.2, "sample_id": "A-1",
              "material": "RM-2"}  # fmt: skip
    said = reason_said({"code": "1-2s", "values": values}, Words("en"))
    assert said.endswith("A-1 (RM-2), has z = −3.2")


def test_accepted_everywhere(tmp_path):
    text = read(write_quality_report(small(Cu_ppm=[21.0, 21.2]), tmp_path / "r.html"))
    assert "All 2 combinations of batch and analyte are accepted" in text


def test_unknown_language_is_refused(tmp_path):
    with pytest.raises(ValueError, match="lang='fr'"):
        write_quality_report(small(), tmp_path / "r.html", lang="fr")


def test_failed_blanks_duplicates_and_laboratories_have_their_charts(tmp_path):
    rng = np.random.default_rng(2)
    value = rng.lognormal(3, 0.5, 12)
    samples = pd.DataFrame(
        {"sample_id": [f"S{i}" for i in range(12)], "lab_batch": "B1", "lab": "A",
         "Cu_ppm": value}
    )  # fmt: skip
    checks = samples.assign(
        sample_id=[f"D{i}" for i in range(12)],
        qc_type=["field duplicate"] * 6 + ["laboratory check"] * 6,
        original_id=samples["sample_id"],
        lab=["A"] * 6 + ["C"] * 6,
        lab_batch=["B1"] * 6 + ["C1"] * 6,
        Cu_ppm=value * np.r_[np.ones(6) * 3, np.ones(6) * 1.3],
        Cu_ppm_detection_limit=0.5,
    )
    blank = {
        "sample_id": "Z1",
        "qc_type": "blank",
        "lab": "A",
        "lab_batch": "B1",
        "Cu_ppm": 9.0,
        "Cu_ppm_detection_limit": 0.5,
        "material": "sand",
    }
    controls = pd.concat([checks, pd.DataFrame([blank])], ignore_index=True)
    found = assess_quality(samples, controls)
    text = read(write_quality_report(found, tmp_path / "r.html"))
    assert "Blanks of Cu_ppm in order of analysis" in text
    assert "checks in another laboratory: difference against content" in text
    assert '<h2 id="laboratories">' in text
