"""Unmixing: the minimum itself, whatever the route to it."""

import itertools

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import nnls

from spectral.mapping import unmix, unmixing_report
from spectral.mapping.unmixing._active import active_sets

from .conftest import as_cube, as_library

METHODS = ["fcls", "nnls", "scls", "ucls"]


def flat(grid):
    return grid.values.reshape(grid.shape[0], -1) if grid.ndim > 2 else grid.values


def summed(spectra, values, weight=1e4):
    """Weighted-row version of a sum to one."""
    ones = np.full((spectra.shape[0], 1), weight)
    return np.hstack([spectra, ones]).T, np.vstack(
        [values, np.full((1, values.shape[1]), weight)]
    )


def best_of_all_sets(spectra, pixel, sum_to_one):
    """Constrained minimum by trying every set of endmembers."""
    q, best = len(spectra), None
    least = np.inf if sum_to_one else float(pixel @ pixel)
    if not sum_to_one:
        best = np.zeros(q)
    for size in range(1, q + 1):
        for chosen in itertools.combinations(range(q), size):
            part = spectra[list(chosen)]
            if sum_to_one:
                moved = part[:-1] - part[-1]
                found = np.linalg.lstsq(moved.T, pixel - part[-1], rcond=None)[0]
                found = np.append(found, 1 - found.sum())
            else:
                found = np.linalg.lstsq(part.T, pixel, rcond=None)[0]
            misfit = ((pixel - found @ part) ** 2).sum()
            if (found >= 0).all() and misfit < least - 1e-15:
                least, best = misfit, np.zeros(q)
                best[list(chosen)] = found
    return best, least


def test_worked_by_hand():
    # two bands, two endmembers on the axes: the shares are the values themselves
    pure = as_library([[1.0, 0.0], [0.0, 1.0]], ["u", "v"], [500.0, 600.0])
    pixels = as_cube([[0.3, 0.8, 1.5, -0.4], [0.7, 0.8, 0.2, 0.5]], (1, 4), [500, 600])
    cube = pixels.assign_coords(wavelength=[500.0, 600.0])
    want = {
        "ucls": [[0.3, 0.8, 1.5, -0.4], [0.7, 0.8, 0.2, 0.5]],
        "nnls": [[0.3, 0.8, 1.5, 0.0], [0.7, 0.8, 0.2, 0.5]],
        # foot of the perpendicular on u + v = 1
        "scls": [[0.3, 0.5, 1.15, 0.05], [0.7, 0.5, -0.15, 0.95]],
        "fcls": [[0.3, 0.5, 1.0, 0.05], [0.7, 0.5, 0.0, 0.95]],
    }
    for method, shares in want.items():
        found = unmix(cube, pure, method=method)
        np.testing.assert_allclose(flat(found["abundance"]), shares, atol=1e-14)
    found = unmix(cube, pure, method="fcls")
    misfit = [0, np.sqrt(0.09), np.sqrt((0.25 + 0.04) / 2), 0.45]
    np.testing.assert_allclose(flat(found["residual"])[0], misfit, atol=1e-8)
    assert flat(found["n_active"])[0].tolist() == [0, 0, 1, 0]
    assert flat(found["pixel_state"])[0].tolist() == [0, 0, 0, 2]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("method", METHODS)
def test_equals_other_solvers(scene, smooth, method, weighted):
    weights = np.linspace(0.2, 3.0, 40) if weighted else None
    found = unmix(scene, smooth, method=method, weights=weights)
    root = np.sqrt(weights) if weighted else np.ones(40)
    spectra, values = smooth.values * root, flat(scene) * root[:, None]
    if method in ("fcls", "scls"):
        design, sides = summed(spectra, values)
    else:
        design, sides = spectra.T, values
    if method in ("scls", "ucls"):
        want = np.linalg.lstsq(design, sides, rcond=None)[0]
    else:
        want = np.array([nnls(design, side)[0] for side in sides.T]).T
    tolerance = 1e-6 if method in ("nnls", "ucls") else 1e-5
    shares = flat(found["abundance"])
    np.testing.assert_allclose(shares, want, atol=tolerance)
    misfit = np.sqrt(((flat(scene) - smooth.values.T @ shares) ** 2).mean(0))
    np.testing.assert_allclose(found["residual"].values.ravel(), misfit, atol=1e-12)


