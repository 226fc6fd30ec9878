"""Kriging against the book, against dense systems, and its laws."""

import dask
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from odc.geo.xr import wrap_xr

from prospect.gridding import (
    Neighbourhood,
    Structure,
    VariogramModel,
    krige,
    krige_points,
)
from survey import DataProblems, make_geobox

from .oracle import CRS, as_samples, between, centres, dense

MODEL = VariogramModel(0.3, [Structure("spherical", 3, 300, 0.4, 30)])
ORIGIN = np.array([500_000.0, 4_000_000.0])
LIKE = make_geobox((500_000, 500_400, 4_000_000, 4_000_300), crs=CRS, resolution=10)


def scattered(n, *, seed=0, size=400.0):
    rng = np.random.default_rng(seed)
    return rng.uniform(0, size, (n, 2)) + ORIGIN, rng.normal(10, 2, n)


XY, Z = scattered(80)
SOIL = as_samples(XY, Cu_ppm=Z, sample_id=[f"S{i}" for i in range(80)])
FAR = {"neighbourhood": Neighbourhood(neighbours=30)}


# --- numbers -------------------------------------------------------------------------


def test_isaaks_and_srivastava():
    """Chapter 12: estimate 592.7, variance 8.96 at (65, 137)."""
    xy = np.array(
        [(61, 139), (63, 140), (64, 129), (68, 128), (71, 140), (73, 141), (75, 128)],
        dtype=float,
    )
    v = np.array([477, 696, 227, 646, 606, 791, 783.0])
    model = VariogramModel(structures=[Structure("exponential", 10, 10)])
    samples = as_samples(xy, V=v)
    target = as_samples(np.array([[65.0, 137.0]]))
    found = krige_points(samples, "V", at=target, variogram=model).loc[0]
    assert found["estimate"] == pytest.approx(592.73, abs=0.005)
    assert found["variance"] == pytest.approx(8.956, abs=0.001)
    like = make_geobox((60, 70, 132, 142), crs=CRS, resolution=2)
    grid = krige(samples, "V", like=like, variogram=model)
    cell = grid.sel(x=65, y=137)
    assert float(cell["estimate"]) == pytest.approx(592.73, abs=0.005)
    assert float(cell["variance"]) == pytest.approx(8.956, abs=0.001)


def test_weights_of_isaaks_and_srivastava():
    xy = np.array(
        [(61, 139), (63, 140), (64, 129), (68, 128), (71, 140), (73, 141), (75, 128)],
        dtype=float,
    )
    model = VariogramModel(structures=[Structure("exponential", 10, 10)])
    target = as_samples(np.array([[65.0, 137.0]]))
    weights = [
        krige_points(as_samples(xy, V=row), "V", at=target, variogram=model).loc[
            0, "estimate"
        ]
        for row in np.eye(7)
    ]
    printed = [0.173, 0.318, 0.129, 0.086, 0.151, 0.057, 0.086]
    np.testing.assert_allclose(weights, printed, atol=6e-4)


# --- independent route ---------------------------------------------------------------

