"""Imputation of values below detection: printed numbers, laws, bad input."""

import re
import warnings

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prospect.geochem import clr, impute_censored, impute_many
from survey import DataProblems, read_samples

PRINTED = """
26.91  8.08 12.59 31.58  6.45 14.39
39.73 26.20  0.00 15.22  6.80 12.05
10.76 31.36  7.10 12.74 31.34  6.70
10.85 46.40 31.89 10.86  0.00  0.00
 7.57 11.35 30.24  6.39 13.65 30.80
38.09  7.62 23.68  9.70 20.91  0.00
27.67  7.15 13.05 32.04  6.54 13.55
44.41 15.04  7.95  0.00 10.82 21.78
11.50 30.33  6.85 13.92 30.82  6.58
19.04 42.59  0.00 38.37  0.00  0.00
"""
PRINTED = np.array([line.split() for line in PRINTED.strip().splitlines()], float)
NAMES = [f"P{i}_pct" for i in range(6)]
METHODS = ["mult_repl", "mult_lognormal", "lr_em", "lr_da"]


def flagged(values, limits, names):
    """Table of the values, those below the limits censored."""
    hidden = values < limits
    table = pd.DataFrame(np.where(hidden, limits, values), columns=names)
    for name, flags in zip(names, hidden.T, strict=True):
        if flags.any():
            table[f"{name}_censored"] = flags
    return table


@pytest.fixture
def closed():
    return flagged(PRINTED, 1.0, NAMES)


@pytest.fixture
def soil():
    """Samples of a known lognormal composition, with limits that differ by campaign."""
    random = np.random.default_rng(11)
    names = ["As_ppm", "Cu_ppm", "Zn_ppm", "Au_ppb"]
    root = np.array([[0.6, 0, 0, 0], [0.3, 0.5, 0, 0], [0.2, 0.3, 0.4, 0]])
    root = np.vstack([root, [0.4, 0.2, 0.1, 0.5]])
    truth = np.exp(random.normal(size=(150, 4)) @ root.T + [1, 3, 4, 1])
    late = random.random(150) < 0.4
    limits = np.zeros((150, 4))
    limits[:, 0] = np.where(late, 1.0, 2.5)
    limits[:, 3] = np.where(late, 1.0, 3.0)
    table = flagged(truth, limits, names)
    points = gpd.points_from_xy(*random.uniform(0, 1000, (2, 150)))
    table = gpd.GeoDataFrame(table, geometry=points, crs="EPSG:32650")
    table.insert(0, "sample_id", [f"S{i}" for i in range(150)])
    table.index = range(1000, 1150)
    table.attrs = {"units": {n: n.split("_")[1] for n in names}, "notes": ["as read"]}
    return table, truth, limits


def test_fraction_of_the_limit_as_printed_for_one_sample():
    values = np.array([[0.6, 0.0, 0.25, 0.03, 0.12, 0.0]])
    limits = np.array([[0, 0.01, 0, 0, 0, 0.005]])
    names = list("abcdef")
    table = flagged(values, limits, names)
    options = {"method": "mult_repl", "total": 1, "max_censored": 1}
    found = impute_censored(table, columns=names, **options)
    printed = [0.59415, 0.0065, 0.247562, 0.029707, 0.11883, 0.00325]
    np.testing.assert_allclose(found[names].iloc[0], printed, atol=6e-7)


def test_fraction_of_the_limit_as_printed_for_a_table(closed):
    options = {"method": "mult_repl", "total": 100}
    found = impute_censored(closed, columns=NAMES, **options)[NAMES]
    printed = [39.4718, 26.0297, 0.65, 15.1211, 6.7558, 11.9717]
    np.testing.assert_allclose(found.iloc[1], printed, atol=6e-5)
    printed = [18.6687, 41.7595, 0.65, 37.6218, 0.65, 0.65]
    np.testing.assert_allclose(found.iloc[9], printed, atol=6e-5)


