"""Shares of rocks, contents of rocks, residuals: by hand, by other routes, by laws."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy.optimize import lsq_linear
from sklearn.metrics import roc_auc_score

from prospect.geochem import (
    catchment_background,
    catchment_composition,
    delineate_catchments,
)
from survey import DataProblems, open_grid, read_features, read_samples

FOLDER = "data_samples/synthetic_district/"


def nested():
    """B (4 km²) holds A (1 km², its north-west quarter); C (1 km²) is apart."""
    shapes = [
        shapely.box(0, 1000, 1000, 2000),
        shapely.box(0, 0, 2000, 2000),
        shapely.box(3000, 0, 4000, 1000),
    ]
    table = {
        "sample_id": ["A", "B", "C"],
        "area_km2": [1.0, 4.0, 1.0],
        "own_area_km2": [1.0, 3.0, 1.0],
        "downstream_id": ["B", None, None],
        "outlet_cell": [1, 2, 3],
    }
    return gpd.GeoDataFrame(table, geometry=shapes, crs=32650)


def rocks(names, shapes, crs=32650):
    return gpd.GeoDataFrame({"unit": names}, geometry=shapes, crs=crs)


@pytest.fixture(scope="module")
def district():
    samples = read_samples(
        FOLDER + "geochemistry/stream_sediments_gbk.csv", crs="EPSG:4547"
    )
    dem = open_grid(FOLDER + "terrain/elevation.tif")
    basins = delineate_catchments(
        samples, dem, snap_distance=100, min_area=0.2, max_area=6, unplaced="keep"
    )
    geology = read_features(FOLDER + "geology/geology.gpkg", layer="units")
    return samples, basins, geology


def test_shares_of_nested_catchments_by_hand():
    geology = rocks(
        ["schist", "granite", None],
        [
            shapely.box(0, 0, 500, 2000),
            shapely.box(500, 1000, 2000, 2000),
            shapely.box(500, 0, 2000, 500),
        ],
    )
    found = catchment_composition(nested(), geology, "unit")
    assert found.columns.tolist() == ["granite", "schist", "unmapped"]
    assert found.loc["A"].tolist() == pytest.approx([0.5, 0.5, 0])
    # B: granite 1.5 of 4 km², schist 1, the rest has no name or no map
    assert found.loc["B"].tolist() == pytest.approx([0.375, 0.25, 0.375])
    assert found.loc["C"].tolist() == pytest.approx([0, 0, 1])


def test_shares_equal_a_plain_overlay(district):
    _, basins, geology = district
    found = catchment_composition(basins, geology, "lithology")
    placed = basins.geometry.is_empty.to_numpy() == np.False_
    assert found[placed].sum(axis=1).to_numpy() == pytest.approx(1)
    assert found[~placed].isna().all(axis=None)
    picked = basins[placed].sort_values("area_km2").iloc[[0, 100, -30, -3, -1]]
    for basin in picked.itertuples():
        inner = shapely.area(
            shapely.intersection(geology.geometry.to_numpy(), basin.geometry)
        )
        plain = pd.Series(inner).groupby(geology["lithology"].to_numpy()).sum()
        plain /= basin.geometry.area
        mine = found.loc[basin.sample_id].drop("unmapped")
        np.testing.assert_allclose(mine, plain[mine.index], atol=1e-9)


def test_geology_in_another_system():
    geology = rocks(["a"], [shapely.box(-500, -500, 5000, 5000)]).to_crs(4326)
    found = catchment_composition(nested(), geology, "unit")
    assert found["a"].tolist() == pytest.approx([1, 1, 1])


def test_geology_that_cannot_be_used():
    twice = rocks(["a", "b"], [shapely.box(0, 0, 5e3, 5e3)] * 2)
    with pytest.raises(DataProblems, match=r"covers 200.0 %.*overlap") as caught:
        catchment_composition(nested(), twice, "unit")
    assert len(caught.value.problems) == 3
    bow = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    bad = rocks(["a", "b"], [shapely.Point(0, 0), bow])
    with pytest.raises(DataProblems, match=r"row 1.*not a polygon\D*.*\n.*make_valid"):
        catchment_composition(nested(), bad, "unit")
    with pytest.raises(ValueError, match="no polygon of the geology meets"):
        catchment_composition(
            nested(), rocks(["a"], [shapely.box(9e5, 0, 1e6, 9)]), "unit"
        )
    with pytest.raises(ValueError, match="called 'unmapped'"):
        catchment_composition(
            nested(), rocks(["unmapped"], [shapely.box(0, 0, 9, 9)]), "unit"
        )
    with pytest.raises(ValueError, match=r"no column 'units'.*'unit'"):
        catchment_composition(nested(), twice, "units")


def mixture(n=80, *, seed=4, noise=0.0):
    """Catchments of three rocks with contents 10, 30, 90 and unmapped ground."""
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet([0.6, 0.6, 0.6, 0.1], n)
    ids = [f"S{i}" for i in range(n)]
    names = ["a", "b", "c", "unmapped"]
    composition = pd.DataFrame(shares, columns=names, index=ids)
    y = shares[:, :3] @ [10.0, 30.0, 90.0] / shares[:, :3].sum(axis=1)
    y *= np.exp(noise * rng.standard_normal(n))
    samples = pd.DataFrame({"sample_id": ids, "Cu_ppm": y})
    catchments = pd.DataFrame({"sample_id": ids, "area_km2": rng.uniform(0.3, 6, n)})
    return samples, catchments, composition


def test_weighted_means_are_the_formula_of_the_books():
    samples, catchments, composition = mixture(noise=0.3)
    found = catchment_background(samples, catchments, composition, "Cu_ppm")
    y = samples["Cu_ppm"].to_numpy()
    area = catchments["area_km2"].to_numpy()
    means = []
    for name in "abc":
        inner = [composition[name].iloc[i] * area[i] for i in range(len(y))]
        means.append(sum(v * a for v, a in zip(y, inner, strict=True)) / sum(inner))
    assert found.lithologies["content"].tolist() == pytest.approx(means)
    shares = composition[list("abc")].to_numpy()
    background = shares @ means / shares.sum(axis=1)
    np.testing.assert_allclose(found.samples["Cu_ppm_background"], background)
    np.testing.assert_allclose(found.samples["Cu_ppm_residual"], y - background)


def test_the_error_of_a_weighted_mean_is_its_spread_over_many_surveys():
    errors, means = [], []
    for seed in range(150):
        rng = np.random.default_rng(seed)
        samples, catchments, composition = mixture(60, seed=1)
        composition[["a", "b", "c", "unmapped"]] = [1.0, 0, 0, 0]
        samples["Cu_ppm"] = rng.normal(50, 8, 60)
        found = catchment_background(samples, catchments, composition, "Cu_ppm")
        means.append(found.lithologies["content"][0])
        errors.append(found.lithologies["standard_error"][0])
    assert np.mean(errors) == pytest.approx(np.std(means), rel=0.15)


@pytest.mark.parametrize("method", ["robust", "nonnegative"])
def test_regression_takes_an_exact_mixture_apart(method):
    found = catchment_background(*mixture(), "Cu_ppm", method=method)
    assert found.lithologies["content"].tolist() == pytest.approx([10, 30, 90])
    assert np.abs(found.samples["Cu_ppm_residual"]).max() < 1e-6


def test_robust_regression_is_that_of_statsmodels():
    sm = pytest.importorskip("statsmodels.api")
    samples, catchments, composition = mixture(noise=0.2)
    samples.loc[:4, "Cu_ppm"] *= 8
    found = catchment_background(
        samples, catchments, composition, "Cu_ppm", method="robust"
    )
    shares = composition[list("abc")].to_numpy()
    shares = shares / shares.sum(axis=1, keepdims=True)
    other = sm.RLM(samples["Cu_ppm"].to_numpy(), shares, M=sm.robust.norms.HuberT())
    fit = other.fit(tol=1e-12, maxiter=500)
    np.testing.assert_allclose(found.lithologies["content"], fit.params, rtol=1e-6)
    np.testing.assert_allclose(found.lithologies["standard_error"], fit.bse, rtol=1e-6)


def test_robust_regression_stands_up_to_anomalies():
    samples, catchments, composition = mixture(noise=0.02)
    samples.loc[:5, "Cu_ppm"] += 2000
    found = catchment_background(
        samples, catchments, composition, "Cu_ppm", method="robust"
    )
    assert found.lithologies["content"].tolist() == pytest.approx([10, 30, 90], rel=0.1)
    assert (found.samples["Cu_ppm_residual"][:6] > 1900).all()


def test_nonnegative_is_that_of_another_solver():
    samples, catchments, composition = mixture(noise=1.5)
    composition["d"] = composition["c"] * 0.5
    composition["c"] *= 0.5
    rng = np.random.default_rng(0)
    samples["Cu_ppm"] *= rng.permutation(np.linspace(0.1, 3, len(samples)))
    found = catchment_background(
        samples, catchments, composition, "Cu_ppm", method="nonnegative"
    )
    shares = composition[list("abcd")].to_numpy()
    shares /= shares.sum(axis=1, keepdims=True)
    other = lsq_linear(shares, samples["Cu_ppm"], bounds=(0, np.inf))
    mine = found.lithologies.set_index("lithology")["content"][list("abcd")]
    assert (mine >= 0).all()
    np.testing.assert_allclose(shares @ mine, shares @ other.x, rtol=1e-4)


def test_logarithms_give_geometric_means():
    samples, catchments, composition = mixture(noise=0.3)
    found = catchment_background(
        samples, catchments, composition, "Cu_ppm", scale="log"
    )
    logs = samples.assign(Cu_ppm=np.log10(samples["Cu_ppm"]))
    plain = catchment_background(logs, catchments, composition, "Cu_ppm")
    np.testing.assert_allclose(
        np.log10(found.lithologies["content"]), plain.lithologies["content"]
    )
    np.testing.assert_allclose(
        found.samples["Cu_ppm_log_residual"], plain.samples["Cu_ppm_residual"]
    )
    assert "Cu_ppm_residual" not in found.samples


def test_censored_values_are_refused_bounded_or_left_out_and_counted():
    samples, catchments, composition = mixture(noise=0.3)
    samples["Cu_ppm_censored"] = False
    samples.loc[[2, 7], "Cu_ppm_censored"] = True
    samples.loc[3, "Cu_ppm"] = np.nan
    tables = samples, catchments, composition
    with pytest.raises(DataProblems, match=r"row 3.*impute_censored") as caught:
        catchment_background(*tables, "Cu_ppm")
    assert len(caught.value.problems) == 2
    kept = catchment_background(*tables, "Cu_ppm", censored="limit")
    assert any("2 censored values stand at their detection" in n for n in kept.notes)
    assert np.isfinite(kept.samples["Cu_ppm_residual"][2])
    left = catchment_background(*tables, "Cu_ppm", censored="leave_out")
    assert np.isnan(left.samples["Cu_ppm_residual"][[2, 3, 7]]).all()
    assert np.isfinite(left.samples["Cu_ppm_background"][[2, 3, 7]]).all()
    assert any("2 censored values are left out" in n for n in left.notes)
    imputed = samples.assign(Cu_ppm_imputed=samples["Cu_ppm_censored"])
    done = catchment_background(imputed, catchments, composition, "Cu_ppm")
    assert any("2 of 80 values are imputed" in note for note in done.notes)
    assert any("1 of 80 samples have no value" in note for note in done.notes)


def test_unplaced_and_unmapped_samples_have_no_background_and_are_counted():
    samples, catchments, composition = mixture()
    composition.iloc[0] = np.nan
    composition.iloc[1] = [0, 0, 0, 1.0]
    catchments.loc[0, "area_km2"] = np.nan
    found = catchment_background(samples, catchments, composition, "Cu_ppm")
    assert found.samples["Cu_ppm_background"].isna().tolist()[:3] == [True, True, False]
    assert any(note.startswith("2 samples have no catchment") for note in found.notes)


def test_rocks_of_few_catchments_are_named():
    samples, catchments, composition = mixture()
    composition["rare"] = 0.0
    composition.loc["S5", ["a", "b", "c", "unmapped", "rare"]] = [0, 0, 0, 0, 1]
    found = catchment_background(samples, catchments, composition, "Cu_ppm")
    assert found.samples["Cu_ppm_residual"][5] == 0, "explains itself away"
    assert any("fewer than 3 catchments hold rare" in note for note in found.notes)


def test_several_columns_and_input_unchanged():
    samples, catchments, composition = mixture()
    samples["Zn_ppm"] = 2 * samples["Cu_ppm"]
    before = samples.copy(), catchments.copy(), composition.copy()
    found = catchment_background(
        samples, catchments, composition, ["Cu_ppm", "Zn_ppm"], method="robust"
    )
    zinc = found.lithologies.query("analyte == 'Zn_ppm'")["content"]
    assert zinc.tolist() == pytest.approx([20, 60, 180])
    for now, then in zip((samples, catchments, composition), before, strict=True):
        pd.testing.assert_frame_equal(now, then)


def test_what_is_refused():
    samples, catchments, composition = mixture(4)
    tables = samples, catchments, composition
    for name in ("method", "scale", "censored"):
        with pytest.raises(ValueError, match=f"{name}='x' is unknown"):
            catchment_background(*tables, "Cu_ppm", **{name: "x"})
    composition["d"] = composition["c"]
    with pytest.raises(
        ValueError, match=r"cannot tell 4 lithologies apart.*a, b, c, d"
    ):
        catchment_background(*tables, "Cu_ppm", method="robust")
    with pytest.raises(DataProblems, match=r"row 4.*'S3'.*no row in catchments"):
        catchment_background(samples, catchments[:3], composition, "Cu_ppm")
    with pytest.raises(DataProblems, match="no row in composition"):
        catchment_background(samples, catchments, composition[:3], "Cu_ppm")
    with pytest.raises(DataProblems, match=r"row 1.*no logarithm"):
        catchment_background(
            samples.assign(Cu_ppm=[0.0, 1, 2, 3]), *tables[1:], "Cu_ppm", scale="log"
        )
    with pytest.raises(ValueError, match="nothing can be fitted"):
        catchment_background(samples.assign(Cu_ppm=np.nan), *tables[1:], "Cu_ppm")


def test_residuals_point_to_the_stocks_of_the_district(district):
    samples, basins, geology = district
    stocks = geology["lithology"].str.contains("porphyry")
    shape = geology[stocks].geometry.union_all()
    whole = basins.geometry.to_numpy()
    placed = ~shapely.is_empty(whole)
    holds = shapely.area(shapely.intersection(whole, shape)) > 0.02 * shapely.area(
        whole
    )

    # as before the stocks were known
    unknown = geology.assign(lithology=geology["lithology"].mask(stocks))
    shares = catchment_composition(basins, unknown, "lithology")
    for method in ("weighted_mean", "robust"):
        found = catchment_background(
            samples, basins, shares, "Cu_ppm", method=method, scale="log"
        )
        residual = found.samples["Cu_ppm_log_residual"].to_numpy()
        known = placed & np.isfinite(residual)
        raw = roc_auc_score(holds[known], samples["Cu_ppm"][known])
        assert roc_auc_score(holds[known], residual[known]) > raw + 0.02
