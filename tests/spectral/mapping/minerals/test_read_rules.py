"""Rule files: what they give, and every problem at once."""

import copy
import json

import pytest

from spectral.mapping import read_mineral_rules
from spectral.mapping.minerals._rules import Bounds

GOOD = """
[literature]
clark = "Clark 1990"

[rules.mineral]
en = "mineral"
zh = "矿物"
group = "kaolin"
references = ["clark"]
features = [{ window = [2080, 2120, 2240, 2270], bands = [{ position = 2206, depth = 0.3, width = [24, 14] }], position = [2200, 2212] }]
"""  # noqa: E501


def test_mica_rules_are_read_whole(mica_rules):
    assert len(mica_rules.rules) == 77
    assert sum(len(rule.features) for rule in mica_rules.rules) == 142
    assert sum(len(rule.nots) for rule in mica_rules.rules) == 80
    rule = mica_rules.rules[mica_rules.names.index("muscovite_medAl")]
    assert rule.features[0].window == (2128.4, 2151.0, 2260.0, 2290.0)
    assert rule.features[1].min_fit == 0.65
    assert rule.features[1].depth == Bounds(0.015, None)
    assert rule.arbiter == Bounds(2200.0, 2206.0)
    assert rule.ratios[0].bounds == Bounds(None, 0.6)
    assert rule.label("zh") == "中铝白云母"
    assert mica_rules.needed == sorted(mica_rules.names)
    families = {rule.family for rule in mica_rules.rules} - {None}
    assert families == {"muscovite", "chlorite", "carbonate", "carbonate_abundant"}


def test_our_rules_are_complete():
    rules = read_mineral_rules()
    assert len(rules.rules) >= 40
    assert rules.needed == []
    for rule in rules.rules:
        assert rule.en, rule.name
        assert rule.zh, rule.name
        assert rule.group, rule.name
        assert rule.references, rule.name
        for feature in rule.features:
            assert feature.cause, rule.name
    table = rules.table(lang="zh")
    assert (table["references"].str.len() > 20).all()
    assert set(table["kind"]) == {"feature", "not"}


def test_select_and_within():
    rules = read_mineral_rules()
    assert rules.select(["topaz", "kaolinite"]).names == ["kaolinite", "topaz"]
    assert "hematite" in rules.within(300, 1300).names
    assert "hematite" not in rules.within(1300, 2500).names
    with pytest.raises(KeyError, match="no such rules: \\['ruby'\\]"):
        rules.select(["ruby"])
    with pytest.raises(ValueError, match="no rule has its first feature"):
        rules.within(5000, 6000)


def test_files_are_joined(tmp_path, mica_rules, splib):
    path = tmp_path / "own.toml"
    path.write_text(GOOD, encoding="utf-8")
    joined = read_mineral_rules(path, splib[2] / "mica_rules.json")
    assert joined.names == ["mineral", *mica_rules.names]
    assert joined.source == "own.toml, mica_rules.json"
    with pytest.raises(ValueError, match=r"name rules alike: \['mineral'\]"):
        read_mineral_rules(path, path)


def test_every_problem_of_a_toml_file_at_once(tmp_path):
    path = tmp_path / "bad.toml"
    path.write_text(
        """
[rules.one]
en = 5
group = "stones"
references = ["nobody"]
widnow = 3
min_fit = 1.4
features = [
  { window = [2120, 2080, 2240, 2270], bands = [{ position = 2206, depth = 0.3, width = 20 }] },
  { window = [2080, 2120, 2240, 2270], reference = "a", bands = [{ position = 2206, depth = 2, width = 20 }] },
  { window = [2080, 2120, 2240, 2270], bands = [{ position = 700, depth = 0.2, width = 20 }], position = [2212, 2200] },
]
nots = [{ window = [2080, 2120, 2240, 2270], reference = "a" }]
ratios = [{ upper = 7, lower = 0, max = 1 }]
[rules.two]
features = []
""",  # noqa: E501
        encoding="utf-8",
    )
    with pytest.raises(ValueError, match=r"bad\.toml has \d+ problems") as caught:
        read_mineral_rules(path)
    told = str(caught.value)
    for part in (
        "one.widnow: is no key",
        "one.group = 'stones': is no group",
        "'nobody': is no key of [literature]",
        "one.en = 5: is no text",
        "one.min_fit = 1.4: must lie in 0 to 1",
        "one.features[0].window",
        "one.features[1]: needs a shape",
        "one.features[1].bands[0].depth = 2",
        "lies far from the window",
        "begins above its end",
        "one.nots[0]: needs one depth",
        "one.ratios[0].upper = 7: is no feature",
        "two.features: is missing",
    ):
        assert part in told, part


def test_every_problem_of_a_json_file_at_once(tmp_path, splib):
    content = json.loads((splib[2] / "mica_rules.json").read_text(encoding="utf-8"))
    broken = copy.deepcopy(content)
    first, second = list(broken["rf"])[:2]
    broken["rf"][first]["diagnostic_features"][0]["continuum_endpoints"] = [0.5, 0.4]
    broken["rf"][first]["diagnostic_features"][0]["feature_weight"] = None
    broken["rf"][first]["not_absolute_features"] = [{"reflectance_record": 47}]
    broken["rf"][second]["weighted_constraints"]["min_weighted_fit"] = "high"
    broken["rf"][second]["max_depth_ratio_feat1_over_feat0"] = -1
    path = tmp_path / "rules.json"
    path.write_text(json.dumps(broken), encoding="utf-8")
    with pytest.raises(ValueError, match=r"rules\.json has \d+ problems") as caught:
        read_mineral_rules(path)
    told = str(caught.value)
    assert f"{first}.diagnostic_features[0].continuum_endpoints" in told
    assert f"{first}.diagnostic_features[0].feature_weight: is missing" in told
    assert "record numbers of splib06 are not read" in told
    assert "min_weighted_fit = 'high'" in told
    assert "max_depth_ratio_feat1_over_feat0 = -1" in told


@pytest.mark.parametrize(
    ("name", "text", "match"),
    [
        ("a.yaml", "", r"from \.json \(MICA\) or \.toml"),
        ("a.toml", "x = [", "is no TOML file"),
        ("a.json", "{", "is no JSON file"),
        ("a.toml", "x = 1", "rules: is missing"),
        ("a.json", "[]", "is no table"),
    ],
)
def test_what_is_no_rule_file(tmp_path, name, text, match):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=match):
        read_mineral_rules(path)
