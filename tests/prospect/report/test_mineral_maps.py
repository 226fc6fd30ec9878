"""Mineral maps and reasons: what is drawn and what the legend says."""

import numpy as np
import pytest
import xarray as xr

from prospect.report import figure_mineral_map, figure_reasons, save_figure
from spectral.mapping import (
    explain_spectrum,
    identify_minerals,
    mineral_groups,
    read_mineral_rules,
)

WAVE = np.arange(2000.0, 2500.0, 10.0)


def dips(*bands):
    values = np.full(WAVE.size, 0.4)
    for centre, width, depth in bands:
        values *= 1 - depth * np.exp(-4 * np.log(2) * ((WAVE - centre) / width) ** 2)
    return values


@pytest.fixture(scope="module")
def found():
    pyrophyllite = dips((2167, 28, 0.4))
    calcite = dips((2341, 60, 0.3), (2298, 70, 0.1))
    gap = np.where(WAVE == 2100, np.nan, calcite)
    flat = dips()
    spectra = [pyrophyllite, calcite, calcite, flat, gap, calcite]
    cube = xr.DataArray(
        np.array(spectra).T.reshape(WAVE.size, 2, 3),
        {"wavelength": WAVE, "y": [150.0, 50.0], "x": [50.0, 150.0, 250.0]},
        dims=("wavelength", "y", "x"),
    ).rio.write_crs("EPSG:4547")
    return identify_minerals(cube, read_mineral_rules())


def legend(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_legend_names_what_is_there_with_its_share(found):
    figure = figure_mineral_map(found)
    assert legend(figure) == [
        "calcite  60 %", "pyrophyllite  20 %", "unclassified  20 %", "no data  17 %",
    ]  # fmt: skip
    colours = {
        p.get_label(): p.get_facecolor() for p in figure.legends[0].get_patches()
    }
    grey = colours["unclassified  20 %"][:3]
    assert max(grey) - min(grey) < 0.01


def test_chinese(found):
    figure = figure_mineral_map(mineral_groups(found), lang="zh")
    assert any(text.startswith(("碳酸盐", "carbonate")) for text in legend(figure))


def test_colour_of_a_group_is_that_of_its_minerals(found):
    one, other = (
        figure_mineral_map(grid).legends[0].get_patches()[0].get_facecolor()
        for grid in (found, mineral_groups(found))
    )
    assert one == other


def test_map_without_place_is_drawn_in_pixels(found):
    grid = found["mineral"].drop_vars(["x", "y"])
    figure = figure_mineral_map(grid, title="")
    assert figure.axes[0].get_title(loc="left") == ""
    assert legend(figure)[0] == "calcite  60 %"


def test_input_is_not_changed_and_bytes_repeat(found, tmp_path):
    before = found.copy(deep=True)
    paths = [
        save_figure(figure_mineral_map(found), tmp_path / f"{i}.png") for i in (1, 2)
    ]
    assert paths[0].read_bytes() == paths[1].read_bytes()
    xr.testing.assert_identical(found, before)


def test_many_classes_are_counted_together():
    codes = np.arange(36.0).reshape(6, 6)
    grid = xr.DataArray(
        codes, dims=("y", "x"), attrs={"classes": {i: f"class {i}" for i in range(36)}}
    )
    names = legend(figure_mineral_map(grid))
    assert len(names) == 23
    assert names[-1] == "14 more  39 %"


def test_what_is_no_class_map(found):
    with pytest.raises(ValueError, match="is no map of classes"):
        figure_mineral_map(found["fit"])
    with pytest.raises(ValueError, match="single class map"):
        figure_mineral_map(found[["fit"]])
    empty = found["mineral"].where(False).assign_attrs(found["mineral"].attrs)
    with pytest.raises(ValueError, match="nothing to draw"):
        figure_mineral_map(empty)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_reasons_as_lines(lang):
    spectrum = xr.DataArray(
        dips((2209, 54, 0.2), (2345, 55, 0.1)), {"wavelength": WAVE}, dims="wavelength"
    )
    table = explain_spectrum(spectrum, read_mineral_rules(), candidates=3, lang=lang)
    figure = figure_reasons(table, title="pixel", lang=lang)
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert len(texts) == 3 + 2 * len(table)
    assert sum(text in "+o−×" for text in texts) == len(table)
    assert table["mineral"][0] in texts[0]


def test_reasons_that_cannot_be_drawn():
    with pytest.raises(KeyError, match="give that of explain_spectrum"):
        figure_reasons(xr.DataArray([1.0], dims="a", name="b").to_dataframe())


def test_an_image_without_a_place_has_rows_and_columns_the_first_row_on_top():
    codes = xr.DataArray(
        [[1.0, 1.0], [2.0, 2.0], [2.0, 2.0]],
        {"y": [0.0, 1.0, 2.0], "x": [0.0, 1.0]},
        dims=("y", "x"),
        attrs={"classes": {1: "calcite", 2: "chlorite"}},
    )
    axes = figure_mineral_map(codes).axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("column", "row")
    assert axes.get_ylim() == (2.5, -0.5)
    image = axes.images[0]
    np.testing.assert_array_equal(image.get_array()[:, 0], [0, 1, 1])
    assert image.get_extent() == [-0.5, 1.5, 2.5, -0.5]
    assert not axes.texts, "no north arrow, no scale bar"
    placed = figure_mineral_map(codes.rio.write_crs("EPSG:4547")).axes[0]
    np.testing.assert_array_equal(placed.images[0].get_array()[:, 0], [1, 1, 0])
