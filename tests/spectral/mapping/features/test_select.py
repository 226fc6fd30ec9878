"""Band choice: exhaustive search, the full ratio, bad bands, refusals."""

from itertools import combinations

import numpy as np
import pytest
import xarray as xr

from spectral.mapping import scene_statistics, select_bands

from .made import dip, spectra_of

WAVES = np.arange(2050, 2451, 25.0)
NOISE = 0.004


@pytest.fixture
def cube():
    rng = np.random.default_rng(3)
    ends = np.array([0.5 + 0 * WAVES, 0.3 + 2e-4 * (WAVES - 2050),
                     0.45 * dip(WAVES, 2260, 60, 0.2)])  # fmt: skip
    shares = rng.dirichlet([1, 1, 1], (20, 15))
    values = np.einsum("yxk,kb->byx", shares, ends)
    return spectra_of(values + rng.normal(0, 0.003, values.shape), WAVES)


@pytest.fixture
def targets():
    rows = [0.5 * dip(WAVES, 2203, 40, 0.3), 0.4 * dip(WAVES, 2340, 60, 0.3)]
    made = spectra_of(np.array(rows), WAVES, dims=("spectrum", "wavelength"))
    return made.assign_coords(spectrum=["mica", "calcite"])


def ratio(signal, clutter, bands):
    part = signal[list(bands)]
    return part @ np.linalg.solve(clutter[np.ix_(bands, bands)], part)


def test_shares_are_those_of_the_matched_filter(cube, targets):
    found = select_bands(targets, cube, n=6, noise=NOISE)
    values = cube.values.reshape(WAVES.size, -1)
    clutter = np.cov(values) + NOISE**2 * np.eye(WAVES.size)
    signal = targets.values - values.mean(1)
    index = np.searchsorted(WAVES, found.table["wavelength"]).tolist()
    every = list(range(WAVES.size))

    def share(bands):
        return [
            ratio(one, clutter, bands) / ratio(one, clutter, every) for one in signal
        ]

    assert found.shares["share"].iloc[-1] == pytest.approx(np.mean(share(index)))
    assert found.shares["worst"].iloc[-1] == pytest.approx(np.min(share(index)))
    for row, band in enumerate(index):
        rest = share([other for other in index if other != band])
        lost = np.mean(share(index)) - np.mean(rest)
        assert found.table["loss"][row] == pytest.approx(lost)
    assert found.selected.sum() == 6
    assert (np.diff(found.shares["share"]) > 0).all()


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_comes_close_to_exhaustive_search(cube, targets, n):
    found = select_bands(targets, cube, n=n, noise=NOISE)
    values = cube.values.reshape(WAVES.size, -1)
    clutter = np.cov(values) + NOISE**2 * np.eye(WAVES.size)
    signal = targets.values - values.mean(1)
    whole = [ratio(one, clutter, list(range(17))) for one in signal]
    best = max(
        np.mean(
            [
                ratio(one, clutter, some) / all_
                for one, all_ in zip(signal, whole, strict=True)
            ]
        )
        for some in combinations(range(17), n)
    )
    reached = found.shares["share"].iloc[-1]
    assert reached == pytest.approx(best) if n < 3 else reached >= 0.97 * best
    alone = (signal**2 / np.diag(clutter)).mean(0)
    index = np.searchsorted(WAVES, found.table["wavelength"])
    np.testing.assert_allclose(found.table["alone"], alone[index])


def test_as_many_as_the_share_needs(cube, targets):
    few = select_bands(targets, cube, share=0.7)
    many = select_bands(targets, cube, share=0.99)
    assert len(few.table) < len(many.table)
    assert few.shares["worst"].iloc[-1] >= 0.7 > few.shares["worst"].iloc[-2]
    whole = select_bands(targets, cube, share=1.0)
    assert whole.shares["worst"].iloc[-1] == pytest.approx(1)
    assert few.shares["worst_target"].isin(["mica", "calcite"]).all()


def test_statistics_library_and_lazy_cube_alike(cube, targets):
    one = select_bands(targets, cube, n=5)
    lazy = select_bands(targets, cube.chunk(y=7), n=5)
    given = select_bands(targets, scene_statistics(cube, noise=None), n=5)
    rows = cube.stack(spectrum=("y", "x")).reset_index("spectrum").drop_vars(["y", "x"])
    listed = select_bands(targets, rows.transpose("spectrum", "wavelength"), n=5)
    for other in (lazy, given, listed):
        assert other.table["wavelength"].equals(one.table["wavelength"])
        np.testing.assert_allclose(
            other.shares["share"], one.shares["share"], rtol=1e-6
        )


def test_bad_bands_are_never_chosen(cube, targets):
    best = select_bands(targets, cube, n=3)
    bad = best.selected.values
    before = targets.copy(deep=True)
    marked = cube.assign_coords(bad_bands=("wavelength", bad))
    marked = marked.where(~marked["bad_bands"])
    holed = targets.where(~best.selected)
    found = select_bands(holed, marked, n=3)
    assert not (found.selected.values & bad).any()
    assert found.selected.sizes["wavelength"] == WAVES.size
    again = select_bands(holed, scene_statistics(marked, noise=None), n=3)
    assert again.table["wavelength"].equals(found.table["wavelength"])
    xr.testing.assert_identical(targets, before)
    assert cube.isel(wavelength=found.selected).sizes["wavelength"] == 3


def test_one_background_spectrum_is_enough(targets):
    found = select_bands(targets[0], targets[1:], n=2)
    assert set(found.table["wavelength"]) <= {2200, 2350, 2325, 2175, 2225}


def test_what_is_refused(cube, targets):
    for key, value, match in [
        ("n", 0, "n is a whole number"),
        ("n", 40, "there are 17 good bands"),
        ("share", 1.5, "share lies between"),
        ("noise", 0, "noise is a reflectance above 0"),
    ]:
        with pytest.raises(ValueError, match=match):
            select_bands(targets, cube, **{key: value})
    with pytest.raises(ValueError, match="Bring them there first"):
        select_bands(targets[:, ::2], cube)
    with pytest.raises(ValueError, match="of which 9 are bands of the targets"):
        select_bands(targets[:, ::2], scene_statistics(cube, noise=None))
    with pytest.raises(ValueError, match="mica cannot be told from the background"):
        select_bands(targets[:1], targets[:1])
    with pytest.raises(ValueError, match="no spectrum without gaps"):
        select_bands(targets[:1], targets[1:].where(WAVES[None] > 2100))