MODELS = [
    MODEL,
    VariogramModel(
        0,
        [
            Structure("exponential", 2, 400),
            Structure("matern", 1, 100, 0.5, 120, smoothness=1.5),
        ],
    ),
    VariogramModel(0.1, [Structure("cubic", 2, 200)]),
    VariogramModel(0.2, [Structure("gaussian", 2, 100)]),
    VariogramModel(0.2, [Structure("matern", 2, 200, smoothness=2.5)]),
]


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.structures[0].kind)
def test_grid_is_that_of_one_dense_system(model):
    estimate, variance, _ = dense(XY, Z, model, centres(LIKE))
    found = krige(SOIL, "Cu_ppm", like=LIKE, variogram=model)
    np.testing.assert_allclose(
        found["estimate"].to_numpy().ravel(), estimate, rtol=3e-6
    )
    np.testing.assert_allclose(
        found["variance"].to_numpy().ravel(), variance, rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("drift", ["linear", "quadratic", 9.0])
def test_drift_is_that_of_the_dense_system(drift):
    def functions(xy):
        x, y = ((xy - ORIGIN) / 100).T
        made = [np.ones(len(x)), x, y]
        made += [x * x, y * y, x * y] if drift == "quadratic" else []
        return np.column_stack(made) if isinstance(drift, str) else np.zeros(
            (len(x), 0)
        )  # fmt: skip

    mean = 0.0 if isinstance(drift, str) else drift
    estimate, variance, _ = dense(
        XY, Z - mean, MODEL, centres(LIKE), functions=functions
    )
    found = krige(SOIL, "Cu_ppm", like=LIKE, variogram=MODEL, drift=drift)
    np.testing.assert_allclose(
        found["estimate"].to_numpy().ravel(), estimate + mean, rtol=3e-6
    )
    np.testing.assert_allclose(
        found["variance"].to_numpy().ravel(), variance, rtol=1e-5
    )


def test_external_drift_is_that_of_the_dense_system():
    at = centres(LIKE)
    height = np.sin(at[:, 0] / 70) + at[:, 1] / 300
    grid = wrap_xr(height.reshape(LIKE.shape).astype(float), LIKE).rename("height")
    cells = np.floor((XY - (LIKE.affine.c, LIKE.affine.f)) / (10, -10)).astype(int)
    inside = (cells[:, 1] >= 0) & (cells[:, 1] < 30)
    known = grid.to_numpy()[cells[inside, 1], cells[inside, 0]]

    def functions(xy):
        values = known if len(xy) == inside.sum() else height
        return np.column_stack([np.ones(len(xy)), values])

    z = Z.copy()
    z[inside] += 5 * known
    estimate, variance, _ = dense(XY[inside], z[inside], MODEL, at, functions=functions)
    samples = SOIL.assign(Cu_ppm=z)
    for lazy in (grid, grid.chunk({"y": 16, "x": 16})):
        found = krige(samples, "Cu_ppm", like=LIKE, variogram=MODEL, drift=lazy)
        np.testing.assert_allclose(
            found["estimate"].to_numpy().ravel(), estimate, rtol=3e-6
        )
        np.testing.assert_allclose(
            found["variance"].to_numpy().ravel(), variance, rtol=1e-5
        )
    assert "lie where the drift has no value" in str(found["estimate"].attrs["notes"])


def test_a_drift_constant_in_the_neighbourhood_does_without():
    flat = wrap_xr(np.zeros(LIKE.shape), LIKE).rename("fault")
    flat[:, 35:] = 1.0
    samples = SOIL[XY[:, 1] < 4_000_300]
    few = Neighbourhood(neighbours=6)
    found = krige(
        samples, "Cu_ppm", like=LIKE, variogram=MODEL, drift=flat, neighbourhood=few
    )
    plain = krige(samples, "Cu_ppm", like=LIKE, variogram=MODEL, neighbourhood=few)
    assert np.isfinite(found["estimate"].to_numpy()).all()
    for name in ("estimate", "variance"):
        np.testing.assert_allclose(
            found[name].to_numpy()[:, :20], plain[name].to_numpy()[:, :20], rtol=1e-6
        )


@pytest.mark.parametrize("side", [1, 3])
def test_block_kriging_is_that_of_the_dense_system(side):
    steps = (np.arange(side) + 0.5) / side - 0.5
    part = 10 * np.column_stack([np.repeat(steps, side), np.tile(steps, side)])
    smooth = VariogramModel(0, MODEL.structures)
    estimate, variance, _ = dense(
        XY, Z, smooth, centres(LIKE), noise=MODEL.nugget, part=part
    )
    found = krige(SOIL, "Cu_ppm", like=LIKE, variogram=MODEL, block=side)
    np.testing.assert_allclose(
        found["estimate"].to_numpy().ravel(), estimate, rtol=3e-6
    )
    np.testing.assert_allclose(
        found["variance"].to_numpy().ravel(), variance, rtol=1e-5
    )


def test_a_block_of_one_point_does_not_hold_the_nugget_of_a_sample_there():
    samples = as_samples(np.array([[50.0, 50], [150, 50], [350, 50]]), V=[1.0, 5, 2])
    like = make_geobox((0, 400, 0, 100), crs=CRS, resolution=100)
    model = VariogramModel(1, [Structure("spherical", 1, 600)])
    found = krige(samples, "V", like=like, variogram=model, block=1)
    assert (found["variance"] > 0.4).all()
    assert float(found["estimate"][0, 1]) < 4


def test_measurement_error_is_filtered_as_in_the_dense_system():
    error = np.random.default_rng(1).uniform(0, 2, len(Z))
    samples = SOIL.assign(Cu_ppm_error=error)
    estimate, variance, _ = dense(XY, Z, MODEL, centres(LIKE), noise=error**2)
    found = krige(samples, "Cu_ppm", like=LIKE, variogram=MODEL)
    np.testing.assert_allclose(
        found["estimate"].to_numpy().ravel(), estimate, rtol=3e-6
    )
    np.testing.assert_allclose(
        found["variance"].to_numpy().ravel(), variance, rtol=1e-5
    )
    assert "measurement error" in found["estimate"].attrs["notes"][0]


def test_linear_variogram_is_that_of_the_dense_system():
    """With semivariances in place of covariances; the sill cancels."""
    model = VariogramModel(0.5, [Structure("linear", 2, 100)])
    far = VariogramModel(0.5, [Structure("linear", 2, 100), Structure("cubic", 0, 9)])
    gamma = lambda a, b: model(np.linalg.norm(a[:, None] - b[None], axis=2))  # noqa: E731
    at, n = centres(LIKE), len(Z)
    left = np.ones((n + 1, n + 1))
    left[:n, :n], left[n, n] = gamma(XY, XY), 0
    right = np.vstack([gamma(XY, at), np.ones(len(at))])
    weights = np.linalg.solve(left, right)
    for each in (model, far):
        found = krige(SOIL, "Cu_ppm", like=LIKE, variogram=each)
        np.testing.assert_allclose(
            found["estimate"].to_numpy().ravel(), Z @ weights[:n], rtol=3e-6
        )
        np.testing.assert_allclose(
            found["variance"].to_numpy().ravel(),
            (weights * right).sum(axis=0),
            rtol=1e-4,
        )


def test_lognormal_back_transform_is_that_of_the_dense_system():
    model = VariogramModel(0.02, [Structure("spherical", 0.1, 200)])
    y = Z / 5
    estimate, variance, weights = dense(XY, y, model, centres(LIKE))
    lost = model.sill - np.einsum(
        "ij,ik,kj->j", weights, between(model, XY, XY), weights
    )
    ten = np.log(10)
    mean = np.exp(ten * estimate + ten**2 * lost / 2)
    found = krige(
        SOIL.assign(Cu_ppm=10**y), "Cu_ppm", like=LIKE, variogram=model,
        transform="log10",
    )  # fmt: skip
    np.testing.assert_allclose(found["estimate"].to_numpy().ravel(), mean, rtol=2e-5)
    np.testing.assert_allclose(
        found["variance"].to_numpy().ravel(),
        mean**2 * np.expm1(ten**2 * variance),
        rtol=1e-4,
        atol=1e-3,
    )


@pytest.mark.parametrize("sectors", [1, 4, 8])
def test_neighbours_are_those_of_a_plain_search(sectors):
    hood = Neighbourhood(neighbours=16, sectors=sectors, max_distance=150)
    at = scattered(40, seed=5)[0]
    found = krige_points(
        SOIL, "Cu_ppm", at=as_samples(at), variogram=MODELS[2], neighbourhood=hood
    )
    for place, row in zip(at, found.itertuples(), strict=True):
        apart = XY - place
        order = np.argsort((apart**2).sum(axis=1))
        east, north = (apart[order] >= 0).T
        steep = np.abs(apart[order, 0]) > np.abs(apart[order, 1])
        sector = {1: 0 * east, 4: 2 * east + north, 8: 4 * east + 2 * north + steep}
        sector = sector[sectors]
        near = np.linalg.norm(apart[order], axis=1) <= 150
        chosen = [
            i
            for i, s in zip(order[near], sector[near], strict=True)
            if np.sum(sector[: np.flatnonzero(order == i)[0]] == s) < 16 // sectors
        ]
        chosen = chosen[:16]
        estimate, variance, _ = dense(XY[chosen], Z[chosen], MODELS[2], place[None])
        assert row.n_samples == len(chosen)
        assert row.estimate == pytest.approx(estimate[0])
        assert row.variance == pytest.approx(variance[0])


# --- neighbourhoods of squares -------------------------------------------------------


def many(n=1500, seed=2):
    rng = np.random.default_rng(seed)
    xy = rng.uniform(0, 400, (n, 2)) + ORIGIN
    wave = np.sin(xy[:, 0] / 40) * np.cos(xy[:, 1] / 60)
    return as_samples(xy, Cu_ppm=10 + 3 * wave + rng.normal(0, 0.5, n))


@pytest.mark.parametrize(
    "model",
    [
        VariogramModel(0.25, [Structure("spherical", 4, 120)]),
        VariogramModel(0, [Structure("exponential", 4, 200, 0.5, 60)]),
    ],
)
def test_moving_neighbourhoods_come_near_to_one(model):
    """Stated: 0.7 of the kriging sd at most, 0.1 rms; sd 5 % larger at most."""
    samples = many()
    like = make_geobox((500_000, 500_400, 4_000_000, 4_000_400), crs=CRS, resolution=4)
    whole = krige(samples, "Cu_ppm", like=like, variogram=model).compute()
    moving = krige(
        samples, "Cu_ppm", like=like, variogram=model,
        neighbourhood=Neighbourhood(neighbours=64),
    ).compute()  # fmt: skip
    sd = np.sqrt(whole["variance"])
    apart = np.abs(moving["estimate"] - whole["estimate"]) / sd
    assert float(apart.max()) < 0.5
    assert float(np.sqrt((apart**2).mean())) < 0.1
    ratio = np.sqrt(moving["variance"]) / sd
    assert float(ratio.min()) > 0.999
    assert float(ratio.max()) < 1.05


def test_squares_have_no_seams():
    """Steps between neighbouring cells are no larger at borders of squares."""
    samples = many()
    model = VariogramModel(0.25, [Structure("gaussian", 4, 150)])
    like = make_geobox((500_000, 500_400, 4_000_000, 4_000_400), crs=CRS, resolution=1)
    hood = Neighbourhood(neighbours=24)
    grid = krige(
        samples, "Cu_ppm", like=like, variogram=model, neighbourhood=hood
    ).compute()
    sd = np.sqrt(grid["variance"].to_numpy())
    bend = np.abs(np.diff(grid["estimate"].to_numpy(), n=2, axis=1)) / sd[:, 1:-1]
    # squares of 8 cells: a bend across a border is centred on the cells beside it
    at_border = np.concatenate([bend[:, 6::8], bend[:, 7::8]], axis=1)
    assert np.quantile(at_border, 0.99) < 1.1 * np.quantile(bend, 0.99)
    assert at_border.max() <= bend.max() < 0.05


def test_steps_about_a_crowd_are_below_those_of_single_neighbourhoods():
    """Squares of different size meet where samples crowd."""
    rng = np.random.default_rng(0)
    parts = rng.uniform(0, 400, (300, 2)), rng.uniform(180, 220, (500, 2))
    xy = np.concatenate(parts) + ORIGIN
    wave = np.sin(xy[:, 0] / 40) * np.cos(xy[:, 1] / 60)
    samples = as_samples(xy, v=wave + rng.normal(0, 0.3, len(xy)))
    model = VariogramModel(0.1, [Structure("spherical", 0.5, 120)])
    like = make_geobox((500_000, 500_400, 4_000_000, 4_000_400), crs=CRS, resolution=4)
    options = {"variogram": model, "neighbourhood": Neighbourhood(neighbours=32)}
    whole = krige(samples, "v", like=like, variogram=model)["estimate"].to_numpy()
    found = krige(samples, "v", like=like, **options).compute()
    single = krige_points(samples, "v", at=as_samples(centres(like)), **options)
    sd = np.sqrt(found["variance"].to_numpy())
    single = single["estimate"].to_numpy().reshape(like.shape)
    steps = [
        np.abs(np.diff((each - whole) / sd, axis=1)).max()
        for each in (found["estimate"].to_numpy(), single)
    ]
    assert steps[0] < steps[1]


@pytest.mark.parametrize("chunks", [(400, 400), (64, 64), (33, 57), (7, 100)])
def test_chunks_do_not_matter(chunks):
    samples = many(300)
    model = VariogramModel(0.25, [Structure("spherical", 4, 120, 0.6, 45)])
    like = wrap_xr(np.zeros((100, 100), "float32"), make_geobox(
        (500_000, 500_400, 4_000_000, 4_000_400), crs=CRS, resolution=4
    ))  # fmt: skip
    lazy = like.chunk({"y": chunks[0], "x": chunks[1]})
    for hood in (None, Neighbourhood(neighbours=20, sectors=4, max_distance=60)):
        options = {"variogram": model, "neighbourhood": hood}
        whole = krige(samples, "Cu_ppm", like=like, **options).compute()
        parts = krige(samples, "Cu_ppm", like=lazy, **options)
        assert dask.is_dask_collection(parts["estimate"].data)
        assert parts["estimate"].chunks == lazy.chunks
        xr.testing.assert_identical(parts.compute(), whole)


def test_a_crowd_of_samples_is_honoured():
    """Quartered squares: hundreds of samples within one cell of the coarse ones."""
    rng = np.random.default_rng(3)
    at = centres(LIKE)
    dense_part = at[(at[:, 0] < 500_100) & (at[:, 1] < 4_000_100)]
    xy = np.concatenate([dense_part, scattered(40, seed=8)[0]])
    z = rng.normal(10, 2, len(xy))
    model = VariogramModel(0, [Structure("exponential", 4, 100)])
    found = krige(
        as_samples(xy, Cu_ppm=z), "Cu_ppm", like=LIKE, variogram=model,
        neighbourhood=Neighbourhood(neighbours=12),
    )  # fmt: skip
    inside = (at[:, 0] < 500_100) & (at[:, 1] < 4_000_100)
    np.testing.assert_allclose(
        found["estimate"].to_numpy().ravel()[inside], z[: len(dense_part)], rtol=1e-5
    )
    np.testing.assert_allclose(
        found["variance"].to_numpy().ravel()[inside], 0, atol=1e-6
    )


def test_more_samples_than_cells():
    samples = many(2000)
    like = make_geobox(
        (500_000, 500_400, 4_000_000, 4_000_400), crs=CRS, resolution=100
    )
    model = VariogramModel(0, [Structure("spherical", 4, 120)])
    found = krige(samples, "Cu_ppm", like=like, variogram=model, **FAR)
    points = krige_points(
        samples, "Cu_ppm", at=as_samples(centres(like)), variogram=model, **FAR
    )
    np.testing.assert_allclose(
        found["estimate"].to_numpy().ravel(), points["estimate"], rtol=1e-6
    )


def test_cells_out_of_reach_are_missing():
    hood = Neighbourhood(neighbours=10, max_distance=25)
    found = krige(SOIL, "Cu_ppm", like=LIKE, variogram=MODELS[2], neighbourhood=hood)
    apart = np.linalg.norm(centres(LIKE)[:, None] - XY[None], axis=2).min(axis=1)
    for name in ("estimate", "variance"):
        np.testing.assert_array_equal(
            np.isnan(found[name].to_numpy().ravel()), apart > 25
        )


# --- laws ----------------------------------------------------------------------------


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    shift=st.floats(-1e4, 1e4),
    factor=st.floats(0.01, 100),
    turn=st.sampled_from([0.0, 90.0, 180.0, 270.0]),
)
def test_laws(seed, shift, factor, turn):
    """Weights sum to 1, exact at samples, moved and turned maps are the same maps."""
    xy, z = scattered(25, seed=seed)
    at = scattered(10, seed=seed + 1)[0]
    model = VariogramModel(0, [Structure("spherical", 3, 300, 0.4, 30)])
    hood = Neighbourhood(neighbours=12)

    def run(xy, z, at, model):
        return krige_points(
            as_samples(xy, v=z), "v", at=as_samples(at), variogram=model,
            neighbourhood=hood,
        )  # fmt: skip

    plain = run(xy, z, at, model)
    assert (plain["variance"] >= 0).all()
    level = run(xy, factor * z + shift, at, model)
    np.testing.assert_allclose(
        level["estimate"], factor * plain["estimate"] + shift, rtol=1e-7, atol=1e-6
    )
    own = run(xy, z, xy, model)
    np.testing.assert_allclose(own["estimate"], z, rtol=1e-8)
    np.testing.assert_allclose(own["variance"], 0, atol=1e-8)
    sine, cosine = np.round([np.sin(np.radians(turn)), np.cos(np.radians(turn))])
    clockwise = np.array([[cosine, -sine], [sine, cosine]])
    turned = VariogramModel(0, [Structure("spherical", 3, 300, 0.4, 30 + turn)])
    found = run(
        (xy - ORIGIN) @ clockwise + ORIGIN + 1000, z,
        (at - ORIGIN) @ clockwise + ORIGIN + 1000, turned,
    )  # fmt: skip
    np.testing.assert_allclose(found["estimate"], plain["estimate"], rtol=1e-7)
    np.testing.assert_allclose(found["variance"], plain["variance"], atol=1e-7)