@pytest.mark.parametrize("sum_to_one", [False, True])
@pytest.mark.parametrize("q", [1, 2, 3, 4, 5])
def test_equals_the_best_of_all_active_sets(scene, smooth, q, sum_to_one):
    spectra = smooth.values[:q]
    method = "fcls" if sum_to_one else "nnls"
    some = scene.isel(y=slice(0, 12, 3))
    found = flat(unmix(some, smooth[:q], method=method)["abundance"])
    for pixel, shares in zip(flat(some).T, found.T, strict=True):
        want, least = best_of_all_sets(spectra, pixel, sum_to_one)
        np.testing.assert_allclose(shares, want, atol=1e-9)
        assert ((pixel - shares @ spectra) ** 2).sum() <= least + 1e-12


@pytest.mark.parametrize("method", ["fcls", "nnls"])
def test_conditions_of_the_minimum_hold(minerals, method):
    rng = np.random.default_rng(3)
    pure = minerals[::7]
    values = rng.uniform(0, 1, (pure.sizes["wavelength"], 200))
    cube = as_cube(values, (10, 20), pure["wavelength"].values)
    shares = flat(unmix(cube, pure, method=method)["abundance"])
    slope = pure.values @ (pure.values.T @ shares - values)
    if method == "fcls":
        np.testing.assert_allclose(shares.sum(0), 1, atol=1e-12)
        slope = slope - (slope * shares).sum(0)
    assert (shares >= 0).all()
    assert (slope > -1e-8).all()  # no share that grew would lower the misfit
    assert (np.abs(slope[shares > 0]) < 1e-8).all()


@pytest.mark.parametrize("method", METHODS)
def test_known_shares_of_real_minerals_come_back(minerals, method):
    rng = np.random.default_rng(11)
    pure = minerals[[2, 15, 28, 41, 54, 67]]
    shares = rng.dirichlet(np.full(6, 0.7), 300).T
    waves = pure["wavelength"].values
    found = unmix(as_cube(pure.values.T @ shares, (15, 20), waves), pure, method=method)
    np.testing.assert_allclose(flat(found["abundance"]), shares, atol=1e-6)
    assert float(found["residual"].max()) < 1e-7
    noise = rng.normal(0, 0.002, (waves.size, 300))
    noisy = as_cube(pure.values.T @ shares + noise, (15, 20), waves)
    error = flat(unmix(noisy, pure, method="scls")["abundance"]) - shares
    # unbiased: the mean error is within four of its own standard errors
    assert (np.abs(error.mean(1)) < 4 * error.std(1) / np.sqrt(300)).all()


def test_the_peers_normal_equations_are_not_the_minimum(smooth):
    # nnls(E E', E y) fits the normal equations, not the spectrum
    spectra = smooth.values
    rng = np.random.default_rng(5)
    pixels = spectra.T @ rng.dirichlet(np.full(5, 0.3), 100).T
    pixels += rng.normal(0, 0.03, pixels.shape)
    theirs = np.array([nnls(spectra @ spectra.T, spectra @ y)[0] for y in pixels.T]).T
    cube = as_cube(pixels, (10, 10), smooth["wavelength"].values)
    found = unmix(cube, smooth, method="nnls")
    ours = flat(found["abundance"])
    differs = np.abs(ours - theirs).max(0) > 0.01
    assert differs.mean() > 0.2
    misfit = [np.sqrt(((pixels - spectra.T @ a) ** 2).mean(0)) for a in (ours, theirs)]
    assert (misfit[0] <= misfit[1] + 1e-12).all()
    assert (misfit[1] > 1.001 * misfit[0])[differs].mean() > 0.5
    free = (found["n_active"].values.ravel() == 0) & (theirs > 0).all(0)
    np.testing.assert_allclose(ours[:, free], theirs[:, free], atol=1e-8)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    factor=st.floats(0.05, 20),
    method=st.sampled_from(METHODS),
)
def test_laws(seed, factor, method):
    rng = np.random.default_rng(seed)
    waves = np.linspace(2000, 2400, 12)
    pure = as_library(rng.uniform(0.05, 0.9, (4, 12)), list("abcd"), waves)
    cube = as_cube(rng.uniform(0, 1, (12, 10)), (2, 5), waves)
    found = unmix(cube, pure, method=method)
    shares = flat(found["abundance"])
    if method in ("fcls", "scls"):
        np.testing.assert_allclose(shares.sum(0), 1, atol=1e-10)
    else:
        brighter = unmix(cube * factor, pure, method=method)["abundance"]
        np.testing.assert_allclose(
            flat(brighter), factor * shares, rtol=1e-7, atol=1e-9
        )
    if method in ("fcls", "nnls"):
        assert (shares >= 0).all()
    order, bands = rng.permutation(4), rng.permutation(12)
    other = unmix(cube, pure[order], method=method)["abundance"]
    np.testing.assert_allclose(flat(other), shares[order], atol=1e-8)
    mixed = unmix(
        cube.isel(wavelength=bands).assign_coords(wavelength=waves),
        pure.isel(wavelength=bands).assign_coords(wavelength=waves),
        method=method,
    )
    np.testing.assert_allclose(flat(mixed["abundance"]), shares, atol=1e-8)
    turned = unmix(cube.isel(x=[3, 1, 0, 4, 2]), pure, method=method)
    xr.testing.assert_identical(turned, found.isel(x=[3, 1, 0, 4, 2]))


