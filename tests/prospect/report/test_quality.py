import pytest

from prospect.report import Words
from prospect.report._quality import chart_ticks, dots, score_groups, verdict


def row(folds, model, pooled, low=None, high=None):
    found = {"folds": folds, "model": model, "score": "auc", "pooled": pooled}
    return found | {"mean_of_folds": pooled, "low": low, "high": high, "n_folds": 5}


def model(value, low, high, null=0.6, random=0.9, **extra):
    scores = [
        row("random", "model", random),
        row("blocks", "model", value, low, high),
        row("blocks", "null_distance", null),
    ]
    return {"key": "forest", "kind": "random_forest", "scores": scores, **extra}


@pytest.mark.parametrize(
    ("value", "low", "high", "level", "says"),
    [
        (0.75, 0.7, 0.8, "good", "better, and by more than"),
        (0.75, 0.55, 0.8, "doubt", "does not exclude"),
        (0.75, None, None, "doubt", "no interval is known"),
        (0.58, 0.5, 0.7, "bad", "does NOT beat"),
        (0.60, 0.5, 0.7, "bad", "does NOT beat"),
    ],
)
def test_verdict_compares_with_the_null_model(value, low, high, level, says):
    found = verdict(model(value, low, high), Words("en"))
    assert found.level == level
    assert says in found.sentences[0]
    assert "0.600" in found.sentences[0]


def test_difference_with_its_interval_decides_where_it_is_known():
    unsure = model(0.75, 0.7, 0.8, difference={"low": -0.01})
    assert verdict(unsure, Words("en")).level == "doubt"
    sure = model(0.75, 0.55, 0.8, difference={"low": 0.02})
    assert verdict(sure, Words("en")).level == "good"


def test_difference_is_said_with_its_interval():
    difference = {"value": 0.15, "low": -0.01, "high": 0.3}
    found = verdict(model(0.75, 0.7, 0.8, difference=difference), Words("en"))
    assert (
        "differs from the null model by +0.150 (95 % interval −0.010 to +0.300)"
        in (found.sentences[1])
    )


def test_difference_in_auc_says_nothing_of_other_scores_and_folds():
    difference = {"value": 0.15, "low": 0.1, "high": 0.2}
    unsure = model(0.75, 0.55, 0.8, difference=difference)
    for key, value in (("score", "average_precision"), ("folds", "buffered")):
        rows = [row | {key: value} for row in unsure["scores"][1:]]
        found = verdict(unsure | {"scores": rows}, Words("en"))
        assert found.level == "doubt"
        assert len(found.sentences) == 1


def test_flattery_of_random_folds_is_stated():
    flattered = verdict(model(0.75, 0.7, 0.8), Words("en"))
    assert "0.900, 0.15 more" in flattered.sentences[1]
    honest = verdict(model(0.75, 0.7, 0.8, random=0.74), Words("en"))
    assert "do not flatter" in honest.sentences[1]


def test_without_a_null_model_nothing_is_claimed():
    alone = {"key": "forest", "scores": [row("blocks", "model", 0.9)]}
    assert verdict(alone, Words("en")).level == "unknown"
    assert verdict({"key": "forest", "scores": None}, Words("zh")).level == "unknown"


def test_random_folds_are_never_taken_for_the_answer():
    only_random = {
        "key": "forest",
        "scores": [row("random", "model", 0.9), row("random", "null_distance", 0.5)],
    }
    assert verdict(only_random, Words("en")).level == "unknown"


def test_null_model_stands_once_for_each_kind_of_folds():
    models = [model(0.7, 0.6, 0.8), model(0.8, 0.7, 0.9) | {"key": "trees"}]
    found = dots(models, "trees", Words("en"))
    assert [dot.null for dot in found] == [False] * 4 + [True]
    assert [dot.best for dot in found] == [False, False, True, True, False]
    groups = score_groups(models, "trees", Words("en"))
    assert [(g.folds, len(g.rows)) for g in groups] == [("blocks", 3), ("random", 2)]


def test_chart_reaches_down_to_the_lowest_value_and_up_to_one():
    ticks = chart_ticks([model(0.7, 0.35, 0.8)])
    assert [label for _, label in ticks] == ["0.3", "0.4", "0.5", "0.6", "0.7", "0.8",
                                             "0.9", "1.0"]  # fmt: skip
    assert ticks[0][0] == 0
    assert ticks[-1][0] == 100
    places = [d.low for d in dots([model(0.7, 0.35, 0.8)], None, Words("en"))]
    assert places[0] == pytest.approx(100 * 0.05 / 0.7, abs=0.01)