def test_grid_is_exact_at_samples_without_nugget():
    at = centres(LIKE)[::37]
    z = np.random.default_rng(0).normal(size=len(at))
    for hood in (None, Neighbourhood(neighbours=9)):
        found = krige(
            as_samples(at, v=z), "v", like=LIKE, variogram=MODELS[1], neighbourhood=hood
        )
        np.testing.assert_allclose(
            found["estimate"].to_numpy().ravel()[::37], z, atol=1e-6
        )
        np.testing.assert_allclose(
            found["variance"].to_numpy().ravel()[::37], 0, atol=1e-6
        )


def test_pure_nugget_gives_the_mean_of_the_neighbourhood():
    model = VariogramModel(2.0)
    found = krige(SOIL, "Cu_ppm", like=LIKE, variogram=model)
    np.testing.assert_allclose(found["estimate"].to_numpy(), Z.mean(), rtol=1e-6)
    np.testing.assert_allclose(found["variance"].to_numpy(), 2 + 2 / 80, rtol=1e-6)


def test_a_plane_rising_north_is_north_up():
    """Row 0 is the north; values belong to the centres of the cells."""
    samples = SOIL.assign(Cu_ppm=(XY[:, 1] - 4_000_000) / 10)
    found = krige(samples, "Cu_ppm", like=LIKE, variogram=MODEL, drift="linear")
    np.testing.assert_allclose(found["estimate"].to_numpy()[0], 29.5, atol=1e-4)
    np.testing.assert_allclose(found["estimate"].to_numpy()[-1], 0.5, atol=1e-4)
    assert found["estimate"].odc.geobox == LIKE


