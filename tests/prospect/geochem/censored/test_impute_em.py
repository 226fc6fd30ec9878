"""The log-ratio normal: moments by integration, likelihood by brute force."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.stats import multivariate_normal

from prospect.geochem import impute_censored
from prospect.geochem.censored._impute_em import fit_log_ratios, start_values
from prospect.geochem.censored._truncated import no_sites, orthant_moments
from prospect.geochem.composition._basis import ilr_basis


def moments(mean, covariance, limits, sweeps=30):
    precision = np.linalg.inv(covariance)
    size = len(mean)
    found = orthant_moments(
        precision[None],
        (precision @ mean)[None],
        np.asarray(limits, float)[None],
        no_sites(1, size),
        sweeps=sweeps,
    )
    return found[0][0], found[1][0]


@pytest.mark.parametrize("correlation", [-0.6, 0.0, 0.7])
@pytest.mark.parametrize("limits", [(0.0, 0.5), (-2.0, 1.0), (3.0, -1.0)])
def test_two_limits_by_integration(correlation, limits):
    covariance = np.array([[1, correlation * 1.5], [correlation * 1.5, 2.25]])
    mean = np.array([0.2, -0.3])
    axes = [np.linspace(end - 12, end, 1201) for end in limits]
    one, two = np.meshgrid(*axes, indexing="ij")
    weight = multivariate_normal(mean, covariance).pdf(np.dstack([one, two]))
    weight /= weight.sum()
    expected = [(weight * one).sum(), (weight * two).sum()]
    found, spread = moments(mean, covariance, limits)
    np.testing.assert_allclose(found, expected, atol=0.015)
    variance = (weight * (one - expected[0]) ** 2).sum()
    assert spread[0, 0] == pytest.approx(variance, rel=0.05)
    assert (found < limits).all()


def test_one_limit_and_one_unknown_are_exact():
    covariance, mean = np.array([[1.0, 0.5], [0.5, 2.0]]), np.zeros(2)
    found, spread = moments(mean, covariance, [0.0, np.inf], sweeps=60)
    half = np.sqrt(2 / np.pi)
    np.testing.assert_allclose(found, [-half, -half / 2], rtol=1e-9)
    expected = 2 - 0.25 + 0.25 * (1 - half**2)
    assert spread[1, 1] == pytest.approx(expected, rel=1e-8)
    free, _ = moments(mean, covariance, [np.inf, np.inf])
    np.testing.assert_allclose(free, 0, atol=1e-12)


def draw(seed, count=60):
    random = np.random.default_rng(seed)
    root = np.array([[0.7, 0, 0], [0.3, 0.8, 0], [0.1, 0.3, 0.9]])
    truth = random.normal(size=(count, 3)) @ root.T + [0, 1, -0.5]
    limits = np.tile(np.log([0.9, 1.5, 0.6]), (count, 1))
    hidden = truth < limits
    hidden[hidden.all(axis=1)] = False
    return np.where(hidden, np.nan, truth), np.where(hidden, limits, np.inf)


def log_likelihood(mean, covariance, logs, limits):
    """Of what was seen: densities of detected ratios times shares below the limits."""
    basis = ilr_basis(3).to_numpy()
    total = 0.0
    for row, bound in zip(logs, limits, strict=True):
        hidden = np.isnan(row)
        base, *others = np.flatnonzero(~hidden)
        order = [*others, *np.flatnonzero(hidden)]
        turn = np.zeros((2, 3))
        turn[[0, 1], order], turn[:, base] = 1, -1
        turn = turn @ basis.T
        centre, spread = turn @ mean, turn @ covariance @ turn.T
        data = (np.where(hidden, bound, row) - row[base])[order]
        seen = len(others)
        if seen:
            total += multivariate_normal.logpdf(
                data[:seen], centre[:seen], spread[:seen, :seen]
            )
            slope = spread[seen:, :seen] @ np.linalg.inv(spread[:seen, :seen])
            centre = centre[seen:] + slope @ (data[:seen] - centre[:seen])
            spread = spread[seen:, seen:] - slope @ spread[:seen, seen:]
        if seen < 2:
            rest = data[seen:] if seen else data
            total += multivariate_normal.logcdf(rest, centre, spread)
    return total


def test_maximum_likelihood_by_brute_force_without_a_complete_part():
    logs, limits = draw(3)
    assert np.isnan(logs).any(axis=0).all()
    assert (np.isnan(logs).sum(axis=1) == 2).any()
    model = fit_log_ratios(logs, limits, tolerance=1e-9, max_iterations=3000)
    assert model.converged
    basis = ilr_basis(3).to_numpy()
    root = np.linalg.cholesky(basis @ model.covariance @ basis.T)
    start = np.array([*(basis @ model.mean), root[0, 0], root[1, 0], root[1, 1]])

    def minus(values):
        lower = np.array([[values[2], 0], [values[3], values[4]]])
        return -log_likelihood(values[:2], lower @ lower.T, logs, limits)

    options = {"xatol": 1e-5, "fatol": 1e-6, "maxiter": 600}
    best = minimize(minus, start * 1.05, method="Nelder-Mead", options=options)
    assert minus(start) <= best.fun + 1e-3
    np.testing.assert_allclose(start, best.x, atol=5e-3)


def test_complete_data_give_the_usual_moments():
    random = np.random.default_rng(1)
    logs = random.normal(size=(50, 4))
    model = fit_log_ratios(logs, np.full(logs.shape, np.inf))
    centred = logs - logs.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(model.mean, centred.mean(axis=0))
    np.testing.assert_allclose(model.covariance, np.cov(centred.T, ddof=0))
    assert model.iterations == 1


def test_covariance_is_recovered_better_than_by_half_the_limit():
    random = np.random.default_rng(6)
    root = np.tril(random.uniform(-0.3, 0.8, (5, 5))) + 0.3 * np.eye(5)
    logs = random.normal(size=(3000, 5)) @ root.T
    # the last part is the rest of the sample: contents are ratios to it
    logs = np.c_[logs, np.full(3000, 8.0)]
    limits = np.full(logs.shape, -np.inf)
    limits[:, :3] = np.quantile(logs[:, :3], [0.3, 0.4, 0.2], axis=0).diagonal()
    hidden = logs < limits
    cells = np.where(hidden, np.nan, logs)
    model = fit_log_ratios(cells, np.where(hidden, limits, np.inf))

    def covariance(values):
        return np.cov((values - values.mean(axis=1, keepdims=True)).T)

    truth = covariance(logs)
    half = covariance(np.where(hidden, limits - np.log(2), logs))
    wrong = np.abs(half - truth).max()
    assert np.abs(model.covariance - truth).max() < wrong / 4


def test_outliers_do_less_harm_with_heavy_tails():
    logs, limits = draw(8, count=300)
    clean = fit_log_ratios(logs, limits)
    rows = np.flatnonzero(~np.isnan(logs).any(axis=1))[:15]
    logs[rows] += [4, -4, 0]
    moved = fit_log_ratios(logs, limits)
    firm = fit_log_ratios(logs, limits, robust=True)
    away = np.abs(moved.mean - clean.mean).max()
    assert np.abs(firm.mean - clean.mean).max() < away / 2


def test_missing_rows_start_from_their_level():
    logs = np.log([[1.0, 2, 4], [2, 4, 8], [4, 8, np.nan]])
    filled = start_values(logs, np.full((3, 3), np.inf))
    # the last row is twice the middle of the others, as far as it is known
    assert filled[2, 2] > filled[1, 2]


def test_likelihood_and_draws_agree_on_large_tables():
    random = np.random.default_rng(2)
    root = np.array([[0.8, 0, 0], [0.5, 0.5, 0], [0.3, 0.2, 0.6]])
    values = np.exp(random.normal(size=(400, 3)) @ root.T)
    names = ["As_ppm", "Cu_ppm", "Zn_ppm"]
    table = pd.DataFrame(values, columns=names)
    table["As_ppm_censored"] = table["As_ppm"] < 0.7
    table["As_ppm"] = table["As_ppm"].clip(lower=0.7)
    one = impute_censored(table)
    two = impute_censored(table, method="lr_da", random_state=3)
    hidden = table["As_ppm_censored"]
    ratio = np.log(one.loc[hidden, "As_ppm"] / two.loc[hidden, "As_ppm"])
    assert np.abs(ratio.mean()) < 0.03
    assert ratio.std() < 0.08
