"""The register of anomalies and the 39 analytes."""

import numpy as np
import pandas as pd
import pytest
from odc.geo.geobox import GeoBox
from odc.geo.xr import wrap_xr

from prospect.geochem import (
    RGNR_39,
    anomaly_register,
    check_rgnr,
    combine_anomalies,
    delineate_anomalies,
    rate_anomalies,
)
from survey import read_samples

GBK = "data_samples/synthetic_district/geochemistry/stream_sediments_gbk.csv"


@pytest.fixture
def table():
    return pd.DataFrame(
        {
            "rank": [1, 2],
            "anomaly_id": ["Cu-1", "=1+1"],
            "nap": [33.33333, np.nan],
            "open": [True, False],
            "own": ["a", "b"],
        }
    )


def test_titles_units_and_figures(table):
    before = table.copy()
    found = anomaly_register(table)
    assert list(found) == ["Rank", "Anomaly", "NAP (km²)", "Touches the edge", "own"]
    assert found["NAP (km²)"].tolist()[0] == 33.33
    assert found["Touches the edge"].tolist() == ["yes", "no"]
    pd.testing.assert_frame_equal(table, before)


def test_chinese_titles(table):
    found = anomaly_register(table, lang="zh")
    assert list(found)[:3] == ["序号", "异常编号", "规格化面金属量（km²）"]
    assert found["是否未封闭"].tolist() == ["是", "否"]


def test_rounding_keeps_zero_and_gaps(table):
    found = anomaly_register(table.assign(nap=[0.0, 123456.0]))
    assert found["NAP (km²)"].tolist() == [0.0, 123456.0]


def test_unknown_language(table):
    with pytest.raises(ValueError, match="lang='fr'"):
        anomaly_register(table, lang="fr")


def test_the_list_has_32_elements_and_7_oxides():
    assert len(set(RGNR_39)) == 39
    oxides = [name for name in RGNR_39 if "O" in name]
    assert sorted(oxides) == sorted(
        ["SiO2", "Al2O3", "Fe2O3", "MgO", "CaO", "Na2O", "K2O"]
    )


def test_reported_share_counts_what_is_below_detection():
    columns = {
        "Cu_ppm": [1.0, 9.0, np.nan, np.nan],
        "Cu_ppm_censored": [True, False, True, False],
        "Au_ppm": [0.1] * 4,
        "TFe2O3_pct": [5.0] * 4,
    }
    found = check_rgnr(pd.DataFrame(columns)).set_index("analyte")
    # a value below an untold limit is a result, a gap is none
    assert found.loc["Cu", ["n", "n_missing", "n_censored"]].tolist() == [3, 1, 2]
    assert found.loc["Cu", "reported_share"] == pytest.approx(1 / 3)
    assert found.loc["Au", "column"] == "Au_ppm"
    assert found.loc["Fe2O3", "column"] == "TFe2O3_pct"
    assert found["column"].notna().sum() == 3


def test_chinese_table_of_the_sample_district():
    found = check_rgnr(read_samples(GBK, crs="EPSG:4547")).set_index("analyte")
    assert found["column"].notna().sum() == 7
    assert found.loc["Mo", "n_censored"] == 39
    assert found.loc["Cu", "reported_share"] == 1


def test_every_column_of_anomalies_has_a_chinese_title():
    box = GeoBox.from_bbox((0, 0, 4000, 2000), "EPSG:32654", resolution=1000)
    copper = wrap_xr(np.array([[30.0, 60, 10, 20], [20, 10, 10, 10]]), box)
    single = delineate_anomalies(copper, threshold=20, column="Cu_ppm").anomalies
    rated = rate_anomalies(combine_anomalies([single]))
    for table in (single, rated):
        titles = list(anomaly_register(table, lang="zh"))
        assert all(any(ord(sign) > 0x2E80 for sign in title) for title in titles)
    assert anomaly_register(single, lang="zh")["平均值依据"].tolist() == ["像元"] * 2