def test_normal_scores_stay_within_the_samples_and_are_unbiased_for_normal_data():
    found = krige(
        SOIL, "Cu_ppm", like=LIKE, transform="normal_score",
        variogram=VariogramModel(0.1, [Structure("spherical", 0.9, 150)]),
    )["estimate"].to_numpy()  # fmt: skip
    assert Z.min() <= found.min()
    assert found.max() <= Z.max()
    plain = krige(
        SOIL, "Cu_ppm", like=LIKE, drift=float(Z.mean()),
        variogram=VariogramModel(0.4, [Structure("spherical", 3.6, 150)]),
    )["estimate"].to_numpy()  # fmt: skip
    assert np.abs(found - plain).mean() < 0.15


# --- what goes in --------------------------------------------------------------------


def test_samples_at_one_place_are_averaged_and_counted():
    twice = pd.concat([SOIL, SOIL.assign(Cu_ppm=Z + 2)], ignore_index=True)
    twice = twice.set_geometry("geometry")
    found = krige(twice, "Cu_ppm", like=LIKE, variogram=MODEL)
    plain = krige(SOIL.assign(Cu_ppm=Z + 1), "Cu_ppm", like=LIKE, variogram=MODEL)
    xr.testing.assert_allclose(found["estimate"], plain["estimate"])
    assert found["estimate"].attrs["notes"] == [
        "80 of 160 samples share a place with another: averaged"
    ]


