"""Feature fits: numpy.linalg.lstsq pixel by pixel, the definition, laws, refusals."""

import numpy as np
import pytest
import xarray as xr

from spectral import _blocks
from spectral.mapping import fit_features, remove_continuum
from spectral.mapping.features._fit import fit_window, model_window
from spectral.mapping.features._windows import bands_of, read_window

from .made import dip, read_rule_spectra, spectra_of

WAVES = np.arange(2050, 2451, 10.0)
HULL = (2120, 2270)
SHOULDERS = (2250, 2290, 2380, 2420)
WINDOWS = [HULL, SHOULDERS]


@pytest.fixture
def library():
    rows = [
        0.5 * dip(WAVES, 2203, 30, 0.34) * dip(WAVES, 2348, 40, 0.16),
        0.4 * dip(WAVES, 2206, 24, 0.36) * dip(WAVES, 2330, 90, 0.08),
        0.5 * dip(WAVES, 2340, 40, 0.30) * dip(WAVES, 2300, 60, 0.06),
    ]
    made = spectra_of(np.array(rows), WAVES, dims=("spectrum", "wavelength"))
    return made.assign_coords(spectrum=["mica", "kaolinite", "calcite"])


@pytest.fixture
def cube(library):
    rng = np.random.default_rng(11)
    shares = rng.dirichlet([1, 1, 1, 1], (6, 5))
    flat = np.concatenate([library.values, np.full((1, WAVES.size), 0.3)])
    values = np.einsum("yxk,kb->byx", shares, flat)
    values += rng.normal(0, 0.002, values.shape)
    values[20, 4, 4] = np.nan
    values[:, 0, 0] = 0
    bad = WAVES == 2310
    values[bad] = 7
    return spectra_of(values, WAVES, bad=bad)


def by_lstsq(cube, library, window):
    """Fit, depth, scale, rms of one pixel and reference, and the reference's area."""
    method = "hull" if len(window) == 2 else "shoulders"
    over = {"window": window, "method": method}
    bad = cube["bad_bands"].values
    marked = library.assign_coords(bad_bands=("wavelength", bad))
    pixels, references = (remove_continuum(part, **over) for part in (cube, marked))
    good = ~pixels["bad_bands"].values
    x = pixels["wavelength"].values[good]
    out = np.full((4, 3, 6, 5), np.nan)
    for k in range(3):
        r = references.values[k, good]
        for i, j in np.ndindex(6, 5):
            s = pixels.values[good, i, j]
            if np.isnan(s).any():
                continue
            design = np.stack([np.ones(r.size), r], axis=1)
            (shift, scale), *_ = np.linalg.lstsq(design, s)
            rest = ((s - shift - scale * r) ** 2).sum()
            r2 = 1 - rest / ((s - s.mean()) ** 2).sum()
            values = (r2 * (scale > 0), scale * (1 - r.min()), scale, rest / r.size)
            out[:, k, i, j] = values
    area = [np.trapezoid(1 - row[good], x) for row in references.values]
    return out, np.abs(area)


@pytest.mark.parametrize(("dtype", "close"), [("float64", 1e-6), ("float32", 2e-4)])
def test_equals_lstsq(cube, library, dtype, close):
    parts = [by_lstsq(cube, library, window) for window in WINDOWS]
    found = fit_features(cube.astype(dtype), library, WINDOWS)
    weights = np.array([area for _, area in parts])
    weights = (weights / weights.sum(0))[:, None, :, None, None]
    expected = sum(w * v for w, (v, _) in zip(weights, parts, strict=True))
    expected[3] **= 0.5
    for value, name in zip(expected, ["fit", "depth", "scale", "rms"], strict=True):
        np.testing.assert_allclose(found[name], value, atol=close, err_msg=name)
    equal = fit_features(cube.astype(dtype), library, WINDOWS, weights=[3, 1])
    expected = 0.75 * parts[0][0] + 0.25 * parts[1][0]
    np.testing.assert_allclose(equal["fit"][:2], expected[0, :2], atol=close)
    # calcite has no feature in the first window: its weight goes to the second
    np.testing.assert_allclose(equal["fit"][2], parts[1][0][0, 2], atol=close)


