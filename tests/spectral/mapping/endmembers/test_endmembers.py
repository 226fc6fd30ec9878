"""Endmembers: pure pixels recovered, volumes of exhaustive search, places kept."""

from itertools import combinations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral.mapping import (
    atgp,
    avmax,
    n_findr,
    ppi,
    purity_map,
    scene_statistics,
    sisal,
    sivm,
    smacc,
    vca,
)
from spectral.mapping.endmembers import _search
from spectral.mapping.endmembers._search import extremes, simplex_volume

PIXEL_METHODS = {
    "n_findr": n_findr,
    "avmax": avmax,
    "sivm": sivm,
    "atgp": atgp,
    "smacc": smacc,
    "vca": vca,
    "ppi": lambda cube, **options: ppi(cube, reduction="pca", **options),
}
RECOVER = pytest.mark.parametrize("name", PIXEL_METHODS)


def cube_of(values, **coords):
    return xr.DataArray(
        values,
        dims=("wavelength", "y", "x"),
        coords={"wavelength": np.linspace(2000, 2400, len(values)), **coords},
        name="scene",
        attrs={"units": "1", "quantity": "reflectance", "other": "left"},
    )


@pytest.fixture
def scene():
    """Mixtures of five spectra, pure at known pixels; a gap, fill, a bad band."""
    rng = np.random.default_rng(11)
    spectra = rng.random((5, 25)) * 0.8 + 0.1
    shares = rng.dirichlet(np.ones(5), (24, 30)) * 0.9 + 0.02
    rows, columns = [3, 7, 11, 18, 21], [2, 28, 15, 9, 20]
    shares[rows, columns] = np.eye(5)
    values = np.moveaxis(shares @ spectra, 2, 0)
    values[4, 0, 0] = np.nan
    values[:, 1, :4] = 0
    values[24] = -1.23e34
    cube = cube_of(
        values,
        bad_bands=("wavelength", np.arange(25) == 24),
        y=4000.0 - 30 * np.arange(24),
        x=500.0 + 30 * np.arange(30),
    )
    return cube, spectra, set(zip(rows, columns, strict=True))


@RECOVER
@pytest.mark.parametrize("chunks", [None, {"y": 7, "x": 16, "wavelength": 5}])
def test_pure_pixels_are_found(scene, name, chunks):
    cube, _, truth = scene
    before = cube.copy(deep=True)
    given_ = cube if chunks is None else cube.chunk(chunks)
    found = PIXEL_METHODS[name](given_, n_endmembers=5)
    places = list(zip(found["row"].values, found["column"].values, strict=True))
    assert set(places) == truth
    assert found.dims == ("spectrum", "wavelength")
    assert found.chunks is None
    for number, (row, column) in enumerate(places):
        np.testing.assert_array_equal(found[number], cube[:, row, column])
        assert found["y"][number] == cube["y"][row]
        assert found["x"][number] == cube["x"][column]
    assert list(found["spectrum"].values) == [f"endmember {i}" for i in range(1, 6)]
    assert found["bad_bands"].values[24]
    assert found.attrs["method"] == name
    assert found.attrs["quantity"] == "reflectance"
    assert "other" not in found.attrs
    assert found.attrs["notes"][:2] == [
        "1 pixels lack a value in a good band and were not searched.",
        "4 pixels are zero in all bands and were not searched.",
    ]
    assert found.attrs["volume"] == pytest.approx(
        simplex_volume(found.values[:, :24].T), rel=1e-6
    )
    xr.testing.assert_identical(cube, before)


def test_sisal_recovers_spectra_too(scene):
    cube, spectra, _ = scene
    found = sisal(cube, n_endmembers=5, penalty=100)
    distance = np.abs(found.values[:, None, :24] - spectra[:, :24]).max(2)
    assert (distance.min(1) < 0.02).all()
    assert set(distance.argmin(1)) == set(range(5))
    assert np.isnan(found.values[:, 24]).all()
    assert "row" not in found.coords


