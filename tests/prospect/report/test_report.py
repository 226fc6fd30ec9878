import copy
import json
import re
import string
import tomllib
from html.parser import HTMLParser

import pytest

from prospect._note import FOLDER, table
from prospect.report import figure_map, save_figure, write_report

SCORES = [
    {
        "folds": folds,
        "model": name,
        "score": "auc",
        "pooled": value,
        "mean_of_folds": value,
        "low": value - 0.03,
        "high": value + 0.03,
        "n_folds": 5,
    }
    for folds, name, value in [
        ("blocks", "model", 0.75),
        ("blocks", "null_distance", 0.6),
        ("random", "model", 0.9),
    ]
]
EVIL = "<script>alert('x')</script> & \"quoted\" {{ 7 * 7 }}"


@pytest.fixture
def content():
    return {
        "district": {
            "name": "Nowhere",
            "name_zh": "无名工区",
            "description": EVIL,
            "crs": "EPSG:32654",
            "crs_name": "WGS 84 / UTM zone 54N",
            "resolution": 100.0,
            "region": [450000.0, 456000.0, 7596000.0, 7600000.0],
            "area_km2": 24.0,
            "unit_cell_area": 1.0,
        },
        "layers": [
            {
                "name": "faults",
                "title": "Distance to faults",
                "title_zh": "到断裂距离",
                "treatment": "distance_to",
                "kind": "continuous",
                "units": "m",
                "missing_share": 0.25,
                "minimum": 0.0,
                "maximum": 12_345.6,
                "source": EVIL,
                "censored_share": None,
            }
        ],
        "deposits": {
            "n_read": 9,
            "n_used": 7,
            "dropped": {"outside the region": 2},
            "n_independent": 4,
        },
        "background": {"method": "random", "n": 1000, "exclusion": 500.0},
        "leakage": [],
        "notes": [EVIL],
        "models": [
            {
                "key": "forest",
                "kind": "random_forest",
                "scores": SCORES,
                "block_size": 20_000.0,
                "buffer": 10_000.0,
                "n_deposits": 7,
                "n_independent": 4,
                "notes": ["7 deposits form 4 clusters"],
                "prediction_area": {
                    "value": [0.1],
                    "captured": [1.0],
                    "area_share": [1.0],
                    "crossing": {
                        "value": 0.31,
                        "captured": 0.8,
                        "area_share": 0.2,
                        "density": 4.0,
                    },
                },
                "weights": {
                    "faults": [
                        {"class": 74232.0, "n_deposits": 3, "contrast": 1.5},
                        {"class": 2.0, "n_deposits": 0, "contrast": None},
                    ]
                },
            }
        ],
        "best_model": "forest",
        "targets": [
            {
                "rank": 1,
                "score": 0.41,
                "score_max": 0.7,
                "area_km2": 1.2,
                "n_deposits": 0,
                "easting": 452_500.0,
                "northing": 7_598_500.0,
                "evidence_for": "Distance to faults 120 m",
                "evidence_against": None,
                "uncertainty": None,
            }
        ],
        "target_rule": "above the crossing",
        "figures": {"score_map": "map.png", "curves": None, "scene_html": "scene.html"},
        "timings": [{"step": "training", "seconds": 0.31, "reused": True}],
        "versions": {"numpy": "2.2.0"},
        "random_state": 0,
        "code_revision": "abc",
        "inputs": [{"file": "faults.shp", "sha256": "0" * 64, "bytes": 2048}],
        "skipped": ["the 3D picture"],
    }


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.links, self.sources, self.words = [], [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag not in {"meta", "link", "img", "br"}:
            self.open.append(tag)
        self.ids += [attrs["id"]] if "id" in attrs else []
        self.links += [attrs["href"]] if "href" in attrs else []
        self.sources += [attrs["src"]] if "src" in attrs else []

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_page_is_whole_and_stands_alone(content, score, tmp_path, lang):
    save_figure(figure_map(score), tmp_path / "map.png")
    path = write_report(content, tmp_path / "report.html", lang=lang)
    text = path.read_text(encoding="utf-8")
    page = Page(text)
    assert not page.open
    assert all(source.startswith("data:image/png;base64,") for source in page.sources)
    assert len(page.sources) == 1
    anchors = [link[1:] for link in page.links if link.startswith("#")]
    assert anchors == page.ids
    others = set(page.links) - {f"#{name}" for name in anchors}
    assert others == {"data:,", "scene.html"}
    assert not re.search(r"https?://|@import|url\(", text)


def test_every_value_from_data_is_escaped(content, tmp_path):
    text = write_report(content, tmp_path / "r.html").read_text(encoding="utf-8")
    assert "<script" not in text
    assert "alert(" in text
    assert text.count("{{ 7 * 7 }}") == 3


def test_answer_comes_first_and_says_how_good_it_is(content, tmp_path):
    words = " ".join(Page(write_report(content, tmp_path / "r.html").read_text()).words)
    places = [
        words.index(part)
        for part in (
            "Targets delineated: 1",
            "reaches 0.750 (0.720 to 0.780) against 0.600",
            "1.2 km², mean score 0.41; centre 452,500 E, 7,598,500 N",
            "Random folds give 0.900, 0.15 more",
            "Where the prediction–area curves cross",
            "nothing here estimates tonnage or grade",
            "SHA-256",
        )
    ]
    assert places == sorted(places)
    assert "74232" in words
    assert "Distance to faults (25 %)" in words


def test_chinese_report_is_chinese(content, tmp_path):
    path = write_report(content, tmp_path / "r.html", lang="zh")
    text = path.read_text(encoding="utf-8")
    assert '<html lang="zh-CN">' in text
    for part in ("无名工区", "到断裂距离", "到哪里找", "适用范围与局限", "空间分块"):
        assert part in text
    headings = re.findall(r"<h[23][^>]*>([^<]+)<", text)
    assert not [h for h in headings if h.isascii()]


FRAMES = ("draw_said", "background_notes", "anomaly_of")


# what is told to administrators and authors never stands in a report
ELSEWHERE = {
    code
    for name in ("hub", "lab", "notebooks")
    for code in tomllib.loads((FOLDER / f"notes_{name}.toml").read_text("utf-8"))
}


def every_note():
    """One of each note there is, with made-up values."""
    for code, entry in table().items():
        if code in ELSEWHERE:
            continue
        bare = "".join(part for part, *_ in string.Formatter().parse(entry["en"]))
        if code.startswith("place_") or not bare.strip(" :,;"):
            continue  # parts of other notes, and notes that only hold others
        names = {name for _, name, _, _ in string.Formatter().parse(entry["en"])}
        yield {"code": code, "values": dict.fromkeys(names - {None}, 1.5)}


@pytest.fixture
def chinese(content):
    """Content of a job with all there is to say, nothing of it English but data."""
    content["district"] |= {"description": "Somewhere far", "description_zh": "远方"}
    content["layers"][0] |= {"source": "faults.shp", "missing_share": 0.5}
    content["deposits"]["dropped"] = {"outside": 2, "same_cell": 1, "too_close": 3}
    content["targets"][0] |= {
        "evidence_for": "faults (+1.3), As_ppm (+0.4)",
        "evidence_against": "faults (-0.2)",
    }
    content["notes"] = content["leakage"] = content["skipped"] = list(every_note())
    content["target_rule"] = content["notes"][:3]
    model = content["models"][0]
    rows = [
        {**row, "score": score}
        for score in ("auc", "average_precision", "capture_10")
        for row in SCORES
    ]
    rows += [{**row, "folds": "buffered"} for row in rows]
    kinds = "weights_of_evidence", "logistic_regression", "random_forest", "lightgbm"
    content["models"] = [
        {
            **model,
            "key": kind,
            "kind": kind,
            "scores": rows,
            "notes": content["notes"],
            "difference": {"value": 0.15, "low": 0.02, "high": 0.3},
        }
        for kind in kinds
    ]
    content["best_model"] = "lightgbm"
    return content


@pytest.mark.parametrize(
    "method", ["random", "stratified", "bias_aware", "other_types"]
)
def test_nothing_in_the_chinese_report_is_left_in_english(
    chinese, tmp_path, english_left, method
):
    chinese["background"]["method"] = method
    path = write_report(chinese, tmp_path / "r.html", lang="zh")
    page = path.read_text(encoding="utf-8")
    assert english_left(page, data=[chinese["district"]["crs_name"]]) == []
    assert "以下为程序给出的技术信息" not in page
    assert "到断裂距离（+1.3）、As_ppm（+0.4）" in page
    assert "到断裂距离（−0.2）" in page


def test_the_check_for_english_finds_some(chinese, tmp_path, english_left):
    page = write_report(chinese, tmp_path / "r.html", lang="en").read_text()
    assert len(english_left(page)) > 50


def test_messages_known_in_english_only_are_introduced_in_chinese(
    chinese, tmp_path, english_left
):
    chinese["notes"] = ["a.csv, row 3: not a number. Remedy: write 12.5 or nd", "说明"]
    path = write_report(chinese, tmp_path / "r.html", lang="zh")
    page = path.read_text(encoding="utf-8")
    assert english_left(page, data=[chinese["district"]["crs_name"]]) == []
    places = [page.index(part) for part in ("<li>说明", "技术信息", "a.csv, row 3")]
    assert places == sorted(places)


def test_the_same_content_is_said_in_both_languages(content, tmp_path):
    note = {"code": "few_clusters", "values": {"n": 8}}
    content["models"][0]["notes"] = content["notes"] = [note]
    content["target_rule"] = [
        {"code": "target_cut", "values": {"percent": 1.66, "threshold": 0.714}},
        {"code": "target_order", "values": {}},
    ]
    english = write_report(content, tmp_path / "r.html").read_text(encoding="utf-8")
    assert english.count("<li>intervals rest on 8 clusters only") == 1
    assert "<li>forest: intervals rest on 8 clusters only" in english
    assert (
        "Rule: Targets are the 1.66 % of the ground with the highest score (0.714 and "
        "above); cells that touch by an edge or a corner make one target; they are "
        "ranked by mean score times the square root of the area.</p>"
    ) in english
    path = write_report(content, tmp_path / "r.html", lang="zh")
    assert "靶区为得分最高的 1.66 % 地段" in path.read_text(encoding="utf-8")


def test_reasons_name_layers_by_title(content, tmp_path):
    content["targets"][0]["evidence_for"] = "faults (+1.3), gravity (+0.4)"
    text = write_report(content, tmp_path / "r.html").read_text(encoding="utf-8")
    assert "Distance to faults (+1.3), gravity (+0.4)" in text
    assert "raises or lowers the log-odds" in text


def test_only_reasons_that_dropped_a_deposit_are_listed(content, tmp_path):
    content["deposits"]["dropped"] = {"outside": 0, "same_cell": 6, "odd_reason": 1}
    text = write_report(content, tmp_path / "r.html").read_text(encoding="utf-8")
    assert "in a cell with another deposit" in text
    assert "odd reason" in text
    assert "outside the region" not in text


def test_missing_font_is_told_in_the_report(content, tmp_path, no_chinese_font):
    path = write_report(content, tmp_path / "r.html", lang="zh")
    assert "本机未找到中文字体" in path.read_text(encoding="utf-8")


def test_same_content_gives_same_bytes_and_is_left_as_it_was(content, tmp_path):
    before = copy.deepcopy(content)
    pages = [write_report(content, tmp_path / f"{i}.html").read_bytes() for i in "ab"]
    assert pages[0] == pages[1]
    assert content == before
    again = json.loads(json.dumps(content))
    assert write_report(again, tmp_path / "c.html").read_bytes() == pages[0]


def test_every_part_but_the_district_may_be_missing(content, tmp_path):
    for name in content:
        if name != "district":
            part = {key: value for key, value in content.items() if key != name}
            write_report(part, tmp_path / "r.html", lang="zh")
    text = write_report({"district": {"name": "X"}}, tmp_path / "r.html").read_text()
    assert "No target met the rule" in text


def test_unknown_values_are_dashes_not_none(content, tmp_path):
    words = Page(write_report(content, tmp_path / "r.html").read_text()).words
    assert not [word for word in words if re.search(r"\b(None|nan|Undefined)\b", word)]


def test_missing_picture_is_left_out_with_a_line_in_the_log(content, tmp_path, caplog):
    content["figures"] = {"score_map": "nowhere.png", "evidence": "../notes.txt"}
    text = write_report(content, tmp_path / "r.html").read_text()
    assert "<img" not in text
    assert "nowhere.png is left out" in caplog.text


def test_note_shared_by_all_models_is_said_once(content, tmp_path):
    other = copy.deepcopy(content["models"][0])
    other |= {"key": "trees", "notes": ["7 deposits form 4 clusters", "own note"]}
    content["models"].append(other)
    text = write_report(content, tmp_path / "r.html").read_text()
    assert text.count("7 deposits form 4 clusters") == 1
    assert "<li>trees: own note</li>" in text


def test_leakage_is_warned_of(content, tmp_path):
    content["leakage"] = ["layer 'faults' is the distance to the deposits"]
    text = write_report(content, tmp_path / "r.html").read_text()
    assert "Layers that may give the answer away" in text
    assert "No layer was found" not in text


def test_refusals(content, tmp_path):
    with pytest.raises(KeyError, match="no 'district'"):
        write_report({}, tmp_path / "r.html")
    with pytest.raises(ValueError, match="lang='la'"):
        write_report(content, tmp_path / "r.html", lang="la")
    assert not list(tmp_path.iterdir())