@pytest.mark.parametrize("method", METHODS)
def test_chunks_gaps_bad_bands_and_metadata(scene, smooth, method):
    import rioxarray  # noqa: F401

    cube = scene.astype("float32").copy()
    cube[5, 3, 4] = np.nan
    cube[:, 0, 0] = 0
    bad = np.isin(np.arange(40), [7, 8])
    cube[7] = 9.0
    cube = cube.assign_coords(bad_bands=("wavelength", bad)).rio.write_crs(32650)
    pure = smooth.where(smooth["wavelength"] != smooth["wavelength"][8])
    before = cube.copy(deep=True), pure.copy(deep=True)
    found = unmix(cube, pure, method=method)
    lazy = unmix(cube.chunk({"y": 5, "x": 4, "wavelength": 11}), pure, method=method)
    assert all(lazy[name].chunks for name in ("abundance", "residual", "pixel_state"))
    xr.testing.assert_identical(lazy.compute(), found)
    cropped = unmix(cube.isel(y=slice(2, 9), x=slice(1, 6)), pure, method=method)
    xr.testing.assert_identical(cropped, found.isel(y=slice(2, 9), x=slice(1, 6)))
    gap = found.isel(y=3, x=4)[["abundance", "residual", "pixel_state"]]
    assert bool(gap.isnull().to_array().all())
    assert int(found["residual"].isnull().sum()) == 1
    assert found["pixel_state"].values[0, 0] == 1
    if method == "nnls":
        assert (found["abundance"].values[:, 0, 0] == 0).all()
    assert found.rio.crs.to_epsg() == 32650
    assert found["abundance"].dims == ("endmember", "y", "x")
    assert found["abundance"].dtype == "float32"
    assert list(found["endmember"].values) == list("abcde")
    for name in ("abundance", "residual", "pixel_state"):
        assert {"long_name", "units", "kind"} <= set(found[name].attrs)
    assert found["spectra"].sizes["wavelength"] == 38
    xr.testing.assert_identical(cube, before[0])
    xr.testing.assert_identical(pure, before[1])


def test_a_library_and_one_spectrum_are_unmixed_alike(scene, smooth):
    cube = unmix(scene, smooth)["abundance"]
    row = scene.isel(y=2, drop=True).rename(x="spectrum").transpose("spectrum", ...)
    many = unmix(row, smooth)["abundance"]
    np.testing.assert_array_equal(many, cube.isel(y=2))
    one = unmix(scene.isel(y=2, x=3), smooth)["abundance"]
    assert one.dims == ("endmember",)
    np.testing.assert_array_equal(one, cube.isel(y=2, x=3))


def test_shade_of_zeros_has_a_share_where_shares_sum_to_one(smooth):
    dark = as_library(
        np.vstack([smooth.values, np.zeros(40)]),
        [*"abcde", "shade"],
        smooth["wavelength"].values,
    )
    pixel = 0.4 * smooth[1] + 0.1 * smooth[3]
    found = unmix(pixel, dark)["abundance"]
    np.testing.assert_allclose(found, [0, 0.4, 0, 0.1, 0, 0.5], atol=1e-7)
    night = unmix(0 * pixel, dark)["abundance"]
    np.testing.assert_allclose(night, [0, 0, 0, 0, 0, 1], atol=1e-12)
    with pytest.raises(ValueError, match="'shade' is zero in every band"):
        unmix(pixel, dark, method="nnls")


