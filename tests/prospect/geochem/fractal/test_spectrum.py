import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from odc.geo.xr import wrap_xr

from prospect.geochem import filter_spectrum, spectrum_area
from prospect.geochem.fractal._frequencies import fill_gaps, to_plane
from survey import make_geobox


def grid_of(values, resolution=100.0):
    rows, columns = np.shape(values)
    region = (0, columns * resolution, 0, rows * resolution)
    frame = make_geobox(region, crs="EPSG:32650", resolution=resolution)
    return wrap_xr(np.asarray(values), frame).rename("mag").assign_attrs(units="nT")


def field_of(power, shape=(256, 256), seed=0):
    """Random field whose power spectral density is a function of the wave number."""
    noise = np.fft.rfft2(np.random.default_rng(seed).normal(size=shape))
    ky, kx = np.fft.fftfreq(shape[0])[:, None], np.fft.rfftfreq(shape[1])[None]
    k = np.hypot(ky, kx)
    k[0, 0] = np.inf
    return np.fft.irfft2(noise * np.sqrt(power(k)), s=shape)


def test_power_sums_to_the_variance():
    """Parseval: the density integrates to the variance, in units² whatever the cell."""
    values = np.random.default_rng(0).normal(0, 3, (50, 61))
    plane = to_plane(grid_of(values), pad=0, detrend="mean")
    whole = (plane.power * plane.times).sum() * plane.cell
    assert whole == pytest.approx(values.var())


def test_the_curve_is_counted_exactly():
    values = np.random.default_rng(1).normal(size=(40, 48))
    model = spectrum_area(grid_of(values), pad=0, detrend="mean", n_bootstrap=0)
    full = np.abs(np.fft.fft2(values - values.mean())) ** 2 * 0.01 / values.size
    full = full.ravel()[1:]
    cell = 1 / 4.0 / 4.8
    expected = [
        (full >= t * (1 - 1e-12)).sum() * cell for t in model.table["threshold"]
    ]
    np.testing.assert_allclose(model.table["above"], expected, atol=2.1 * cell)
    whole = model.table["above"].iloc[0] + model.table["below"].iloc[0]
    assert whole == pytest.approx(len(full) * cell)
    assert model.units == "(nT)²·km²"
    assert model.amount_units == "(cycles/km)²"


def test_slope_of_a_self_similar_field():
    """With S ~ k^-b the area k² falls as S^(-2/b)."""
    values = field_of(lambda k: k**-4.0)
    model = spectrum_area(grid_of(values), pad=0, detrend="mean", n_bootstrap=0)
    table = model.table
    middle = table[table["above"].between(0.3, 15)]
    slope = np.polyfit(np.log(middle["threshold"]), np.log(middle["above"]), 1)[0]
    assert slope == pytest.approx(-0.5, abs=0.05)


def test_break_between_two_fields():
    """Regional part of high power, local one of low: the break parts them."""
    regional = field_of(lambda k: np.where(k < 0.03, 1e4, 0) * 1.0, seed=1)
    local = field_of(np.ones_like, seed=2)
    grid = grid_of(regional + local)
    model = spectrum_area(grid, pad=0, detrend="mean", n_segments=3, n_bootstrap=30,
                          random_state=0)  # fmt: skip
    parts = filter_spectrum(grid, 10 * 0.01, pad=0, detrend="mean")
    assert (
        np.corrcoef(parts.background.to_numpy().ravel(), regional.ravel())[0, 1] > 0.999
    )
    assert np.corrcoef(parts.anomaly.to_numpy().ravel(), local.ravel())[0, 1] > 0.99
    assert 1e-2 < model.breaks[-1] < 1e3
    assert model.intervals["low"].notna().all()


def test_grain_is_kept():
    """A weak wave across a strong grain at the same wave number is parted from it."""
    t = np.arange(64) * 2 * np.pi / 64
    grain, cross = (
        5 * np.cos(6 * t)[:, None] + 0 * t,
        0.5 * np.cos(6 * t)[None] + 0 * t[:, None],
    )
    parts = filter_spectrum(grid_of(grain + cross), 20.0, pad=0, detrend="mean")
    np.testing.assert_allclose(parts.background, grain, atol=1e-9)
    np.testing.assert_allclose(parts.anomaly, cross, atol=1e-9)