def test_expectation_as_printed(closed):
    options = {"method": "lr_em", "total": 100, "reproduce": "zCompositions"}
    found = impute_censored(closed, columns=NAMES, tolerance=1e-4, **options)
    assert found.attrs["imputation"]["iterations"] == 16
    assert found.attrs["imputation"]["converged"]
    printed = [39.5684, 26.0934, 0.4069, 15.1581, 6.7723, 12.0010]
    np.testing.assert_allclose(found[NAMES].iloc[1], printed, atol=6e-5)
    printed = [10.7625, 46.0257, 31.6327, 10.7724, 0.4817, 0.3251]
    np.testing.assert_allclose(found[NAMES].iloc[3], printed, atol=6e-5)
    assert "depends on the units" in found.attrs["notes"][-1]


def test_result_does_not_depend_on_units_but_the_published_one_does(closed):
    factors = np.array([1, 1e-4, 10, 1, 1000, 0.01])
    moved = closed.copy()
    moved[NAMES] *= factors
    shares = {}
    for reproduce in (None, "zCompositions"):
        options = {"method": "lr_em", "tolerance": 1e-8, "reproduce": reproduce}
        one = impute_censored(closed, columns=NAMES, **options)[NAMES]
        two = impute_censored(moved, columns=NAMES, **options)[NAMES] / factors
        shares[reproduce] = np.abs(two / one - 1).max(axis=None)
    assert shares[None] < 1e-5
    assert shares["zCompositions"] > 0.05


@pytest.mark.parametrize("method", METHODS)
def test_laws(soil, method):
    table, _, limits = soil
    before = table.copy(deep=True)
    found = impute_censored(table, method=method, random_state=1)
    pd.testing.assert_frame_equal(table, before)
    assert table.attrs == before.attrs
    assert isinstance(found, gpd.GeoDataFrame)
    assert found.crs == table.crs
    assert list(found.index) == list(table.index)
    for at, name in enumerate(["As_ppm", "Cu_ppm", "Zn_ppm", "Au_ppb"]):
        hidden = table.get(f"{name}_censored", pd.Series(False, table.index))
        kept = found.loc[~hidden, name]
        pd.testing.assert_series_equal(kept, table.loc[~hidden, name])
        if hidden.any():
            below = limits[hidden.to_numpy(), at]
            assert (found.loc[hidden, name] < below).all()
            assert (found.loc[hidden, name] > 0).all()
            told = found.loc[hidden, f"{name}_detection_limit"]
            np.testing.assert_array_equal(told, below)
            assert found.loc[~hidden, f"{name}_detection_limit"].isna().all()
            pd.testing.assert_series_equal(
                found[f"{name}_imputed"], hidden, check_names=False
            )
            assert (found[f"{name}_censored"] == hidden).all()
        else:
            assert f"{name}_imputed" not in found
        assert found.attrs["imputed_share"][name] == pytest.approx(hidden.mean())
    assert found.attrs["notes"][0] == "as read"
    assert method in found.attrs["notes"][1]
    assert np.isfinite(clr(found)[["As_clr", "Au_clr"]]).all(axis=None)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(METHODS), st.floats(0.05, 0.6))
def test_every_imputed_value_is_below_its_limit(seed, method, share):
    random = np.random.default_rng(seed)
    values = random.lognormal(0, 1, (40, 4))
    limits = np.quantile(values, share, axis=0) * random.uniform(0.8, 1.2, (40, 4))
    table = flagged(values, limits, list("abcd"))
    options = {"burn_in": 5, "draws": 5} if method == "lr_da" else {}
    found = impute_censored(
        table, columns=list("abcd"), method=method, random_state=seed, **options
    )
    hidden = values < limits
    made = found[list("abcd")].to_numpy()
    assert (made[hidden] < limits[hidden]).all()
    assert (made > 0).all()
    np.testing.assert_array_equal(made[~hidden], values[~hidden])


def test_order_of_rows_and_columns_does_not_matter(soil):
    table, *_ = soil
    names = ["As_ppm", "Cu_ppm", "Zn_ppm", "Au_ppb"]
    found = impute_censored(table, tolerance=1e-8)
    order = np.random.default_rng(2).permutation(len(table))
    again = impute_censored(table.iloc[order], columns=names[::-1], tolerance=1e-8)
    np.testing.assert_allclose(again[names].sort_index(), found[names], rtol=1e-5)


