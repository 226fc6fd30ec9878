import numpy as np
import pandas as pd
import pytest
from scipy import stats

from survey.quality import compare_laboratories
from survey.quality.controls._paired import fitted_line, paired_bias


def pairs(first, second, **more):
    columns = {
        "analyte": "Cu_ppm",
        "kind": "laboratory check",
        "laboratory": "B",
        "original_laboratory": "A",
        "first": first,
        "second": second,
        "first_censored": False,
        "second_censored": False,
    }
    return pd.DataFrame(columns | more)


def simulated(seed, n=60, factor=1.1, error=0.03):
    rng = np.random.default_rng(seed)
    content = np.exp(rng.normal(3, 0.8, n))
    first, second = content * np.exp(error * rng.normal(size=(2, n)))
    return first, factor * second


def test_recovers_a_bias():
    found = [
        compare_laboratories(pairs(*simulated(seed))).iloc[0] for seed in range(40)
    ]
    assert np.mean([row["bias_pct"] for row in found]) == pytest.approx(10, rel=0.05)
    inside = [row["bias_low_pct"] < 10 < row["bias_high_pct"] for row in found]
    assert np.mean(inside) > 0.85
    assert all(row["status"] == "fail" for row in found)


def test_no_bias_is_no_finding():
    found = compare_laboratories(pairs(*simulated(1, factor=1.0))).iloc[0]
    assert found["status"] == "pass"
    assert found["bias_low_pct"] < 0 < found["bias_high_pct"]


def test_wilcoxon_and_hodges_lehmann():
    first, second = simulated(2, n=15)
    found = paired_bias(first, second, 0.95)
    d = np.log(second / first)
    walsh = [(a + b) / 2 for i, a in enumerate(d) for b in d[i:]]
    assert found["bias_pct"] == pytest.approx(100 * np.expm1(np.median(walsh)))
    assert found["p"] == pytest.approx(stats.wilcoxon(d).pvalue)


@pytest.mark.parametrize("method", ["theil_sen", "rma", "deming"])
def test_lines_recover_and_cover(method):
    inside, slopes = [], []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        content = rng.uniform(10, 100, 50)
        x, y = content + rng.normal(size=50), 2 + 1.1 * content + rng.normal(size=50)
        line = fitted_line(x, y, method=method, confidence=0.95)
        slopes.append(line["slope"])
        inside.append(line["slope_low"] < 1.1 < line["slope_high"])
    assert np.mean(slopes) == pytest.approx(1.1, rel=0.01)
    assert np.mean(inside) > 0.85


def test_deming_is_the_major_axis_and_its_jackknife():
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 10, 40)
    y = 1 + 2 * x + rng.normal(size=40)
    axis = np.linalg.eigh(np.cov(x, y))[1][:, -1]
    line = fitted_line(x, y, method="deming", confidence=0.95)
    assert line["slope"] == pytest.approx(axis[1] / axis[0])
    assert line["intercept"] == pytest.approx(y.mean() - line["slope"] * x.mean())
    left = [
        fitted_line(np.delete(x, i), np.delete(y, i), method="deming", confidence=0.9)
        for i in range(40)
    ]
    pseudo = 40 * line["slope"] - 39 * np.array([each["slope"] for each in left])
    reach = stats.t.ppf(0.975, 38) * pseudo.std(ddof=1) / np.sqrt(40)
    assert line["slope_high"] - line["slope"] == pytest.approx(reach)


def test_reduced_major_axis_is_symmetric():
    first, second = simulated(4)
    one = fitted_line(first, second, method="rma", confidence=0.95)
    two = fitted_line(second, first, method="rma", confidence=0.95)
    assert one["slope"] == pytest.approx(1 / two["slope"])
    assert one["slope_low"] == pytest.approx(1 / two["slope_high"])


def test_censored_pairs_are_only_counted():
    first, second = simulated(5, n=10)
    table = pairs(first, second, first_censored=[True] * 3 + [False] * 7)
    row = compare_laboratories(table).iloc[0]
    assert (row["n"], row["n_complete"], row["n_censored_one"]) == (10, 7, 3)
    alone = compare_laboratories(pairs(first[3:], second[3:])).iloc[0]
    assert row["bias_pct"] == alone["bias_pct"]


def test_chinese_pass_rate():
    first = np.full(10, 100.0)
    second = np.array([100.0] * 7 + [150.0] * 3)
    row = compare_laboratories(pairs(first, second), rules="china_1_50k").iloc[0]
    assert row["re_pass_pct"] == pytest.approx(70)
    assert row["status"] == "fail"


def test_which_pairs_are_used():
    first, second = simulated(6)
    same = pairs(first, second, kind="field duplicate", laboratory="A")
    assert compare_laboratories(same).empty
    other = pairs(first, second, kind="field duplicate")
    assert len(compare_laboratories(other)) == 1
    unknown = pairs(first, second, kind="field duplicate", laboratory="")
    assert compare_laboratories(unknown).empty


def test_old_and_new_gold(real_data):
    data = pd.read_csv(real_data("qaqc/kola_quality_control") / "au_new_vs_old.csv")
    low = data["AuOLD"].le(0.001)
    table = pairs(data["AuOLD"], data["AuNEW"], analyte="Au_ppm", first_censored=low)
    row = compare_laboratories(table).iloc[0]
    assert row["n"] == 606
    assert row["n_censored_one"] == low.sum()
    ratio = np.log(data["AuNEW"] / data["AuOLD"])[~low]
    assert row["bias_pct"] == pytest.approx(100 * np.expm1(ratio.median()), rel=0.05)
    assert row["status"] == "fail"


def test_errors():
    with pytest.raises(ValueError, match="method must be one of theil_sen, rma"):
        compare_laboratories(pairs([1.0], [1.0]), method="ols")
    with pytest.raises(ValueError, match="no column 'kind'"):
        compare_laboratories(pairs([1.0], [1.0]).drop(columns="kind"))
