"""Charts of contents: what they draw, what they say, in both languages."""

import numpy as np
import pandas as pd
import pytest

from prospect.geochem import background_table, lg_classes, threshold_mixture
from prospect.report import (
    figure_distribution,
    figure_mixture,
    figure_probability_plot,
    save_figure,
)
from survey import DataProblems

FIGURES = [figure_distribution, figure_probability_plot]


@pytest.fixture(scope="module")
def soil():
    rng = np.random.default_rng(1)
    value = 10 ** np.r_[rng.normal(1.3, 0.2, 180), rng.normal(2.3, 0.2, 20)]
    below = value < 12
    return pd.DataFrame(
        {"Cu_ppm": np.where(below, 12, value), "Cu_ppm_censored": below}
    )


@pytest.fixture(scope="module")
def mixture(soil):
    return threshold_mixture(soil, "Cu_ppm", random_state=1, n_bootstrap=30)


def names(axes):
    legend = axes.get_legend() or axes.figure.legends[0]
    return [t.get_text() for t in legend.get_texts()]


def texts(figure):
    return [t.get_text() for axes in figure.axes for t in axes.texts]


@pytest.mark.parametrize("draw", FIGURES)
def test_the_share_below_detection_is_said(soil, draw):
    before = soil.copy()
    said = " ".join(texts(draw(soil, "Cu_ppm")))
    share = 100 * soil["Cu_ppm_censored"].mean()
    assert f"n = 200; {share:.3g} % below detection" in said
    pd.testing.assert_frame_equal(soil, before)
    more = soil.assign(Cu_ppm=soil["Cu_ppm"].mask(soil.index == 0))
    more["Cu_ppm_censored"] |= soil.index == 0
    assert "1 below an untold limit not drawn" in " ".join(texts(draw(more, "Cu_ppm")))
    imputed = soil.assign(Cu_ppm_imputed=soil["Cu_ppm_censored"])
    said = " ".join(texts(draw(imputed, "Cu_ppm", lang="zh")))
    assert f"插补 {share:.3g} %" in said or f"{share:.3g} % imputed" in said


def test_bars_are_the_shares_of_the_classes(soil):
    axes = figure_distribution(soil, "Cu_ppm").axes[0]
    edges = lg_classes(soil["Cu_ppm"])
    seen = [p for p in axes.patches if p.get_hatch() is None]
    hidden = [p for p in axes.patches if p.get_hatch()]
    assert [p.get_x() for p in seen] == pytest.approx(edges[:-1])
    detected = soil.loc[~soil["Cu_ppm_censored"], "Cu_ppm"]
    counts = np.histogram(detected, edges)[0]
    assert [p.get_height() for p in seen] == pytest.approx(100 * counts / 200)
    total = sum(p.get_height() for p in [*seen, *hidden])
    assert total == pytest.approx(100)
    assert len(hidden) == 1
    assert hidden[0].get_x() < 12 < hidden[0].get_x() + hidden[0].get_width()


def test_thresholds_of_a_table_are_drawn(soil):
    table = background_table(soil, "Cu_ppm", methods=("tukey", "percentile_97.5"))
    figure = figure_distribution(soil, "Cu_ppm", thresholds=table)
    said = " ".join(names(figure.axes[0]))
    assert f"Tukey's fence: {table.loc[0, 'threshold']:.0f}" in said
    assert "97.5 % quantile" in said
    other = table.assign(analyte="Zn_ppm")
    bare = figure_distribution(soil, "Cu_ppm", thresholds=other)
    assert "Tukey" not in " ".join(names(bare.axes[0]))
    places = [line.get_xdata()[0] for line in figure.axes[1].lines]
    assert table.loc[0, "threshold"] in places


def test_probability_scale(soil):
    whole = soil.drop(columns="Cu_ppm_censored")
    axes = figure_probability_plot(whole, "Cu_ppm", thresholds={"T": 50.0}).axes[0]
    points = axes.lines[0]
    assert len(points.get_xdata()) == 200
    assert points.get_xdata()[99] == pytest.approx(-0.00624, abs=1e-3)  # 100 of 201
    assert [t.get_text() for t in axes.get_xticklabels()][3] == "25"
    assert names(axes) == ["T: 50"]


def test_lines_of_populations_are_straight(soil, mixture):
    axes = figure_probability_plot(soil, "Cu_ppm", mixture=mixture).axes[0]
    first, second, total = axes.lines[1:4]
    for line in (first, second):
        slope = np.diff(np.log10(line.get_ydata())) / np.diff(line.get_xdata())
        assert np.ptp(slope) < 1e-9
    assert np.ptp(np.diff(total.get_xdata())) > 0.01
    assert names(axes)[0].startswith("population 1 (")


def test_mixture_shows_populations_thresholds_and_intervals(mixture):
    axes = figure_mixture(mixture, title="Cu").axes[0]
    upper = mixture.thresholds.query("kind == 'upper'")["value"].iloc[0]
    assert f"mean + 2 sd: {upper:.3g}" in names(axes)
    assert "below detection, at the limit" in names(axes)
    assert axes.get_title(loc="left") == "Cu"
    plain = threshold_mixture(
        pd.DataFrame({"pH": [4.0, 5, 5.5, 6, 7, 6.5, 5.2]}),
        "pH",
        random_state=0,
        n_populations=1,
        transform=None,
        n_bootstrap=0,
    )
    assert figure_mixture(plain).axes[0].get_xscale() == "linear"


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_they_are_saved_in_both_languages(soil, mixture, lang, tmp_path):
    table = background_table(soil, "Cu_ppm", transform=("log10", None))
    for number, figure in enumerate(
        (
            figure_distribution(soil, "Cu_ppm", thresholds=table, lang=lang),
            figure_probability_plot(soil, "Cu_ppm", mixture=mixture, lang=lang),
            figure_mixture(mixture, lang=lang),
        )
    ):
        path = save_figure(figure, tmp_path / f"{number}.png", dpi=60)
        assert path.stat().st_size > 5000


@pytest.mark.parametrize("draw", FIGURES)
def test_errors(draw):
    with pytest.raises(DataProblems, match="0 or less has no logarithm"):
        draw(pd.DataFrame({"x": [0.0, 1]}), "x")
    with pytest.raises(ValueError, match="no value to draw"):
        draw(pd.DataFrame({"x": [np.nan]}), "x")
    table = pd.DataFrame({"analyte": ["x"], "method": ["tukey"]})
    with pytest.raises(ValueError, match="no column 'threshold'"):
        draw(pd.DataFrame({"x": [1.0, 2]}), "x", thresholds=table)
    with pytest.raises(ValueError, match="lang='fr'"):
        draw(pd.DataFrame({"x": [1.0, 2]}), "x", lang="fr")


@pytest.mark.parametrize("draw", FIGURES)
def test_one_value_and_equal_values_can_be_drawn(draw, tmp_path):
    for values in ([5.0], [5.0] * 12):
        save_figure(
            draw(pd.DataFrame({"x": values}), "x"), tmp_path / "one.png", dpi=50
        )
