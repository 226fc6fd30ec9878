"""Rating by a rule file; classes by experts."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prospect.geochem import rate_anomalies, read_rating_rules, record_classes
from prospect.geochem.anomalies._rating import DEFAULT
from survey import DataProblems

RULES = """
version = "1"
rank_by = ["score", "nap"]
[[criteria]]
column = "nap"
weight = 3
scale = "{scale}"
[[criteria]]
column = "n_zones"
weight = 1
scale = "linear"
[[criteria]]
column = "geology_score"
weight = 5
scale = "linear"
[[classes]]
name = "甲"
latin = "A"
"""


def anomalies(nap, **columns):
    return gpd.GeoDataFrame(
        {"anomaly_id": [f"Cu-{k}" for k in range(1, len(nap) + 1)], "nap": nap}
        | columns,
        geometry=gpd.points_from_xy(range(len(nap)), [0] * len(nap)),
        crs="EPSG:32654",
    )


@pytest.fixture
def rules(tmp_path):
    def write(scale="linear", text=RULES):
        path = tmp_path / "rules.toml"
        path.write_text(text.format(scale=scale), encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize(
    ("scale", "expected"),
    [
        # nap 1, 10, 100: 0, 1/11, 1 linear; 0, 1/2, 1 in lg; 1/3, 2/3, 1 by rank
        ("linear", [(3 * 1 + 0) / 4, (3 / 11 + 1) / 4, (0 + 0.5) / 4]),
        ("log", [(3 * 1 + 0) / 4, (3 / 2 + 1) / 4, (0 + 0.5) / 4]),
        ("rank", [(3 * 1 + 0) / 4, (2 + 1) / 4, (1 + 0.5) / 4]),
    ],
)
def test_scores_by_hand(rules, scale, expected):
    table = anomalies([1.0, 10.0, 100.0], n_zones=[2, 3, 1])
    before = table.copy()
    rated = rate_anomalies(table, rules=rules(scale))
    pd.testing.assert_frame_equal(table, before)
    np.testing.assert_allclose(rated["score"], expected)
    assert rated["rank"].tolist() == [1, 2, 3]
    assert rated["anomaly_id"].tolist() == ["Cu-3", "Cu-2", "Cu-1"]
    assert rated.attrs["rating"]["absent"] == ["geology_score"]
    assert rated.attrs["rating"]["version"] == "1"


def test_geology_takes_part_where_it_is_given(rules):
    table = anomalies([1.0, 10.0], n_zones=[1, 1], geology_score=[9.0, 0.0])
    rated = rate_anomalies(table, rules=rules())
    assert rated["anomaly_id"].tolist() == ["Cu-1", "Cu-2"]


@given(st.lists(st.floats(0.01, 1e4), min_size=1, max_size=8), st.randoms())
@settings(max_examples=40, deadline=None)
def test_order_of_the_rows_does_not_matter(nap, random):
    table = anomalies(nap, contrast=np.sqrt(nap))
    mixed = table.sample(frac=1, random_state=random.randrange(1000))
    one, other = rate_anomalies(table), rate_anomalies(mixed)
    np.testing.assert_allclose(one["score"], other["score"])
    assert one["score"].between(0, 1).all()
    np.testing.assert_allclose(one["nap"], sorted(nap, reverse=True))


def test_missing_criteria_are_all_named(rules):
    table = anomalies([1.0, np.nan, -2.0], n_zones=["2", "x", 1])
    with pytest.raises(DataProblems) as caught:
        rate_anomalies(table, rules=rules("log"))
    said = [(each.row, each.column, each.value) for each in caught.value.problems]
    assert said == [
        ("Cu-2", "nap", "nan"),
        ("Cu-3", "nap", "-2.0"),
        ("Cu-2", "n_zones", "x"),
    ]


def test_default_rules_say_what_they_are():
    plan = read_rating_rules()
    assert plan["version"]
    assert "reference" in plan
    assert {each["name"] for each in plan["classes"]} >= {"甲", "乙", "丙"}
    assert read_rating_rules(rules=DEFAULT) == plan


def test_faulty_rules_are_refused_all_at_once(rules):
    text = (
        'version = "1"\nrank_by = ["nap"]\n[[criteria]]\nweight = -1\nscale = "big"\n'
    )
    with pytest.raises(DataProblems) as caught:
        read_rating_rules(rules=rules(text=text))
    said = str(caught.value)
    for part in ("'classes' is missing", "column is missing", "weight is not", "scale"):
        assert part in said
    with pytest.raises(DataProblems, match="not TOML"):
        read_rating_rules(rules=rules(text="version ="))
    with pytest.raises(FileNotFoundError):
        read_rating_rules(rules="nowhere.toml")


def test_nothing_to_rate(rules):
    with pytest.raises(ValueError, match="there is no anomaly to rate"):
        rate_anomalies(anomalies([]))
    bare = anomalies([1.0]).drop(columns="nap")
    with pytest.raises(ValueError, match="none of the criteria"):
        rate_anomalies(bare, rules=rules())


def said(**columns):
    row = {"anomaly_id": "Cu-1", "class": "甲1", "reason": "known mine", "person": "Li"}
    return {key: [value] for key, value in (row | columns).items()}


@pytest.mark.parametrize(
    ("text", "expected"),
    [("甲1", "甲1"), ("乙", "乙"), ("a2", "甲2"), (" C 3 ", "丙3"), ("乙类", "乙")],
)
def test_classes_are_recorded_with_reason_and_person(text, expected):
    found = record_classes(
        anomalies([1.0, 2.0]), pd.DataFrame(said(**{"class": text}, date="2026-01-01"))
    )
    assert found["class"].tolist()[0] == expected
    assert found["class_person"].tolist()[0] == "Li"
    assert found["class_date"].tolist()[0] == "2026-01-01"
    assert found["class"].isna().tolist() == [False, True]
    assert found.attrs["unjudged"] == 1


def test_faulty_judgements_are_refused_all_at_once():
    rows = [
        said(),
        said(reason=" "),
        said(anomaly_id="Cu-9", person=None),
        said(anomaly_id="Cu-2", **{"class": "戊"}),
    ]
    table = pd.concat([pd.DataFrame(row) for row in rows])
    with pytest.raises(DataProblems) as caught:
        record_classes(anomalies([1.0, 2.0]), table)
    said_ = sorted((each.row, each.what) for each in caught.value.problems)
    assert said_ == [
        (1, "the anomaly is judged twice"),
        (2, "no reason is given"),
        (2, "the anomaly is judged twice"),
        (3, "no person is given"),
        (3, "there is no such anomaly"),
        (4, "the class is unknown"),
    ]
