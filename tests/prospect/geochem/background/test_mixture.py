"""Mixtures: against scikit-learn, with values below detection, intervals."""

import numpy as np
import pandas as pd
import pytest
import scipy.optimize
import scipy.stats
from sklearn.mixture import GaussianMixture

from prospect.geochem import threshold_mixture
from prospect.geochem.background._mixture_fit import (
    Points,
    Populations,
    fit_populations,
    improve,
)

TRUE = {"share": [0.9, 0.1], "mean": [10**1.3, 10**2.2], "sd": [0.15, 0.2]}


def drawn(n, seed):
    rng = np.random.default_rng(seed)
    k = int(0.9 * n)
    lg = np.r_[rng.normal(1.3, 0.15, k), rng.normal(2.2, 0.2, n - k)]
    return pd.DataFrame({"Cu_ppm": 10**lg})


@pytest.fixture(scope="module")
def copper():
    return drawn(2000, 4)


def test_against_scikit_learn(copper):
    lg = np.log10(copper[["Cu_ppm"]].to_numpy())
    theirs = GaussianMixture(2, n_init=5, tol=1e-10, max_iter=5000, reg_covar=0)
    theirs.fit(lg)
    order = np.argsort(theirs.means_.ravel())
    ours = threshold_mixture(
        copper, "Cu_ppm", random_state=0, n_populations=2, n_bootstrap=0
    )
    assert ours.log_likelihood == pytest.approx(theirs.score(lg) * len(lg), rel=1e-6)
    assert ours.bic[2] == pytest.approx(theirs.bic(lg), rel=1e-6)
    table = ours.populations
    assert table["share"].to_numpy() == pytest.approx(theirs.weights_[order], abs=1e-4)
    assert np.log10(table["mean"]).to_numpy() == pytest.approx(
        theirs.means_.ravel()[order], abs=1e-4
    )
    assert table["sd"].to_numpy() == pytest.approx(
        np.sqrt(theirs.covariances_.ravel()[order]), abs=1e-4
    )


def test_bic_finds_the_number(copper):
    found = threshold_mixture(copper, "Cu_ppm", random_state=0, n_bootstrap=0)
    assert found.bic.idxmin() == 2
    one = drawn(2000, 4).iloc[:1800]
    assert len(threshold_mixture(one, "Cu_ppm", random_state=0, n_bootstrap=0).bic) == 4
    alone = threshold_mixture(one, "Cu_ppm", random_state=0, n_bootstrap=0)
    assert len(alone.populations) == 1


def test_values_below_detection_do_not_bend_the_fit(copper):
    # a third of the values hidden below a limit: at the limit or halved the background
    # would be moved; the likelihood finds it where it is
    limit = float(copper["Cu_ppm"].quantile(1 / 3))
    below = copper["Cu_ppm"] < limit
    samples = copper.assign(
        Cu_ppm=copper["Cu_ppm"].where(~below, limit), Cu_ppm_censored=below
    )
    found = threshold_mixture(
        samples, "Cu_ppm", random_state=0, n_populations=2, n_bootstrap=0
    )
    assert found.populations["mean"].tolist() == pytest.approx(TRUE["mean"], rel=0.05)
    assert found.populations["sd"].tolist() == pytest.approx(TRUE["sd"], abs=0.02)
    assert found.counts["n_censored"] == int(below.sum())
    imputed = samples.assign(
        Cu_ppm=samples["Cu_ppm"].where(~below, limit / 2),
        Cu_ppm_imputed=below,
        Cu_ppm_detection_limit=limit,
    )
    again = threshold_mixture(
        imputed, "Cu_ppm", random_state=0, n_populations=2, n_bootstrap=0
    )
    pd.testing.assert_frame_equal(again.populations, found.populations)
    untold = threshold_mixture(
        imputed.drop(columns="Cu_ppm_detection_limit"),
        "Cu_ppm",
        random_state=0,
        n_populations=2,
        n_bootstrap=0,
    )
    assert "imputed values without a told limit" in untold.note


def test_one_censored_population_is_the_maximum_likelihood():
    # Tobit likelihood by a general optimiser
    rng = np.random.default_rng(2)
    lg = rng.normal(0.5, 0.3, 200)
    limits = np.where(np.arange(200) % 2, 0.3, 0.5)
    below, over = lg < limits, lg > 1.1
    value = np.where(below, limits, np.minimum(lg, 1.1))
    samples = pd.DataFrame(
        {"Au_ppb": 10**value, "Au_ppb_censored": below, "Au_ppb_over_range": over}
    )

    def loss(p):
        normal = scipy.stats.norm(p[0], np.exp(p[1]))
        terms = np.where(below, normal.logcdf(value), normal.logpdf(value))
        return -np.where(over, normal.logsf(value), terms).sum()

    best = scipy.optimize.minimize(
        loss, [0, 0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-9}
    )
    found = threshold_mixture(
        samples, "Au_ppb", random_state=0, n_populations=1, n_bootstrap=0
    )
    assert found.log_likelihood == pytest.approx(-best.fun, abs=1e-5)
    assert np.log10(found.populations["mean"][1]) == pytest.approx(best.x[0], abs=1e-4)
    assert found.populations["sd"][1] == pytest.approx(np.exp(best.x[1]), abs=1e-4)
    assert found.counts["n_over_range"] == over.sum()


