"""Outliers: distances, adjusted quantile, drivers."""

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import mahalanobis
from scipy.stats import chi2
from sklearn.covariance import MinCovDet

from prospect.geochem import ilr, outlier_distance
from prospect.geochem.factors._outliers import adjusted_quantile
from survey import DataProblems

NAMES = ["Cu_ppm", "Zn_ppm", "Pb_ppm", "Ni_ppm"]


def table_of(n=300, seed=0):
    random = np.random.default_rng(seed)
    mix = random.normal(size=(4, 4))
    return pd.DataFrame(np.exp(random.normal(size=(n, 4)) @ mix), columns=NAMES)


def test_classical_distance_by_definition():
    table = table_of()
    found = outlier_distance(table, robust=False)
    rows = ilr(table).to_numpy()
    inverse = np.linalg.inv(np.cov(rows.T))
    expected = [mahalanobis(row, rows.mean(axis=0), inverse) for row in rows]
    np.testing.assert_allclose(found["distance"], expected)
    assert found.attrs["cutoff_chi2"] == pytest.approx(np.sqrt(chi2.ppf(0.975, 3)))


def test_robust_distance_is_near_that_of_scikit_learn():
    table = table_of()
    table.loc[:19, "Pb_ppm"] *= 1000
    rows = ilr(table).to_numpy()
    theirs = np.sqrt(MinCovDet(random_state=0).fit(rows).dist_)
    ours = outlier_distance(table, random_state=0)["distance"]
    np.testing.assert_allclose(ours, theirs, rtol=0.06)


def test_adjusted_quantile_worked_by_hand():
    """Two degrees of freedom: G(u) = 1 - exp(-u / 2), delta = 7.3778.

    Of the ten values 1, ... 1, 9, 12 the gap at 9 is G(9) - 8.5 / 10 = 0.988891 - 0.85
    = 0.138891, at 12 it is 0.997521 - 0.95 = 0.047521. The larger exceeds the critical
    (0.24 - 0.006) / sqrt(10) = 0.073997, so 13.89 % are outliers: two of ten, and the
    cut-off is the eighth value or delta, whichever is more.
    """
    found = adjusted_quantile(np.array([1.0] * 8 + [9, 12]), 2)
    assert found.excess == pytest.approx(0.138891, abs=1e-6)
    assert found.critical == pytest.approx(0.073997, abs=1e-6)
    assert found.cutoff == pytest.approx(chi2.ppf(0.975, 2))


def test_normal_data_have_fewer_adjusted_than_fixed_outliers():
    """The fixed rule calls 2.5 % of normal data outliers; the adjusted one nearly none
    in about 95 % of data sets (Filzmoser et al. 2005)."""
    counts = []
    for seed in range(40):
        rows = np.random.default_rng(seed).normal(size=(500, 5))
        square = (rows**2).sum(axis=1)
        counts.append(int((square >= adjusted_quantile(square, 5).cutoff).sum()))
    assert np.mean(np.array(counts) == 0) > 0.85


def test_planted_outliers_and_what_drives_them():
    table = table_of()
    table.loc[:19, "Pb_ppm"] *= 1000
    table.loc[20:29, "Ni_ppm"] /= 5000
    found = outlier_distance(table, random_state=0, contributions=True)
    assert found["outlier_adjusted"][:30].all()
    assert found["outlier_adjusted"][30:].mean() < 0.05
    assert found["drivers"][:20].str.startswith("Pb_ppm+").all()
    assert found["drivers"][20:30].str.startswith("Ni_ppm-").all()
    assert (
        found["drivers"][~(found["outlier_chi2"] | found["outlier_adjusted"])]
        .isna()
        .all()
    )
    parts = found.filter(like="contribution_")
    np.testing.assert_allclose((parts**2).sum(axis=1), found["distance"] ** 2)
    assert found.attrs["n_outliers_adjusted"] == found["outlier_adjusted"].sum()


def test_units_and_dilution_do_not_matter():
    table = table_of()
    usual = outlier_distance(table, random_state=0)
    other = table * [1, 10, 0.1, 5]
    other = other.mul(np.random.default_rng(1).uniform(0.1, 1, len(table)), axis=0)
    again = outlier_distance(other, random_state=0)
    np.testing.assert_allclose(again["distance"], usual["distance"], rtol=1e-6)


def test_metadata_kept_and_input_unchanged():
    table = table_of(60).set_axis([f"S{i}" for i in range(60)])
    table["site"] = "a"
    before = table.copy()
    found = outlier_distance(table, columns=NAMES, random_state=0)
    pd.testing.assert_frame_equal(table, before)
    assert found.index.equals(table.index)
    assert found.attrs["parts"] == NAMES
    assert len(pd.concat([found, found])) == 120  # attrs do not hinder


def test_large_tables_are_searched_on_a_subset():
    table = table_of(5000)
    found = outlier_distance(table, random_state=0, max_rows=500)
    assert found.attrs["n_search"] == 500
    assert found["outlier_chi2"].mean() == pytest.approx(0.025, abs=0.01)


def test_refusals():
    with pytest.raises(ValueError, match=r"quantile=1\.5"):
        outlier_distance(table_of(), quantile=1.5)
    table = table_of().assign(Cu_ppm_censored=True)
    with pytest.raises(DataProblems, match="below detection"):
        outlier_distance(table)
    limit = outlier_distance(table, censored="limit", random_state=0)
    assert limit.attrs["n_censored"] == 300
    pair = outlier_distance(table_of()[NAMES[:2]], random_state=0)
    assert "one log-ratio only" in pair.attrs["notes"][0]


def test_kola_has_more_in_its_tail_than_a_normal_set(real_data):
    """The smelter gradient itself is a main direction of the composition, not an
    outlier; the far ones are single sites, most of them on the Russian side."""
    table = pd.read_csv(real_data("geochem/kola") / "ohorizon.csv")
    elements = (
        "Ag As Ba Bi Ca Cd Co Cr Cu Fe K Mg Mn Mo Na Ni P Pb Rb S Sb Sr Th Tl V Zn"
    )
    contents = table[elements.split()].add_suffix("_ppm")
    found = outlier_distance(contents, random_state=0)
    assert found.attrs["excess"] > 10 * found.attrs["critical_excess"]
    assert found.attrs["n_outliers_adjusted"] < found.attrs["n_outliers_chi2"]
    far = found["distance"].nlargest(10).index
    assert (table.loc[far, "COUN"] == "RUS").sum() >= 7
