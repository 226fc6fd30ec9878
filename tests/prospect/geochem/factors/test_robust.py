"""Robust components: against scikit-learn, laws of log-ratios, the Kola project."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2
from sklearn.decomposition import PCA
from sklearn.utils.estimator_checks import check_estimator

from prospect.geochem import RobustFactors, RobustPCA, clr
from prospect.geochem.factors._multivariate import centred_ratios, fixed_signs
from prospect.geochem.factors._scatter import Search, distances, scatter_of
from survey import DataProblems

NAMES = ["Cu_ppm", "Ni_ppm", "Co_ppm", "Na_ppm", "Mg_ppm", "Pb_ppm"]


def survey_table(n=200, seed=0):
    random = np.random.default_rng(seed)
    ore, sea = random.normal(size=(2, n, 1))
    logs = ore * [1, 1, 0.8, 0, 0, 0] + sea * [0, 0, 0, 1, 0.7, 0]
    logs = logs + 0.3 * random.normal(size=(n, 6)) + [3, 3, 1, 6, 7, 2]
    return pd.DataFrame(np.exp(logs), columns=NAMES)


def test_classical_components_are_those_of_scikit_learn_on_clr():
    table = survey_table()
    ours = RobustPCA(robust=False).fit(table)
    ratios = clr(table).to_numpy()
    theirs = PCA(n_components=5).fit(ratios)
    np.testing.assert_allclose(ours.explained_variance_, theirs.explained_variance_)
    np.testing.assert_allclose(
        ours.components_, fixed_signs(theirs.components_), atol=1e-9
    )
    np.testing.assert_allclose(
        np.abs(ours.transform(table)), np.abs(theirs.transform(ratios)), atol=1e-9
    )
    assert ours.explained_variance_ratio_.sum() == pytest.approx(1)


def test_robust_variance_of_normal_data_is_that_of_the_model():
    random = np.random.default_rng(1)
    rows = random.normal(size=(20_000, 5)) * [1, 2, 3, 4, 5]
    found = scatter_of(rows, Search(random_state=0), names=list("abcdef"))
    np.testing.assert_allclose(np.diag(found.covariance), [1, 4, 9, 16, 25], rtol=0.05)
    assert found.support.mean() == pytest.approx(0.975, abs=0.01)
    assert found.n_rows == 2000
    inside = distances(rows, found.location, found.covariance) < chi2.ppf(0.5, 5)
    assert inside.mean() == pytest.approx(0.5, abs=0.02)


def test_outliers_turn_the_classical_but_not_the_robust_components():
    clean = survey_table(300)
    dirty = clean.copy()
    dirty.loc[:44, "Pb_ppm"] *= 300
    dirty.loc[:44, "Cu_ppm"] /= 40
    first = RobustPCA(n_components=2, random_state=0).fit(clean).components_
    robust = RobustPCA(n_components=2, random_state=0).fit(dirty).components_
    classical = RobustPCA(n_components=2, robust=False).fit(dirty).components_
    # cosine of the angle between the planes
    robust_turn = np.linalg.svd(first @ robust.T)[1].min()
    classical_turn = np.linalg.svd(first @ classical.T)[1].min()
    assert robust_turn > 0.98
    assert classical_turn < 0.95


def test_loadings_and_scores_are_centred_log_ratios():
    table = survey_table()
    model = RobustPCA(random_state=0).fit(table)
    np.testing.assert_allclose(model.components_.sum(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(
        model.components_ @ model.components_.T, np.eye(5), atol=1e-12
    )
    largest = model.components_[range(5), np.abs(model.components_).argmax(axis=1)]
    assert (largest > 0).all()
    whole = model.transform(table) @ model.components_ + model.center_
    np.testing.assert_allclose(whole, clr(table), atol=1e-9)
    np.testing.assert_allclose(
        (model.loadings_ @ model.loadings_.T).to_numpy(), model.covariance_, atol=1e-9
    )


@settings(max_examples=10, deadline=None)
@given(
    st.permutations(NAMES),
    st.lists(st.floats(0.01, 100), min_size=6, max_size=6),
    st.floats(0.01, 100),
)
def test_order_units_and_closure_do_not_matter(names, units, dilution):
    table = survey_table(80)
    usual = RobustPCA(n_components=3, robust=False).fit(table)
    other = table[names] * dict(zip(NAMES, units, strict=True)) * dilution
    model = RobustPCA(n_components=3, robust=False).fit(other)
    np.testing.assert_allclose(
        model.loadings_.loc[NAMES], usual.loadings_, rtol=1e-6, atol=1e-9
    )
    np.testing.assert_allclose(
        model.transform(other), usual.transform(table), atol=1e-7
    )


def test_order_does_not_matter_to_the_robust_estimate_much():
    table = survey_table()
    usual = RobustPCA(n_components=2, random_state=0).fit(table)
    other = RobustPCA(n_components=2, random_state=0).fit(table[NAMES[::-1]])
    np.testing.assert_allclose(
        other.loadings_.loc[NAMES], usual.loadings_, rtol=0.02, atol=0.02
    )


def test_units_are_told_by_the_names():
    table = survey_table()
    mixed = table.assign(Na_pct=table["Na_ppm"] / 1e4).drop(columns="Na_ppm")
    usual, other = (RobustPCA(random_state=0).fit(each) for each in (table, mixed))
    np.testing.assert_allclose(other.center_[-1], usual.center_[3], atol=1e-9)


def test_same_seed_same_result_input_unchanged_and_columns_chosen():
    table = survey_table().set_index(pd.Index([f"S{i}" for i in range(200)]))
    table["easting"], table["Zn_ppm"] = 5e5, 0.0
    before = table.copy()
    model = RobustPCA(n_components=2, columns=NAMES, random_state=3)
    first = model.fit(table).transform(table)
    pd.testing.assert_frame_equal(table, before)
    again = RobustPCA(n_components=2, columns=NAMES, random_state=3).fit(table)
    pd.testing.assert_frame_equal(again.transform(table[NAMES[::-1]]), first)
    assert first.index.equals(table.index)
    assert list(first) == ["PC1", "PC2"]
    assert model.rank_ == 5
    np.testing.assert_allclose(model.transform(table.iloc[:1]), first.iloc[:1])


def test_what_was_not_measured_is_told():
    table = survey_table()
    table["Pb_ppm_censored"] = np.arange(200) < 30
    with pytest.raises(DataProblems, match="30 of 200 values are below detection"):
        RobustPCA().fit(table)
    limit = RobustPCA(censored="limit", random_state=0)
    scores = limit.fit_transform(table)
    assert scores.attrs["n_censored"] == 30
    assert scores.attrs["censored_share"] == pytest.approx(30 / 1200)
    assert "taken at the limit" in scores.attrs["notes"][0]
    table["Pb_ppm_imputed"] = table["Pb_ppm_censored"]
    scores = RobustPCA(random_state=0).fit_transform(table)
    assert scores.attrs["imputed_share"] == pytest.approx(30 / 1200)
    assert scores.attrs["censored_share"] == 0


def test_bad_values_are_listed_together():
    table = survey_table(50)
    table.loc[3, "Cu_ppm"] = 0.0
    table.loc[4, "Ni_ppm"] = -1.0
    table.loc[[7, 9], "Co_ppm"] = np.nan
    with pytest.raises(DataProblems) as caught:
        RobustPCA().fit(table)
    text = str(caught.value)
    assert len(caught.value.problems) == 3
    assert "row 4, column 'Cu_ppm'" in text
    assert "row 8, 10, column 'Co_ppm'" in text


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({}, {"n_components": 6}, "n_components=6: 6 analytes .* have 5 components"),
        ({}, {"censored": "half"}, "censored must be 'refuse' or 'limit'"),
        ({"Cu_ppm": "<1"}, {}, "column 'Cu_ppm' holds text"),
        ({}, {"columns": ["Cu_ppm"]}, "at least two parts"),
        ({}, {"columns": ["Cu_ppm", "Xx_ppm"]}, "no column 'Xx_ppm'"),
    ],
)
def test_refusals(change, options, message):
    with pytest.raises(ValueError, match=message):
        RobustPCA(**options).fit(survey_table(50).assign(**change))


def test_too_few_samples_and_tied_columns_are_refused():
    with pytest.raises(ValueError, match=r"9 samples are too few .* robust=False"):
        RobustPCA().fit(survey_table(9))
    tied = survey_table(60).assign(Co_ppm=lambda t: 2 * t["Ni_ppm"])
    with pytest.raises(ValueError, match="one of them repeats another"):
        RobustPCA(random_state=0).fit(tied)
    assert RobustPCA(robust=False).fit(tied).explained_variance_[-1] < 1e-12


class Exponential:
    """Works on exp(X), as the checks of scikit-learn feed values below zero."""

    def _ratios(self, X, *, reset):
        from sklearn.utils.validation import validate_data

        options = {"ensure_min_features": 2 if reset else 1, "dtype": np.float64}
        values = validate_data(self, X, reset=reset, **options)
        names = [f"x{i}" for i in range(values.shape[1])]
        scale = max(np.abs(values).max() / 50, 1)
        return centred_ratios(
            pd.DataFrame(np.exp(values / scale), columns=names), names
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = False
        return tags


class OnLogs(Exponential, RobustPCA):
    pass


class FactorsOnLogs(Exponential, RobustFactors):
    pass


# values are scaled by the largest of the batch, so batches differ; one-feature and
# one-factor limits are ours
EXCUSED = {
    "check_methods_sample_order_invariance": "scale of the batch",
    "check_methods_subset_invariance": "scale of the batch",
    "check_fit2d_1sample": "said in our words",
}


@pytest.mark.parametrize(
    "estimator", [OnLogs(robust=False), FactorsOnLogs(n_factors=1, robust=False)]
)
def test_scikit_learn_accepts_the_estimators(estimator):
    done = check_estimator(
        estimator, expected_failed_checks=EXCUSED, on_skip=None, on_fail=None
    )
    failed = {each["check_name"]: each["exception"] for each in done
              if each["status"] == "failed"}  # fmt: skip
    few = {
        name
        for name, error in failed.items()
        if "analytes can tell" in str(error) or "at least 2 samples" in str(error)
    }
    assert not set(failed) - few, failed


def test_arrays_give_arrays():
    table = survey_table()
    model = RobustPCA(n_components=2, random_state=0)
    scores = model.fit_transform(table.to_numpy())
    assert isinstance(scores, np.ndarray)
    tabled = RobustPCA(n_components=2, random_state=0).fit_transform(table)
    np.testing.assert_allclose(scores, tabled)


def test_smelters_and_sea_spray_on_the_kola_peninsula(real_data):
    """Reimann et al. (1998, 2008): Ni, Cu, Co are dust of the smelters at Nikel and
    Monchegorsk; Na, Sr, Mg sea spray along the coast."""
    table = pd.read_csv(real_data("geochem/kola") / "ohorizon.csv")
    elements = (
        "Ag As Ba Bi Ca Cd Co Cr Cu Fe K Mg Mn Mo Na Ni P Pb Rb S Sb Sr Th Tl V Zn"
    )
    contents = table[elements.split()].add_suffix("_ppm")
    model = RobustPCA(n_components=2, random_state=0).fit(contents)
    loadings = model.loadings_
    assert set(loadings["PC1"].nlargest(3).index) == {"Ni_ppm", "Cu_ppm", "Co_ppm"}
    assert set(loadings["PC2"].nlargest(2).index) <= {"Na_ppm", "Th_ppm", "Mg_ppm"}
    scores = model.transform(contents)["PC1"]
    top = table.loc[scores.nlargest(15).index]
    places = ((584_000, 7_703_000), (786_000, 7_535_000))  # Nikel, Monchegorsk
    away = [np.hypot(top["XCOO"] - x, top["YCOO"] - y) for x, y in places]
    assert (np.minimum(*away) < 80_000).mean() > 0.8
