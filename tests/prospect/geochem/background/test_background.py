"""The table of backgrounds: against other libraries, values below detection, groups."""

import geopandas as gpd
import matplotlib.cbook
import numpy as np
import pandas as pd
import pytest
import scipy.stats
import shapely

from prospect.geochem import background_table, iterate_background, lg_classes
from prospect.geochem.background._thresholds import plotting_positions
from survey import DataProblems


@pytest.fixture(scope="module")
def copper():
    rng = np.random.default_rng(11)
    value = 10 ** np.r_[rng.normal(1.3, 0.2, 401), rng.normal(2.3, 0.2, 20)]
    rock = np.where(np.arange(421) % 3 == 0, "granite", "schist")
    return pd.DataFrame({"Cu_ppm": value.round(1), "rock": rock})


def one(table, method):
    return table[table["method"] == method].iloc[0]


def test_against_scipy_and_matplotlib(copper):
    lg = np.log10(copper["Cu_ppm"])
    found = background_table(
        copper, "Cu_ppm", methods=("median_mad", "tukey", "percentile_97.5", "mean_sd")
    )
    mad = scipy.stats.median_abs_deviation(lg, scale=1 / 1.4826)
    assert one(found, "median_mad")["threshold"] == pytest.approx(
        10 ** (np.median(lg) + 2 * mad)
    )
    box = matplotlib.cbook.boxplot_stats(lg)[0]  # 4 n + 1 values: hinges are quartiles
    fence = box["q3"] + 1.5 * (box["q3"] - box["q1"])
    assert one(found, "tukey")["threshold"] == pytest.approx(10**fence)
    assert one(found, "tukey")["k"] == 1.5
    assert one(found, "percentile_97.5")["threshold"] == pytest.approx(
        10 ** np.percentile(lg, 97.5)
    )
    plain = one(found, "mean_sd")
    assert plain["threshold"] == pytest.approx(10 ** (lg.mean() + 2 * lg.std()))
    assert plain["mean"] == pytest.approx(scipy.stats.gmean(copper["Cu_ppm"]))
    assert plain["cv"] == pytest.approx(
        copper["Cu_ppm"].std() / copper["Cu_ppm"].mean()
    )


def test_hinges_by_hand():
    # halves with the middle value: 1 2 3 4 | 4 5 6 7 -> hinges 2.5 and 5.5
    found = background_table(
        pd.DataFrame({"x": [1.0, 2, 3, 4, 5, 6, 7]}),
        "x",
        methods="tukey",
        transform=None,
    )
    assert found.loc[0, "threshold"] == 5.5 + 1.5 * 3


def test_iterative_row_is_iterate_background(copper):
    row = one(background_table(copper, "Cu_ppm", k={"Cu_ppm": 2.5}), "iterative")
    found = iterate_background(copper, "Cu_ppm", k=2.5)
    assert row["threshold"] == found.threshold
    assert row["n_removed"] == found.counts["n_removed"] > 0
    assert row["iterations"] == found.counts["iterations"]


def test_both_spaces_and_groups_have_their_rows(copper):
    samples = copper.assign(rock=copper["rock"].where(copper.index > 3, None))
    found = background_table(samples, ["Cu_ppm"], transform=("log10", None), by="rock")
    assert len(found) == 2 * 3 * 3
    assert found["group"].tolist()[:9:3] == ["granite", "schist", None]
    alone = background_table(samples[samples["rock"] == "granite"], "Cu_ppm")
    assert found.loc[0, "threshold"] == alone.loc[0, "threshold"]
    assert found.groupby(["transform", "method"], dropna=False)["n"].sum().eq(421).all()