def test_censored_samples_are_anything_up_to_the_limit():
    censored = np.arange(80) < 10
    samples = SOIL.assign(Cu_ppm_censored=censored)
    z, noise = np.where(censored, Z / 2, Z), np.where(censored, Z**2 / 12, 0)
    estimate, variance, _ = dense(XY, z, MODEL, centres(LIKE), noise=noise)
    found = krige(samples, "Cu_ppm", like=LIKE, variogram=MODEL)
    np.testing.assert_allclose(
        found["estimate"].to_numpy().ravel(), estimate, rtol=3e-6
    )
    np.testing.assert_allclose(
        found["variance"].to_numpy().ravel(), variance, rtol=1e-5
    )
    assert found["estimate"].attrs["censored_share"] == 10 / 80
    assert "10 of 80 samples are below detection" in found["estimate"].attrs["notes"][0]
    imputed = samples.assign(Cu_ppm_imputed=censored)
    plain = krige(SOIL, "Cu_ppm", like=LIKE, variogram=MODEL)
    found = krige(imputed, "Cu_ppm", like=LIKE, variogram=MODEL)
    xr.testing.assert_equal(found, plain)
    assert found["variance"].attrs["imputed_share"] == 10 / 80


def test_censored_logarithms():
    """E log10 U and its variance for U uniform on 0 to 1."""
    draws = np.log10(np.random.default_rng(0).uniform(0, 1, 1_000_000))
    assert draws.mean() == pytest.approx(-1 / np.log(10), abs=2e-3)
    assert draws.var() == pytest.approx(1 / np.log(10) ** 2, abs=2e-3)
    samples = SOIL.assign(Cu_ppm_censored=np.arange(80) == 0)
    found = krige(
        samples, "Cu_ppm", like=LIKE, transform="log10",
        variogram=VariogramModel(0, [Structure("cubic", 0.1, 100)]),
    )  # fmt: skip
    assert np.isfinite(found["estimate"].to_numpy()).all()
    assert "logarithm" in found["estimate"].attrs["notes"][0]