@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 1000),
    shape=st.tuples(st.integers(16, 40), st.integers(16, 40)),
    missing=st.sampled_from([0.0, 0.1, 0.7]),
    pad=st.sampled_from([0.0, 0.1, 0.5]),
    detrend=st.sampled_from(["plane", "mean"]),
    cuts=st.sampled_from([(0.01,), (0.001, 0.02)]),
)
def test_the_parts_add_up_to_the_grid(seed, shape, missing, pad, detrend, cuts):
    random = np.random.default_rng(seed)
    values = random.normal(50_000, 30, shape).cumsum(axis=0)
    values[random.random(shape) < missing] = np.nan
    values[3, 4] = 1.0
    grid = grid_of(values)
    before = grid.copy(deep=True)
    parts = filter_spectrum(grid, cuts, pad=pad, detrend=detrend)
    total = sum(parts.values())
    np.testing.assert_allclose(total, grid, rtol=1e-12)
    assert set(parts) == {"anomaly", "background"} | (
        {"noise"} if len(cuts) > 1 else set()
    )
    xr.testing.assert_identical(grid, before)
    assert parts.anomaly.attrs["units"] == "nT"
    assert parts.rio.crs == grid.rio.crs
    assert bool(parts.attrs["notes"]) == bool(np.isnan(values).any())


def test_a_plane_is_background_and_edges_do_not_ring():
    y, x = np.mgrid[:80, :90]
    bump = 10 * np.exp(-((y - 40) ** 2 + (x - 45) ** 2) / 20)
    grid = grid_of(1000 + 5.0 * y - 3.0 * x + bump)
    parts = filter_spectrum(grid, 50.0)
    assert np.abs(parts.anomaly.to_numpy()[:5]).max() < 1.5
    assert parts.anomaly.to_numpy()[40, 45] > 4


def test_gaps_are_filled_from_around():
    y, x = np.mgrid[:50, :70]
    plane = 2.0 * y + x
    holed = np.where((y - 20) ** 2 + (x - 30) ** 2 < 60, np.nan, plane)
    filled = fill_gaps(holed)
    assert np.abs(filled - plane).max() < 8
    np.testing.assert_array_equal(filled[~np.isnan(holed)], plane[~np.isnan(holed)])
    assert (fill_gaps(np.where(y == 7, 3.0, np.nan)) == 3).all()


def test_bootstrap_is_reproducible():
    grid = grid_of(field_of(lambda k: k**-3.0, (64, 64)))
    one, two = (spectrum_area(grid, n_bootstrap=20, random_state=3) for _ in range(2))
    pd.testing.assert_frame_equal(one.intervals, two.intervals)
    assert (one.intervals["low"] <= one.intervals["high"]).all()


@pytest.mark.parametrize(
    ("values", "options", "match"),
    [
        (np.ones((30, 30)), {}, "constant"),
        (np.ones((8, 30)), {}, "16 cells a side"),
        (np.full((20, 20), np.nan), {}, "no cell with a value"),
        (np.full((20, 20), np.inf), {}, "400 cells are infinite"),
        (np.eye(20), {"pad": 2}, "share of the sides from 0 to 1"),
        (np.eye(20), {"detrend": "none"}, "detrend must be one of"),
    ],
)
def test_refusals(values, options, match):
    with pytest.raises(ValueError, match=match):
        spectrum_area(grid_of(values), **options)


@pytest.mark.parametrize("breaks", [(), (1, 2, 3), -1.0, np.nan])
def test_refused_breaks(breaks):
    with pytest.raises(ValueError, match="one or two positive powers"):
        filter_spectrum(grid_of(np.eye(20)), breaks)


def test_real_magnetics(real_data):
    """Block means of the Rio lines: the parts add up, the anomaly is the rougher."""
    path = real_data("geophysics/rio_magnetic_lines") / "rio-magnetic.csv.xz"
    table = pd.read_csv(path)
    places = gpd.points_from_xy(table["longitude"], table["latitude"], crs="EPSG:4326")
    xy = gpd.GeoSeries(places).to_crs("EPSG:32723").get_coordinates()
    frame = make_geobox(
        (*xy["x"].agg(["min", "max"]), *xy["y"].agg(["min", "max"])),
        crs="EPSG:32723", resolution=500,
    )  # fmt: skip
    a = frame.affine
    column, row = (xy["x"] - a.c) / a.a, (xy["y"] - a.f) / a.e
    cell = row.astype(int) * frame.shape[1] + column.astype(int)
    size = frame.shape[0] * frame.shape[1]
    with np.errstate(invalid="ignore"):
        mean = np.bincount(cell, table["total_field_anomaly_nt"], size) / np.bincount(
            cell, minlength=size
        )
    grid = wrap_xr(mean.reshape(frame.shape), frame).assign_attrs(units="nT")
    model = spectrum_area(grid, n_segments=3, n_bootstrap=20, random_state=0)
    parts = filter_spectrum(grid, model.breaks[-1])
    np.testing.assert_allclose(
        parts.anomaly + parts.background, grid, rtol=1e-9, atol=1e-9
    )

    def rough(g):
        return float((g.diff("x") ** 2).mean() / g.var())

    assert rough(parts.anomaly) > 2 * rough(parts.background)
    assert "are missing: they are filled" in model.notes[0]
