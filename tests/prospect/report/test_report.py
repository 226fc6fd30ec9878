import copy
import json
import re
from html.parser import HTMLParser

import pytest

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