def test_more_endmembers_than_bands_and_mixtures_among_them(smooth):
    few = smooth[:, ::14]  # three bands
    assert few.sizes["wavelength"] == 3
    pixel = few[:4].mean("spectrum")
    for method, most in (("fcls", 4), ("nnls", 3)):
        unmix(pixel, few[:most], method=method)
        with pytest.raises(ValueError, match=f"at most {most} do.*sparse_unmix"):
            unmix(pixel, few[: most + 1], method=method)
    for method in METHODS:
        loose = unmix(pixel, few, method=method, collinear="allow")
        assert float(loose["residual"]) < 1e-6
        assert bool(np.isfinite(loose["abundance"]).all())
    between = (smooth[0] + smooth[1]) / 2
    extended = xr.concat(
        [smooth, between.assign_coords(spectrum="half")], dim="spectrum"
    )
    for method in METHODS:
        with pytest.raises(ValueError, match=r"\['a', 'b', 'half'\] cannot be told"):
            unmix(between, extended, method=method)
    same = unmix(between, extended, collinear="allow")
    np.testing.assert_allclose(same["abundance"].sum(), 1)
    assert float(same["residual"]) < 1e-7


def test_nearly_collinear_endmembers_end_at_the_minimum():
    # the Gram matrix squares the condition number: shares still fit to rounding
    rng = np.random.default_rng(2)
    waves = np.linspace(2000, 2400, 30)
    first = rng.uniform(0.2, 0.8, 30)
    spectra = np.vstack([first + 1e-4 * rng.normal(size=30) for _ in range(6)])
    pure = as_library(spectra, None, waves)
    pixels = spectra.T @ rng.dirichlet(np.ones(6), 100).T
    pixels += rng.normal(0, 1e-3, (30, 100))
    found = unmix(as_cube(pixels, (10, 10), waves), pure, method="nnls")
    for pixel, shares in zip(pixels.T, flat(found["abundance"]).T, strict=True):
        assert np.linalg.norm(pixel - shares @ spectra) <= (
            nnls(spectra.T, pixel)[1] * (1 + 1e-9)
        )
    assert (found["pixel_state"].values != 3).all()


def test_a_search_that_was_not_finished_is_told(scene, smooth, monkeypatch):
    def stopped(*given):
        shares, done = active_sets(*given)
        done[::2] = False
        return shares, done

    monkeypatch.setattr("spectral.mapping.unmixing._unmix.active_sets", stopped)
    found = unmix(scene, smooth)
    assert (found["pixel_state"].values.ravel()[::2] == 3).all()
    assert (found["pixel_state"].values.ravel()[1::2] != 3).all()
    report = unmixing_report(found).set_index("what")
    assert report.loc["unfinished", "value"] == 90


def test_hard_problems_all_end():
    rng = np.random.default_rng(12)
    for q, rank in ((30, 8), (12, 12), (40, 40)):
        spectra = rng.normal(size=(q, rank)) @ rng.normal(size=(rank, 50))
        spectra = np.vstack([spectra, spectra[:2]])  # twins too
        pixels = rng.normal(size=(50, 200))
        gram, sides = spectra @ spectra.T, spectra @ pixels
        shares, done = active_sets(gram, sides, np.empty((0, 0)), False)
        assert done.all()
        for pixel, found in zip(pixels.T, shares.T, strict=True):
            least = nnls(spectra.T, pixel)[1]
            assert np.linalg.norm(pixel - found @ spectra) <= least * (1 + 1e-9)
    gap = active_sets(np.eye(2), np.array([[np.nan], [1.0]]), np.empty((0, 0)), True)
    assert np.isnan(gap[0]).all()


def test_errors_say_what_to_do(scene, smooth):
    with pytest.raises(ValueError, match=r"method 'lsu' is not known.*'fcls'"):
        unmix(scene, smooth, method="lsu")
    with pytest.raises(ValueError, match="collinear must be"):
        unmix(scene, smooth, collinear="drop")
    with pytest.raises(ValueError, match=r"weights have shape \(3,\).*40 good"):
        unmix(scene, smooth, weights=[1, 2, 3])
    with pytest.raises(ValueError, match=r"good band 5 is 0\. To leave a band out"):
        unmix(scene, smooth, weights=np.r_[np.ones(4), 0, np.ones(35)])
    with pytest.raises(ValueError, match=r"largest values: a .*endmembers / 10000"):
        unmix(scene, smooth * 10_000)
    empty = smooth.copy()
    empty[:, :2] = 0
    with pytest.raises(ValueError, match=r"all 5 endmembers are 0 in 2 bands, at 2000"):
        unmix(scene, empty)
    with pytest.raises(ValueError, match=r"resample\(endmembers, like=cube\)"):
        unmix(scene, smooth[:, 1:])
    with pytest.raises(TypeError, match="holds int16"):
        unmix(scene.astype("int16"), smooth)
    endless = smooth.copy()
    endless[1, 1] = np.inf
    with pytest.raises(ValueError, match="infinite values in good bands: b"):
        unmix(scene, endless)