def test_likelihood_never_falls():
    rng = np.random.default_rng(8)
    lg = np.r_[rng.normal(0, 1, 80), rng.normal(3, 0.5, 40)]
    below = lg < -0.5
    points = Points.of(np.where(below, -0.5, lg), below, lg > 3.5)
    now = Populations(np.full(3, 1 / 3), np.array([-1.0, 1, 4]), np.ones(3), 0.0, False)
    seen = []
    for _ in range(50):
        now = improve(points, now, floor=1e-6, most=1)
        seen.append(now.log_likelihood)
    assert (np.diff(seen) > -1e-9).all()


def test_thresholds_are_where_they_are_said_to_be(copper):
    found = threshold_mixture(copper, "Cu_ppm", random_state=0, n_bootstrap=0)
    table = found.thresholds.set_index(["kind", "population"])["value"]
    first = found.populations.loc[1]
    assert table["upper", 1] == pytest.approx(first["mean"] * 10 ** (2 * first["sd"]))
    assert table["lower", 1] == pytest.approx(first["mean"] / 10 ** (2 * first["sd"]))
    middle = table["equal_density", 1]
    level = found.density([middle])
    assert level.loc[0, 1] == pytest.approx(level.loc[0, 2])
    assert found.membership([middle]).loc[0].tolist() == pytest.approx([0.5, 0.5])
    assert first["mean"] < middle < found.populations.loc[2, "mean"]
    x = np.logspace(0, 3, 4001)
    total = found.density(x).sum(axis=1)
    area = scipy.integrate.trapezoid(total, np.log10(x))
    assert area == pytest.approx(1, abs=1e-3)
    assert found.cumulative([1e6]).sum(axis=1)[0] == pytest.approx(1)


def test_intervals_hold_the_truth_as_often_as_they_say():
    held = []
    for seed in range(20):
        found = threshold_mixture(
            drawn(400, seed), "Cu_ppm", random_state=1, n_populations=2, n_bootstrap=99
        )
        for name, true in TRUE.items():
            low, high = (
                found.populations[f"{name}_low"],
                found.populations[f"{name}_high"],
            )
            held += ((low <= true) & (true <= high)).tolist()
        assert found.counts["n_resamples"] == 99
    assert np.mean(held) > 0.88  # 120 intervals of 95 %


def test_intervals_shrink():
    small = threshold_mixture(drawn(300, 1), "Cu_ppm", random_state=1, n_bootstrap=60)
    large = threshold_mixture(drawn(3000, 1), "Cu_ppm", random_state=1, n_bootstrap=60)
    wide, narrow = (
        (f.thresholds["high"] - f.thresholds["low"]).to_numpy() for f in (small, large)
    )
    assert (narrow < wide).all()


def test_many_distinct_values_are_joined_without_harm():
    rng = np.random.default_rng(0)
    lg = np.r_[rng.normal(1, 0.2, 8000), rng.normal(2, 0.2, 2000)]
    none = np.zeros(10000, dtype=bool)
    points = Points.of(lg, none, none)
    assert len(points.value) <= 4096
    assert points.counts.sum() == 10000
    found = fit_populations(points, 2, random_state=0, tolerance=1e-10)
    theirs = GaussianMixture(2, tol=1e-9, max_iter=5000, reg_covar=0)
    theirs.fit(lg[:, None])
    order = np.argsort(theirs.means_.ravel())
    assert found.mean == pytest.approx(theirs.means_.ravel()[order], abs=1e-3)


def test_the_same_seed_gives_the_same(copper):
    one, two = (
        threshold_mixture(copper[:500], "Cu_ppm", random_state=3, n_bootstrap=20)
        for _ in range(2)
    )
    pd.testing.assert_frame_equal(one.thresholds, two.thresholds)


def test_normal_populations_in_the_unit_itself():
    rng = np.random.default_rng(6)
    samples = pd.DataFrame(
        {"pH": np.r_[rng.normal(5, 0.3, 300), rng.normal(7, 0.3, 300)]}
    )
    found = threshold_mixture(
        samples, "pH", random_state=0, transform=None, n_bootstrap=0
    )
    assert found.populations["mean"].tolist() == pytest.approx([5, 7], abs=0.1)


def test_errors():
    few = pd.DataFrame({"Cu_ppm": [1.0, 2, 3]})
    with pytest.raises(ValueError, match="3 values do not tell"):
        threshold_mixture(few, "Cu_ppm", random_state=0)
    with pytest.raises(ValueError, match="n_populations must be one of"):
        threshold_mixture(few, "Cu_ppm", random_state=0, n_populations=5)
    with pytest.raises(ValueError, match="n_bootstrap must be 0 or more"):
        threshold_mixture(few, "Cu_ppm", random_state=0, n_bootstrap=-1)
    spike = pd.DataFrame({"Cu_ppm": [5.0] * 50})
    with pytest.raises(ValueError, match="too much alike"):
        threshold_mixture(spike, "Cu_ppm", random_state=0)
