"""Spectra with a known truth, and slow, plain ways to the same numbers."""

import numpy as np
import xarray as xr


def spectra_of(values, waves, *, bad=None, dims=None, **attrs):
    values = np.asarray(values)
    dims = dims or ("wavelength", "y", "x")[: values.ndim]
    coords = {"wavelength": np.asarray(waves, float)}
    if bad is not None:
        coords["bad_bands"] = ("wavelength", np.asarray(bad, bool))
    if "x" in dims:
        size = dict(zip(dims, values.shape, strict=True))
        coords |= {"y": np.arange(size["y"]) * -30.0, "x": np.arange(size["x"]) * 30.0}
    return xr.DataArray(values, coords, dims=dims, name="scene", attrs=attrs)


def dip(waves, centre, width, depth):
    """Gaussian absorption of a full width at half depth, on a continuum of 1."""
    return 1 - depth * np.exp(-4 * np.log(2) * ((waves - centre) / width) ** 2)


def brute_hull(y, x):
    """Upper hull: at each band the highest chord between two bands around it."""
    hull = np.array(y, float)
    for k in range(len(y)):
        for i in range(k):
            for j in range(k + 1, len(y)):
                chord = y[i] + (y[j] - y[i]) * (x[k] - x[i]) / (x[j] - x[i])
                hull[k] = max(hull[k], chord)
    return hull


def read_rule_spectra(folder):
    """The 77 spectra of the rules at 1 nm, as a library."""
    import pandas as pd

    table = pd.read_csv(folder / "splib07_77_reference_spectra_1nm.csv")
    waves = [float(name.removesuffix("nm")) for name in table.columns[2:]]
    return xr.DataArray(
        table.iloc[:, 2:].to_numpy(float),
        {"spectrum": table["rule"].to_list(), "wavelength": waves},
        dims=("spectrum", "wavelength"),
        name="reflectance",
    )
