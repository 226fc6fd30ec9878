import numpy as np
import pandas as pd
import pytest

from prospect.models import WeightsOfEvidence, conditional_independence_test


class _Equal:
    """Stands for a model that gives every cell the same posterior and deviation."""

    n_deposits_ = 90.0

    def contributions(self, X):
        return pd.DataFrame({"a": np.zeros(len(X))})

    def missing(self, X):
        return pd.DataFrame({"a": np.zeros(len(X), dtype=bool)})

    def predict_with_std(self, X):
        return np.full(len(X), 0.03), np.full(len(X), 0.004)


def test_cells_of_one_condition_err_together():
    # 3600 alike cells of s = 0.004: 14.4; a root of summed deviations gives 3.79
    result = conditional_independence_test(_Equal(), pd.DataFrame({"a": np.ones(3600)}))
    assert result.s_expected == pytest.approx(14.4)
    assert result.expected == pytest.approx(108)
    assert result.statistic == pytest.approx(18 / 14.4)
    assert result.n_conditions == 1


def make_table(copies):
    random = np.random.default_rng(3)
    a = random.integers(1, 3, 20_000).astype(float)
    y = (random.random(a.size) < np.where(a == 1, 0.03, 0.005)).astype(int)
    layers = {f"a{i}": a for i in range(copies)}
    return pd.DataFrame(layers | {"noise": random.integers(1, 3, a.size) * 1.0}), y


@pytest.mark.parametrize(("copies", "independent"), [(1, True), (4, False)])
def test_repeated_evidence_is_found_out(copies, independent):
    X, y = make_table(copies)
    model = WeightsOfEvidence(smoothing=0, confidence=0).fit(X, y)
    result = conditional_independence_test(model, X)
    assert (result.p_value > 0.05) == independent
    assert result.observed == y.sum()


def test_weight_and_unique_conditions_agree_with_brute_force():
    X, y = make_table(2)
    X.loc[:100, "a0"] = np.nan
    weight = np.random.default_rng(0).uniform(0.5, 2, len(y))
    model = WeightsOfEvidence(smoothing=0, confidence=0).fit(X, y, weight)
    result = conditional_independence_test(model, X, weight)
    posterior, std = model.predict_with_std(X)
    key = X.fillna(-1).apply(tuple, axis="columns")
    groups = pd.DataFrame({"key": key, "w": weight, "s": std}).groupby("key")
    variance = (groups["w"].sum() * groups["s"].first()) ** 2
    assert result.expected == pytest.approx(weight @ posterior)
    assert result.s_expected == pytest.approx(np.sqrt(variance.sum()))


def test_refuses_weights_of_another_length():
    X, y = make_table(1)
    model = WeightsOfEvidence().fit(X, y)
    with pytest.raises(ValueError, match="one value a row"):
        conditional_independence_test(model, X, weight=[1.0, 2.0])