def test_the_definition_by_hand():
    # continuum 1: reference depths 0.1, 0.4, 0.1; pixel 0.05, 0.2, 0.05 are its half
    waves = np.arange(2180, 2221, 10.0)
    library = spectra_of(
        [[1, 0.9, 0.6, 0.9, 1]], waves, dims=("spectrum", "wavelength")
    )
    library = library.assign_coords(spectrum=["half"])
    pixel = spectra_of([0.5, 0.475, 0.4, 0.475, 0.5], waves)
    found = fit_features(pixel, library, (2180, 2220))
    assert found["scale"].values == pytest.approx(0.5)
    assert found["fit"].values == pytest.approx(1)
    assert found["depth"].values == pytest.approx(0.2)
    assert found["rms"].values == pytest.approx(0, abs=1e-6)
    off = spectra_of([0.5, 0.475, 0.425, 0.4, 0.5], waves)  # depths .05 .15 .2
    r = np.array([0, 0.1, 0.4, 0.1, 0])
    s = np.array([0, 0.05, 0.15, 0.2, 0])
    found = fit_features(off, library, (2180, 2220))
    assert found["fit"].values == pytest.approx(np.corrcoef(r, s)[0, 1] ** 2)
    assert found["scale"].values == pytest.approx(np.polyfit(r, s, 1)[0])
    bump = spectra_of([0.5, 0.55, 0.7, 0.55, 0.5], waves)
    ends = (2180, 2180, 2220, 2220)
    found = fit_features(bump, library, ends)
    assert found["fit"].values == 0
    assert found["scale"].values < 0


def test_a_library_fits_itself(library):
    found = fit_features(library, library, {"mica": [HULL], "calcite": [SHOULDERS]})
    assert found["target"].values.tolist() == ["mica", "calcite"]
    assert found["fit"].dims == ("target", "spectrum")
    np.testing.assert_allclose(found["fit"].values[[0, 1], [0, 2]], 1, atol=1e-6)
    np.testing.assert_allclose(found["scale"].values[[0, 1], [0, 2]], 1, atol=1e-6)
    assert (found["fit"].values <= 1).all()


def test_brightness_changes_nothing(cube, library):
    one, other = (fit_features(part, library, WINDOWS) for part in (cube, cube * 3.7))
    for name in one:
        np.testing.assert_allclose(other[name], one[name], atol=1e-5)


@pytest.mark.parametrize("keep", ["all", "best"])
@pytest.mark.parametrize("slab", [64, 1 << 21])
def test_in_blocks_as_in_memory(cube, library, keep, slab, monkeypatch):
    cube = cube.astype("float32")
    whole = fit_features(cube, library, WINDOWS, keep=keep)
    monkeypatch.setattr(_blocks, "SLAB", slab)
    before = cube.copy(deep=True), library.copy(deep=True)
    parts = fit_features(cube.chunk(y=4, x=2), library, WINDOWS, keep=keep)
    assert parts["fit"].chunks
    for name in whole:
        np.testing.assert_allclose(parts[name], whole[name], atol=1e-6)
        assert parts[name].attrs == whole[name].attrs
    xr.testing.assert_identical(cube, before[0])
    xr.testing.assert_identical(library, before[1])
    assert np.isnan(whole["fit"][..., 4, 4]).all()
    assert np.isnan(whole["fit"][..., 0, 0]).all()


def test_best_is_the_best_of_all(cube, library):
    whole = fit_features(cube, library, WINDOWS)
    best = fit_features(
        cube, library, WINDOWS, keep="best", min_fit=0.97, min_depth=0.02
    )
    fit, depth = whole["fit"].values, whole["depth"].values
    allowed = np.where((fit >= 0.97) & (depth >= 0.02), fit, -1)
    code = np.where(allowed.max(0) < 0, 0, allowed.argmax(0) + 1.0)
    code[np.isnan(fit).any(0)] = np.nan
    np.testing.assert_array_equal(best["class"], code)
    assert best["class"].attrs["classes"] == {
        0: "unclassified", 1: "mica", 2: "kaolinite", 3: "calcite",
    }  # fmt: skip
    assert best["class"].attrs["kind"] == "categorical"
    top = np.where(code > 0, allowed.max(0), code)
    np.testing.assert_allclose(best["fit"], top, rtol=1e-6)
    assert (code == 0).any()


def test_gaps_of_the_library_matter_in_its_windows_only(cube, library):
    holed = library.where(
        (library["spectrum"] != "mica") | (library["wavelength"] < 2290)
    )
    found = fit_features(cube, holed, {"mica": [HULL], "calcite": [SHOULDERS]})
    kept = fit_features(cube, library, {"mica": [HULL], "calcite": [SHOULDERS]})
    xr.testing.assert_identical(found, kept)
    with pytest.raises(ValueError, match="mica: no whole spectrum in 2250-2290 to"):
        fit_features(cube, holed, WINDOWS)


