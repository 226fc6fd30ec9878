import dask
import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from odc.geo.xr import wrap_xr

from prospect.geochem import singularity_index
from prospect.geochem.fractal import _singularity
from survey import make_geobox, open_grid, save_grid, save_grids

RICH = 2 - 2 * np.log2(1.4)
POOR = 2 - 2 * np.log2(0.6)


def grid_of(values, resolution=10.0):
    rows, columns = np.shape(values)
    region = (0, columns * resolution, 0, rows * resolution)
    frame = make_geobox(region, crs="EPSG:32650", resolution=resolution)
    return wrap_xr(np.asarray(values), frame).rename("Cu").assign_attrs(units="ppm")


def de_wijs(levels=8, d=0.4):
    """Cascade of a mean 1: each cell is split into 2 × 2 of (1 ± d)(1 ± d)."""
    cells = np.ones((1, 1))
    part = np.outer([1 + d, 1 - d], [1 + d, 1 - d])
    for _ in range(levels):
        cells = np.kron(cells, part)
    return cells


def lognormal(shape, seed=0, missing=0.1):
    random = np.random.default_rng(seed)
    values = np.exp(random.normal(3, 1, shape))
    values[random.random(shape) < missing] = np.nan
    return values


def by_brute_force(values, offsets, x, min_share):
    """Slope and level of numpy.polyfit at each cell, window by window."""
    rows, columns = values.shape
    out = np.full((2, rows, columns), np.nan)
    for i, j in zip(*np.nonzero(~np.isnan(values)), strict=True):
        means = []
        for window in offsets:
            r, c = window[:, 0] + i, window[:, 1] + j
            on = (r >= 0) & (r < rows) & (c >= 0) & (c < columns)
            known = values[r[on], c[on]]
            known = known[~np.isnan(known)]
            if len(known) < min_share * len(window):
                break
            means.append(known.mean())
        else:
            out[:, i, j] = np.polyfit(x, np.log(means), 1)
    out[0] += 2
    out[1] = np.exp(out[1])
    return out