def test_missing_values_are_left_out_and_counted():
    z = Z.copy()
    z[:7] = np.nan
    found = krige(SOIL.assign(Cu_ppm=z), "Cu_ppm", like=LIKE, variogram=MODEL)
    plain = krige(SOIL[7:], "Cu_ppm", like=LIKE, variogram=MODEL)
    xr.testing.assert_allclose(found, plain)
    assert found["estimate"].attrs["notes"] == [
        "7 of 80 samples have no value or no place and are left out"
    ]


def test_other_crs_is_brought_to_the_grid():
    found = krige(SOIL.to_crs("EPSG:4326"), "Cu_ppm", like=LIKE, variogram=MODEL)
    plain = krige(SOIL, "Cu_ppm", like=LIKE, variogram=MODEL)
    np.testing.assert_allclose(
        found["estimate"].to_numpy(), plain["estimate"].to_numpy(), atol=1e-4
    )


def test_metadata_and_input():
    samples = SOIL.copy()
    samples.attrs["units"] = {"Cu_ppm": "mg/kg"}
    before = samples.copy()
    found = krige(samples, "Cu_ppm", like=LIKE, variogram=MODEL.to_dict())
    pd.testing.assert_frame_equal(samples, before)
    assert found["estimate"].attrs["units"] == "mg/kg"
    assert found["variance"].attrs["units"] == "(mg/kg)^2"
    assert found["estimate"].attrs["kind"] == "continuous"
    assert found["estimate"].dtype == "float32"
    assert found.attrs["variogram"] == MODEL.to_dict()
    assert found.rio.crs.to_epsg() == 32633
    points = krige_points(samples, "Cu_ppm", at=samples[::-1], variogram=MODEL)
    assert points.index.tolist() == samples.index[::-1].tolist()


