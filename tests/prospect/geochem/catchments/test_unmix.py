"""Unmixing: forward models, another optimiser, exact inverses, bounds, refusals."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from prospect.geochem import unmix_catchments
from prospect.geochem.catchments._mixing import (
    Observed,
    mix,
    ratio_misfit,
    resolution,
    solve,
)
from prospect.geochem.catchments._tree import tree_of
from survey import DataProblems


def network(n, *, seed=0, spread=1.0):
    """Table of nested catchments: each outlet drains to a later one, some to none."""
    rng = np.random.default_rng(seed)
    below = [
        int(rng.integers(i + 1, n)) if i < n - 1 and rng.random() < 0.9 else -1
        for i in range(n)
    ]
    own = np.exp(spread * rng.standard_normal(n))
    area = own.copy()
    for i in range(n):
        if below[i] >= 0:
            area[below[i]] += area[i]
    ids = [f"S{i}" for i in range(n)]
    return pd.DataFrame(
        {
            "sample_id": ids,
            "area_km2": area,
            "own_area_km2": own,
            "downstream_id": [ids[b] if b >= 0 else None for b in below],
            "outlet_cell": rng.permutation(n),
        }
    )


def mixed(catchments, sources):
    """Content at each sample: walk down from every own area, one at a time."""
    flux = dict.fromkeys(catchments["sample_id"], 0.0)
    after = catchments.set_index("sample_id")["downstream_id"].to_dict()
    for i, row in enumerate(catchments.itertuples()):
        here = row.sample_id
        while isinstance(here, str):
            flux[here] += row.own_area_km2 * sources[i]
            here = after[here]
    return np.array(list(flux.values())) / catchments["area_km2"].to_numpy()


def survey_of(catchments, sources, *, error=0.0, seed=0):
    noise = np.random.default_rng(seed).standard_normal(len(sources))
    y = mixed(catchments, sources) * np.exp(error * noise)
    return pd.DataFrame({"sample_id": catchments["sample_id"], "Cu_ppm": y})


def sources_of(n, *, seed=1, spread=0.8):
    return 30 * np.exp(spread * np.random.default_rng(seed).standard_normal(n))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 40))
def test_without_noise_the_sources_come_back(seed, n):
    catchments, sources = network(n, seed=seed), sources_of(n, seed=seed)
    samples = survey_of(catchments, sources)
    found = unmix_catchments(
        samples, catchments, "Cu_ppm", smoothing=1e-9, reference=30, n_draws=0
    )
    known = found.samples["resolution"] > 0.999  # all but slivers of own area
    assert known[0], "a headwater"
    np.testing.assert_allclose(
        found.samples["source"][known], sources[known], rtol=2e-2
    )
    np.testing.assert_allclose(found.samples["predicted"], samples["Cu_ppm"], rtol=1e-4)


def test_it_is_the_local_difference_of_fluxes():
    # closed form of the inverse: what leaves less what comes in, over the own area
    catchments = network(25, seed=3)
    samples = survey_of(catchments, sources_of(25))
    flux = samples["Cu_ppm"] * catchments["area_km2"]
    inflow = flux.groupby(catchments["downstream_id"]).sum()
    inflow = catchments["sample_id"].map(inflow).fillna(0)
    exact = (flux - inflow) / catchments["own_area_km2"]
    found = unmix_catchments(samples, catchments, "Cu_ppm", smoothing=1e-10, n_draws=0)
    np.testing.assert_allclose(found.samples["source"], exact, rtol=1e-3)


def problem(n=12, *, seed=5, kinds=(0,)):
    catchments = network(n, seed=seed)
    tree = tree_of(catchments)
    rng = np.random.default_rng(seed)
    kind = rng.choice(kinds, n)
    y = survey_of(catchments, sources_of(n), error=0.3)["Cu_ppm"].to_numpy()
    return tree, Observed(tree.node, np.log(y), kind)


def plain(log_sources, tree, observed, reference, smoothing):
    c = np.exp(log_sources)
    ratio = mix(c, tree)[observed.node] / np.exp(observed.log)
    value = ratio_misfit(ratio, observed.kind).sum()
    return value + smoothing * ratio_misfit(c / reference).sum()


@pytest.mark.parametrize("smoothing", [1e-3, 0.05, 1.0])
@pytest.mark.parametrize("kinds", [(0,), (0, 0, -1, 1)])
def test_another_optimiser_in_other_coordinates_agrees(smoothing, kinds):
    tree, observed = problem(kinds=kinds)
    found = solve(tree, observed, 30.0, smoothing)
    other = minimize(
        plain,
        np.log(np.full(len(found), 30.0)),
        args=(tree, observed, 30.0, smoothing),
        method="L-BFGS-B",
        options={"ftol": 1e-15, "gtol": 1e-9, "maxiter": 5000, "maxfun": 10**6},
    )
    arguments = (tree, observed, 30.0, smoothing)
    assert plain(np.log(found), *arguments) <= other.fun + 1e-9
    np.testing.assert_allclose(np.log(found), other.x, atol=2e-3)


def test_the_misfit_is_a_ratio_alike_both_ways():
    ratio = np.array([0.25, 0.5, 1, 2, 4])
    value = ratio_misfit(ratio)
    np.testing.assert_allclose(value, value[::-1])
    np.testing.assert_allclose(value, np.cosh(np.log(ratio)) - 1)
    one_way = ratio_misfit(ratio, np.full(5, -1))
    assert one_way[:3].tolist() == [0, 0, 0]
    np.testing.assert_allclose(one_way[3:], value[3:])


def test_resolution_is_that_of_the_dense_matrix():
    tree, observed = problem(15)
    smoothing = 0.2
    c = solve(tree, observed, 30.0, smoothing)
    n = len(c)
    jacobian = np.empty((n, n))
    for i in range(n):  # by differences
        up, down = (c * np.exp(sign * 1e-5 * (np.arange(n) == i)) for sign in (1, -1))
        jacobian[:, i] = np.log(mix(up, tree) / mix(down, tree)) / 2e-5
    off = np.log(mix(c, tree)[observed.node]) - observed.log
    weight = np.bincount(observed.node, np.cosh(off), n)
    told = jacobian.T @ (weight[:, None] * jacobian)
    whole = told + smoothing * np.diag(np.cosh(np.log(c / 30.0)))
    expected = np.diag(np.linalg.solve(whole, told))
    found = resolution(c, tree, observed, 30.0, smoothing)
    np.testing.assert_allclose(found, expected, atol=1e-7)


def test_noisy_nested_samples_are_told_apart_better_than_by_the_samples():
    catchments, sources = network(300, seed=8), sources_of(300, seed=8)
    samples = survey_of(catchments, sources, error=0.1)
    found = unmix_catchments(samples, catchments, "Cu_ppm", random_state=0, n_draws=40)
    table = found.samples
    off = np.log(table["source"] / sources)
    naive = np.log(samples["Cu_ppm"] / sources)
    assert off.std() < 0.85 * naive.std()
    known = table["resolution"] > 0.8
    assert np.abs(off[known]).median() < 0.5 * np.abs(off[~known]).median()
    inside = (table["source_low"] < sources) & (sources < table["source_high"])
    assert 0.7 < inside[known].mean() <= 1
    assert found.curve["error"].idxmin() == found.curve["smoothing"].tolist().index(
        found.smoothing
    )
    assert found.curve["misfit"].is_monotonic_increasing
    assert found.curve["departure"].is_monotonic_decreasing


def test_the_corner_of_the_curve_fits_the_noise():
    catchments, sources = network(150, seed=2), sources_of(150, seed=2)
    samples = survey_of(catchments, sources, error=0.1)
    found = unmix_catchments(
        samples, catchments, "Cu_ppm", smoothing="l_curve", n_draws=0
    )
    assert 1e-4 < found.smoothing < 10
    assert found.curve["error"].isna().all()
    assert found.samples["source_low"].isna().all()


def test_bounds_hold_without_being_values():
    catchments = network(30, seed=4)
    sources = sources_of(30, seed=4)
    samples = survey_of(catchments, sources)
    limit = samples["Cu_ppm"].quantile(0.3)
    below = samples["Cu_ppm"] < limit
    censored = samples.assign(
        Cu_ppm=samples["Cu_ppm"].clip(lower=limit), Cu_ppm_censored=below
    )
    found = unmix_catchments(censored, catchments, "Cu_ppm", smoothing=1e-6, n_draws=0)
    predicted = found.samples["predicted"]
    assert (predicted[below] <= limit * 1.01).all()
    np.testing.assert_allclose(predicted[~below], samples["Cu_ppm"][~below], rtol=0.01)
    assert any(f"{below.sum()} censored" in note for note in found.notes)
    imputed = unmix_catchments(
        censored.assign(Cu_ppm_imputed=below), catchments, "Cu_ppm", smoothing=1e-6,
        n_draws=0,
    )  # fmt: skip
    assert not any("censored" in note for note in imputed.notes)


def test_missing_values_and_catchments_are_counted_and_kept_as_rows():
    catchments = network(10, seed=1)
    samples = survey_of(catchments, sources_of(10))
    samples.loc[2, "Cu_ppm"] = np.nan
    lost = catchments.iloc[[0]].assign(sample_id="lost", downstream_id=None)
    lost[["outlet_cell", "area_km2", "own_area_km2"]] = np.nan
    catchments = pd.concat([catchments, lost], ignore_index=True)
    samples = pd.concat(
        [samples, pd.DataFrame({"sample_id": ["lost"], "Cu_ppm": [5.0]})]
    )
    found = unmix_catchments(samples, catchments, "Cu_ppm", smoothing=0.1, n_draws=3)
    assert len(found.samples) == 11
    assert np.isnan(found.samples["source"][10])
    assert np.isfinite(found.samples["source"][2])
    assert np.isnan(found.samples["log_misfit"][2])
    said = " ".join(found.notes)
    assert "1 samples without a usable value" in said
    assert "1 samples have no catchment" in said


def test_two_samples_of_one_outlet_have_one_source():
    catchments = network(6, seed=1)
    twin = catchments.iloc[[0]].assign(sample_id="twin")
    catchments = pd.concat([catchments, twin], ignore_index=True)
    samples = pd.DataFrame(
        {"sample_id": catchments["sample_id"], "Cu_ppm": [20.0] * 6 + [40.0]}
    )
    found = unmix_catchments(samples, catchments, "Cu_ppm", smoothing=1e-6, n_draws=0)
    source = found.samples.set_index("sample_id")["source"]
    assert source["twin"] == source["S0"]
    assert 20 < found.samples["predicted"][0] < 40


def test_the_same_seed_gives_the_same_answer_and_input_stays():
    catchments = network(20)
    samples = survey_of(catchments, sources_of(20), error=0.2)
    before = samples.copy(), catchments.copy()
    one, two = (
        unmix_catchments(samples, catchments, "Cu_ppm", n_draws=5, random_state=3)
        for _ in range(2)
    )
    pd.testing.assert_frame_equal(one.samples, two.samples)
    pd.testing.assert_frame_equal(samples, before[0])
    pd.testing.assert_frame_equal(catchments, before[1])


def test_what_is_refused():
    catchments = network(5)
    samples = survey_of(catchments, sources_of(5))
    for options, message in (
        ({"smoothing": "best"}, "smoothing='best' is unknown"),
        ({"smoothing": 0.0}, "not above 0"),
        ({"reference": -3.0}, "reference=-3.0"),
        ({"error": -1.0}, "must not be negative"),
    ):
        with pytest.raises(ValueError, match=message):
            unmix_catchments(samples, catchments, "Cu_ppm", **options)
    with pytest.raises(DataProblems, match=r"row 2.*not above 0"):
        unmix_catchments(
            samples.assign(Cu_ppm=[1, -2.0, 3, 4, 5]), catchments, "Cu_ppm"
        )
    with pytest.raises(DataProblems, match=r"'S9': the sample has no catchment row"):
        unmix_catchments(
            samples.replace("S1", "S9"), catchments, "Cu_ppm", smoothing=1.0
        )
    with pytest.raises(ValueError, match="holds no measured value"):
        unmix_catchments(samples.assign(Cu_ppm=np.nan), catchments, "Cu_ppm")


def test_a_smoothing_at_the_end_of_the_range_is_told():
    catchments = network(40, seed=6, spread=0.3)
    rng = np.random.default_rng(0)
    y = 30 * np.exp(0.1 * rng.standard_normal(40))  # nothing but noise
    samples = pd.DataFrame({"sample_id": catchments["sample_id"], "Cu_ppm": y})
    found = unmix_catchments(samples, catchments, "Cu_ppm", n_draws=0, random_state=0)
    assert found.smoothing == 10
    assert any("is the largest one tried" in note for note in found.notes)
