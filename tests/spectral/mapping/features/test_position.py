"""Minimum wavelength: made features, polyfit, lazy cubes, unknown said aloud."""

import numpy as np
import pytest
import rioxarray  # noqa: F401
import xarray as xr

from spectral.mapping import minimum_wavelength, remove_continuum

from .made import dip, spectra_of

WAVES = np.arange(2050, 2351, 10.0)
WINDOW = (2100, 2300)


def made(centre, *, width=40, depth=0.3, waves=WAVES):
    shape = dip(waves[:, None], np.ravel(centre), width, depth)
    return spectra_of(
        ((0.7 - 1e-4 * waves[:, None]) * shape).T,
        waves,
        dims=("spectrum", "wavelength"),
    )


@pytest.mark.parametrize(
    ("method", "error"),
    [("minimum", 5.01), ("parabola", 0.2), ("polynomial", 0.25), ("gaussian", 0.02)],
)
def test_known_centres_come_back(method, error):
    centre = np.linspace(2195, 2205, 41)
    found = minimum_wavelength(made(centre), WINDOW, method=method)
    np.testing.assert_allclose(found["position"], centre, atol=error)
    loose = 0.02 if method == "minimum" else 0.006
    np.testing.assert_allclose(found["depth"], 0.3, atol=loose)
    assert (found["residual"] < 0.01).all()