@pytest.mark.parametrize("n", [3, 6])
def test_sisal_finds_a_simplex_without_pure_pixels(n):
    rng = np.random.default_rng(n)
    spectra = rng.random((n, 30))
    shares = rng.dirichlet(np.ones(n), 6000)
    shares = shares[shares.max(1) < 0.8][:3000]
    values = (shares @ spectra).T
    cube = cube_of(
        (values + 1e-4 * rng.standard_normal(values.shape)).reshape(30, 50, 60)
    )
    found = sisal(cube, n_endmembers=n)
    distance = np.abs(found.values[:, None] - spectra).max(2)
    assert (distance.min(1) < 0.04).all()
    # the purest pixels are ten times as far off
    pure = n_findr(cube, n_endmembers=n)
    away = np.abs(pure.values[:, None] - spectra).max(2).min(1)
    assert away.mean() > 5 * distance.min(1).mean()
    assert found.attrs["outside"] < 0.01
    sampled = sisal(cube, n_endmembers=n, max_pixels=600)
    assert np.abs(sampled.values[:, None] - spectra).max(2).min(1).max() < 0.08
    assert "600 of 3000 pixels were enclosed" in sampled.attrs["notes"][-1]


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(2, 4))
def test_n_findr_reaches_the_exhaustive_volume(seed, n):
    rng = np.random.default_rng(seed)
    points = rng.random((n - 1, 12)) + 0.1
    cube = cube_of(points[:, None])
    best = max(
        simplex_volume(points[:, list(chosen)]) for chosen in combinations(range(12), n)
    )
    for search in (n_findr, avmax):
        found = search(cube, n_endmembers=n, n_starts=12)
        assert found.attrs["volume"] == pytest.approx(best, rel=1e-4)
    # one swap more would not help, however the search began
    once = n_findr(cube, n_endmembers=n)
    chosen = once["column"].values
    for vertex in range(n):
        for pixel in range(12):
            other = chosen.copy()
            other[vertex] = pixel
            assert simplex_volume(points[:, other]) <= once.attrs["volume"] * 1.0001


@RECOVER
def test_order_of_pixels_does_not_matter(scene, name):
    cube, _, _ = scene
    turned = cube[:, ::-1, ::-1]
    one = PIXEL_METHODS[name](cube, n_endmembers=4)
    other = PIXEL_METHODS[name](turned, n_endmembers=4)
    if name == "avmax":  # starts are drawn by place; where they lead is the same
        assert one.attrs["volume"] == pytest.approx(other.attrs["volume"], rel=1e-6)
        return
    assert set(zip(one.y.values, one.x.values, strict=True)) == set(
        zip(other.y.values, other.x.values, strict=True)
    )


@pytest.mark.parametrize("name", ["n_findr", "sivm", "avmax", "ppi", "vca"])
def test_a_factor_on_all_bands_changes_nothing(scene, name):
    cube, _, _ = scene
    one = PIXEL_METHODS[name](cube, n_endmembers=4)
    other = PIXEL_METHODS[name](cube * 1000, n_endmembers=4)
    assert set(one["row"].values) == set(other["row"].values)
    assert set(one["column"].values) == set(other["column"].values)
    assert other.attrs["volume"] == pytest.approx(1e9 * one.attrs["volume"])


def test_same_state_same_result(scene):
    cube, _, _ = scene
    rng = np.random.default_rng(0)
    noisy = cube + 0.01 * rng.standard_normal(cube.shape)
    for name in ("n_findr", "avmax", "vca", "ppi"):
        one, other = (
            PIXEL_METHODS[name](noisy, n_endmembers=5, random_state=7) for _ in range(2)
        )
        xr.testing.assert_identical(one, other)
    one, other = (sisal(noisy, n_endmembers=3, max_pixels=300) for _ in range(2))
    xr.testing.assert_identical(one, other)


def test_more_runs_of_vca_give_no_smaller_simplex():
    rng = np.random.default_rng(0)
    shares = rng.dirichlet(np.full(8, 0.3), 2000)
    noisy = cube_of((shares @ rng.random((8, 40))).T.reshape(40, 40, 50))
    noisy = noisy + 0.01 * rng.standard_normal(noisy.shape)
    few, many = (vca(noisy, n_endmembers=8, n_runs=runs) for runs in (1, 40))
    assert many.attrs["volume"] > few.attrs["volume"]
    loud = noisy + 0.5 * rng.standard_normal(noisy.shape)
    assert vca(loud, n_endmembers=8).attrs["projection"] == "affine"
    assert few.attrs["projection"] == "projective"


