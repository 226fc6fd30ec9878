"""The picture of a variogram."""

import numpy as np
import pandas as pd
import pytest

from prospect.gridding import Structure, VariogramModel
from prospect.report import figure_variogram

MODEL = VariogramModel(1.0, [Structure("spherical", 3.0, 500)])
TURNED = VariogramModel(1.0, [Structure("exponential", 3.0, 20_000, 0.5, 30)])


def table(**columns):
    lag = np.arange(50.0, 1000, 50)
    found = pd.DataFrame({"lag": lag, "gamma": MODEL(lag), "n_pairs": 100})
    found.attrs = {"column": "Cu_ppm", "units": "ppm", "variance": 4.2}
    return found.assign(**columns)


def texts(figure):
    axes = figure.axes[0]
    return " ".join(t.get_text() for t in axes.texts) + axes.get_title("left")


@pytest.mark.parametrize(
    ("lang", "said"),
    [("en", "spherical: sill 3, range 500 m"), ("zh", "球状模型：拱高 3，变程 500 m")],
)
def test_the_model_is_named(lang, said):
    before = table()
    given = table()
    figure = figure_variogram(given, model=MODEL, lang=lang)
    assert said in texts(figure)
    assert "Cu_ppm" in texts(figure)
    pd.testing.assert_frame_equal(given, before)


def test_points_and_line_are_where_they_belong():
    figure = figure_variogram(table(), model=MODEL, title="mine")
    axes = figure.axes[0]
    np.testing.assert_allclose(
        axes.collections[0].get_offsets(), table()[["lag", "gamma"]]
    )
    line = max(axes.lines, key=lambda each: len(each.get_xdata()))
    np.testing.assert_allclose(line.get_ydata(), MODEL(line.get_xdata()))
    assert axes.get_title("left") == "mine"
    assert axes.get_ylabel() == "semivariance (ppm)²"


def test_directions_have_their_own_line():
    both = pd.concat([table(azimuth=30.0), table(azimuth=120.0)], ignore_index=True)
    both.attrs = {"column": ["Cu_ppm", "Zn_ppm"]}
    figure = figure_variogram(both, model=TURNED)
    assert "20 km along 30°, 10 km across" in texts(figure)
    assert "Cu_ppm × Zn_ppm" in texts(figure)
    labels = [t.get_text() for t in figure.axes[0].get_legend().get_texts()]
    assert labels == ["30°", "120°"]
    # a table of all directions shows the longest and the shortest
    figure = figure_variogram(table(), model=TURNED)
    assert sum(len(each.get_xdata()) == 400 for each in figure.axes[0].lines) == 2


def test_refuses():
    with pytest.raises(KeyError, match="n_pairs"):
        figure_variogram(table().drop(columns="n_pairs"))
    with pytest.raises(ValueError, match="nothing to draw"):
        figure_variogram(table()[:0])
