import numpy as np
import pytest
import xarray as xr
from odc.geo.xr import wrap_xr

from prospect.geochem import multifractal_spectrum
from survey import make_geobox

Q = np.array([-10.0, -3, -1, 0, 0.5, 1, 2, 5, 20])


def grid_of(values):
    rows, columns = np.shape(values)
    frame = make_geobox((0, columns, 0, rows), crs="EPSG:32650", resolution=1)
    return wrap_xr(np.asarray(values), frame).rename("Cu")


def de_wijs(levels, d=0.4):
    cells = np.ones((1, 1))
    for _ in range(levels):
        cells = np.kron(cells, np.outer([1 + d, 1 - d], [1 + d, 1 - d]))
    return cells


def test_the_cascade_exactly():
    """METHODS 1.6 item 6: tau(q) = -2 log2(p^q + (1 - p)^q), p = (1 + d) / 2."""
    found = multifractal_spectrum(grid_of(de_wijs(8)), q=Q)
    p = np.array([0.7, 0.3])[:, None]
    tau = -2 * np.log2((p**Q).sum(axis=0))
    alpha = -2 * (p**Q * np.log2(p)).sum(axis=0) / (p**Q).sum(axis=0)
    np.testing.assert_allclose(found.tau, tau, atol=1e-9)
    np.testing.assert_allclose(found.alpha, alpha, atol=1e-9)
    np.testing.assert_allclose(found.f, Q * alpha - tau, atol=1e-9)
    assert float(found.tau.sel(q=2)) == pytest.approx(1.5717504, abs=1e-7)
    assert float(found.tau.sel(q=0)) == pytest.approx(-2)
    assert float(found.tau.sel(q=1)) == pytest.approx(0, abs=1e-9)
    assert float(found.D.sel(q=1)) == float(found.alpha.sel(q=1))
    assert float(found.D.sel(q=2)) == pytest.approx(1.5717504, abs=1e-7)
    assert float(found.alpha.sel(q=20)) == pytest.approx(1.0291463, abs=1e-5)
    np.testing.assert_allclose(found.r2, 1)
    np.testing.assert_allclose(found.standard_error, 0, atol=1e-9)
    assert found.attrs["used_share"] == 1


def test_a_constant_is_no_multifractal():
    found = multifractal_spectrum(grid_of(np.full((64, 64), 7.0)), q=Q)
    np.testing.assert_allclose(found.alpha, 2)
    np.testing.assert_allclose(found.f, 2)
    np.testing.assert_allclose(found.D, 2)


def test_any_field_by_brute_force_and_in_blocks():
    values = np.exp(np.random.default_rng(0).normal(0, 1.5, (100, 150)))
    values[70, 10] = np.nan
    sizes = (1, 2, 4, 8, 16)
    grid = grid_of(values)
    before = grid.copy(deep=True)
    found = multifractal_spectrum(grid, q=Q, sizes=sizes)
    xr.testing.assert_identical(grid, before)
    inner = values[:96, :144].copy()
    inner[64:80, :16] = np.nan
    whole = np.nansum(inner)
    for size in sizes:
        boxes = inner.reshape(96 // size, size, 144 // size, size).sum(axis=(1, 3))
        mu = boxes[~np.isnan(boxes)] / whole
        expected = np.log((mu[None] ** Q[:, None]).sum(axis=1))
        np.testing.assert_allclose(found.moment.sel(size=size), expected, atol=1e-9)
    slope = np.polyfit(np.log(sizes), found.moment.values.T, 1)[0]
    np.testing.assert_allclose(found.tau, slope)
    step = 1e-5
    up, down = (
        multifractal_spectrum(grid, q=Q + s, sizes=sizes).tau.values
        for s in (step, -step)
    )
    np.testing.assert_allclose(found.alpha, (up - down) / 2 / step, atol=1e-6)
    assert found.attrs["used_share"] == pytest.approx((96 * 144 - 256) / (15_000 - 1))


def test_blocks_do_not_matter(monkeypatch):
    from prospect.geochem.fractal import _multifractal

    values = np.exp(np.random.default_rng(1).normal(0, 1, (130, 190)))
    whole = multifractal_spectrum(grid_of(values), sizes=(1, 2, 4, 8))
    monkeypatch.setattr(_multifractal, "SMALLEST_BLOCK", 16)
    parts = multifractal_spectrum(
        grid_of(values).chunk({"y": 20, "x": 33}), sizes=(1, 2, 4, 8)
    )
    xr.testing.assert_allclose(whole, parts)


@pytest.mark.parametrize(
    ("values", "options", "match"),
    [
        (np.zeros((16, 16)), {}, "256 cells are zero or negative, 0 infinite"),
        (np.full((16, 16), np.inf), {}, "256 infinite"),
        (np.ones((3, 3)), {}, "the map of 3 × 3 cells is too small"),
        (np.ones((16, 16)), {"sizes": (1, 3, 8)}, "powers of two"),
        (np.ones((16, 16)), {"sizes": (1, 2)}, "at least three sizes"),
        (np.ones((16, 16)), {"sizes": (1, 2, 32)}, "boxes of 32 cells do not fit"),
        (np.ones((16, 16)), {"q": (1, 1)}, "q must be different finite numbers"),
        (np.eye(16) * np.nan + 1, {}, "no box of 8 × 8 cells is wholly known"),
    ],
)
def test_refusals(values, options, match):
    with pytest.raises(ValueError, match=match):
        multifractal_spectrum(grid_of(values), **options)
