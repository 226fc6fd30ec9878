"""Groups of analytes and of samples, medoids."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy.cluster.hierarchy import fcluster
from scipy.spatial.distance import cdist
from sklearn.metrics import adjusted_rand_score

from prospect.geochem import cluster_analytes, cluster_samples, variation_matrix
from prospect.geochem.factors._kmedoids import find_medoids
from survey import DataProblems

NAMES = ["Cu_ppm", "Mo_ppm", "Au_ppb", "Na_pct", "Ca_pct", "Pb_ppm", "Zn_ppm"]


def survey_table(n=300, seed=0):
    random = np.random.default_rng(seed)
    ore, clay, lead = random.normal(size=(3, n, 1))
    logs = ore * [1, 1, 1, 0, 0, 0, 0] + clay * [0, 0, 0, 1, 1, 0, 0]
    logs = logs + lead * [0, 0, 0, 0, 0, 1, 1] + 0.3 * random.normal(size=(n, 7))
    return pd.DataFrame(np.exp(logs), columns=NAMES)


def three_groups(n=60, seed=0, apart=5.0):
    random = np.random.default_rng(seed)
    centres = apart * np.array([[0, 0, 0, 0], [1, 0, 0, -1], [0, 1, -1, 0]])
    truth = np.repeat([0, 1, 2], [3 * n, 2 * n, n])
    logs = centres[truth] + random.normal(size=(6 * n, 4))
    table = pd.DataFrame(np.exp(logs), columns=["Cu_ppm", "Zn_ppm", "Pb_ppm", "Ni_ppm"])
    return table, truth


# ---------------------------------------------------------------- analytes


@pytest.mark.parametrize("distance", ["variation", "correlation"])
@pytest.mark.parametrize("method", ["ward", "average", "complete"])
def test_groups_of_analytes(distance, method):
    found = cluster_analytes(
        survey_table(), distance=distance, method=method, random_state=0
    )
    groups = found.labels.groupby(found.labels).groups.values()
    assert {frozenset(g) for g in groups} == {
        frozenset(NAMES[:3]), frozenset(NAMES[3:5]), frozenset(NAMES[5:]),
    }  # fmt: skip
    assert found.labels[found.order].is_monotonic_increasing
    assert found.labels.attrs["n_clusters"] == 3
    assert 0.5 < found.cophenetic <= 1


def test_classical_distance_is_the_root_of_the_variation_matrix():
    table = survey_table()
    found = cluster_analytes(table, robust=False)
    expected = np.log(table.to_numpy())
    by_hand = [[np.std(a - b, ddof=1) for a in expected.T] for b in expected.T]
    np.testing.assert_allclose(found.distance, by_hand, atol=1e-9)
    theirs = np.asarray(variation_matrix(table))[: len(NAMES), : len(NAMES)]
    np.testing.assert_allclose(found.distance**2, theirs, atol=1e-9)


def test_order_and_units_of_analytes_do_not_matter():
    table = survey_table()
    usual = cluster_analytes(table, robust=False)
    other = cluster_analytes(table[NAMES[::-1]] * 7, robust=False)
    again = other.distance.loc[NAMES, NAMES]
    np.testing.assert_allclose(again, usual.distance, atol=1e-9)
    assert adjusted_rand_score(usual.labels, other.labels[NAMES]) == 1
    cut = fcluster(usual.tree, 3, criterion="maxclust")
    assert adjusted_rand_score(cut, usual.labels) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"distance": "euclid"}, "distance must be one of"),
        ({"method": "single"}, "method must be one of"),
        ({"n_clusters": 9}, "7 analytes make 1 to 7 groups"),
        ({"columns": NAMES[:2]}, "at least 3 analytes"),
    ],
)
def test_analytes_refusals(options, message):
    with pytest.raises(ValueError, match=message):
        cluster_analytes(survey_table(), **options)


def test_nickel_copper_cobalt_of_the_kola_peninsula(real_data):
    table = pd.read_csv(real_data("geochem/kola") / "ohorizon.csv")
    elements = (
        "Ag As Ba Bi Ca Cd Co Cr Cu Fe K Mg Mn Mo Na Ni P Pb Rb S Sb Sr Th Tl V Zn"
    )
    contents = table[elements.split()].add_suffix("_ppm")
    found = cluster_analytes(contents, n_clusters=5, random_state=0).labels
    smelter = found[found == found["Ni_ppm"]].index
    assert set(smelter) == {"Ni_ppm", "Cu_ppm", "Co_ppm"}


# ---------------------------------------------------------------- medoids


def test_medoids_by_brute_force():
    random = np.random.default_rng(0)
    for seed in range(8):
        rows = np.random.default_rng(seed).normal(size=(14, 2))
        distance = cdist(rows, rows)
        best = min(
            distance[:, list(each)].min(axis=1).sum()
            for each in combinations(range(14), 3)
        )
        for start in (None, random):
            found = find_medoids(distance, 3, random=start)
            cost = distance[:, found].min(axis=1).sum()
            # swaps end where no single one helps, not far above the very best
            assert best - 1e-9 <= cost <= 1.15 * best
            for i, j in ((i, j) for i in range(3) for j in range(14)):
                other = found.copy()
                other[i] = j
                assert distance[:, other].min(axis=1).sum() >= cost - 1e-9


# ---------------------------------------------------------------- samples


@pytest.mark.parametrize("method", ["kmedoids", "ward", "mixture"])
def test_groups_of_samples(method):
    table, truth = three_groups()
    found = cluster_samples(
        table, method=method, n_clusters=range(2, 5), n_bootstrap=6, random_state=0
    )
    assert adjusted_rand_score(truth, found.labels) > 0.95
    assert found.labels.attrs["n_clusters"] == 3
    assert found.groups["n"].is_monotonic_decreasing
    assert (found.groups["stability"] > 0.85).all()
    assert found.table.loc[3, "agreement"] > 0.9
    assert found.table["bic"].notna().all() == (method == "mixture")
    assert found.labels.attrs["notes"] == []


def test_a_continuum_is_called_one():
    random = np.random.default_rng(0)
    logs = random.normal(size=(300, 6))
    table = pd.DataFrame(np.exp(logs), columns=NAMES[:3] + NAMES[3:6])
    found = cluster_samples(table, n_bootstrap=8, random_state=0)
    text = " ".join(found.labels.attrs["notes"])
    assert "hardly stand apart" in text
    assert "change when samples are redrawn" in text
    assert found.table["agreement"].max() < 0.6


def test_means_are_geometric_and_rows_may_come_in_any_order():
    table, _ = three_groups()
    found = cluster_samples(table, n_clusters=3, n_bootstrap=0, random_state=0)
    assert np.isnan(found.table["agreement"].iloc[0])
    first = np.log(table[found.labels == 1]).mean()
    np.testing.assert_allclose(
        np.log(found.groups.loc[1, table.columns].astype(float)), first
    )
    mixed = table.sample(frac=1, random_state=1)
    again = cluster_samples(mixed, n_clusters=3, n_bootstrap=0, random_state=0)
    assert (again.labels.loc[table.index] == found.labels).all()


def test_large_tables_are_grouped_on_a_subset():
    table, truth = three_groups(n=400)
    before = table.copy()
    found = cluster_samples(
        table, n_clusters=3, n_bootstrap=2, max_rows=200, random_state=0
    )
    pd.testing.assert_frame_equal(table, before)
    assert adjusted_rand_score(truth, found.labels) > 0.95
    assert "found on 200 of 2400 samples" in found.labels.attrs["notes"][0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "kmeans"}, "method must be one of"),
        ({"n_clusters": 1}, "ask for 2 groups or more"),
        ({"n_clusters": []}, "ask for 2 groups or more"),
        ({"n_clusters": 360}, "360 samples cannot make 360 groups"),
    ],
)
def test_samples_refusals(options, message):
    with pytest.raises(ValueError, match=message):
        cluster_samples(three_groups()[0], **options)


def test_censored_are_refused():
    table = three_groups()[0].assign(Cu_ppm_censored=True)
    with pytest.raises(DataProblems, match="360 of 360 values are below detection"):
        cluster_samples(table)
