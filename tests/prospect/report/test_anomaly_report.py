"""Element maps, anomaly sheets and the report of rated anomalies."""

import re

import geopandas as gpd
import numpy as np
import pytest
import shapely

from prospect.geochem import map_anomalies, map_classes
from prospect.report import (
    figure_anomaly_sheet,
    figure_element_map,
    write_anomaly_report,
)
from survey import make_geobox


@pytest.fixture(scope="module")
def samples():
    rng = np.random.default_rng(0)
    x, y = rng.uniform(0, 10000, (2, 200))
    hill = np.exp(-((x - 4000) ** 2 + (y - 6000) ** 2) / 3e6)
    columns = {
        "Cu_ppm": 20 * np.exp(0.2 * rng.normal(size=200)) + 150 * hill,
        "Au_ppb": 2 * np.exp(0.2 * rng.normal(size=200)) + 9 * hill,
        "Au_ppb_censored": rng.random(200) < 0.1,
        "label": "<script>alert(1)</script>",
    }
    return gpd.GeoDataFrame(
        columns, geometry=gpd.points_from_xy(x, y), crs="EPSG:32654"
    )


@pytest.fixture(scope="module")
def survey(samples):
    like = make_geobox((0, 10000, 0, 10000), crs="EPSG:32654", resolution=200)
    return map_anomalies(samples, ["Cu_ppm", "Au_ppb"], like=like, min_area_km2=0.2)


def texts(figure):
    return " ".join(
        text.get_text() for axes in figure.axes for text in axes.texts
    ) + " ".join(t.get_text() for legend in figure.legends for t in legend.texts)


def test_element_map_says_zones_classes_and_what_is_below_detection(samples, survey):
    figure = figure_element_map(
        survey.grids["Au_ppb"],
        limits=map_classes(samples["Au_ppb"]),
        zones=survey.maps["Au_ppb"].zones,
        samples=samples,
        composites=survey.composites,
    )
    said = texts(figure)
    share = samples["Au_ppb_censored"].mean()
    assert f"{100 * share:.2g} % of the samples are below detection" in said
    assert "outer zone, ≥" in said
    assert "samples (200)" in said
    image = figure.axes[0].images[0]
    assert len(image.norm.boundaries) == image.norm.N
    assert image.get_array().shape == (50, 50)


def test_a_sheet_has_a_map_for_each_analyte_around_the_anomaly(samples, survey):
    row = survey.composites.iloc[[0]]
    figure = figure_anomaly_sheet(row, survey.grids, samples=samples, lang="zh")
    assert [axes.get_title(loc="left") for axes in figure.axes[:2]] == [
        "Cu_ppm", "Au_ppb",
    ]  # fmt: skip
    west, _, east, _ = row.total_bounds / 1000
    low, high = figure.axes[0].get_xlim()
    assert low <= west + 0.2
    assert high >= east - 0.2
    assert high - low < 10


def test_a_sheet_needs_one_anomaly_and_a_grid_around_it(survey):
    with pytest.raises(ValueError, match="a sheet shows one anomaly"):
        figure_anomaly_sheet(survey.composites.iloc[[]], survey.grids)
    with pytest.raises(ValueError, match="a sheet shows one anomaly"):
        figure_anomaly_sheet(survey.composites.iloc[[0]], {})
    far = survey.composites.iloc[[0]].copy()
    far["geometry"] = far.translate(1e6)
    with pytest.raises(ValueError, match="no cells around the anomaly"):
        figure_anomaly_sheet(far, survey.grids)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_report_holds_everything_in_one_file(tmp_path, samples, survey, lang):
    path = write_anomaly_report(
        survey, tmp_path / "a.html", samples=samples, name="A & <b>", lang=lang
    )
    page = path.read_text(encoding="utf-8")
    assert "A &amp; &lt;b&gt;" in page
    assert not re.search(r"(src|href)=\"(?!data:|#)", page)
    assert page.count("data:image/png;base64,") >= 4
    for row in survey.composites.itertuples():
        assert row.composite_id in page
    assert ("clarity" in page.lower()) == (lang == "en")
    assert ("规格化面金属量" in page) == (lang == "zh")
    assert "Members" not in page
    assert "overlap_km2" not in page
    again = write_anomaly_report(
        survey, tmp_path / "b.html", samples=samples, name="A & <b>", lang=lang
    )
    assert again.read_bytes() == path.read_bytes()


def test_report_refuses_another_language(tmp_path, survey):
    with pytest.raises(ValueError, match="lang='fr'"):
        write_anomaly_report(survey, tmp_path / "a.html", lang="fr")


def test_a_sheet_of_an_anomaly_of_one_cell_at_the_corner(survey):
    grid = next(iter(survey.grids.values()))
    x, y = float(grid["x"][0]), float(grid["y"][0])
    step = abs(float(grid["x"][1]) - x)
    cell = shapely.box(x - step / 2, y - step / 2, x + step / 2, y + step / 2)
    row = survey.composites.iloc[[0]].set_geometry([cell], crs=survey.composites.crs)
    assert len(figure_anomaly_sheet(row, survey.grids).axes) >= len(survey.grids)