def test_vca_does_not_see_brightness(scene):
    cube, _, truth = scene
    rng = np.random.default_rng(0)
    light = xr.DataArray(rng.uniform(0.3, 1.2, (24, 30)), dims=("y", "x"))
    found = vca(cube * light, n_endmembers=5)
    assert set(zip(found["row"].values, found["column"].values, strict=True)) == truth
    light[5, :6] = 1e-4
    found = vca(cube * light, n_endmembers=5)
    assert "6 pixels are darker" in found.attrs["notes"][-1]


def test_atgp_is_the_papers(scene):
    # projectors of full size, pixel by pixel
    cube, _, _ = scene
    rng = np.random.default_rng(4)
    noisy = (cube + 0.02 * rng.standard_normal(cube.shape))[:24].drop_vars("bad_bands")
    flat = noisy.values.reshape(24, -1)
    flat = np.where(np.isfinite(flat).all(0), flat, 0)
    chosen, left = [], []
    projector = np.eye(24)
    for _ in range(6):
        norms = np.linalg.norm(projector @ flat, axis=0)
        chosen.append(int(norms.argmax()))
        left.append(norms.max())
        spanned = flat[:, chosen]
        projector = np.eye(24) - spanned @ np.linalg.pinv(spanned)
    found = atgp(noisy, n_endmembers=6)
    np.testing.assert_array_equal(found["row"] * 30 + found["column"], chosen)
    np.testing.assert_allclose(found["residual"], left, rtol=1e-4)


def test_smacc_keeps_shares_above_zero(scene):
    # its steps in float64, all bands, share by share
    cube, _, _ = scene
    rng = np.random.default_rng(4)
    noisy = (cube + 0.02 * rng.standard_normal(cube.shape))[:24].drop_vars("bad_bands")
    flat = noisy.values.reshape(24, -1)
    flat = np.where(np.isfinite(flat).all(0), flat, 0)
    left, chosen, shares = flat.copy(), [], []
    for _ in range(6):
        pixel = int(np.linalg.norm(left, axis=0).argmax())
        vector = left[:, pixel]
        amount = np.clip(vector @ left / (vector @ vector), 0, None)
        for share in shares:
            if share[pixel] > 1e-12:
                amount = np.minimum(amount, share / share[pixel])
        shares = [share - share[pixel] * amount for share in shares] + [amount]
        left = left - np.outer(vector, amount)
        chosen.append(pixel)
    assert min(share.min() for share in shares) > -1e-12
    np.testing.assert_allclose(
        flat[:, chosen] @ np.array(shares) + left, flat, atol=1e-9
    )
    found = smacc(noisy, n_endmembers=6)
    np.testing.assert_array_equal(found["row"] * 30 + found["column"], chosen)


@pytest.mark.parametrize("chunks", [None, {"y": 7}])
def test_purity_counts_extremes(scene, chunks):
    cube, _, truth = scene
    given_ = cube if chunks is None else cube.chunk(chunks)
    counts = purity_map(given_, n_skewers=300, reduction="pca", random_state=2)
    assert counts.dims == ("y", "x")
    assert float(counts.sum()) == 600
    assert set(zip(*np.nonzero(counts.fillna(0).values), strict=True)) == truth
    assert int(counts.isnull().sum()) == 5
    assert counts.attrs["long_name"] == "pixel purity index"
    np.testing.assert_array_equal(counts["y"], cube["y"])
    assert "wavelength" not in counts.coords


def test_ppi_passes_over_neighbours_in_angle(scene):
    cube, _, truth = scene
    rng = np.random.default_rng(1)
    noisy = cube.copy()
    for row, column in truth:  # outcrops of two pixels
        noisy[:, row, column - 1] = cube[:, row, column]
    noisy = (noisy + 0.003 * rng.standard_normal(cube.shape)).where(cube != 0)
    found = ppi(noisy, n_endmembers=5, n_dimensions=4, reduction="pca", min_angle=0.03)
    where = set(zip(found["row"].values, found["column"].values, strict=True))
    both = {frozenset({(r, c), (r, c - 1)}) for r, c in truth}
    assert all(len(where & pair) == 1 for pair in both)
    assert (np.diff(found["count"]) <= 0).all()
    with pytest.raises(ValueError, match=r"\d of them within 0.03 rad of one taken"):
        ppi(noisy, n_endmembers=6, n_dimensions=4, reduction="pca", min_angle=0.03)
    near = ppi(noisy, n_endmembers=6, n_dimensions=4, reduction="pca", min_angle=0)
    assert near.sizes["spectrum"] == 6
    apart = ppi(noisy, n_endmembers=5, n_dimensions=9, reduction="pca", min_angle=0.03)
    assert any("were passed over" in note for note in apart.attrs["notes"])


