"""Statistics of the analytes of a table."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from prospect.geochem import censored_statistics, censored_table
from survey import DataProblems, read_samples


@pytest.fixture
def soil():
    return pd.DataFrame(
        {
            "sample_id": list("abcdef"),
            "Cu_ppm": [9.0, 4, 7, np.nan, 6, 5],
            "Ag_ppm": [0.1, 0.1, 0.3, 0.1, 0.2, 0.1],
            "Ag_ppm_censored": [True, True, False, True, False, True],
            "Au_ppb": [1.0, 1.0, 1.0, 1.0, 1.0, 1.0],
            "Au_ppb_censored": [True] * 6,
        },
        index=range(10, 16),
    )


def test_rows_by_hand(soil):
    before = soil.copy(deep=True)
    found = censored_table(soil).set_index("analyte")
    assert list(found.index) == ["Cu_ppm", "Ag_ppm", "Au_ppb"]
    copper, silver, gold = (found.loc[name] for name in found.index)
    assert (copper["n"], copper["n_missing"], copper["n_censored"]) == (5, 1, 0)
    assert copper["mean"] == pytest.approx(6.2)
    assert copper["median_text"] == "6"
    assert silver["share_censored"] == pytest.approx(2 / 3)
    assert np.isnan(silver["median"])
    assert silver["median_text"] == "<0.1"
    assert silver["mean_at_least"] == pytest.approx(0.5 / 6)
    assert silver["mean_at_most"] == pytest.approx(0.9 / 6)
    assert (silver["lowest_limit"], silver["minimum"]) == (0.1, 0.2)
    assert np.isnan(gold["mean"])
    assert gold["notes"] == "0 values are detected: too few for this method"
    pd.testing.assert_frame_equal(soil, before)


@pytest.mark.parametrize("method", ["km", "ros", "mle"])
def test_row_equals_the_function(soil, method):
    row = censored_table(soil, columns="Ag_ppm", method=method).iloc[0]
    one = censored_statistics(soil["Ag_ppm"], soil["Ag_ppm_censored"], method=method)
    np.testing.assert_allclose(
        row[["mean", "sd", "mean_low"]].astype(float),
        [one.mean, one.sd, one.mean_interval[0]],
    )


def test_limits_come_from_argument_column_or_value(soil):
    soil["Ag_ppm_detection_limit"] = [0.2, np.nan, 0.1, 0.1, 0.1, 0.1]
    row = censored_table(soil, columns=["Ag_ppm"]).iloc[0]
    assert (row["lowest_limit"], row["highest_limit"]) == (0.1, 0.2)
    assert "Ag_ppm: 1 limits differ from those of the value column" in row["notes"]
    row = censored_table(soil, columns=["Ag_ppm"], limits={"Ag_ppm": 0.05}).iloc[0]
    assert row["highest_limit"] == 0.05
    limits = {"Ag_ppm": [0.05, np.nan, 1, 1, 1, 0.07]}
    row = censored_table(soil, columns=["Ag_ppm"], limits=limits).iloc[0]
    assert (row["lowest_limit"], row["highest_limit"]) == (0.05, 1.0)
    assert "2 values that count as detected are below their limit" in row["notes"]


def test_imputed_values_are_not_taken_for_limits(soil):
    soil["Ag_ppm_detection_limit"] = 0.1
    done = soil.copy()
    done.loc[done["Ag_ppm_censored"], "Ag_ppm"] = 0.04
    done["Ag_ppm_imputed"] = done["Ag_ppm_censored"]
    columns = ["Ag_ppm"]
    pd.testing.assert_frame_equal(
        censored_table(done, columns=columns), censored_table(soil, columns=columns)
    )


def test_limits_that_do_not_do(soil):
    soil.loc[[11, 13], "Ag_ppm"] = np.nan
    soil.loc[12, "Au_ppb"] = -1
    with pytest.raises(DataProblems) as caught:
        censored_table(soil)
    told = str(caught.value)
    assert "row 12, column 'Ag_ppm', value 'nan': 2 of 4 values below" in told
    assert "row 13, column 'Au_ppb', value '-1': 1 of 6 limits" in told
    with pytest.raises(ValueError, match="method must be one of"):
        censored_table(soil, method="half")
    with pytest.raises(ValueError, match=r"limits of 'Ag_ppm' have shape \(2,\)"):
        censored_table(soil, columns="Ag_ppm", limits={"Ag_ppm": [1, 2]})
    with pytest.raises(ValueError, match="did you mean 'Ag_ppm'"):
        censored_table(soil, columns=["Ag_pm"])


def test_stream_sediments(real_data):
    path = real_data("geochem/gswa_stream_sediment_au") / "sediment_samples.csv"
    samples = read_samples(path, crs="EPSG:4283", sample_id="SAMPLEID")
    assert isinstance(samples, gpd.GeoDataFrame)
    found = censored_table(samples, columns=["As_ppm", "Cu_ppm", "Zn_ppm"])
    assert (found["n"] + found["n_missing"] == len(samples)).all()
    assert (found["mean_at_least"] <= found["mean"] + 1e-9).all()
    assert (found["mean"] <= found["mean_at_most"] + 1e-9).all()
    told = samples.attrs["censored"]
    for row in found.itertuples():
        assert row.n_censored == told.get(row.analyte, 0)