def test_known_composition_is_recovered_better_than_by_half_the_limit(soil):
    table, truth, limits = soil
    names = ["As_ppm", "Cu_ppm", "Zn_ppm", "Au_ppb"]

    def error(values):
        logs, real = (np.log(each) for each in (values, truth))
        logs, real = (each - each.mean(axis=1, keepdims=True) for each in (logs, real))
        hidden = truth < limits
        middle = np.abs(logs.mean(axis=0) - real.mean(axis=0)).max()
        return middle, np.sqrt(np.square(logs - real)[hidden].mean())

    half = error(np.where(truth < limits, limits / 2, truth))
    for method in ("lr_em", "mult_lognormal"):
        found = impute_censored(table, method=method)[names].to_numpy()
        assert error(found)[0] < half[0]
    learned = impute_censored(table)[names].to_numpy()
    assert error(learned)[1] < 0.9 * half[1]


def test_missing_values_stay_missing_unless_asked_for(soil):
    table, *_ = soil
    table.loc[[1003, 1007], "Cu_ppm"] = np.nan
    found = impute_censored(table)
    assert found.loc[[1003, 1007], "Cu_ppm"].isna().all()
    assert found["Cu_ppm"].isna().sum() == 2
    assert found.attrs["imputation"]["missing"] == {"Cu_ppm": 2}
    assert any("2 values of Cu_ppm are missing" in n for n in found.attrs["notes"])
    both = impute_censored(table, missing="impute")
    assert both["Cu_ppm"].notna().all()
    assert both.loc[[1003, 1007], "Cu_ppm_imputed"].all()
    assert both["Cu_ppm_imputed"].sum() == 2
    assert "Cu_ppm_detection_limit" not in both
    assert both.attrs["imputation"]["missing"] == {}


def test_missing_value_is_what_the_other_parts_suggest():
    random = np.random.default_rng(0)
    size = random.normal(size=(200, 1))
    logs = size * [1.0, 1.0, -1.0] + 0.1 * random.normal(size=(200, 3))
    table = pd.DataFrame(np.exp(logs), columns=list("abc"))
    gone = random.random(200) < 0.3
    table.loc[gone, "a"] = np.nan
    found = impute_censored(table, columns=list("abc"), missing="impute")
    guess = np.log(found.loc[gone, "a"])
    assert np.corrcoef(guess, logs[gone, 0])[0, 1] > 0.97


def test_limits_of_the_table_and_of_the_argument(soil):
    table, *_ = soil
    hidden = table["As_ppm_censored"]
    table["As_ppm_detection_limit"] = 0.5
    found = impute_censored(table, method="mult_repl")
    assert (found.loc[hidden, "As_ppm"] == 0.325).all()
    assert (found["As_ppm_detection_limit"] == 0.5).all()
    limits = {"As_ppm": np.where(np.arange(150) % 2, 0.2, np.nan)}
    again = impute_censored(table, method="mult_repl", limits=limits)
    assert set(again.loc[hidden, "As_ppm"].round(6)) == {0.13, 0.325}
    assert any("limits differ" in note for note in again.attrs["notes"])


def test_imputing_again_starts_from_the_limits(soil):
    table, *_ = soil
    once = impute_censored(table)
    twice = impute_censored(once)
    pd.testing.assert_frame_equal(twice, once)


def test_samples_without_a_detected_part_are_told(soil):
    table, *_ = soil
    names = ["As_ppm", "Au_ppb"]
    bare = (table["As_ppm_censored"] & table["Au_ppb_censored"]).to_numpy()
    assert bare.any()
    found = impute_censored(table, columns=names, rest=False)
    limits = table.loc[bare, names].to_numpy()
    np.testing.assert_allclose(found.loc[bare, names], 0.65 * limits)
    words = f"{bare.sum()} samples have no detected part"
    assert any(words in note for note in found.attrs["notes"])


