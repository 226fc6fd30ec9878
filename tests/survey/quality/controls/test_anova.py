import numpy as np
import pandas as pd
import pytest

from survey.quality import sampling_variance


def design(sites, seed, sd, staggered=True):
    """Determinations of sites, two samples each, one or both analysed twice."""
    rng = np.random.default_rng(seed)
    sample = np.tile([0, 0, 1] if staggered else [0, 0, 1, 1], sites)
    site = np.repeat(np.arange(sites), 3 if staggered else 4)
    value = sd[0] * rng.normal(size=sites)[site]
    value = value + sd[1] * rng.normal(size=(sites, 2))[site, sample]
    value = value + sd[2] * rng.normal(size=site.size)
    return pd.DataFrame({"site": site, "sample": sample, "content": value})


def test_stanley_2003(real_data):
    data = pd.read_csv(real_data("qaqc/rgr_quality_control") / "ms.data1.csv")
    table = data.melt("ID", value_name="content")
    found = sampling_variance(table, "content", levels=["ID"], log10=True)
    between, within = found.components.iloc[0], found.components.iloc[1]
    assert between["ms"] == pytest.approx(2.4848, abs=5e-5)
    assert within["ms"] == pytest.approx(0.0016072, rel=1e-3)
    assert between["f"] == pytest.approx(1546.06, abs=0.005)
    assert between["percent"] == pytest.approx(99.9, abs=0.05)
    assert found.miesch_v == pytest.approx(772.53, abs=0.005)
    assert found.miesch_vm == pytest.approx(1545.06, abs=0.005)


def test_triples_by_the_formulas_of_staggered_designs(real_data):
    """Sites of two samples, one analysed twice: coefficients 4/3, 5/3 and 3."""
    data = pd.read_csv(real_data("qaqc/rgr_quality_control") / "triples.test1.csv")
    x = data["Ba_ppm"].to_numpy().reshape(-1, 3)
    n = len(x)
    analysis = np.sum((x[:, 0] - x[:, 1]) ** 2) / 2 / n
    site = x.mean(axis=1).var(ddof=1) * 3
    total = x.var(ddof=1) * (3 * n - 1)
    sample = (total - site * (n - 1) - analysis * n) / n
    samples = (sample - analysis) / (4 / 3)
    sites = (site - analysis - 5 / 3 * samples) / 3
    table = pd.DataFrame({"content": x.ravel()})
    table["site"], table["sample"] = np.repeat(np.arange(n), 3), np.tile([0, 0, 1], n)
    found = sampling_variance(table, "content", levels=["site", "sample"])
    assert found.components["estimate"].tolist() == pytest.approx(
        [sites, samples, analysis]
    )
    assert found.components["f"].tolist()[:2] == pytest.approx(
        [site / (analysis + 5 / 3 * samples), sample / analysis]
    )
    assert found.miesch_v == pytest.approx(sites / (samples + analysis))


def test_balanced_design_against_statsmodels():
    """Where it is balanced, REML gives the same components as the mean squares."""
    formula = pytest.importorskip("statsmodels.formula.api")
    table = design(60, 2, (3, 2, 1), staggered=False)
    found = sampling_variance(table, "content", levels=["site", "sample"]).components
    model = formula.mixedlm(
        "content ~ 1", table, groups="site", vc_formula={"sample": "0 + C(sample)"},
        re_formula="1",
    ).fit()  # fmt: skip
    reml = [float(model.cov_re.iloc[0, 0]), float(model.vcomp[0]), model.scale]
    assert found["estimate"].tolist() == pytest.approx(reml, rel=2e-3)


def test_recovers_known_variances_with_intervals_that_hold():
    truth = np.array([9.0, 4.0, 1.0])
    found = [
        sampling_variance(
            design(20, seed, (3, 2, 1)), "content", levels=["site", "sample"]
        ).components
        for seed in range(120)
    ]
    estimates = np.array([each["estimate"] for each in found])
    assert estimates.mean(axis=0) == pytest.approx(truth, rel=0.12)
    low = np.array([each["low"] for each in found])
    high = np.array([each["high"] for each in found])
    covered = ((low <= truth) & (truth <= high)).mean(axis=0)
    assert (covered > 0.88).all()


def test_interval_within_is_exact():
    from scipy import stats

    table = design(12, 1, (3, 0, 1))
    within = sampling_variance(table, "content", levels=["site"]).components.iloc[-1]
    df = within["df"]
    sum_of_squares = within["ms"] * df
    assert within["low"] == pytest.approx(sum_of_squares / stats.chi2.ppf(0.975, df))
    assert within["high"] == pytest.approx(sum_of_squares / stats.chi2.ppf(0.025, df))


