"""Residuals by group: by hand, against groups one by one, small groups."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from prospect.geochem import background_table, residuals_by_group
from survey import read_samples

BIXI = Path(__file__).parents[4] / "data_samples/synthetic_district"


@pytest.fixture(scope="module")
def soil():
    rng = np.random.default_rng(1)
    rock = np.repeat(["basalt", "granite", "marble", "skarn"], [100, 100, 20, 15])
    centre = pd.Series({"basalt": 2.0, "granite": 1.0, "marble": 0.5, "skarn": 0.5})
    lg = rng.normal(centre[rock].to_numpy(), 0.1)
    lg[150] = 1.6  # 40 ppm: nothing on basalt, an anomaly on granite
    samples = pd.DataFrame({"Cu_ppm": 10**lg, "rock": rock})
    samples.loc[5, "rock"] = None
    return samples.sample(frac=1, random_state=2)


def test_each_group_has_its_own_background(soil):
    before = soil.copy()
    found = residuals_by_group(soil, "Cu_ppm", by="rock")
    pd.testing.assert_frame_equal(soil, before)
    assert found.samples.index.equals(soil.index)
    for rock in ("basalt", "granite"):
        mine = soil[soil["rock"] == rock]
        row = background_table(mine, "Cu_ppm", methods="median_mad").iloc[0]
        assert found.table.loc[rock, "threshold"] == pytest.approx(row["threshold"])
        part = found.samples.loc[mine.index]
        contrast = mine["Cu_ppm"] / row["threshold"]
        assert part["Cu_ppm_contrast"].to_numpy() == pytest.approx(contrast.to_numpy())
        lg = np.log10(mine["Cu_ppm"])
        mad = 1.4826 * row["mad"]
        residual = (lg - np.log10(row["background_value"])) / mad
        assert part["Cu_ppm_residual"].to_numpy() == pytest.approx(residual.to_numpy())
    whole = background_table(soil, "Cu_ppm", methods="median_mad").iloc[0]
    assert soil.loc[150, "Cu_ppm"] < whole["threshold"]
    assert found.samples.loc[150, "Cu_ppm_contrast"] > 1.5


def test_small_groups_are_joined_and_said(soil):
    found = residuals_by_group(soil, "Cu_ppm", by="rock", method="iterative")
    table = found.table
    assert table["background_group"].tolist() == [
        "basalt", "granite", "(others)", "(others)", "(all)"
    ]  # fmt: skip
    assert table["n_samples"].tolist() == [99, 100, 20, 15, 1]
    assert "only 20 values" in table.loc["marble", "note"]
    assert "1 samples have no group" in table["note"].iloc[-1]
    assert "采用 (others) 的背景值" in table.loc["marble", "note"].say("zh")
    others = soil[soil["rock"].isin(["marble", "skarn"])]
    row = background_table(others, "Cu_ppm", methods="iterative").iloc[0]
    assert table.loc["skarn", "threshold"] == pytest.approx(row["threshold"])
    alone = residuals_by_group(soil, "Cu_ppm", by="rock", fewest=40)
    assert alone.table.loc["marble", "background_group"] == "(all)"


def test_polygons_give_the_groups():
    points = gpd.points_from_xy(np.r_[np.zeros(40), np.full(40, 10.0)], np.arange(80.0))
    copper = np.r_[np.linspace(90, 110, 40), np.linspace(9, 11, 40)]
    samples = gpd.GeoDataFrame({"Cu_ppm": copper}, geometry=points, crs=32650)
    samples.attrs["units"] = {"Cu_ppm": "ppm"}
    boxes = [shapely.box(-1, -1, 5, 99), shapely.box(5, -1, 15, 99)]
    layer = gpd.GeoDataFrame({"rock": ["b", "g"]}, geometry=boxes, crs=32650)
    found = residuals_by_group(samples, "Cu_ppm", by=(layer, "rock"))
    assert isinstance(found.samples, gpd.GeoDataFrame)
    assert found.samples.crs == samples.crs
    assert found.samples.attrs == samples.attrs
    assert found.table["background_value"].to_numpy() == pytest.approx(
        [100, 10], rel=0.01
    )
    named = samples.assign(rock=["b"] * 40 + ["g"] * 40)
    same = residuals_by_group(named, "Cu_ppm", by="rock")
    pd.testing.assert_frame_equal(same.table, found.table)


def test_fitted_on_some_and_told_of_all(soil):
    mask = pd.Series(soil.index != 150, index=soil.index)
    found = residuals_by_group(soil, "Cu_ppm", by="rock", fit_on=mask)
    assert found.table.loc["granite", "n"] == 99
    assert found.samples.loc[150, "Cu_ppm_contrast"] > 1.5


def test_censored_values_enter_with_their_limit(soil):
    low = soil["Cu_ppm"] < 9
    samples = soil.assign(Cu_ppm=soil["Cu_ppm"].mask(low, 9.0), Cu_ppm_censored=low)
    found = residuals_by_group(samples, "Cu_ppm", by="rock")
    assert found.table["n_censored"].sum() == low.sum()
    assert np.isnan(found.table.loc["marble", "threshold"])
    assert "no threshold" in found.table.loc["marble", "note"]
    granite = found.samples[found.samples["rock"] == "granite"]
    assert granite["Cu_ppm_residual"].notna().all()


def test_lithology_of_the_district_removes_what_the_rocks_explain():
    """Quartzite is poor in Cu, andesite rich: residuals no longer tell them apart."""
    samples = read_samples(
        f"{BIXI}/geochemistry/stream_sediments_gbk.csv", crs="EPSG:4547"
    )
    units = gpd.read_file(f"{BIXI}/geology/geology.gpkg", layer="units")
    found = residuals_by_group(samples, "Cu_ppm", by=(units, "lithology"), fewest=15)
    table = found.table
    assert table.loc["quartzite", "threshold"] < table.loc["andesite", "threshold"]
    middle = found.samples.groupby("Cu_ppm_background_group")[
        "Cu_ppm_residual"
    ].median()
    assert middle.drop("(all)", errors="ignore").abs().max() < 0.1
    assert table["n_samples"].sum() == len(samples)


def test_errors(soil):
    with pytest.raises(ValueError, match="method must be one of"):
        residuals_by_group(soil, "Cu_ppm", by="rock", method="tukey")
    with pytest.raises(ValueError, match="no column 'stone'"):
        residuals_by_group(soil, "Cu_ppm", by="stone")
    done = residuals_by_group(soil, "Cu_ppm", by="rock").samples
    with pytest.raises(ValueError, match="are there already"):
        residuals_by_group(done, "Cu_ppm", by="rock")
    hidden = soil.assign(Cu_ppm=200.0, Cu_ppm_censored=True)
    with pytest.raises(ValueError, match="no group has a background"):
        residuals_by_group(hidden, "Cu_ppm", by="rock")
