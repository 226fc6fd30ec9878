"""Levelling: planted biases, other libraries, values below detection, cautions."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from prospect.geochem import level_campaigns
from prospect.geochem.background._level_factors import huber_line
from survey import DataProblems, read_samples
from survey.quality import read_assays, read_certified

BIXI = Path(__file__).parents[4] / "data_samples/synthetic_district/geochemistry"
PLANTED = {  # README of the district
    ("S2", "Zn_ppm"): 1.16,
    ("S3", "Cu_ppm"): 0.88,
    ("S4", "As_ppm"): 1.20,
    ("S5", "Pb_ppm"): 0.90,
    ("T2", "Mo_ppm"): 1.18,
    ("T3", "Cu_ppm"): 1.10,
}


def campaigns(seed):
    """Three campaigns over the same rocks, the second too high by a quarter."""
    rng = np.random.default_rng(seed)
    batch = np.repeat(["A", "B", "C"], [300, 200, 200])
    rock = rng.choice(["granite", "schist"], 700)
    lg = rng.normal(np.where(rock == "granite", 1.2, 1.8), 0.15)
    bias = np.where(batch == "B", 1.25, np.where(batch == "C", 0.9, 1.0))
    return pd.DataFrame({"batch": batch, "rock": rock, "Zn_ppm": 10**lg * bias})


@pytest.fixture(scope="module")
def soil():
    return campaigns(2)


@pytest.fixture(scope="module")
def district():
    sediments = read_samples(f"{BIXI}/stream_sediments_gbk.csv", crs="EPSG:4547")
    soils = read_samples(f"{BIXI}/soils.csv", crs="EPSG:4547")
    assays = read_assays(f"{BIXI}/quality_control.csv")
    certified = read_certified(f"{BIXI}/reference_materials.csv")
    names = {n: assays[n].astype(object) for n in ("material", "analyte")}
    values = certified[["material", "analyte", "certified_value"]].astype(
        dict.fromkeys(names, object)
    )
    standards = assays.assign(**names).merge(values, how="left")
    return sediments.rename(columns={"分析批次": "batch"}), soils, standards


def test_planted_factor_is_found_by_medians(soil):
    found = level_campaigns(soil, "Zn_ppm", by="batch", within="rock")
    table = found.table
    assert found.reference == "A"
    assert table.loc["A", "factor"] == 1
    assert table.loc["B", "low"] < 1 / 1.25 < table.loc["B", "high"]
    assert table.loc["C", "low"] < 1 / 0.9 < table.loc["C", "high"]
    assert table.loc["B", "differs"]
    assert "compared inside 2 rocks" in table.loc["B", "note"]


@pytest.mark.parametrize("within", [None, "rock"])
def test_intervals_hold_the_planted_factor_as_often_as_they_say(within):
    held = []
    for seed in range(40):
        table = level_campaigns(
            campaigns(seed), "Zn_ppm", by="batch", reference="A", within=within
        ).table
        for name, bias in (("B", 1.25), ("C", 0.9)):
            held.append(table.loc[name, "low"] < 1 / bias < table.loc[name, "high"])
    assert 0.88 < np.mean(held) <= 1


def test_levelled_is_parent_times_factor_and_nothing_is_lost(soil):
    samples = soil.sample(frac=1, random_state=3)
    samples.loc[5, "batch"] = None
    samples["Zn_ppm_censored"] = samples["Zn_ppm"] < 10
    samples["Zn_ppm_detection_limit"] = 8.0
    before = samples.copy()
    done = level_campaigns(samples, "Zn_ppm", by="batch")
    pd.testing.assert_frame_equal(samples, before)
    out = done.samples
    assert out.index.equals(samples.index)
    factor = out["Zn_ppm_level_factor"]
    assert factor.isna().tolist() == (samples.index == 5).tolist()
    pd.testing.assert_series_equal(
        out["Zn_ppm_unlevelled"], samples["Zn_ppm"], check_names=False
    )
    known = factor.fillna(1)
    np.testing.assert_allclose(out["Zn_ppm"], samples["Zn_ppm"] * known)
    np.testing.assert_allclose(out["Zn_ppm_detection_limit"], 8.0 * known)
    assert out["Zn_ppm_detection_limit_unlevelled"].eq(8).all()
    assert "1 samples belong to no campaign" in done.table["note"].iloc[-1]
    again = level_campaigns(
        out.drop(columns=[c for c in out if c.endswith(("unlevelled", "factor"))]),
        "Zn_ppm",
        by="batch",
    )
    assert again.table["factor"].iloc[:3].tolist() == pytest.approx([1, 1, 1])


@pytest.mark.parametrize("method", ["median_ratio", "quantile"])
def test_a_plain_factor_is_taken_out_exactly(method):
    zinc = np.geomspace(5, 500, 101)
    samples = pd.DataFrame(
        {"batch": ["A"] * 101 + ["B"] * 101, "Zn_ppm": np.r_[zinc, 1.3 * zinc]}
    )
    done = level_campaigns(samples, "Zn_ppm", by="batch", reference="A", method=method)
    np.testing.assert_allclose(done.samples["Zn_ppm"][101:], zinc)
    assert done.table.loc["B", "factor"] == pytest.approx(1 / 1.3)


def test_quantiles_take_out_a_bias_that_changes_with_the_content():
    zinc = np.geomspace(5, 500, 401)
    samples = pd.DataFrame(
        {"batch": ["A"] * 401 + ["B"] * 401, "Zn_ppm": np.r_[zinc, 3 * zinc**0.8]}
    )
    plain, curve = (
        level_campaigns(samples, "Zn_ppm", by="batch", reference="A", method=method)
        for method in ("median_ratio", "quantile")
    )
    off = np.abs(np.log(curve.samples["Zn_ppm"][401:] / zinc)).to_numpy()
    assert off[10:-10].max() < 0.01
    assert np.abs(np.log(plain.samples["Zn_ppm"][401:] / zinc)).max() > 0.3
    assert curve.table.loc["B", "factor_min"] < curve.table.loc["B", "factor_max"]


def test_reference_materials_find_the_planted_biases(district):
    sediments, soils, standards = district
    hits, wrong = 0, 0
    for (batch, column), bias in PLANTED.items():
        samples = sediments if batch.startswith("S") else soils
        done = level_campaigns(
            samples, column, by="batch", method="standards", standards=standards
        )
        row = done.table.loc[batch]
        assert done.reference == "certified_value"
        assert row["differs"]
        assert row["factor"] == pytest.approx(1 / bias, rel=0.08)
        hits += row["low"] <= 1 / bias <= row["high"]
        rest = done.table.drop(index=batch)
        wrong += ((rest["low"] > 1) | (rest["high"] < 1)).sum()
    assert hits >= 5  # six intervals of 95 %
    assert wrong <= 3  # of 20 campaigns without a bias


def test_medians_of_campaigns_that_lie_apart_are_not_trusted(district):
    sediments, _, _ = district
    done = level_campaigns(sediments, "Zn_ppm", by="batch", reference="S1")
    row = done.table.loc["S2"]
    assert row["overlap"] == 0
    assert "does not overlap with the reference" in row["note"]
    assert "interval includes 1" in row["note"]
    assert "空间上不重叠" in row["note"].say("zh")


def test_a_chain_of_materials_against_statsmodels():
    rng = np.random.default_rng(5)
    rows = [
        ("m1", "A"),
        ("m2", "A"),
        ("m2", "B"),
        ("m3", "B"),
        ("m3", "C"),
        ("m4", "C"),
    ]
    table = pd.DataFrame(rows * 4, columns=["material", "batch"])
    level = {"A": 1.0, "B": 1.3, "C": 0.8}
    content = {"m1": 10, "m2": 30, "m3": 90, "m4": 200}
    table["Zn_ppm"] = (
        table["material"].map(content) * table["batch"].map(level)
    ) * np.exp(rng.normal(0, 0.03, len(table)))
    samples = pd.DataFrame({"batch": list("ABC") * 10, "Zn_ppm": 50.0})
    done = level_campaigns(
        samples,
        "Zn_ppm",
        by="batch",
        method="standards",
        reference="A",
        standards=table,
    )
    design = pd.get_dummies(table[["batch", "material"]], dtype=float)
    fit = sm.OLS(np.log10(table["Zn_ppm"]), design.drop(columns="batch_A")).fit()
    for name in "BC":
        shift, (low, high) = (
            -fit.params[f"batch_{name}"],
            -fit.conf_int().loc[f"batch_{name}"],
        )
        row = done.table.loc[name]
        assert row["factor"] == pytest.approx(10**shift)
        assert sorted([10**low, 10**high]) == pytest.approx([row["low"], row["high"]])
    # without the link of m3, C hangs in the air
    cut = table[~((table["material"] == "m3") & (table["batch"] == "C"))]
    loose = level_campaigns(
        samples, "Zn_ppm", by="batch", method="standards", reference="A", standards=cut
    )
    assert np.isnan(loose.table.loc["C", "factor"])
    assert "no reference material ties it" in loose.table.loc["C", "note"]
    assert loose.samples.loc[loose.samples["batch"] == "C", "Zn_ppm"].eq(50).all()


def test_huber_line_against_statsmodels():
    rng = np.random.default_rng(9)
    x = rng.uniform(1, 3, 40)
    y = 0.1 + 0.9 * x + rng.normal(0, 0.02, 40)
    y[:3] += 1.0
    line = huber_line(x, y, 2.0)
    design = sm.add_constant(x)
    fit = sm.RLM(y, design, M=sm.robust.norms.HuberT(1.345)).fit(
        conv="coefs", tol=1e-12, maxiter=500
    )
    assert line.slope == pytest.approx(fit.params[1], abs=1e-6)
    assert line.shift == pytest.approx(fit.params @ [1, 2] - 2, abs=1e-6)
    assert line.low < line.shift < line.high
    assert line.low < -0.1 < line.high


def test_huber_takes_out_a_line_and_shrugs_off_a_swap():
    content = np.repeat([5.0, 50, 500], 6)
    measured = 2 * content**0.9
    measured[3] = 2 * 500**0.9  # a swapped bag
    standards = pd.DataFrame(
        {
            "material": np.repeat(["m1", "m2", "m3"], 6),
            "batch": "B",
            "Cu_ppm": measured,
            "certified_value": content,
        }
    )
    true = np.geomspace(4, 600, 50)
    samples = pd.DataFrame({"batch": "B", "Cu_ppm": 2 * true**0.9})
    done = level_campaigns(
        samples, "Cu_ppm", by="batch", method="huber", standards=standards
    )
    np.testing.assert_allclose(done.samples["Cu_ppm"], true, rtol=0.02)
    assert done.table.loc["B", "slope"] == pytest.approx(1 / 0.9, abs=0.02)
    assert "outside the range of the reference materials" in done.table.loc["B", "note"]


def test_results_below_detection_are_left_out_and_counted(soil):
    standards = pd.DataFrame(
        {
            "material": ["m"] * 8,
            "batch": ["A", "B", "C", "A"] * 2,
            "Zn_ppm": [10.0, 12, 9, 5] * 2,
            "Zn_ppm_censored": [False, False, False, True] * 2,
        }
    )
    done = level_campaigns(
        soil, "Zn_ppm", by="batch", method="standards", standards=standards
    )
    assert done.table.loc["A", "n_standards"] == 2
    assert "2 results on reference materials below" in done.table.loc["A", "note"]
    assert done.table.loc["B", "factor"] == pytest.approx(10 / 12)


def test_a_median_below_detection_gives_no_factor(soil):
    low = (soil["batch"] == "C") & (soil["Zn_ppm"] < 60)
    samples = soil.assign(Zn_ppm=soil["Zn_ppm"].mask(low, 60.0), Zn_ppm_censored=low)
    done = level_campaigns(samples, "Zn_ppm", by="batch", reference="A")
    assert np.isnan(done.table.loc["C", "factor"])
    assert "no factor" in done.table.loc["C", "note"]
    mine = done.samples["batch"] == "C"
    assert (done.samples["Zn_ppm"] == samples["Zn_ppm"])[mine].all()


def test_gswa_reports(real_data):
    """Real reports of several companies: medians agree afterwards, parents are kept."""
    samples = read_samples(
        real_data("geochem/gswa_stream_sediment_au") / "sediment_samples.csv",
        crs="EPSG:4283",
    )
    big = samples["WAMEX_A_NO"].isin([93974, 96359, 94616])
    done = level_campaigns(samples[big], "Cu_ppm", by="WAMEX_A_NO")
    used = done.table["factor"].notna()
    assert used.sum() >= 2
    after = done.samples.groupby("WAMEX_A_NO")["Cu_ppm"].median()
    kept = done.table.index[used].astype(int)
    assert np.ptp(np.log10(after[kept])) < 1e-4  # middle of two values
    assert isinstance(done.samples, gpd.GeoDataFrame)


def test_errors(soil, district):
    with pytest.raises(ValueError, match="method must be one of"):
        level_campaigns(soil, "Zn_ppm", by="batch", method="mean")
    with pytest.raises(ValueError, match="reference='Z' is no campaign"):
        level_campaigns(soil, "Zn_ppm", by="batch", reference="Z")
    with pytest.raises(ValueError, match="'standards' needs standards"):
        level_campaigns(soil, "Zn_ppm", by="batch", method="standards")
    with pytest.raises(ValueError, match="does not use standards"):
        level_campaigns(soil, "Zn_ppm", by="batch", standards=soil)
    with pytest.raises(ValueError, match="does not use within"):
        level_campaigns(soil, "Zn_ppm", by="batch", method="quantile", within="rock")
    done = level_campaigns(soil, "Zn_ppm", by="batch").samples
    with pytest.raises(ValueError, match="levelled already"):
        level_campaigns(done, "Zn_ppm", by="batch")
    with pytest.raises(
        ValueError, match=r"no campaign can be levelled by median_ratio"
    ):
        level_campaigns(soil, "Zn_ppm", by="batch", fewest=1000)
    with pytest.raises(ValueError, match="standards: no column 'material'"):
        level_campaigns(soil, "Zn_ppm", by="batch", method="huber", standards=soil)
    bad = pd.DataFrame(
        {"material": ["m"], "batch": ["A"], "Zn_ppm": [5.0], "certified_value": [0.0]}
    )
    with pytest.raises(DataProblems, match=r"row 1, .*certified value of 0"):
        level_campaigns(soil, "Zn_ppm", by="batch", method="standards", standards=bad)
    none = bad.assign(material=None, certified_value=3.0)
    with pytest.raises(ValueError, match="hold no result for Zn_ppm"):
        level_campaigns(soil, "Zn_ppm", by="batch", method="standards", standards=none)
    with pytest.raises(DataProblems, match="0 or less"):
        level_campaigns(soil.assign(Zn_ppm=0.0), "Zn_ppm", by="batch")
