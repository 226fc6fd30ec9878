"""Three bands that are there and good."""

import numpy as np
import pytest
import xarray as xr

from spectral import quick_bands


def cube(waves, bad=None):
    made = xr.DataArray(
        np.zeros((len(waves), 2, 2)),
        {"wavelength": np.asarray(waves, float)},
        ("wavelength", "y", "x"),
    )
    return made if bad is None else made.assign_coords(bad_bands=("wavelength", bad))


@pytest.mark.parametrize(
    ("waves", "name", "chosen"),
    [
        (np.arange(400, 2500, 10), "natural", (640, 550, 470)),
        ([485, 560, 660, 830, 1650, 2220], "natural", (660, 560, 485)),
        ([556, 661, 807, 1656, 2167, 2209, 2262, 2336], "infrared", (807, 661, 556)),
        (np.arange(2000, 2500, 5), "swir", (2100, 2200, 2340)),
        ([8290, 8630, 9075, 10660, 11320], "thermal", (10660, 9075, 8290)),
        (np.arange(1000, 1300, 50), "spread", (1200, 1100, 1050)),
        ([500, 510], "spread", (500,)),
    ],
)
def test_composites(waves, name, chosen):
    found = quick_bands(cube(waves))
    assert found.name == name
    assert found.wavelength == pytest.approx(chosen)


def test_bad_bands_are_passed_over():
    waves = np.arange(400, 2500, 10)
    bad = np.isin(waves, [640, 550])
    assert quick_bands(cube(waves, bad)).wavelength == (630, 540, 470)
    none = quick_bands(cube(waves, np.ones(waves.size, bool)))
    assert none.wavelength == ()


def test_what_is_not_there():
    with pytest.raises(
        ValueError, match=r"no good bands near 2100, 2200, 2340 nm .*400"
    ):
        quick_bands(cube([400, 500, 600]), composite="swir")
    with pytest.raises(ValueError, match="composite= is one of"):
        quick_bands(cube([400, 500, 600]), composite="pretty")
