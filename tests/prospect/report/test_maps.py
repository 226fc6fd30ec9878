import numpy as np
import pytest
import xarray as xr
from geopandas.testing import assert_geodataframe_equal
from matplotlib.figure import Figure
from matplotlib.text import Text

from prospect.report import (
    Words,
    area_labels,
    area_scale,
    figure_evidence,
    figure_map,
)
from prospect.report._ramps import AREA_SHARES


def texts(figure):
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_map_carries_what_a_map_needs(score, deposits, targets, lang):
    figure = figure_map(
        score, deposits=deposits, targets=targets, title="Gold", lang=lang
    )
    assert isinstance(figure, Figure)
    found = texts(figure)
    assert "Gold" in found
    assert "1 km" in found
    assert {"1", "2"} <= set(found)
    assert any("(2)" in text or "（2）" in text for text in found)


def test_a_grid_with_a_unit_is_called_by_its_name_in_any_role(score):
    gold = score.assign_attrs(long_name="Au_ppb", units="ppb", censored_share=0.081)
    found = texts(figure_map(gold, role="score"))
    assert any("Au_ppb, ppb" in text for text in found)
    assert not any("prospectivity" in text for text in found)
    assert "8.1 % of the samples are below detection" in found
    assert any("prospectivity" in text for text in texts(figure_map(score)))
    with pytest.raises(ValueError, match="role must be one of"):
        figure_map(score, role="variance")


def test_only_deposits_on_the_map_are_counted(score, deposits):
    assert "deposits (2)" in texts(figure_map(score, deposits=deposits))


def test_gaps_are_named_only_where_there_are_some(score):
    assert "no data" in texts(figure_map(score))
    assert "no data" not in texts(figure_map(score.fillna(0.5)))


def test_inputs_are_left_as_they_were(score, deposits, targets):
    before = score.copy(deep=True), deposits.copy(), targets.copy()
    figure_map(score, deposits=deposits, targets=targets, hillshade=score)
    xr.testing.assert_identical(score, before[0])
    assert_geodataframe_equal(deposits, before[1])
    assert_geodataframe_equal(targets, before[2])


def test_lazy_map_is_the_map_in_memory(score):
    figures = [figure_map(grid) for grid in (score, score.chunk(y=7, x=9))]
    images = [figure.axes[0].images[0].get_array() for figure in figures]
    np.testing.assert_array_equal(*(image.filled(-1) for image in images))


def test_class_of_area_holds_its_share():
    values = np.arange(10_000.0)
    scale = area_scale(values)
    above = [(values >= bound).mean() for bound in scale.bounds[1:-1]]
    np.testing.assert_allclose(above, np.array(AREA_SHARES) / 100, atol=2e-4)
    assert len(scale.bounds) - 1 == scale.cmap.N


def test_tied_scores_join_classes():
    scale = area_scale(np.repeat([0.1, 0.2, 0.3, 0.4], 25))
    assert (np.diff(scale.bounds) > 0).all()
    np.testing.assert_array_equal(scale.shares, [1, 0.5, 0.25])
    labels = ["other ground", "top 50 %\n0.3", "top 25 %\n0.4"]
    assert area_labels(scale, Words("en")) == labels
    assert len(np.unique(scale.norm([0.1, 0.2, 0.3, 0.4]))) == 3
    assert area_scale(np.full(9, 0.5)).bounds is None


def test_ties_and_constant_grids_can_be_drawn(make_grid):
    figure_map(make_grid(np.repeat([[0.1, 0.2, 0.3, 0.4]], 9, axis=0)))
    figure_map(make_grid(np.ones((3, 3))))
    figure_map(make_grid([[1.0]], name="anything"))


def test_classes_are_labelled(make_grid):
    grid = make_grid(
        [[1, 2], [2, np.nan]],
        name="units",
        kind="categorical",
        classes={1: "schist", 2: "granite"},
    )
    assert {"schist", "granite", "no data"} <= set(texts(figure_map(grid)))


def test_many_classes_are_summed_up(make_grid):
    grid = make_grid(np.arange(0, 60, 2).reshape(5, 6), kind="categorical")
    assert "16 more classes" in texts(figure_map(grid))


def test_degrees_have_no_scale_bar(make_grid):
    grid = make_grid(np.eye(4), cell=0.0).assign_coords(
        x=[118.0, 118.1, 118.2, 118.3], y=[30.3, 30.2, 30.1, 30.0]
    )
    figure = figure_map(grid.rio.write_crs("EPSG:4326"))
    assert figure.axes[0].get_xlabel() == "Longitude (°)"
    assert not any("km" in text for text in texts(figure))


def test_features_on_another_crs_are_brought_over(score, deposits):
    figure = figure_map(score, deposits=deposits.to_crs("EPSG:4326"))
    assert "deposits (2)" in texts(figure)


def test_figure_without_chinese_font_is_in_english(score, no_chinese_font):
    figure = figure_map(score, lang="zh", title="金矿")
    assert figure.axes[0].get_xlabel() == "Easting (km)"
    assert all(ord(c) < 0x2E80 for text in texts(figure) for c in text)


def test_every_layer_gets_a_map(score):
    stack = xr.Dataset({"a": score, "b": score.assign_attrs(kind="categorical") * 0})
    stack["c"] = score.where(False)
    figure = figure_evidence(stack, titles={"a": "Distance"})
    assert {"Distance", "b", "c"} <= set(texts(figure))


def test_refusals(score, deposits):
    with pytest.raises(ValueError, match="'score' has no CRS: set one"):
        figure_map(score.drop_vars("spatial_ref"))
    with pytest.raises(ValueError, match="'score' holds no value at all"):
        figure_map(score.where(False))
    with pytest.raises(ValueError, match="holds no layer"):
        figure_evidence(xr.Dataset())
    with pytest.raises(ValueError, match="features without a CRS"):
        figure_map(score, deposits=deposits.set_crs(None, allow_override=True))
    with pytest.raises(ValueError, match="not a language"):
        figure_map(score, lang="de")