def test_the_kernel_gives_shoulders_for_rules(cube, library):
    window = read_window(SHOULDERS)
    bands = bands_of(cube, window, method="shoulders")
    part = cube.isel(wavelength=bands.span)
    model = model_window(
        library.isel(wavelength=bands.span).values[:, bands.good], bands
    )
    block = part.values.reshape(part.sizes["wavelength"], -1)
    found = fit_window(block, model)
    x = part["wavelength"].values
    left = block[(x >= 2250) & (x <= 2290)].mean(0)
    lit = np.isfinite(found.left)
    np.testing.assert_allclose(found.left[lit], left[lit])
    rest = found.scale[0, lit] * model.removed[0][:, None] + found.offset[0, lit]
    drawn = remove_continuum(cube, window=SHOULDERS, method="shoulders")
    drawn = drawn.values.reshape(x.size, -1)[bands.good][:, lit]
    rms = np.sqrt(((drawn - rest) ** 2).mean(0))
    np.testing.assert_allclose(found.rms[0, lit], rms, atol=1e-7)
    assert model.depth[2] == pytest.approx(0.3, abs=0.02)


def test_what_is_refused(cube, library):
    with pytest.raises(ValueError, match="keep is 'all' or 'best'"):
        fit_features(cube, library, HULL, keep="first")
    with pytest.raises(ValueError, match="stand more than once"):
        fit_features(cube, library.assign_coords(spectrum=["a", "a", "b"]), WINDOWS)
    with pytest.raises(ValueError, match="hold no spectrum"):
        fit_features(cube, library[:0], WINDOWS)
    with pytest.raises(ValueError, match=r"needs the dimensions.*'y', 'x'"):
        fit_features(cube, cube, WINDOWS)
    unnamed = fit_features(cube, library.drop_vars("spectrum"), WINDOWS)
    assert unnamed["target"].values.tolist() == [f"spectrum {i}" for i in (1, 2, 3)]
    with pytest.raises(ValueError, match=r"resample\(library, like=cube\)"):
        fit_features(cube, library[:, ::2], HULL)
    with pytest.raises(KeyError, match=r"holds no \['talc'\]; it holds \['mica'"):
        fit_features(cube, library, {"talc": [HULL]})
    with pytest.raises(ValueError, match="no window: give one"):
        fit_features(cube, library, [])
    with pytest.raises(ValueError, match="weights need one number a window"):
        fit_features(cube, library, WINDOWS, weights=[1])
    with pytest.raises(ValueError, match="weights of mica need"):
        fit_features(cube, library, {"mica": [HULL]}, weights={"mica": [-1]})
    with pytest.raises(TypeError, match="windows by name need weights by name"):
        fit_features(cube, library, {"mica": [HULL]}, weights=[1])
    with pytest.raises(TypeError, match="weights by name need windows by name"):
        fit_features(cube, library, HULL, weights={"mica": [1]})
    with pytest.raises(ValueError, match="4 good ones are needed"):
        fit_features(cube, library, (2200, 2220))
    flat = library * 0 + 0.4
    with pytest.raises(ValueError, match="no reference has a feature in 2120-2270"):
        fit_features(cube, flat, HULL)
    some = xr.concat([library[:2], flat[2:]], "spectrum")
    with pytest.raises(ValueError, match="calcite: no feature in any window"):
        fit_features(cube, some, HULL)
    with pytest.raises(ValueError, match="continuum is not above zero"):
        fit_features(cube, library.where(library["wavelength"] < 2265, -0.1), HULL)


def test_real_minerals_find_themselves(real_data):
    library = read_rule_spectra(real_data("spectral/usgs_splib07_1nm_rules"))
    names = [
        "kaolinite_wxl",
        "muscovite_medhighAl",
        "calcite",
        "gypsum",
        "alunite_Na_450C",
    ]
    library = library.sel(spectrum=names).sel(wavelength=slice(1650, 2450))
    rng = np.random.default_rng(5)
    seen = library * 0.6 + 0.1 + rng.normal(0, 0.002, library.shape)
    windows = [(1680, 1820), (2080, 2280), (2250, 2440)]
    best = fit_features(seen, library, windows, keep="best")
    assert best["class"].values.tolist() == [1, 2, 3, 4, 5]
    assert (best["fit"] > 0.9).all()
