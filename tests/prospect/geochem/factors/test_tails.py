"""Tails: Hill's index on Pareto data, counts, clustering on the ground."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2

from prospect.geochem import tail_statistics


def test_hill_worked_by_hand():
    """Tail 8, 4 above 2: logs ln 4 and ln 2; index 2 / (3 ln 2) = 0.961797."""
    table = pd.DataFrame({"Au_ppb": [2.0, 8, 1, 4, 1]})
    row = tail_statistics(table, k=2).table.loc["Au_ppb"]
    assert row["tail_index"] == pytest.approx(2 / (3 * np.log(2)))
    assert row["tail_low"] == pytest.approx(0.961797 * chi2.ppf(0.025, 4) / 4, rel=1e-5)
    assert row["tail_from"] == 4
    assert row["largest"] == 8


def test_interval_covers_the_index_of_pareto_data():
    hits = 0
    for seed in range(200):
        random = np.random.default_rng(seed)
        table = pd.DataFrame({"Au_ppb": 1 + random.pareto(1.5, 500)})
        row = tail_statistics(table, k=50).table.loc["Au_ppb"]
        hits += row["tail_low"] <= 1.5 <= row["tail_high"]
    assert 180 <= hits <= 200


def test_units_do_not_matter():
    random = np.random.default_rng(0)
    table = pd.DataFrame({"Au_ppb": random.lognormal(0, 2, 300)})
    usual, other = (tail_statistics(each).table for each in (table, table * 1000))
    assert usual["tail_index"].iloc[0] == pytest.approx(other["tail_index"].iloc[0])


def test_largest_and_counts():
    table = pd.DataFrame({"Cu_ppm": [1.0, 9, 3, 9, 5, 2], "sample_id": list("abcdef")})
    table = table.set_axis(range(10, 16))
    found = tail_statistics(
        table, columns=["Cu_ppm"], k=3, thresholds={"Cu_ppm": [4, 8]}
    )
    assert found.largest["row"].tolist() == [11, 13, 14]
    assert found.largest["sample_id"].tolist() == ["b", "d", "e"]
    assert found.counts["n_above"].tolist() == [3, 2]
    assert found.counts["share_above"].tolist() == [0.5, 2 / 6]
    assert not found.table.loc["Cu_ppm", "tied"]
    assert tail_statistics(table, columns=["Cu_ppm"], k=2).table["n"].iloc[0] == 6


def test_values_below_detection_are_small_and_told():
    table = pd.DataFrame({"Au_ppb": [50.0, 1, 2, 3, 4, np.nan, 9]})
    table["Au_ppb_censored"] = [True, False, False, False, False, True, False]
    found = tail_statistics(table, k=2)
    row = found.table.loc["Au_ppb"]
    assert row["largest"] == 9
    assert (row["n"], row["n_censored"], row["n_missing"]) == (7, 2, 0)
    assert found.table.attrs["notes"] == [
        "1 values of Au_ppb below detection have a limit that reaches into the tail; "
        "they were counted as small"
    ]


def places(contents, x, y, crs="EPSG:32636"):
    return gpd.GeoDataFrame(
        {"Cu_ppm": contents}, geometry=gpd.points_from_xy(x, y), crs=crs
    )


def test_clustered_and_random_tails():
    random = np.random.default_rng(0)
    x, y = random.uniform(0, 10_000, (2, 400))
    near = np.hypot(x - 2000, y - 2000)
    clustered = places(1e4 / (100 + near), x, y)
    row = tail_statistics(clustered, k=20, random_state=0).table.loc["Cu_ppm"]
    assert row["spacing_ratio"] < 0.5
    assert row["spacing_p"] == pytest.approx(1 / 500)
    anywhere = places(random.lognormal(size=400), x, y)
    row = tail_statistics(anywhere, k=20, random_state=0).table.loc["Cu_ppm"]
    assert row["spacing_p"] > 0.05
    assert "spacing_m" not in tail_statistics(pd.DataFrame(clustered[["Cu_ppm"]])).table


def test_refusals():
    table = pd.DataFrame({"Cu_ppm": [1.0, 2, 3, 4]})
    with pytest.raises(ValueError, match="k=4 of 4 values"):
        tail_statistics(table, k=4)
    with pytest.raises(ValueError, match="level=95"):
        tail_statistics(table, level=95)
    with pytest.raises(ValueError, match="n_permutations=0"):
        tail_statistics(table, n_permutations=0)
    low = table.assign(Cu_ppm_censored=[True, True, True, False])
    with pytest.raises(ValueError, match="reaches values below detection"):
        tail_statistics(low, k=2)
    with pytest.raises(ValueError, match="holds text"):
        tail_statistics(pd.DataFrame({"Cu_ppm": ["<1", "2"]}))
    degrees = places([1.0] * 8, range(8), range(8), crs="EPSG:4326")
    with pytest.raises(ValueError, match="metres"):
        tail_statistics(degrees, k=2)


def test_copper_of_the_smelters_clusters(real_data):
    table = pd.read_csv(real_data("geochem/kola") / "moss.csv")
    samples = gpd.GeoDataFrame(
        table[["Cu", "Ni", "Zn"]].add_suffix("_ppm"),
        geometry=gpd.points_from_xy(table["XCOO"], table["YCOO"]),
        crs="EPSG:32636",
    )
    found = tail_statistics(samples, random_state=0).table
    assert (found.loc[["Cu_ppm", "Ni_ppm"], "spacing_p"] < 0.01).all()
    assert found.loc["Cu_ppm", "tail_index"] < found.loc["Zn_ppm", "tail_index"]