@pytest.mark.parametrize(("method", "n", "degree"), [
    ("parabola", 3, 2), ("parabola", 5, 2), ("polynomial", 7, 4), ("polynomial", 9, 4),
])  # fmt: skip
@pytest.mark.parametrize("uneven", [False, True])
def test_equals_polyfit(method, n, degree, uneven):
    rng = np.random.default_rng(7)
    waves = np.sort(WAVES + rng.uniform(-3, 3, WAVES.size)) if uneven else WAVES
    spectra = made(rng.uniform(2180, 2220, 12), width=50, waves=waves)
    spectra = spectra + rng.normal(0, 5e-4, spectra.shape)
    found = minimum_wavelength(spectra, WINDOW, method=method, n_bands=n)
    removed = remove_continuum(spectra, window=WINDOW)
    x = removed["wavelength"].values
    for i in range(12):
        r = removed[i].values
        k = int(r.argmin())
        near = slice(k - n // 2, k + n // 2 + 1)
        curve = np.polynomial.Polynomial.fit(x[near], r[near], degree)
        bottoms = [
            root.real
            for root in curve.deriv().roots()
            if abs(root.imag) < 1e-9 and x[near][0] < root.real < x[near][-1]
        ]
        at = min(bottoms, key=curve)
        assert float(found["position"][i]) == pytest.approx(at, abs=1e-5)
        assert float(found["depth"][i]) == pytest.approx(1 - curve(at), abs=1e-9)
        rms = np.sqrt(((r[near] - curve(x[near])) ** 2).mean())
        assert float(found["residual"][i]) == pytest.approx(rms, abs=1e-9)


def test_gaussian_equals_curve_fit():
    from scipy.optimize import curve_fit

    rng = np.random.default_rng(8)
    spectra = made(rng.uniform(2190, 2210, 8)) + rng.normal(0, 3e-4, (8, WAVES.size))
    found = minimum_wavelength(spectra, WINDOW, method="gaussian", n_bands=7)
    removed = remove_continuum(spectra, window=WINDOW)
    x = removed["wavelength"].values

    def shape(waves, centre, width, depth):
        return 1 - dip(waves, centre, width, depth)

    for i in range(8):
        d = 1 - removed[i].values
        near = slice(int(d.argmax()) - 3, int(d.argmax()) + 4)
        best, _ = curve_fit(shape, x[near], d[near], p0=(x[d.argmax()], 40, 0.3))
        assert float(found["position"][i]) == pytest.approx(best[0], abs=0.05)
        assert float(found["depth"][i]) == pytest.approx(best[2], abs=1e-3)


@pytest.mark.parametrize("method", ["parabola", "polynomial", "gaussian", "minimum"])
def test_in_blocks_as_in_memory(method):
    rng = np.random.default_rng(9)
    centre = rng.uniform(2185, 2215, (6, 5))
    values = 0.5 * dip(WAVES[:, None, None], centre, 40, 0.2)
    values += rng.normal(0, 0.002, values.shape)
    values[3, 2, 2] = np.nan  # outside the window
    values[12, 4, 4] = np.nan
    bad = WAVES == 2250
    values[bad] = -4
    cube = spectra_of(values.astype("float32"), WAVES, bad=bad)
    cube = cube.rio.write_crs("EPSG:32650") if hasattr(cube, "rio") else cube
    before = cube.copy(deep=True)
    whole = minimum_wavelength(cube, WINDOW, method=method)
    parts = minimum_wavelength(cube.chunk(y=2, x=3), WINDOW, method=method)
    assert parts["position"].chunks
    xr.testing.assert_identical(parts.compute(), whole)
    xr.testing.assert_identical(cube, before)
    assert np.isfinite(whole["position"][2, 2])
    assert np.isnan(whole["depth"][4, 4])
    assert whole["position"].dtype == np.float32
    assert whole["position"].attrs["units"] == "nm"
    assert whole.attrs["method"] == method


def test_unknown_is_said_aloud():
    spectra = made([2200, 2200, 2240], depth=0.3)
    spectra[1] = 0.5 * dip(WAVES, 2200, 40, 0.005)
    found = minimum_wavelength(spectra, WINDOW, min_depth=0.01)
    assert np.isnan(found["position"][1])
    assert np.isnan(found["residual"][1])
    assert float(found["depth"][1]) == pytest.approx(0.005, abs=1e-3)
    assert np.isfinite(minimum_wavelength(spectra, WINDOW, min_depth=0)["position"][1])
    inside = minimum_wavelength(spectra, WINDOW, within=(2180, 2220))
    assert np.isnan(inside["position"]).values.tolist() == [False, True, True]
    assert float(inside["depth"][2]) == pytest.approx(0.3, abs=0.01)
    flat = minimum_wavelength(spectra * 0 + 0.4, WINDOW, min_depth=0)
    assert (flat["depth"] == 0).all()
    assert np.isnan(flat["position"]).all()


def test_a_curve_without_a_bottom_is_unknown():
    values = np.full(WAVES.size, 0.5)
    values[[10, 11, 12]] = [0.4, 0.2, 0.45]  # too sharp for seven bands of a parabola?
    spectrum = spectra_of(values, WAVES)
    found = minimum_wavelength(spectrum, WINDOW, method="gaussian")
    lone = values.copy()
    lone[[10, 12]] = 0.5
    alone = minimum_wavelength(spectra_of(lone, WAVES), WINDOW, method="gaussian")
    assert np.isfinite(found["position"])
    assert np.isnan(alone["position"])  # one band cannot carry a Gaussian
    assert float(alone["depth"]) == pytest.approx(0.6)


def test_what_is_refused():
    spectra = made([2200])
    with pytest.raises(ValueError, match="method must be one of"):
        minimum_wavelength(spectra, WINDOW, method="spline")
    with pytest.raises(
        ValueError, match=r"n_bands of a polynomial is an odd .* from 5"
    ):
        minimum_wavelength(spectra, WINDOW, method="polynomial", n_bands=3)
    with pytest.raises(ValueError, match="odd number from 3"):
        minimum_wavelength(spectra, WINDOW, n_bands=4)
    with pytest.raises(ValueError, match="min_depth lies between 0 and 1"):
        minimum_wavelength(spectra, WINDOW, min_depth=5)
    with pytest.raises(ValueError, match="within is"):
        minimum_wavelength(spectra, WINDOW, within=(2400, 2500))
    with pytest.raises(ValueError, match="7 good ones are needed"):
        minimum_wavelength(spectra, (2180, 2220), method="polynomial")


def test_the_strip_of_the_sample_district():
    import re
    from pathlib import Path

    folder = Path(__file__).parents[4] / "data_samples/synthetic_district/imagery"
    header = (folder / "swir_strip.hdr").read_text()
    waves = re.search(r"\nwavelength = \{(.*?)\}", header, re.S)[1]
    waves = np.array([float(wave) for wave in waves.split(",")])
    values = np.fromfile(folder / "swir_strip.img", "<i2").reshape(100, 40, 60) / 1e4
    cube = spectra_of(values.astype("float32"), waves)
    options = {"method": "gaussian", "n_bands": 7, "min_depth": 0.12}
    found = minimum_wavelength(cube, (2120, 2245), **options)
    mica = found["position"].values
    assert np.isfinite(mica).sum() > 100
    # white mica 2203, kaolinite 2206
    assert 2202 < np.nanmedian(mica) < 2207
    assert np.nanpercentile(mica, 2) > 2199
    carbonate = minimum_wavelength(cube, (2270, 2420), **options)["position"]
    assert 2335 < float(carbonate.median()) < 2342