def test_auto_fits_the_variogram():
    samples = many(400)
    found = krige(samples, "Cu_ppm", like=LIKE)
    told = VariogramModel.from_dict(found.attrs["variogram"])
    assert 50 < told.range < 400


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"variogram": "best"}, "variogram must be 'auto'"),
        ({"drift": "cubic"}, "drift must be None"),
        ({"drift": np.nan}, "drift must be None"),
        ({"drift": 9.0, "variogram": {"structures": [
            {"kind": "linear", "sill": 1, "range": 9}]}}, "no sill"),
        ({"transform": "log"}, "transform must be one of"),
        ({"block": 0}, "block must be a whole number"),
        ({"block": 2, "transform": "log10"}, "does not go with transform"),
        ({"drift": wrap_xr(np.ones(LIKE.shape), LIKE)}, "one value at all samples"),
        ({"drift": wrap_xr(np.ones((3, 3)), make_geobox(
            (0, 30, 0, 30), crs=CRS, resolution=10))}, "not on the cells"),
    ],
)  # fmt: skip
def test_refuses(options, match):
    with pytest.raises(ValueError, match=match):
        krige(SOIL, "Cu_ppm", like=LIKE, **{"variogram": MODEL, **options})


def test_refuses_bad_tables():
    with pytest.raises(ValueError, match="did you mean 'Cu_ppm'"):
        krige(SOIL, "Cu_ppb", like=LIKE)
    with pytest.raises(ValueError, match="not numeric"):
        krige(SOIL.assign(Cu_ppm="high"), "Cu_ppm", like=LIKE)
    with pytest.raises(ValueError, match="none of the 80 samples"):
        krige(SOIL.assign(Cu_ppm=np.nan), "Cu_ppm", like=LIKE)
    with pytest.raises(ValueError, match="must be points"):
        krige(SOIL.set_geometry(SOIL.buffer(1)), "Cu_ppm", like=LIKE)
    with pytest.raises(ValueError, match="no CRS"):
        krige(SOIL.set_crs(None, allow_override=True), "Cu_ppm", like=LIKE)
    with pytest.raises(ValueError, match="metres"):
        krige(SOIL, "Cu_ppm", like=make_geobox(
            (0, 1, 0, 1), crs="EPSG:4326", resolution=0.1))  # fmt: skip
    with pytest.raises(ValueError, match="metres"):
        krige_points(SOIL.to_crs("EPSG:4326"), "Cu_ppm", at=SOIL, variogram=MODEL)


