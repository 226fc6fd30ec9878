import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from prospect.report import (
    figure_curves,
    figure_histogram,
    figure_prediction_area,
    figure_weights,
)

CURVE = pd.DataFrame({"area_share": [0, 0.2, 1], "captured": [0, 0.7, 1]})
AREA = pd.DataFrame(
    {"value": [0.9, 0.5, 0.1], "captured": [0.2, 0.7, 1], "area_share": [0.05, 0.3, 1]}
)
CROSSING = {"value": 0.5, "captured": 0.7, "area_share": 0.3, "density": 0.7 / 0.3}


def texts(figure):
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def test_curve_is_drawn_in_per_cent():
    axes = figure_curves({"forest": CURVE}).axes[0]
    line = axes.lines[-1]
    np.testing.assert_allclose(line.get_xydata(), [[0, 0], [20, 70], [100, 100]])
    assert line.get_label() == "forest"


def test_long_table_gives_a_curve_of_each_kind():
    table = pd.concat(
        [
            CURVE.assign(kind="success_rate", folds="none"),
            CURVE.assign(kind="prediction_rate", folds="blocks"),
        ]
    )
    assert {"success rate", "prediction rate, spatial blocks"} <= set(
        texts(figure_curves(table))
    )
    assert {"成功率", "预测率、空间分块"} <= set(texts(figure_curves(table, lang="zh")))


def test_curve_without_its_columns_is_refused():
    with pytest.raises(KeyError, match=r"curve 'forest' lacks \['captured'\]"):
        figure_curves({"forest": CURVE[["area_share"]]})


def test_area_runs_downwards_so_that_the_curves_cross():
    figure = figure_prediction_area(AREA, crossing=CROSSING)
    left, right = figure.axes
    assert left.get_ylim()[0] < left.get_ylim()[1]
    assert right.get_ylim()[0] > right.get_ylim()[1]
    assert "70 % of deposits on 30 % of area\ndensity 2.33" in texts(figure)


def test_mapping_with_its_crossing_is_taken_as_validation_gives_it():
    lists = {name: column.tolist() for name, column in AREA.items()}
    marked = figure_prediction_area({**lists, "crossing": CROSSING})
    assert any("2.33" in text for text in texts(marked))
    unknown = {**CROSSING, "density": None}
    bare = figure_prediction_area({**lists, "crossing": unknown})
    assert not any("density" in text for text in texts(bare))


def test_contrasts_show_their_spread_and_class():
    table = pd.DataFrame(
        {"class": [1.0, 2.0], "contrast": [1.5, -0.5], "s_contrast": [0.2, np.nan]}
    )
    figure = figure_weights({"Faults": table})
    segments = figure.axes[0].collections[0].get_segments()
    np.testing.assert_allclose(segments[0][:, 0], [1.3, 1.7])
    np.testing.assert_allclose(segments[1][:, 0], [-0.5, -0.5])
    assert {"Faults", "1", "2"} <= set(texts(figure))


def test_only_the_furthest_classes_are_shown():
    table = pd.DataFrame({"contrast": np.linspace(-1, 1, 200)})
    assert len(figure_weights({"Units": table}).axes[0].get_yticks()) == 25


def test_weights_need_a_table():
    with pytest.raises(ValueError, match="no table of weights"):
        figure_weights({})


def test_histogram_counts_shares(score):
    axes = figure_histogram(score, at_deposits=[0.2, 0.9, np.nan]).axes[0]
    heights = np.asarray(axes.patches[-1].get_data()[0])
    assert heights.sum() == pytest.approx(100)
    assert sorted(heights[heights > 0]) == [50, 50]


def test_skewed_scores_get_a_logarithmic_axis(make_grid):
    values = np.geomspace(1e-6, 1, 100).reshape(10, 10)
    assert figure_histogram(make_grid(values)).axes[0].get_xscale() == "log"


def test_histogram_of_nothing_is_refused(score):
    with pytest.raises(ValueError, match="holds no value"):
        figure_histogram(score.where(False))
