"""Digital numbers and radiance do not pass for reflectance."""

import numpy as np
import pytest
import xarray as xr

from spectral.mapping import (
    identify_minerals,
    matched_filter,
    mesma,
    read_mineral_rules,
    sparse_unmix,
    spectral_angle,
    unmix,
    unmixing_uncertainty,
)

WAVE = np.arange(2000.0, 2500.0, 10.0)


def cube_of(scale=1.0, **attrs):
    rng = np.random.default_rng(2)
    share = rng.uniform(0, 1, (9, 10))[None]
    pure = library().values[:, :, None, None]
    values = share * pure[0] + (1 - share) * pure[1] + rng.normal(0, 0.01, (50, 9, 10))
    return xr.DataArray(
        values * scale,
        {"wavelength": WAVE, "y": np.arange(9.0), "x": np.arange(10.0)},
        ("wavelength", "y", "x"),
        name="scene",
        attrs=attrs,
    )


def library(scale=1.0, **attrs):
    slope = np.linspace(0.2, 0.5, 50)
    dip = 0.5 - 0.3 * np.exp(-(((WAVE - 2200) / 25) ** 2))
    return xr.DataArray(
        np.array([slope, dip]) * scale,
        {"spectrum": ["a", "b"], "wavelength": WAVE},
        ("spectrum", "wavelength"),
        attrs=attrs,
    )


CALLS = {
    "unmix": unmix,
    "sparse": sparse_unmix,
    "tiles": lambda cube, pure: sparse_unmix(cube, pure, tv=1e-3),
    "mesma": lambda cube, pure: mesma(cube, pure, groups=["a", "b"]),
    "uncertainty": lambda cube, pure: unmixing_uncertainty(cube, pure, noise=0.01, n=2),
    "minerals": lambda cube, _: identify_minerals(cube, read_mineral_rules()),
}


@pytest.mark.parametrize("quantity", ["digital number", "radiance"])
@pytest.mark.parametrize("call", [*CALLS, "filter"])
def test_what_is_said_to_be_no_reflectance_is_refused(call, quantity):
    work = CALLS.get(call, matched_filter)
    with pytest.raises(ValueError, match=f"'scene' holds {quantity}, which cannot"):
        work(cube_of(quantity=quantity), library())


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize("call", CALLS)
def test_what_looks_like_no_reflectance_is_refused(call, lazy):
    cube = cube_of(10_000)
    cube = cube.chunk({"y": 4}) if lazy else cube
    with pytest.raises(ValueError, match=r"not reflectance from 0 to 1.*cube / 10000"):
        CALLS[call](cube, library()).compute()


def test_the_message_names_the_way_out():
    with pytest.raises(ValueError, match=r"scale=10000\), or give spectra of the same"):
        unmix(cube_of(quantity="digital number"), library())
    with pytest.raises(ValueError, match="Correct it for atmosphere and sun"):
        identify_minerals(cube_of(quantity="radiance"), read_mineral_rules())


def test_endmembers_of_the_scene_itself_are_welcome():
    plain = unmix(cube_of(), library())
    for attrs in ({"quantity": "digital number"}, {}):
        found = unmix(
            cube_of(10_000, quantity="digital number"), library(10_000, **attrs)
        )
        np.testing.assert_allclose(found["abundance"], plain["abundance"], atol=1e-9)


def test_broken_pixels_do_not_stop_the_rest():
    cube = cube_of()
    cube[:, 0, :3] = 1e6
    found = unmix(cube, library())
    np.testing.assert_array_equal(
        found["abundance"][:, 1:], unmix(cube_of(), library())["abundance"][:, 1:]
    )


def test_angles_do_not_feel_the_scale():
    np.testing.assert_allclose(
        spectral_angle(cube_of(10_000, quantity="digital number"), library()),
        spectral_angle(cube_of(), library()),
        rtol=1e-6,
    )
