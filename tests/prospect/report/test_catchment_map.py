"""The map of catchments: what is drawn, in both languages, and what is refused."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from matplotlib.collections import LineCollection

from prospect.geochem import delineate_catchments
from prospect.report import chinese_font, figure_catchments, save_figure
from survey import open_grid, read_samples

FOLDER = "data_samples/synthetic_district/"


@pytest.fixture(scope="module")
def district():
    samples = read_samples(
        FOLDER + "geochemistry/stream_sediments_gbk.csv", crs="EPSG:4547"
    )
    dem = open_grid(FOLDER + "terrain/elevation.tif")
    basins = delineate_catchments(
        samples, dem, snap_distance=100, min_area=0.2, unplaced="keep"
    )
    values = samples[["sample_id", "Cu_ppm"]]
    return basins.merge(values, on="sample_id"), samples, dem


def legend_of(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_samples_with_and_without_a_catchment_are_told_apart(district, tmp_path):
    basins, samples, dem = district
    figure = figure_catchments(basins, "Cu_ppm", dem=dem, samples=samples)
    assert legend_of(figure) == [
        f"cut by the border of the DEM: area is a minimum "
        f"({basins.touches_border.sum()})",
        f"samples with a catchment ({(basins.status == 'delineated').sum()})",
        f"samples without a catchment ({(basins.status != 'delineated').sum()})",
        "outside all catchments, or no value",
    ]
    axes = figure.axes[0]
    dots = [len(line.get_xdata()) for line in axes.lines]
    assert dots == [
        (basins.status == "delineated").sum(),
        (basins.status != "delineated").sum(),
    ]
    west, east = axes.get_xlim()
    assert (west, east) == pytest.approx((520, 540), abs=0.05)
    path = save_figure(figure, tmp_path / "map.png", dpi=60)
    assert path.stat().st_size > 20_000


def test_each_own_area_is_outlined_once(district):
    basins, _, _ = district
    figure = figure_catchments(basins, "Cu_ppm")
    whole, cut = (
        each for each in figure.axes[0].collections if isinstance(each, LineCollection)
    )
    outlets = basins.dropna(subset="outlet_cell").drop_duplicates("outlet_cell")
    rings = len(whole.get_segments()) + len(cut.get_segments())
    assert len(outlets) <= rings < 1.5 * len(outlets)


@pytest.mark.skipif(chinese_font() is None, reason="no Chinese font here")
def test_in_chinese(district):
    basins, samples, dem = district
    figure = figure_catchments(
        basins, "Cu_ppm", dem=dem, samples=samples, name="铜", lang="zh"
    )
    assert any("已圈定汇水域的样品" in text for text in legend_of(figure))
    labels = [axes.get_ylabel() for axes in [*figure.axes, *figure.axes[0].child_axes]]
    assert any(label.startswith("铜（按汇水面积占比分级") for label in labels)


def test_residuals_are_named(district):
    basins, _, _ = district
    made = basins.assign(Cu_ppm_log_residual=np.log10(basins["Cu_ppm"] / 30))
    axes = figure_catchments(made, "Cu_ppm_log_residual").axes[0]
    label = axes.child_axes[0].get_ylabel()
    assert label.startswith("Cu_ppm: lg(value / background), by share")


def test_what_is_refused(district):
    basins, samples, _ = district
    with pytest.raises(ValueError, match="no column 'Zn_ppm'"):
        figure_catchments(basins, "Zn_ppm")
    with pytest.raises(ValueError, match="holds no value for any catchment"):
        figure_catchments(basins.assign(v=np.nan), "v")
    bare = samples.set_crs(None, allow_override=True)
    with pytest.raises(ValueError, match="samples without a CRS"):
        figure_catchments(basins, "Cu_ppm", samples=bare)
    degrees = gpd.GeoDataFrame(
        {"v": [1.0], "outlet_cell": [1], "touches_border": [False]},
        geometry=[shapely.box(0, 0, 1, 1)],
        crs=4326,
    )
    with pytest.raises(ValueError, match="needs metres"):
        figure_catchments(degrees, "v")
