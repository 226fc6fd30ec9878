"""Factors: numbers that R prints, statsmodels, laws of rotation, the Kola project."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.multivariate.factor import Factor

from prospect.geochem import RobustFactors
from prospect.geochem.factors._rotation import (
    likely_factors,
    principal_factors,
    promax,
    varimax,
)

# Smith & Stanley's covariances of six tests (112 people), R's data set ability.cov
ABILITY = np.array(
    [
        [24.641, 5.991, 33.520, 6.023, 20.755, 29.701],
        [5.991, 6.700, 18.137, 1.782, 4.936, 7.204],
        [33.520, 18.137, 149.831, 19.424, 31.430, 50.753],
        [6.023, 1.782, 19.424, 12.711, 4.757, 9.075],
        [20.755, 4.936, 31.430, 4.757, 52.604, 66.762],
        [29.701, 7.204, 50.753, 9.075, 66.762, 135.292],
    ]
)
SPREAD = np.sqrt(np.diag(ABILITY))
CORRELATION = ABILITY / np.outer(SPREAD, SPREAD)


def two_factors():
    turned, _ = varimax(likely_factors(CORRELATION, 2).loadings)
    return turned * np.sign(turned.sum(axis=0))


def test_uniquenesses_as_factanal_prints_them():
    one = likely_factors(CORRELATION, 1)
    expected = [0.535, 0.853, 0.748, 0.910, 0.232, 0.280]
    np.testing.assert_allclose(one.uniqueness, expected, atol=0.0006)
    np.testing.assert_allclose(
        np.abs(one.loadings[:, 0]),
        [0.682, 0.384, 0.502, 0.300, 0.877, 0.849],
        atol=0.001,
    )
    two = likely_factors(CORRELATION, 2)
    expected = [0.455, 0.589, 0.218, 0.769, 0.052, 0.334]
    np.testing.assert_allclose(two.uniqueness, expected, atol=0.0006)
    assert one.converged
    assert two.converged


def test_rotations_as_factanal_prints_them():
    turned = two_factors()
    verbal = [0.499, 0.156, 0.206, 0.109, 0.956, 0.785]
    spatial = [0.543, 0.622, 0.860, 0.468, 0.182, 0.225]
    # R stops varimax early (eps 1e-5): 0.004 apart
    np.testing.assert_allclose(turned, np.c_[verbal, spatial], atol=0.004)
    oblique = promax(turned).loadings
    # R does not print loadings below 0.1
    verbal = [0.364, np.nan, np.nan, np.nan, 1.023, 0.811]
    spatial = [0.470, 0.671, 0.932, 0.508, np.nan, np.nan]
    expected = np.c_[verbal, spatial]
    told = np.isfinite(expected)
    np.testing.assert_allclose(oblique[told], expected[told], atol=0.004)
    assert (np.abs(oblique[~told]) < 0.1).all()


@pytest.mark.parametrize(
    ("method", "ours"), [("ml", likely_factors), ("pa", principal_factors)]
)
def test_against_statsmodels(method, ours):
    theirs = Factor(corr=CORRELATION, n_factor=2, method=method, smc=False)
    theirs = theirs.fit(maxiter=2000, tol=1e-8)
    np.testing.assert_allclose(
        ours(CORRELATION, 2).uniqueness, theirs.uniqueness, atol=0.002
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 4))
def test_varimax_turns_and_only_turns(seed, n):
    loadings = np.random.default_rng(seed).normal(size=(9, n))
    turned, rotation = varimax(loadings)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(n), atol=1e-10)
    np.testing.assert_allclose(turned @ turned.T, loadings @ loadings.T, atol=1e-9)
    assert criterion(turned) >= criterion(loadings) - 1e-9


def criterion(loadings):
    scaled = loadings / np.sqrt((loadings**2).sum(axis=1, keepdims=True))
    return (scaled**2).var(axis=0).sum()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_varimax_reaches_the_best_angle_in_the_plane(seed):
    loadings = np.random.default_rng(seed).normal(size=(7, 2))
    angles = np.linspace(0, np.pi / 2, 721)
    turns = (
        np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]]) for a in angles
    )
    best = max(criterion(loadings @ turn) for turn in turns)
    # the criterion may have a second, lower summit; it is never missed by much
    assert criterion(varimax(loadings)[0]) >= 0.95 * best


def test_promax_keeps_what_the_factors_explain():
    turned = two_factors()
    found = promax(turned)
    whole = found.loadings @ found.correlation @ found.loadings.T
    np.testing.assert_allclose(whole, turned @ turned.T, atol=1e-9)
    np.testing.assert_allclose(np.diag(found.correlation), 1)


def survey_table(n=400, seed=0):
    random = np.random.default_rng(seed)
    ore, sea, clay = random.normal(size=(3, n, 1))
    logs = ore * [1, 1, 1, 0, 0, 0, 0, 0, 0] + sea * [0, 0, 0, 1, 1, 1, 0, 0, 0]
    logs = logs + clay * [0, 0, 0, 0, 0, 0, 1, 1, 1]
    logs = logs + 0.4 * random.normal(size=(n, 9)) + np.arange(9)
    names = ["Cu", "Ni", "Co", "Na", "Mg", "Sr", "Al", "Ti", "Ga"]
    return pd.DataFrame(np.exp(logs), columns=names).add_suffix("_ppm")


@pytest.mark.parametrize("method", ["principal", "ml"])
@pytest.mark.parametrize("rotation", ["varimax", "promax"])
def test_groups_of_analytes_are_found(method, rotation):
    """Three groups in clr are two contrasts; each factor sets one group apart."""
    model = RobustFactors(
        n_factors=2, method=method, rotation=rotation, random_state=0
    ).fit(survey_table())
    assert model.converged_
    assert model.loadings_.shape == (9, 2)
    ends = model.structure_.idxmax().str[:2]
    assert len(set(ends)) == 2
    assert (model.uniquenesses_ < 0.4).all()


def test_loadings_reproduce_the_correlations():
    model = RobustFactors(n_factors=3, random_state=0).fit(survey_table())
    whole = model.loadings_ @ model.loadings_.T
    whole += np.diag(model.uniquenesses_)
    np.testing.assert_allclose(whole, model.correlation_, atol=0.05)
    np.testing.assert_allclose(
        (model.loadings_**2).sum() / 9, model.explained_variance_ratio_
    )
    assert (np.diff(model.explained_variance_ratio_) <= 0).all()
    assert np.linalg.matrix_rank(model.correlation_, tol=1e-9) == 8


def test_scores_are_the_regression_on_the_model():
    table = survey_table()
    model = RobustFactors(n_factors=2, random_state=0)
    scores = model.fit_transform(table)
    assert list(scores) == ["F1", "F2"]
    assert scores.attrs["robust"] is True
    # one sample at a time gives the same
    np.testing.assert_allclose(model.transform(table.iloc[[5]]), scores.iloc[[5]])
    spread = scores.std()
    assert ((spread > 0.8) & (spread < 1.1)).all()


def test_order_of_columns_does_not_matter():
    table = survey_table()
    usual = RobustFactors(n_factors=2, robust=False).fit(table)
    other = RobustFactors(n_factors=2, robust=False).fit(table[table.columns[::-1]])
    np.testing.assert_allclose(
        other.loadings_.loc[table.columns], usual.loadings_, atol=1e-4
    )


def test_a_heywood_case_is_told():
    random = np.random.default_rng(0)
    logs = random.normal(size=(200, 6))
    logs[:, 1] = logs[:, 0] + 1e-3 * random.normal(size=200)
    table = pd.DataFrame(np.exp(logs), columns=[f"{e}_ppm" for e in "BFPSVW"])
    model = RobustFactors(n_factors=2, robust=False).fit(table)
    assert set(model.heywood_) & {"B_ppm", "F_ppm"}
    assert "a Heywood case" in model.notes_[-1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_factors": 6}, "9 analytes can tell 1 to 5 factors apart"),
        ({"n_factors": 0}, "n_factors=0"),
        ({"method": "pca"}, "method must be one of"),
        ({"rotation": "quartimax"}, "rotation must be one of"),
    ],
)
def test_refusals(options, message):
    with pytest.raises(ValueError, match=message):
        RobustFactors(**options).fit(survey_table())


def test_flat_analyte_is_refused():
    table = pd.DataFrame(
        np.exp(np.zeros((30, 4))), columns=["B_ppm", "F_ppm", "P_ppm", "S_ppm"]
    )
    with pytest.raises(ValueError, match="never vary against the other"):
        RobustFactors(n_factors=1, robust=False).fit(table)


def test_smelter_factor_of_the_kola_peninsula(real_data):
    table = pd.read_csv(real_data("geochem/kola") / "ohorizon.csv")
    elements = (
        "Ag As Ba Bi Ca Cd Co Cr Cu Fe K Mg Mn Mo Na Ni P Pb Rb S Sb Sr Th Tl V Zn"
    )
    contents = table[elements.split()].add_suffix("_ppm")
    model = RobustFactors(n_factors=4, random_state=0).fit(contents)
    smelter = model.loadings_.loc["Ni_ppm"].idxmax()
    top = model.loadings_[smelter].nlargest(3)
    assert set(top.index) == {"Ni_ppm", "Cu_ppm", "Co_ppm"}
    assert (top > 0.7).all()
    dust = model.loadings_.loc["V_ppm"].idxmax()
    assert {"Cr_ppm", "Fe_ppm", "V_ppm"} <= set(model.loadings_[dust].nlargest(4).index)
