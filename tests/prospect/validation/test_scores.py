"""Scores: weights, ties and intervals against scikit-learn and by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from prospect.validation._scores import (
    Ranking,
    check_scores,
    cluster_counts,
    interval,
    score_of,
)


def draw(seed, ties):
    rng = np.random.default_rng(seed)
    deposits, area = rng.normal(1, 1, 12), rng.normal(0, 1, 90)
    if ties:
        deposits, area = deposits.round(), area.round()
    return deposits, area, rng.uniform(0.1, 5, 90)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.booleans())
def test_scores_equal_scikit_learn(seed, ties):
    deposits, area, weight = draw(seed, ties)
    counts = np.random.default_rng(seed).integers(0, 3, (1, 12)).astype(float)
    counts[0, 0] = 1
    y = np.repeat([1, 0], [12, 90])
    values, weights = np.r_[deposits, area], np.r_[counts[0], weight]
    ranking = Ranking.of(deposits, area, weight)
    auc = roc_auc_score(y, values, sample_weight=weights)
    assert score_of("auc", ranking, counts)[0] == pytest.approx(auc)
    precision = average_precision_score(y, values, sample_weight=weights)
    got = score_of("average_precision", ranking, counts)[0]
    assert got == pytest.approx(precision)


def test_capture_by_hand():
    area = np.arange(10.0)
    ranking = Ranking.of([9.5, 9, 8.5, 0], area, np.ones(10))
    assert score_of("capture_10", ranking)[0] == pytest.approx(2 / 4)
    assert score_of("capture_20", ranking)[0] == pytest.approx(3 / 4)


def test_a_constant_score_captures_no_more_than_chance():
    ranking = Ranking.of(np.zeros(5), np.zeros(50), np.ones(50))
    assert score_of("capture_10", ranking)[0] == pytest.approx(0.1)
    assert score_of("auc", ranking)[0] == 0.5


def test_interval_resamples_clusters_not_cells():
    _, area, weight = draw(1, ties=False)
    same = Ranking.of(np.repeat([0.2, 1.0], 6), area, weight)
    wide, narrow = (
        np.subtract(*interval(score_of("auc", same, cluster_counts(c, random_state=0))))
        for c in (np.arange(12) // 6, np.arange(12))
    )
    assert abs(wide) > 1.5 * abs(narrow)


def test_one_cluster_has_no_interval():
    counts = cluster_counts(np.zeros(5, dtype=int), random_state=0)
    assert counts.shape == (0, 5)
    assert np.isnan(interval(counts)).all()


@pytest.mark.parametrize("name", ["accuracy", "capture_0", "capture_100", "capture_x"])
def test_unknown_scores_are_refused(name):
    with pytest.raises(ValueError, match="is not known: take auc"):
        check_scores([name])