def test_groups_of_polygons(copper):
    points = gpd.points_from_xy(np.arange(421) % 21, np.arange(421) // 21 + 0.5)
    samples = gpd.GeoDataFrame(copper, geometry=points, crs="EPSG:32650")
    west, east = shapely.box(-1, -1, 10, 30), shapely.box(10, -1, 15.5, 30)
    layer = gpd.GeoDataFrame({"unit": [1.0, 2.0]}, geometry=[west, east], crs=32650)
    found = background_table(samples, "Cu_ppm", methods="tukey", by=(layer, "unit"))
    x = np.arange(421) % 21
    assert found["group"].tolist() == ["1", "2", None]  # the border goes to the first
    counts = [(x <= 10).sum(), ((x > 10) & (x <= 15)).sum(), (x > 15).sum()]
    assert found["n"].tolist() == counts
    elsewhere = layer.to_crs("EPSG:4326")
    again = background_table(samples, "Cu_ppm", methods="tukey", by=(elsewhere, "unit"))
    assert abs(again["n"] - found["n"]).max() <= 21  # points on the border only
    with pytest.raises(TypeError, match="need points"):
        background_table(copper, "Cu_ppm", by=(layer, "unit"))
    with pytest.raises(TypeError, match="by must be a column"):
        background_table(copper, "Cu_ppm", by=layer)
    bare = samples.set_crs(None, allow_override=True)
    with pytest.raises(ValueError, match="need a CRS"):
        background_table(bare, "Cu_ppm", by=(layer, "unit"))


def cut(copper, limit):
    below = copper["Cu_ppm"] < limit
    return copper.assign(
        Cu_ppm=copper["Cu_ppm"].where(~below, limit), Cu_ppm_censored=below
    )


def test_ranks_do_not_feel_a_low_limit(copper):
    whole = background_table(copper, "Cu_ppm", methods=("median_mad", "tukey"))
    low = cut(copper, np.quantile(copper["Cu_ppm"], 0.1))
    found = background_table(low, "Cu_ppm", methods=("median_mad", "tukey"))
    columns = ["threshold", "background_value", "median", "mad", "share_above"]
    pd.testing.assert_frame_equal(found[columns], whole[columns])
    assert found["n_censored"].eq(42).all()
    assert found["note"].eq("").all()


def test_limits_that_reach_the_statistics_are_said(copper):
    methods = ("median_mad", "tukey", "iterative", "percentile_40")
    third = background_table(cut(copper, np.quantile(copper["Cu_ppm"], 0.3)), "Cu_ppm")
    assert "lower bounds" in one(third, "tukey")["note"]
    assert np.isfinite(one(third, "tukey")["threshold"])
    assert np.isnan(one(third, "median_mad")["mad"])
    most = cut(copper, np.quantile(copper["Cu_ppm"], 0.6))
    found = background_table(most, "Cu_ppm", methods=methods)
    assert found["median"].isna().all()
    for method in ("median_mad", "percentile_40"):
        assert np.isnan(one(found, method)["threshold"])
        assert "no threshold" in one(found, method)["note"]
    assert "the median is below" in one(found, "iterative")["note"]
    assert "不给出异常下限" in one(found, "median_mad")["note"].say("zh")


def test_values_at_one_limit_make_no_background():
    samples = pd.DataFrame({"Pt_ppb": [0.1] * 200 + [5.0, 7.0]})
    samples["Pt_ppb_censored"] = samples["Pt_ppb"] == 0.1
    row = one(background_table(samples, "Pt_ppb"), "iterative")
    assert np.isnan(row["threshold"])
    assert np.isnan(row["background_value"])
    assert "no threshold" in row["note"]
    found = iterate_background(samples, "Pt_ppb")
    assert np.isnan(found.threshold)
    assert "no threshold" in found.note
    assert found.counts["n_removed"] == row["n_removed"] == 2


def test_a_limit_above_the_threshold_is_no_anomaly(copper):
    samples = copper.assign(Cu_ppm_censored=False)
    samples.loc[0, ["Cu_ppm", "Cu_ppm_censored"]] = [1e5, True]
    row = one(background_table(samples, "Cu_ppm"), "median_mad")
    above = samples["Cu_ppm"][1:] > row["threshold"]
    assert row["share_above"] == pytest.approx(above.sum() / 421)
    assert "1 values below detection have a limit above" in row["note"]


def test_over_range_and_empty_groups_are_said():
    samples = pd.DataFrame(
        {
            "Cu_ppm": [1.0] * 15 + [2.0] * 15 + [100.0] + [np.nan] * 2,
            "Cu_ppm_over_range": [False] * 30 + [True] + [False] * 2,
            "rock": ["a"] * 31 + ["b"] * 2,
        }
    )
    found = background_table(samples, "Cu_ppm", methods="mean_sd", by="rock")
    assert found["n_over_range"].tolist() == [1, 0]
    assert "above the range" in found.loc[0, "note"]
    assert found.loc[1, "n_missing"] == 2
    assert found.loc[1, "note"] == "there are no values"
    assert np.isnan(found.loc[1, "threshold"])


def test_held_out_samples_do_not_move_the_threshold(copper):
    held = copper.index >= 401
    alone = background_table(copper[~held], "Cu_ppm")
    found = background_table(copper, "Cu_ppm", fit_on=~held)
    assert (found["threshold"] == alone["threshold"]).all()
    assert found["n_held_out"].eq(20).all()
    row = one(found, "iterative")
    share = (copper["Cu_ppm"][held] > row["threshold"]).mean()
    assert row["share_above_held_out"] == pytest.approx(share)
    assert row["share_above"] < 0.1 < share
    named = background_table(copper.assign(fit=~held), "Cu_ppm", fit_on="fit")
    pd.testing.assert_frame_equal(named, found)


def test_mixture_finds_the_main_population(copper):
    row = one(background_table(copper, "Cu_ppm", methods="mixture"), "mixture")
    assert row["background_value"] == pytest.approx(10**1.3, rel=0.05)
    assert row["threshold"] == pytest.approx(10**1.7, rel=0.1)
    assert "the largest of 2 populations" in row["note"]


def test_input_is_not_changed_and_units_come_along(copper):
    before = copper.copy()
    found = background_table(copper, "Cu_ppm")
    pd.testing.assert_frame_equal(copper, before)
    assert found["unit"].eq("ppm").all()
    told = copper.rename(columns={"Cu_ppm": "Cu"})
    told.attrs["units"] = {"Cu": "mg/kg"}
    assert background_table(told, "Cu")["unit"].eq("mg/kg").all()


def test_errors_of_all_analytes_are_told_together():
    zeros = pd.DataFrame({"Cu_ppm": [0.0, 2], "Zn_ppm": [1.0, -3]})
    with pytest.raises(DataProblems, match=r"'Cu_ppm'(.|\n)*'Zn_ppm'") as caught:
        background_table(zeros, ["Cu_ppm", "Zn_ppm"])
    assert len(caught.value.problems) == 2
    with pytest.raises(ValueError, match=r"unknown methods \['median'\]"):
        background_table(zeros, "Cu_ppm", methods="median")
    with pytest.raises(ValueError, match="k has no entry for"):
        background_table(zeros, "Cu_ppm", k={"Zn_ppm": 2.0})
    with pytest.raises(ValueError, match="k must be above 0"):
        background_table(zeros, "Cu_ppm", k=-1)
    with pytest.raises(ValueError, match="transform must be one of"):
        background_table(zeros, "Cu_ppm", transform="ln")
    with pytest.raises(ValueError, match="stands twice"):
        background_table(zeros.set_axis(["Cu_ppm", "Cu_ppm"], axis=1), "Cu_ppm")


def test_classes_hold_integers_inside():
    edges = lg_classes(np.arange(1, 1001))
    assert np.allclose(np.diff(np.log10(edges)), 0.1)
    assert np.allclose((np.log10(edges) * 10) % 1, 0.7)
    away = np.abs(edges[:, None] / np.arange(1, 11) - 1).min(axis=0)
    assert away.min() > 0.005  # 1, 2 … 10 lie inside their class
    assert edges[0] < 1
    assert edges[-1] > 1000
    with pytest.raises(ValueError, match="above 0"):
        lg_classes([0, 1])
    with pytest.raises(ValueError, match="width"):
        lg_classes([1], width=0)


def test_plotting_positions_against_statsmodels():
    # Oahu arsenic (Helsel): several limits
    text = "1 1 1.7 1 1 2 3.2 2 2 2.8 2 2 2 2 2 .7 .9 .5 .5 .9 .5 .7 .6 1.5"
    value = np.array(text.split(), dtype=float)
    below = np.array(list("110111011011111000010000")) == "1"
    from statsmodels.imputation import ros

    table = pd.DataFrame({"conc": value, "cen": below})
    cohn = ros.cohn_numbers(table, "conc", "cen")
    ready = ros._ros_sort(table, "conc", "cen")
    ready["det_limit_index"] = ready["conc"].apply(
        lambda x: ros._detection_limit_index(x, cohn)
    )
    ready["rank"] = ros._ros_group_rank(ready, "det_limit_index", "cen")
    theirs = ros.plotting_positions(ready, "cen", cohn)
    ours = plotting_positions(value, below)
    theirs = np.sort(theirs[~ready["cen"].to_numpy()])
    np.testing.assert_allclose(np.sort(ours["share"]), theirs)


def test_plotting_positions_without_limits_are_weibull():
    found = plotting_positions([3.0, 1, 2], [False] * 3)
    assert found["share"].tolist() == pytest.approx([0.25, 0.5, 0.75])


def test_kola_c_horizon(real_data):
    """Real data, several analytes: the known ranking of the rules (Reimann 2005)."""
    kola = pd.read_csv(real_data("geochem/kola") / "chorizon.csv")
    columns = ["As", "Cu", "Ni", "Pb", "Zn", "Cr"]
    found = background_table(
        kola, columns, methods=("mean_sd", "median_mad", "tukey"), transform=None
    )
    wide = found.pivot_table(index="analyte", columns="method", values="threshold")
    for name in columns:
        known = kola[name].dropna()
        mad = scipy.stats.median_abs_deviation(known, scale=1 / 1.4826)
        assert wide.loc[name, "median_mad"] == pytest.approx(
            kola[name].median() + 2 * mad
        )
    # right-skewed contents: mean + 2 S lies highest, median + 2 MAD lowest
    assert (wide["median_mad"] < wide["tukey"]).all()
    assert (wide["tukey"] < wide["mean_sd"]).mean() > 0.5