def test_refuses_bad_values_all_at_once():
    z = Z.copy()
    z[[3, 5]] = 0, -2
    with pytest.raises(
        DataProblems, match=r"row S5, column 'Cu_ppm', value '-2\.0'"
    ) as e:
        krige(SOIL.assign(Cu_ppm=z), "Cu_ppm", like=LIKE, transform="log10")
    assert len(e.value.problems) == 2
    z[3] = np.inf
    with pytest.raises(DataProblems, match="infinite"):
        krige(SOIL.assign(Cu_ppm=z), "Cu_ppm", like=LIKE, variogram=MODEL)
    wrong = SOIL.assign(Cu_ppm_error=[-1.0, np.nan, *np.ones(78)])
    with pytest.raises(DataProblems, match="row S1, column 'Cu_ppm_error'") as e:
        krige(wrong, "Cu_ppm", like=LIKE, variogram=MODEL)
    assert len(e.value.problems) == 2
    with pytest.raises(ValueError, match="cannot carry the measurement errors"):
        krige(wrong, "Cu_ppm", like=LIKE, transform="normal_score")


def test_no_variogram_can_be_fitted():
    noise = np.random.default_rng(0).normal(size=80)
    with pytest.raises(ValueError, match="no variogram could be fitted to 'Cu_ppm'"):
        krige(SOIL[:12], "Cu_ppm", like=LIKE)
    with pytest.raises(ValueError, match=r"flat.*Take shorter distances"):
        krige(as_samples(scattered(2000)[0], v=np.resize(noise, 2000)), "v", like=LIKE)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"neighbours": 0}, "whole number"),
        ({"neighbours": 2.5}, "whole number"),
        ({"sectors": 3}, "sectors must be one of"),
        ({"max_distance": -1}, "positive metres"),
    ],
)
def test_neighbourhood_refuses(options, match):
    with pytest.raises(ValueError, match=match):
        Neighbourhood(**options)
