import numpy as np
import pandas as pd
import pytest

from prospect.geochem import RobustFactors, RobustPCA, cluster_analytes
from prospect.report import figure_biplot, figure_dendrogram, save_figure
from prospect.report._points import groups_of, keep_apart
from prospect.report._words import Words

NAMES = ["Cu_ppm", "Mo_ppm", "Na_ppm", "Ca_ppm", "Pb_ppm", "Zn_ppm"]


@pytest.fixture(scope="module")
def table():
    random = np.random.default_rng(0)
    ore, lead = random.normal(size=(2, 120, 1))
    logs = ore * [1, 1, -1, -1, 0, 0] + lead * [0, 0, 0, 0, 1, 1]
    logs = logs + 0.3 * random.normal(size=(120, 6))
    return pd.DataFrame(np.exp(logs), columns=NAMES)


def texts(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_biplot_shows_samples_in_deviations_and_rays(table, tmp_path):
    model = RobustPCA(n_components=3, random_state=0)
    scores = model.fit_transform(table)
    figure = figure_biplot(model, scores, title="A")
    points = figure.axes[0].collections[0].get_offsets()
    spread = np.sqrt(model.explained_variance_[:2])
    np.testing.assert_allclose(points, scores[["PC1", "PC2"]] / spread)
    shown = texts(figure)
    assert {"Cu", "Mo", "Na", "Ca", "Pb", "Zn"} <= set(shown)
    assert any(text.startswith("robust, centred log-ratios; rays ×") for text in shown)
    assert "of the variance" in figure.axes[0].get_ylabel()
    assert save_figure(figure, tmp_path / "a.png").stat().st_size > 10_000


def test_biplot_says_what_was_imputed_in_both_languages(table):
    marked = table.assign(Cu_ppm_imputed=np.arange(120) < 12)
    model = RobustFactors(n_factors=2, random_state=0)
    scores = model.fit_transform(marked)
    groups = pd.Series(np.where(np.arange(120) % 2, "花岗岩", "schist"), name="岩性")
    english = figure_biplot(model, scores, groups=groups)
    assert any("1.7 % of the values imputed" in text for text in texts(english))
    chinese = figure_biplot(model, scores, groups=groups, lang="zh")
    assert any("插补值占 1.7 %" in text for text in texts(chinese))
    legend = [text.get_text() for text in chinese.axes[0].get_legend().get_texts()]
    assert sorted(legend) == ["schist", "花岗岩"]


def test_no_ray_ends_outside_the_axes(table):
    model = RobustPCA(random_state=0).fit(table)
    # samples all on one side: nothing but the rays makes room on the other
    scores = model.transform(table).abs()
    axes = figure_biplot(model, scores).axes[0]
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    for text in axes.texts:
        x, y = getattr(text, "xy", text.get_position())
        if getattr(text, "arrow_patch", None):
            assert left < x < right
            assert low < y < high


def test_biplot_refuses(table):
    model = RobustPCA(n_components=2, robust=False)
    scores = model.fit_transform(table)
    with pytest.raises(ValueError, match=r"components=\(1, 3\): the model has 2"):
        figure_biplot(model, scores, components=(1, 3))
    with pytest.raises(ValueError, match="the model makes"):
        figure_biplot(model, scores[["PC1"]])


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("distance", ["variation", "correlation"])
def test_dendrogram_names_all_analytes(table, lang, distance):
    clusters = cluster_analytes(table, distance=distance, random_state=0)
    axes = figure_dendrogram(clusters, lang=lang).axes[0]
    assert {label.get_text() for label in axes.get_yticklabels()} == set(NAMES)
    assert len(axes.lines) == len(NAMES) - 1
    assert axes.get_xlabel() == Words(lang)(f"tree_{distance}")


def test_names_are_kept_apart():
    anchors = np.zeros((6, 2))
    places = keep_apart(anchors, ["name"] * 6, height=1.0, width=0.5)
    gaps = np.diff(np.sort(places[:, 1]))
    assert (gaps > 0.99).all()


def test_many_groups_share_the_last_colour():
    values = np.repeat([f"g{i:02}" for i in range(20)], range(20, 0, -1))
    table = pd.DataFrame({"group": [*values, None]})
    groups = list(groups_of(table, "group", Words("en")))
    assert len(groups) == 13
    assert groups[0].label == "other"
    assert sum(group.rows.sum() for group in groups) == len(table)
