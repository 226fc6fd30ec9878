"""From samples to rated anomalies in one call."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from prospect.geochem import background_table, map_anomalies
from survey import make_geobox, read_features, read_samples

FOLDER = "data_samples/synthetic_district/"
GBK = FOLDER + "geochemistry/stream_sediments_gbk.csv"


@pytest.fixture(scope="module")
def sediments():
    return read_samples(GBK, crs="EPSG:4547")


@pytest.fixture(scope="module")
def found(sediments):
    like = make_geobox((520000, 540000, 3400000, 3420000), crs=4547, resolution=100)
    return map_anomalies(
        sediments, ["Cu_ppm", "Au_ppb", "Pb_ppm"], like=like, min_area_km2=0.3
    )


def test_thresholds_are_those_of_the_background(sediments, found):
    table = background_table(sediments, ["Cu_ppm"], methods="iterative", k=2.0)
    limit = found.maps["Cu_ppm"].anomalies.attrs["threshold"]
    assert limit == table["threshold"].iloc[0]


def test_the_first_composites_stand_on_the_planted_deposits(found):
    deposits = read_features(FOLDER + "deposits/deposits.csv", crs="EPSG:4547")
    porphyry = deposits[deposits["deposit_type"] == "porphyry Cu-Au"]
    ground = found.composites.head(5).union_all()
    inside = porphyry.within(ground).mean()
    assert inside > 5 * ground.area / 400e6


def test_samples_and_grids_are_left_as_they_were(sediments, found):
    again = read_samples(GBK, crs="EPSG:4547")
    pd.testing.assert_frame_equal(pd.DataFrame(sediments), pd.DataFrame(again))
    assert found.grids["Au_ppb"].attrs["censored_share"] == pytest.approx(
        0.08, abs=0.01
    )


def grid_of_samples(values):
    x, y = np.meshgrid(np.arange(4) * 1000 + 500, np.arange(3) * 1000 + 500)
    return gpd.GeoDataFrame(
        {"Cu_ppm": np.ravel(values), "Zn_ppm": 50.0},
        geometry=gpd.points_from_xy(x.ravel(), y.ravel()),
        crs="EPSG:32654",
    )


def test_an_analyte_without_anomaly_is_said():
    values = np.full((3, 4), 20.0)
    values[1, 1] = 90
    like = make_geobox((0, 4000, 0, 3000), crs="EPSG:32654", resolution=1000)
    stated = {"Cu_ppm": 40, "Zn_ppm": 99}
    found = map_anomalies(
        grid_of_samples(values), ["Cu_ppm", "Zn_ppm"], like=like, thresholds=stated
    )
    assert list(found.maps) == ["Cu_ppm"]
    assert found.notes[0].startswith("Zn_ppm has no anomaly")
    assert found.notes[0].say("zh").startswith("Zn_ppm 未圈出异常")
    stated["Cu_ppm"] = 400
    with pytest.raises(ValueError, match=r"none of .* has an anomaly"):
        map_anomalies(
            grid_of_samples(values), ["Cu_ppm", "Zn_ppm"], like=like, thresholds=stated
        )