def test_rest_of_the_sample_is_a_part_where_the_others_are_traces(soil):
    table, *_ = soil
    found = impute_censored(table)
    assert "counts as a part of its own" in found.attrs["notes"][-1]
    ratios = impute_censored(table, rest=False)
    assert not any("part of its own" in note for note in ratios.attrs["notes"])
    hidden = table["As_ppm_censored"]
    assert (found.loc[hidden, "As_ppm"] != ratios.loc[hidden, "As_ppm"]).all()
    names = ["As_ppm", "Cu_ppm", "Zn_ppm", "Au_ppb"]
    part = table[names].to_numpy() * [1, 1, 1, 1e-3]
    by_hand = table.assign(Rest_ppm=1e6 - part.sum(axis=1))
    again = impute_censored(by_hand, rest=False, tolerance=1e-7)
    told = impute_censored(table, tolerance=1e-7)
    # the limits are part of the sum by hand: a millionth of the sample
    np.testing.assert_allclose(again[names], told[names], rtol=1e-4)
    half = table.assign(Si_pct=60.0 + np.arange(150) / 10)
    found = impute_censored(half)
    assert not any("part of its own" in note for note in found.attrs["notes"])
    with pytest.raises(ValueError, match=r"sum to .* and leave nothing"):
        impute_censored(half.assign(Fe_pct=40.0 - np.arange(150) / 20), rest=True)
    plain = table.rename(columns=lambda name: re.sub("_pp[bm]", "", name))
    plain.attrs = {}
    with pytest.raises(ValueError, match="rest=True needs units"):
        impute_censored(plain, columns=["As", "Cu", "Zn", "Au"], rest=True)


def test_not_converging_is_told(soil):
    found = impute_censored(soil[0], max_iterations=1)
    assert not found.attrs["imputation"]["converged"]
    assert any("1 iterations did not suffice" in n for n in found.attrs["notes"])


def test_tables_of_many_differ_only_where_censored(soil):
    table, _, limits = soil
    tables = list(impute_many(table, count=3, random_state=4, burn_in=20, apart=5))
    again = list(impute_many(table, count=3, random_state=4, burn_in=20, apart=5))
    for one, two in zip(tables, again, strict=True):
        pd.testing.assert_frame_equal(one, two)
    hidden = table["As_ppm_censored"].to_numpy()
    draws = np.array([each["As_ppm"] for each in tables])
    assert (np.ptp(draws[:, hidden], axis=0) > 0).all()
    assert (np.ptp(draws[:, ~hidden], axis=0) == 0).all()
    assert (draws[:, hidden] < limits[hidden, 0]).all()
    assert [each.attrs["imputation"]["draw"] for each in tables] == [1, 2, 3]


def test_all_that_is_wrong_is_listed_at_once(soil):
    table, *_ = soil
    table.loc[[1004, 1009], "Cu_ppm"] = 0
    table.loc[1002, "Zn_ppm"] = -3
    table.loc[table["As_ppm_censored"], "As_ppm"] = np.nan
    table["Au_ppb_censored"] = table.index < 1140
    with pytest.raises(DataProblems) as caught:
        impute_censored(table)
    told = str(caught.value)
    assert "row 1005, column 'Cu_ppm', value '0': 2 of 150 values are zero" in told
    assert "column 'Zn_ppm', value '-3': 1 of 150 values are negative" in told
    assert "column 'As_ppm', value 'nan'" in told
    assert "have no limit. Remedy: give the limit" in told
    assert "column 'Au_ppb': 140 of 150 values are below detection, more than" in told


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"method": "half"}, "method must be one of"),
        ({"fraction": 0.5}, r"lr_em has no option \['fraction'\]"),
        ({"missing": "drop"}, "missing must be"),
        ({"method": "mult_repl", "missing": "impute"}, "cannot impute missing"),
        ({"method": "mult_repl", "fraction": 2}, "shares of one"),
        ({"max_censored": 80}, "shares of one"),
        ({"tolerance": 0}, "tolerance=0"),
        ({"reproduce": "rgr"}, "only 'zCompositions'"),
        ({"limits": {"Fe_pct": 1}}, r"limits for \['Fe_pct'\]"),
        ({"total": 100}, "do not sum to 100"),
        ({"columns": ["As_ppm", "Cu_pm"]}, "did you mean 'Cu_ppm'"),
    ],
)
def test_refusals(soil, options, match):
    with pytest.raises(ValueError, match=match):
        impute_censored(soil[0], **options)