def squares(*sizes):
    return [np.argwhere(np.ones((s, s))) - s // 2 for s in sizes]


def test_the_cascade_is_what_it_should_be():
    cells = de_wijs()
    assert cells.mean() == pytest.approx(1)
    assert cells.max() == pytest.approx(217.7953, abs=1e-4)
    assert cells.min() == pytest.approx(2.8211e-4, abs=1e-8)
    _, counts = np.unique(cells.round(10), return_counts=True)
    assert len(counts) == 17
    assert sorted(counts)[-1] == 12_870


@pytest.mark.parametrize(("sign", "exact"), [(1, 1.0291463), (-1, 3.4739312)])
def test_the_richest_and_poorest_cell_of_the_cascade(sign, exact):
    """METHODS 1.6 item 6, on dyadic boxes; then as centred windows of a field."""
    assert exact == pytest.approx(RICH if sign > 0 else POOR, abs=1e-7)
    cells = de_wijs(d=0.4 * sign)
    k = np.arange(9)
    means = [cells[: 2**n, : 2**n].mean() for n in k]
    slope = np.polyfit(k * np.log(2), np.log(means), 1)[0]
    assert 2 + slope == pytest.approx(exact, abs=1e-7)
    # rings of even density, so that centred windows hold e^alpha
    sizes = np.array([3, 9, 27, 81])
    field = np.full((101, 101), np.nan)
    y, x = np.mgrid[-50:51, -50:51]
    ring = np.maximum(abs(y), abs(x))
    mass = sizes.astype(float) ** exact
    inner, held = 0, 0.0
    for size, whole in zip(sizes, mass, strict=True):
        here = (ring <= size // 2) & (ring >= inner)
        field[here] = (whole - held) / here.sum()
        inner, held = size // 2 + 1, whole
    field[ring >= inner] = 1.0
    found = singularity_index(grid_of(field), sizes=sizes)
    assert float(found.alpha[50, 50]) == pytest.approx(exact, abs=1e-6)
    assert float(found.delta_alpha[50, 50]) == pytest.approx(2 - exact, abs=1e-6)
    assert float(found.coefficient[50, 50]) == pytest.approx(1, rel=1e-5)
    assert float(found.r2[50, 50]) == pytest.approx(1)
    assert float(found.standard_error[50, 50]) < 1e-6


@settings(max_examples=6, deadline=None)
@given(
    seed=st.integers(0, 1000),
    missing=st.sampled_from([0.0, 0.2, 0.6]),
    chunks=st.tuples(st.integers(3, 25), st.integers(3, 35)),
    kind=st.sampled_from(["f4", "f8"]),
)
def test_equals_brute_force_for_any_chunks(seed, missing, chunks, kind):
    values = lognormal((25, 33), seed, missing).astype(kind)
    expected = by_brute_force(values, squares(1, 3, 7), np.log([1, 3, 7]), 0.4)
    whole = singularity_index(grid_of(values), sizes=(1, 3, 7), min_share=0.4)
    np.testing.assert_allclose(whole.alpha, expected[0], atol=2e-6)
    np.testing.assert_allclose(whole.coefficient, expected[1], rtol=5e-6)
    lazy = grid_of(values).chunk(dict(zip("yx", chunks, strict=True)))
    xr.testing.assert_identical(
        singularity_index(lazy, sizes=(1, 3, 7), min_share=0.4).compute(),
        whole.compute(),
    )


def test_statistics_of_the_line():
    values = lognormal((20, 600), missing=0)
    sizes = (3, 5, 7, 9)
    found = singularity_index(grid_of(values), sizes=sizes)
    i, j = 10, 333
    means = [values[i - h : i + h + 1, j - h : j + h + 1].mean() for h in (1, 2, 3, 4)]
    (slope, _), cov = np.polyfit(np.log(sizes), np.log(means), 1, cov=True)
    assert float(found.standard_error[i, j]) == pytest.approx(
        cov[0, 0] ** 0.5, rel=1e-4
    )
    r = np.corrcoef(np.log(sizes), np.log(means))[0, 1]
    assert float(found.r2[i, j]) == pytest.approx(r**2, rel=1e-4)
    assert float(found.alpha[i, j]) == pytest.approx(2 + slope, abs=1e-6)


@pytest.mark.parametrize("anisotropy", [(1.0, 0.0), (2.5, 30.0), (4.0, -60.0)])
def test_elliptic_windows_equal_brute_force(anisotropy):
    values = lognormal((40, 45), 3)
    grid = grid_of(values)
    sizes = np.array([3, 7, 13])
    runs = _singularity.elliptic_runs(grid, sizes, *anisotropy)
    offsets = [
        np.array([(r[1], r[2] + k) for r in runs if r[0] == w for k in range(r[3])])
        for w in range(3)
    ]
    x = [np.log(len(window)) / 2 for window in offsets]
    expected = by_brute_force(values, offsets, x, 0.5)
    found = singularity_index(grid, sizes=sizes, anisotropy=anisotropy)
    np.testing.assert_allclose(found.alpha, expected[0], atol=2e-6)
    chunked = singularity_index(
        grid.chunk({"y": 11, "x": 20}), sizes=sizes, anisotropy=anisotropy
    )
    np.testing.assert_array_equal(chunked.alpha, found.alpha)


def test_azimuth_is_clockwise_from_north():
    runs = _singularity.elliptic_runs(
        grid_of(np.ones((9, 9))), np.array([9]), 9.0, 45.0
    )
    # the long axis runs from south-west to north-east: up (negative rows) is right
    tip = runs[runs[:, 1] == runs[:, 1].min()][0]
    assert tip[1] < -5
    assert tip[2] > 5
    along = _singularity.elliptic_runs(
        grid_of(np.ones((9, 9))), np.array([9]), 9.0, 90.0
    )
    assert along[:, 3].max() > 20
    area = along[:, 3].sum()
    assert area == pytest.approx(81, rel=0.1)


def test_a_ridge_is_seen_along_its_grain_only_across():
    """Windows along a ridge stay on it: its index is nearer 2 than that of squares."""
    y, x = np.mgrid[-40:41, -40:41]
    ridge = grid_of(1 + 20 * np.exp(-(((y + x) / 6) ** 2)))
    sizes = (3, 5, 9, 13)
    square = float(singularity_index(ridge, sizes=sizes).alpha[40, 40])
    along = singularity_index(ridge, sizes=sizes, anisotropy=(6, 45))
    across = singularity_index(ridge, sizes=sizes, anisotropy=(6, 135))
    assert float(across.alpha[40, 40]) < square < float(along.alpha[40, 40]) <= 2


@settings(max_examples=8, deadline=None)
@given(factor=st.floats(1e-6, 1e6), seed=st.integers(0, 100))
def test_units_change_the_coefficient_only(factor, seed):
    values = lognormal((12, 14), seed)
    one = singularity_index(grid_of(values), sizes=(3, 5, 7))
    two = singularity_index(grid_of(factor * values), sizes=(3, 5, 7))
    np.testing.assert_allclose(two.alpha, one.alpha, atol=3e-6)
    np.testing.assert_allclose(two.coefficient, factor * one.coefficient, rtol=1e-5)


def test_a_constant_has_no_singularity():
    values = np.full((30, 40), 57_000.25)
    values[5:9, 7:20] = np.nan
    found = singularity_index(grid_of(values), sizes=(3, 7, 15), min_share=0.01)
    known = ~np.isnan(values)
    np.testing.assert_allclose(found.alpha.values[known], 2, atol=1e-6)
    np.testing.assert_allclose(found.coefficient.values[known], 57_000.25, rtol=1e-6)
    assert np.isnan(found.alpha.values[~known]).all()


def test_borders_state_their_share():
    found = singularity_index(grid_of(lognormal((20, 20), missing=0)), sizes=(3, 5, 9))
    share = found.known_share.values
    assert share[10, 10] == 1
    assert share[0, 0] == pytest.approx(25 / 81)
    assert np.isnan(found.alpha.values[0, 0])
    assert np.isfinite(found.alpha.values[0, 10])
    wider = singularity_index(
        grid_of(lognormal((6, 5), missing=0)), sizes=(3, 5, 41), min_share=0.001
    )
    assert np.isfinite(wider.alpha.values).all()


def test_tiny_values_beside_huge_ones_keep_their_digits():
    values = np.full((40, 40), 1e-6)
    values[20:, :] = 1e6
    found = singularity_index(grid_of(values), sizes=(3, 5, 7))
    np.testing.assert_allclose(found.alpha.values[5:15, 5:35], 2, atol=1e-6)


def test_the_layers_share_one_computation(monkeypatch, tmp_path):
    calls = []
    kernel = _singularity.square_windows
    monkeypatch.setattr(
        _singularity,
        "square_windows",
        lambda *a, **k: calls.append(1) or kernel(*a, **k),
    )
    values = lognormal((60, 80))
    found = singularity_index(grid_of(values).chunk({"y": 30, "x": 40}))
    found.compute()
    assert len(calls) == 4
    opened = open_grid(save_grid(grid_of(values), tmp_path / "g.tif"), chunks=(30, 40))
    lazy = singularity_index(opened)
    assert all(dask.is_dask_collection(layer.data) for layer in lazy.values())
    calls.clear()
    save_grids({tmp_path / f"{name}.tif": layer for name, layer in lazy.items()})
    assert len(calls) == 4
    written = open_grid(tmp_path / "alpha.tif")
    np.testing.assert_array_equal(written, found.alpha)


def test_metadata_and_input():
    grid = grid_of(lognormal((20, 20))).assign_attrs(censored_share=0.25)
    before = grid.copy(deep=True)
    found = singularity_index(grid, anisotropy=(2, 45))
    xr.testing.assert_identical(grid, before)
    assert list(found) == [
        "alpha", "delta_alpha", "coefficient", "standard_error", "r2", "known_share"
    ]  # fmt: skip
    assert found.coefficient.attrs["units"] == "ppm"
    assert found.alpha.attrs["sizes"] == "3, 5, 7, 9, 11, 13"
    assert found.alpha.attrs["anisotropy"] == "ratio 2, azimuth 45"
    assert found.alpha.attrs["censored_share"] == 0.25
    assert "25% are below detection" in found.attrs["notes"][0]
    assert found.rio.crs == grid.rio.crs
    assert all(layer.dtype == "float32" for layer in found.values())


@pytest.mark.parametrize(
    ("values", "options", "match"),
    [
        ([[0.0, -1, np.inf, 2]] * 4, {}, "4 cells are zero, 4 negative, 4 infinite"),
        ([[1.0] * 4] * 4, {"sizes": (3, 5)}, "3 to 40 different odd numbers"),
        ([[1.0] * 4] * 4, {"sizes": (3, 4, 5)}, r"Got \(3, 4, 5\)"),
        ([[1.0] * 4] * 4, {"sizes": (3, 5.5, 7)}, "odd numbers"),
        ([[1.0] * 4] * 4, {"min_share": 0}, "min_share must be above 0"),
        ([[1.0] * 4] * 4, {"anisotropy": 3}, r"must be \(ratio, azimuth\), not 3"),
        ([[1.0] * 4] * 4, {"anisotropy": (0.5, 0)}, "ratio from 1 to 20"),
    ],
)
def test_refusals(values, options, match):
    with pytest.raises(ValueError, match=match):
        singularity_index(grid_of(values), **options)
