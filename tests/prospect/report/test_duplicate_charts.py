import numpy as np
import pandas as pd
import pytest

from prospect.report import figure_duplicates, figure_thompson_howarth

# Stanley (2003): sixteen pairs, METHODS item 9
FIRST = [1.71, 1.01, 33.7, 476, 444, 75.6, 0.68, 1.68, 0.42, 10.8, 179, 1.75, 1.87, 400,
         0.61, 19.3]  # fmt: skip
SECOND = [2.08, 1.17, 28.8, 451, 422, 80.4, 0.71, 1.37, 0.41, 11.5, 155, 1.65, 1.55,
          381, 0.65, 24.9]  # fmt: skip


def pairs(first=FIRST, second=SECOND, limit=10.0, **columns):
    one, two = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    table = pd.DataFrame(
        {
            "analyte": "MS",
            "kind": "pulp duplicate",
            "first": one,
            "second": two,
            "mean": (one + two) / 2,
            "rpd_pct": 200 * np.abs(one - two) / (one + two),
            "limit_pct": limit,
        }
    )
    table["hard_pct"] = table["rpd_pct"] / 2
    table["status"] = np.where(table["hard_pct"] > limit, "fail", "pass")
    return table.assign(**columns)


def labels(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


def test_scatter_limit_and_ranked_differences():
    left, right = figure_duplicates(pairs(), "MS").axes
    assert labels(left) == ["pulp duplicates", "equal", "HARD 10 %"]
    drawn = left.collections[0].get_offsets()
    np.testing.assert_array_equal(drawn, np.c_[FIRST, SECOND])
    curve = next(line for line in right.lines if line.get_marker() == "o")
    ranked = curve.get_ydata()
    assert (np.diff(ranked) >= 0).all()
    assert np.median(ranked) == pytest.approx(3.1568, abs=5e-5)
    assert curve.get_xdata()[-1] == 100
    within = 100 * np.mean(np.asarray(ranked) <= 10)
    assert labels(right) == [
        f"{within:.0f} % of 16 pairs within 10 %",
        "90 % wanted",
    ]
    # a pair on the limit line has just that HARD
    upper = left.lines[1].get_xydata()
    x, y = upper[0]
    assert 100 * (y - x) / (y + x) == pytest.approx(10)
    assert len(left.collections[1].get_offsets()) == (pairs()["status"] == "fail").sum()


def test_relative_error_as_measure():
    left, right = figure_duplicates(pairs(limit=30.0), "MS", measure="RE").axes
    assert labels(right)[-1] == "80 % wanted"
    x, y = left.lines[1].get_xydata()[0]
    assert 200 * (y - x) / (y + x) == pytest.approx(30)
    assert right.get_ylabel() == "RE (%)"


def test_censored_pairs_are_counted_not_drawn():
    table = pairs()
    table.loc[0, ["mean", "hard_pct", "rpd_pct"]] = np.nan
    figure = figure_duplicates(table, "MS")
    assert len(figure.axes[0].collections[0].get_offsets()) == 15
    assert (
        figure.texts[0].get_text()
        == "pairs with a result below detection, not drawn: 1"
    )


def test_kinds_are_apart():
    table = pd.concat([pairs(), pairs(kind="field duplicate")])
    assert labels(figure_duplicates(table, "MS").axes[0])[:2] == [
        "field duplicates",
        "pulp duplicates",
    ]
    one = figure_duplicates(table, "MS", kind="pulp duplicate")
    assert labels(one.axes[0])[0] == "pulp duplicates"


def test_thompson_howarth_short_form_counts_outside():
    axes = figure_thompson_howarth(pairs(), "MS", target_rsd=5).axes[0]
    line = next(each for each in axes.lines if each.get_label().startswith("95 %"))
    x, y = line.get_xydata()[-1]
    drawn = axes.collections[0].get_offsets()
    outside = (drawn[:, 1] > y / x * drawn[:, 0]).sum()
    assert outside == 7  # of sixteen, as published
    assert len(labels(axes)) == 3


def test_thompson_howarth_long_form_draws_groups_and_line():
    rng = np.random.default_rng(1)
    content = np.exp(rng.normal(3, 1, 300))
    noisy = content + rng.normal(size=(2, 300)) * (0.5 + 0.05 * content)
    axes = figure_thompson_howarth(pairs(*np.abs(noisy)), "MS").axes[0]
    assert "median of a group" in labels(axes)
    fitted = axes.lines[-1]
    x, y = fitted.get_xydata()[-1]
    # the median of |difference| is 0.954 standard deviations of one result
    assert y / x == pytest.approx(0.954 * 0.05, rel=0.35)


def test_equal_pairs_stay_on_the_logarithmic_axis():
    axes = figure_thompson_howarth(pairs([5, 6, 7], [5, 6.5, 7]), "MS").axes[0]
    assert any("no difference" in label and "2" in label for label in labels(axes))
    same = figure_thompson_howarth(pairs([5, 6], [5, 6]), "MS")
    assert len(same.axes[0].collections) >= 1


def test_chinese_and_titles():
    figure = figure_duplicates(pairs(), "MS", lang="zh", title="MS")
    assert figure.axes[0].get_title(loc="left") == "MS"
    assert figure.axes[0].get_xlabel()[:2] in {"首次", "fi"}


def test_refusals():
    with pytest.raises(ValueError, match=r"no pair of 'Cu_ppm'"):
        figure_duplicates(pairs(), "Cu_ppm")
    with pytest.raises(ValueError, match=r"no pair of 'MS' \(blank\)"):
        figure_duplicates(pairs(), "MS", kind="blank")
    with pytest.raises(ValueError, match="measure must be one of"):
        figure_duplicates(pairs(), "MS", measure="RPD")
    with pytest.raises(ValueError, match="no column 'first'"):
        figure_duplicates(pairs().drop(columns="first"), "MS")
    with pytest.raises(ValueError, match="two results above detection"):
        figure_thompson_howarth(pairs().assign(mean=np.nan), "MS")