def test_statistics_may_be_given(scene):
    cube, _, truth = scene
    statistics = scene_statistics(cube, noise=None)
    for search in (n_findr, vca, atgp, smacc, sivm, avmax):
        found = search(cube, n_endmembers=5, statistics=statistics)
        assert (
            set(zip(found["row"].values, found["column"].values, strict=True)) == truth
        )


def test_a_library_is_searched_too(scene):
    _, spectra, _ = scene
    shares = np.vstack([np.eye(5), np.random.default_rng(0).dirichlet(np.ones(5), 20)])
    library = xr.DataArray(
        shares @ spectra,
        dims=("spectrum", "wavelength"),
        coords={
            "spectrum": [f"mix {i}" for i in range(25)],
            "wavelength": np.linspace(2000, 2400, 25),
        },
    )
    found = n_findr(library, n_endmembers=5)
    assert sorted(found["source"].values) == [f"mix {i}" for i in range(5)]


def test_extremes_are_those_of_numpy(monkeypatch):
    monkeypatch.setattr(_search, "PIXELS", 7)
    monkeypatch.setattr(_search, "ROWS", 3)
    rng = np.random.default_rng(0)
    scores = rng.standard_normal((4, 100)).astype("float32")
    scores[:, 50:] = scores[:, :50]  # of equals, the first
    directions = rng.standard_normal((11, 4))
    found = extremes(directions, scores)
    projected = directions.astype("float32") @ scores
    np.testing.assert_array_equal(found.top, projected.argmax(1))
    np.testing.assert_array_equal(found.bottom, projected.argmin(1))
    np.testing.assert_allclose(found.highest, projected.max(1), rtol=1e-5)


def test_volume_of_known_simplices():
    assert simplex_volume(np.array([[0.0, 1, 0], [0, 0, 1]])) == pytest.approx(0.5)
    corner = np.column_stack([np.zeros(4), 2 * np.eye(4)])
    assert simplex_volume(corner) == pytest.approx(16 / 24)
    assert simplex_volume(np.array([[0.0, 1, 2], [0, 1, 2]])) == pytest.approx(
        0, abs=1e-15
    )


@pytest.mark.parametrize("search", [n_findr, avmax, sivm, vca, atgp, smacc, sisal, ppi])
def test_bad_input_is_refused_with_its_remedy(scene, search):
    cube, _, _ = scene
    with pytest.raises(ValueError, match=r"cannot be told apart in 24 good bands"):
        search(cube, n_endmembers=26)
    with pytest.raises(ValueError, match="cannot be chosen from 4 pixels"):
        search(cube[:, 3:5, 3:5], n_endmembers=6)
    with pytest.raises(ValueError, match="give a whole number"):
        search(cube, n_endmembers=2.5)
    with pytest.raises(ValueError, match="give at least"):
        search(cube, n_endmembers=0)
    with pytest.raises(TypeError, match="not as ndarray"):
        search(cube.values, n_endmembers=3)


def test_too_few_dimensions_are_told(scene):
    cube, _, _ = scene
    for search in (n_findr, avmax, sivm, sisal):
        with pytest.raises(ValueError, match="spans 4 dimensions: at most 5"):
            search(cube, n_endmembers=7)
    with pytest.raises(ValueError, match="spans 4 dimensions"):
        vca(cube, n_endmembers=7)
    with pytest.raises(ValueError, match="5 of 7 endmembers found"):
        ppi(cube, n_endmembers=7, reduction="pca")
    with pytest.raises(ValueError, match="the noise covariance is singular"):
        ppi(cube, n_endmembers=5)
    with pytest.raises(ValueError, match="reduction='svd' is not known"):
        n_findr(cube, n_endmembers=3, reduction="svd")
    with pytest.raises(ValueError, match="n_dimensions=3: give a number from 5"):
        atgp(cube, n_endmembers=5, n_dimensions=3)
    with pytest.raises(ValueError, match="penalty=0"):
        sisal(cube, n_endmembers=3, penalty=0)
    with pytest.raises(ValueError, match="n_skewers=0"):
        purity_map(cube, n_skewers=0, reduction="pca")