def test_one_way_is_that_of_scipy():
    from scipy import stats

    table = design(10, 5, (1, 0, 1))
    groups = [group["content"] for _, group in table.groupby("site")]
    row = sampling_variance(table, "content", levels=["site"]).components.iloc[0]
    test = stats.f_oneway(*groups)
    assert row["f"] == pytest.approx(test.statistic)
    assert row["p"] == pytest.approx(test.pvalue)


def test_logarithms_give_relative_deviations():
    rng = np.random.default_rng(0)
    site = np.repeat(np.arange(3000), 2)
    content = np.exp(rng.normal(3, 1, 3000)[site] + 0.1 * rng.normal(size=6000))
    table = pd.DataFrame({"site": site, "Cu_ppm": content})
    found = sampling_variance(table, "Cu_ppm", levels=["site"], log10=True)
    assert found.components["rsd_pct"].iloc[-1] == pytest.approx(10, rel=0.05)
    assert found.miesch_v == pytest.approx(100, rel=0.1)
    assert found.miesch_vm == pytest.approx(2 * found.miesch_v)


def test_rows_left_out_are_counted_and_input_kept():
    table = design(5, 0, (3, 2, 1)) + 0.0
    table.loc[0, "content"] = np.nan
    table["content_censored"] = False
    table.loc[3, "content_censored"] = True
    before = table.copy()
    found = sampling_variance(table, "content", levels=["site"])
    assert (found.n, found.n_missing, found.n_censored) == (13, 1, 1)
    pd.testing.assert_frame_equal(table, before)


def test_labels_need_be_unique_only_within_their_level():
    table = design(6, 3, (3, 2, 1))
    apart = table.assign(sample=table["site"] * 10 + table["sample"])
    one = sampling_variance(table, "content", levels=["site", "sample"])
    two = sampling_variance(apart, "content", levels=["site", "sample"])
    pd.testing.assert_frame_equal(one.components, two.components)


def test_order_of_rows_does_not_matter():
    table = design(6, 3, (3, 2, 1))
    mixed = table.sample(frac=1, random_state=0)
    one = sampling_variance(table, "content", levels=["site", "sample"]).components
    two = sampling_variance(mixed, "content", levels=["site", "sample"]).components
    assert one["estimate"].tolist() == pytest.approx(two["estimate"].tolist())


def test_errors():
    table = design(4, 0, (3, 2, 1))
    with pytest.raises(ValueError, match="no column 'place'"):
        sampling_variance(table, "content", levels=["place"])
    with pytest.raises(ValueError, match="have no logarithm"):
        sampling_variance(table - 100, "content", levels=["site"], log10=True)
    with pytest.raises(ValueError, match="'within' has nothing to compare"):
        sampling_variance(table.drop_duplicates("site"), "content", levels=["site"])
    with pytest.raises(ValueError, match="1 rows do not name their group"):
        sampling_variance(
            table.astype({"site": float}).replace({"site": {0.0: np.nan}}).iloc[2:],
            "content", levels=["site"],
        )  # fmt: skip
    with pytest.raises(ValueError, match="no row has a value"):
        sampling_variance(table.assign(content=np.nan), "content", levels=["site"])


def test_homogeneity_example_of_fearn_and_thompson():
    """Nitrogen in fish food, ten jars in duplicate: sums and differences of jars."""
    from scipy import stats

    step = 0.0175381  # the smallest difference; the others are multiples of it
    sums = [4.8755892, 4.8580511, 4.6300559, 4.7352844, 4.7528225]
    sums += [4.9632796, 4.9632796, 4.9808177, 4.8229749, 4.9632796]
    difference = step * np.array([6, 13, -2, -8, -5, 9, -5, 2, -7, 1])
    first, second = (np.array(sums) + difference) / 2, (np.array(sums) - difference) / 2
    table = pd.DataFrame(
        {"jar": np.tile(np.arange(10), 2), "N_pct": np.concatenate([first, second])}
    )
    found = sampling_variance(table, "N_pct", levels=["jar"]).components
    assert table["N_pct"].mean() == pytest.approx(2.43, abs=0.005)
    assert found["f"][0] == pytest.approx(1.01, abs=0.005)
    assert stats.f.isf(0.05, *found["df"]) == pytest.approx(3.02, abs=0.005)
    assert found["sd"].tolist() == pytest.approx([0.005, 0.08], abs=0.005)
    assert max(difference**2) / sum(difference**2) == pytest.approx(0.37, abs=0.005)
