"""Feature parameters: by hand, by integration, by law, on real minerals."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral.mapping import band_depth, feature_parameters, remove_continuum

from .made import dip, read_rule_spectra, spectra_of

FINE = np.arange(2050, 2351, 1.0)


def values(found):
    return {name: float(found[name]) for name in found.data_vars}


def test_by_hand():
    # continuum 0.5; bands at 2190, 2200, 2210 are 0.9, 0.7, 0.8 of it
    spectrum = spectra_of(
        [0.5, 0.5, 0.45, 0.35, 0.40, 0.5, 0.5],
        [2170, 2180, 2190, 2200, 2210, 2220, 2230],
    )
    found = values(feature_parameters(spectrum, (2170, 2230)))
    # parabola 0.7 - 0.005 u + 0.0015 u², u from 2200: lowest at u = 5/3, 0.695833
    assert found["position"] == pytest.approx(2201 + 2 / 3)
    assert found["depth"] == pytest.approx(1 - 0.6958333333)
    half = 1 - found["depth"] / 2  # 0.8479: between 2190 and 2200, 2210 and 2220
    width = 2210 + 10 * (half - 0.8) / 0.2 - (2200 - 10 * (half - 0.7) / 0.2)
    assert found["width"] == pytest.approx(width)
    assert found["left"] == 2180
    assert found["right"] == 2220
    left = 0.5 + 2 + 5 / 6 * (0.3 + found["depth"])
    right = (25 / 6) * (found["depth"] + 0.2) + 1
    assert found["area"] == pytest.approx(left + right)
    assert found["asymmetry"] == pytest.approx(np.log10(right / left))


@pytest.mark.parametrize("method", ["hull", "shoulders"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_made_feature_comes_back(method, dtype):
    shape = dip(FINE, 2206.4, 30, 0.25)
    spectrum = spectra_of(((0.2 + 1e-4 * FINE) * shape).astype(dtype), FINE)
    window = (2100, 2300) if method == "hull" else (2100, 2110, 2290, 2300)
    grids = feature_parameters(spectrum, window, continuum=method)
    assert grids["position"].dtype == dtype
    found = values(grids)
    assert found["position"] == pytest.approx(2206.4, abs=0.01)
    assert found["depth"] == pytest.approx(0.25, abs=2e-4)
    assert found["width"] == pytest.approx(30, abs=0.05)
    area = 0.25 * 30 * np.sqrt(np.pi / np.log(2)) / 2
    assert found["area"] == pytest.approx(area, rel=2e-3)
    assert found["asymmetry"] == pytest.approx(0, abs=5e-3)


def test_tail_to_longer_wavelengths_is_positive():
    long_tail = np.where(
        FINE < 2200, dip(FINE, 2200, 20, 0.3), dip(FINE, 2200, 60, 0.3)
    )
    found = values(feature_parameters(spectra_of(long_tail, FINE), (2100, 2300)))
    assert found["asymmetry"] == pytest.approx(np.log10(3), abs=0.03)
    assert found["width"] == pytest.approx(40, abs=0.2)


@settings(max_examples=40, deadline=None)
@given(
    st.floats(2150, 2250), st.floats(15, 60), st.floats(0.02, 0.6), st.floats(0.2, 5)
)
def test_brightness_and_mirror(centre, width, depth, factor):
    waves = np.arange(2050, 2351, 7.0)
    spectrum = spectra_of(0.3 * dip(waves, centre, width, depth), waves)
    found = feature_parameters(spectrum, (2050, 2350))
    brighter = feature_parameters(spectrum * factor, (2050, 2350))
    for name in found:
        np.testing.assert_allclose(brighter[name], found[name], atol=1e-7, rtol=1e-9)
    # 2049 and 2350 mirror each other about 2200.5 - the grid goes 2050 ... 2344
    mirror = spectra_of(spectrum.values[::-1].copy(), 4394 - waves[::-1])
    other = feature_parameters(mirror, (2050, 2344))
    assert float(other["position"]) == pytest.approx(4394 - float(found["position"]))
    for name, sign in [("depth", 1), ("width", 1), ("area", 1), ("asymmetry", -1)]:
        assert float(other[name]) == pytest.approx(sign * float(found[name]), abs=1e-7)


def test_no_absorption_is_not_unknown():
    waves = np.arange(2100, 2301, 10.0)
    rows = np.array(
        [
            0.3 + 1e-4 * waves,  # straight
            0.6 - 1e-5 * (waves - 2200) ** 2 / 10,  # arched
            np.where(waves == 2200, np.nan, 0.4),  # gap
            np.zeros(waves.size),  # no light
            -0.1 * dip(waves, 2200, 40, 0.3),
        ]
    )
    library = spectra_of(rows, waves, dims=("spectrum", "wavelength"))
    found = feature_parameters(library, (2100, 2300))
    assert found["depth"].values[:2].tolist() == [0, 0]
    assert found["area"].values[:2].tolist() == [0, 0]
    assert np.isnan(found["depth"].values[2:]).all()
    for name in ("position", "width", "asymmetry", "left", "right"):
        assert np.isnan(found[name]).all()


def test_negative_reflectance_is_deeper_than_one():
    waves = np.arange(2100, 2301, 10.0)
    found = feature_parameters(
        spectra_of(0.4 * dip(waves, 2200, 60, 1.1), waves), (2100, 2300)
    )
    assert 1 < float(found["depth"]) < 1.2


@pytest.mark.parametrize("chunks", [None, {"y": 3, "x": 2}])
def test_cubes_lazy_and_with_bad_bands(chunks):
    waves = np.arange(2050, 2351, 10.0)
    rng = np.random.default_rng(3)
    centre = rng.uniform(2190, 2220, (5, 4))
    made = 0.5 * dip(waves[:, None, None], centre, 45, 0.3)
    bad = waves == 2160
    made[bad] = 9
    cube = spectra_of(made, waves, bad=bad, kept="no")
    before = cube.copy(deep=True)
    found = feature_parameters(cube.chunk(chunks) if chunks else cube, (2100, 2300))
    xr.testing.assert_identical(cube, before)
    assert (found["width"].chunks is None) == (chunks is None)
    assert found["depth"].dims == ("y", "x")
    xr.testing.assert_identical(found["y"], cube["y"])
    np.testing.assert_allclose(found["position"], centre, atol=0.3)
    assert found["position"].attrs["units"] == "nm"
    assert found["width"].attrs["long_name"].endswith("2100-2300 nm")
    assert found.attrs == {"window": [2100, 2300], "continuum": "hull"}
    alone = feature_parameters(cube[:, 2, 3], (2100, 2300))
    assert values(alone) == values(found.compute().isel(y=2, x=3))


def test_shoulders_ignore_what_falls_outside():
    # falls away below the line beyond the left shoulder; the feature is at 2200
    waves = np.arange(2050, 2301, 5.0)
    y = dip(waves, 2200, 40, 0.2) * np.where(waves < 2110, 1 - (2110 - waves) / 100, 1)
    found = feature_parameters(
        spectra_of(y, waves), (2080, 2130, 2270, 2300), continuum="shoulders"
    )
    assert float(found["position"]) == pytest.approx(2200, abs=1)


def test_band_depth():
    waves = np.array([500, 2120, 2200, 2210, 2280.0])
    cube = spectra_of(
        np.array([[0.1, 0.4, 0.35, 0.37, 0.6]]).T,
        waves,
        dims=("wavelength", "spectrum"),
        bad=[0, 0, 0, 1, 0],
    )
    # line at 2200 is 0.5
    assert float(band_depth(cube, 2208, (2125, 2400 - 100))[0]) == pytest.approx(0.3)
    both = band_depth(
        cube.drop_vars("bad_bands"), (2195, 2215), (2100, 2130, 2270, 2290)
    )
    middle = 0.4 + 0.2 * (85 / 160)
    assert float(both[0]) == pytest.approx(1 - 0.36 / middle)
    assert both.attrs["long_name"] == "band depth at 2205 nm"
    lazy = band_depth(cube.chunk(spectrum=1), 2200, (2120, 2280))
    assert lazy.chunks
    assert np.isnan(band_depth(cube.where(waves[:, None] != 2280), 2200, (2120, 2280)))
    assert np.isnan(band_depth(cube * 0, 2200, (2120, 2280))).all()
    with pytest.raises(ValueError, match="no good band lies in the centre"):
        band_depth(cube, (2205, 2215), (2120, 2280))
    with pytest.raises(ValueError, match="must lie between the shoulders"):
        band_depth(cube, 2200, (2190, 2280))
    with pytest.raises(ValueError, match="outside the spectra"):
        band_depth(cube, 2200, (2120, 2500))
    with pytest.raises(ValueError, match="shoulders are"):
        band_depth(cube, 2200, (2120, 2280, 2300))


def test_real_minerals(real_data):
    library = read_rule_spectra(real_data("spectral/usgs_splib07_1nm_rules"))
    known = {
        "calcite": ((2230, 2400), 2337, 4),
        "kaolinite_wxl": ((2100, 2250), 2207, 2),
        "alunite_K_250C": ((2120, 2250), 2178, 6),
        "muscovite_medAl": ((2120, 2270), 2208, 8),
        "gypsum": ((1680, 1800), 1749, 4),
    }
    for name, (window, place, off) in known.items():
        found = values(feature_parameters(library.sel(spectrum=name), window))
        assert found["position"] == pytest.approx(place, abs=off), name
        removed = remove_continuum(library.sel(spectrum=name), window=window)
        assert 0 <= found["depth"] - (1 - float(removed.min())) < 5e-3
        assert window[0] <= found["left"] < found["position"] < found["right"]
        assert 0 < found["width"] < found["right"] - found["left"]