def test_more_refusals(soil):
    table, *_ = soil
    with pytest.raises(ValueError, match="3 samples have detected values"):
        impute_censored(table[:3])
    twin = table.assign(Zn_ppb=table["Zn_ppm"] * 1000)
    with pytest.raises(DataProblems, match="hold the same element, Zn"):
        impute_censored(twin)
    impute_censored(twin, method="mult_repl")
    twin = table.assign(REE_ppm=table["Zn_ppm"] * 3)
    with pytest.raises(ValueError, match="log-ratios depend on each other"):
        impute_censored(twin)
    table["Zn_ppm_censored"] = table["Zn_ppm"] < 40
    table["Cu_ppm_censored"] = table["Cu_ppm"] < 15
    with pytest.raises(ValueError, match="needs a part that is complete"):
        impute_censored(table, reproduce="zCompositions")
    same = table.assign(As_ppm=np.where(table["As_ppm_censored"], 9, 4.0))
    with pytest.raises(ValueError, match="As_ppm: 1 different values are detected"):
        impute_censored(same, method="mult_lognormal")
    with pytest.raises(ValueError, match="count=0"):
        next(impute_many(table, count=0))


def test_stream_sediments_of_a_survey(real_data):
    path = real_data("geochem/gswa_stream_sediment_au") / "sediment_samples.csv"
    samples = read_samples(path, crs="EPSG:4283", sample_id="SAMPLEID")
    names = ["As_ppm", "Co_ppm", "Cu_ppm", "Ni_ppm", "Pb_ppm", "Zn_ppm"]
    with pytest.raises(DataProblems, match=r"'As_ppm', value '0': 179 of 1392 values"):
        impute_censored(samples, columns=names)
    for name in names:
        zero = samples[name] == 0
        flags = samples.get(f"{name}_censored", pd.Series(False, samples.index))
        samples[f"{name}_censored"] = flags | zero
        samples.loc[zero, name] = samples.loc[samples[name] > 0, name].min()
    found = impute_censored(samples, columns=names)
    assert found.attrs["imputation"]["converged"]
    for name in names:
        flag = f"{name}_censored"
        if flag in samples and samples[flag].any():
            hidden = samples[flag]
            limits = found.loc[hidden, f"{name}_detection_limit"]
            assert (found.loc[hidden, name] < limits).all()
        gone = samples[name].isna()
        pd.testing.assert_series_equal(found[name].isna(), gone, check_names=False)


@pytest.mark.parametrize("odd", [np.nan, "FALSE", None])
def test_flags_that_are_neither_true_nor_false_are_refused(soil, odd):
    table, *_ = soil
    flags = table["As_ppm_censored"].astype(object)
    flags.loc[1007] = odd
    table["As_ppm_censored"] = flags
    for call in (impute_censored, clr):
        with pytest.raises(
            ValueError, match=r"'As_ppm_censored': 1 of 150 cells .* row"
        ):
            call(table)


def test_soils_of_kola_with_their_half_limits_undone(real_data):
    kola = pd.read_csv(real_data("geochem/kola") / "chorizon.csv")
    names = ["Ag", "As", "Bi", "Cd", "Co", "Cu", "Ni", "Sb", "Zn"]
    table = kola[names].add_suffix("_ppm")
    hidden = {}
    for name in table:
        # the atlas put half the limit where nothing was detected: the tied minimum
        tied = table[name] == table[name].min()
        if tied.sum() > 5:
            limit = 2 * table[name].min()
            hidden[name] = table[name] < limit
            table[f"{name}_censored"] = hidden[name]
            table.loc[hidden[name], name] = limit
    assert len(hidden) >= 4
    found = impute_censored(table)
    assert found.attrs["imputation"]["converged"]
    for name, flags in hidden.items():
        assert (found.loc[flags, name] < table.loc[flags, name]).all()
        # other elements tell the samples apart
        assert found.loc[flags, name].nunique() == flags.sum()


def test_wide_tables_are_not_fragmented():
    """A table made column by column, as companions are added: no warning of ours."""
    metals = "Ag As Au Ba Be Bi Cd Ce Co Cr Cs Cu Dy Er Eu Fe Ga Gd Ge Hf Hg Ho In La"
    names = [f"{metal}_ppm" for metal in metals.split()]
    values = np.random.default_rng(3).lognormal(size=(60, len(names)))
    flags = pd.DataFrame(values < 0.4, columns=[f"{name}_censored" for name in names])
    table = pd.DataFrame(values.clip(0.4), columns=names).join(flags)
    for number in range(80):
        table[f"remark {number}"] = "none"
    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.PerformanceWarning)
        found = impute_censored(table, columns=names, method="mult_repl")
    assert list(found)[: table.shape[1]] == list(table)
