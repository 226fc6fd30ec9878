"""What a cube or a library must be before anything is computed from it."""

from __future__ import annotations

import numpy as np
import xarray as xr

SHORTEST, LONGEST = 100.0, 1_000_000.0  # nm: ultraviolet to a millimetre


def check_cube(cube: xr.DataArray) -> None:
    """
    Refuse what cannot be read as spectra.

    Parameters
    ----------
    cube : DataArray
        Dimension ``wavelength`` with its coordinate in nm, ascending; any other
        dimensions: (y, x) of a cube, (spectrum,) of a library. Optional coordinates
        along wavelength: ``fwhm`` in nm, ``bad_bands`` (bool). Values are floats, NaN
        where missing. Values themselves are not looked at, so that lazy cubes stay so.

    Raises
    ------
    TypeError
        If it is no DataArray, or holds whole numbers (with the scale to state) or
        half-precision ones.
    ValueError
        If there is no band, wavelengths are missing, not in nm, not ascending, doubled, or if fwhm or
        bad_bands cannot be read: with the remedy.

    Examples
    --------
    >>> check_cube(xr.DataArray([0.1, 0.2], dims="wavelength", name="scene"))
    Traceback (most recent call last):
    ...
    ValueError: 'scene' has no wavelengths. Give them in nm: cube.assign_coords(wavelength=[...])
    """  # noqa: E501
    if not isinstance(cube, xr.DataArray):
        raise TypeError(
            f"spectra come as a DataArray with dimension 'wavelength', not as "
            f"{type(cube).__name__}. Open files with spectral.open_cube(path)."
        )
    name = f"'{cube.name}'" if cube.name is not None else "the cube"
    if "wavelength" not in cube.dims:
        raise ValueError(
            f"{name} has dimensions {cube.dims}, none called 'wavelength'. Rename the "
            "one along the spectrum: cube.rename(band='wavelength')"
        )
    if "wavelength" not in cube.coords:
        raise ValueError(
            f"{name} has no wavelengths. Give them in nm: "
            "cube.assign_coords(wavelength=[...])"
        )
    _check_wavelengths(cube, name)
    _check_companions(cube, name)
    if cube.dtype == np.float16:
        raise TypeError(
            f"{name} holds float16, which keeps three digits only and overflows at "
            "65504. Widen it: cube.astype('float32')"
        )
    if not np.issubdtype(cube.dtype, np.floating):
        raise TypeError(
            f"{name} holds {cube.dtype}, not reflectance from 0 to 1. Open it with its "
            "scale, spectral.open_cube(path, scale=10000), or divide: cube / 10000"
        )


def good_bands(cube: xr.DataArray) -> xr.DataArray:
    """Cube without its bad bands."""
    if "bad_bands" not in cube.coords:
        return cube
    bad = np.asarray(cube["bad_bands"].values, bool)
    if bad.all():
        raise ValueError(
            f"all {bad.size} bands are marked bad. Clear the marks that are wrong: "
            "cube.assign_coords(bad_bands=('wavelength', [...]))"
        )
    return cube if not bad.any() else cube.isel(wavelength=np.flatnonzero(~bad))


def same_wavelengths(first: xr.DataArray, second: xr.DataArray) -> bool:
    """Whether two stand on the same wavelengths, to a twentieth of the band spacing."""
    one, two = (
        np.asarray(part["wavelength"].values, float) for part in (first, second)
    )
    if one.shape != two.shape:
        return False
    spacing = np.gradient(one) if one.size > 1 else np.ones(1)
    return bool((np.abs(one - two) <= 0.05 * np.abs(spacing)).all())


def spectra_on(
    library: xr.DataArray, cube: xr.DataArray, *, role: str = "library"
) -> tuple[list[str], np.ndarray]:
    """
    Names and spectra of a library on the good bands of a cube.

    Parameters
    ----------
    library : DataArray
        (spectrum, wavelength), or (wavelength,) for one.
    cube : DataArray
        What they are compared with.
    role : str
        What the messages call the library: "endmembers", "targets" …

    Returns
    -------
    names : list of str
        Of the spectra, each once.
    spectra : ndarray, shape (n_spectra, n_good_bands)
        float64, no NaN.

    Raises
    ------
    ValueError
        If the wavelengths differ (with the call that resamples), the two do not
        overlap, the cube has no good band or the library no spectrum, or a spectrum
        lacks good bands of the cube or is infinite there.
    """
    check_cube(cube)
    check_cube(library)
    if library.ndim == 1:
        name = library.coords.get("spectrum", library.name or "spectrum")
        library = library.drop_vars("spectrum", errors="ignore")
        library = library.expand_dims(spectrum=[str(np.asarray(name))])
    if library.ndim != 2 or "spectrum" not in library.dims:
        raise ValueError(
            f"{role} need the dimensions ('spectrum', 'wavelength'). "
            f"Got {library.dims}."
        )
    if not same_wavelengths(library, cube):
        raise ValueError(_differ(library, cube, role))
    good_bands(cube)  # refuses a cube without any
    if not library.sizes["spectrum"]:
        raise ValueError(f"{role} hold no spectrum. Choose one at least.")
    values = library.transpose("spectrum", "wavelength").values.astype("float64")
    if "bad_bands" in cube.coords:
        values = values[:, ~np.asarray(cube["bad_bands"].values, bool)]
    names = spectrum_names(library)
    infinite = [n for n, row in zip(names, values, strict=True) if np.isinf(row).any()]
    if infinite:
        raise ValueError(
            f"{role} hold infinite values in good bands: {', '.join(infinite[:5])}. "
            "Leave these spectra out, or write NaN there and mark the bands bad."
        )
    gaps = np.isnan(values).sum(1)
    if gaps.any():
        told = ", ".join(
            f"{name} ({gap} of {values.shape[1]})"
            for name, gap in list(zip(names, gaps, strict=True))
            if gap
        )
        raise ValueError(
            f"{role} lack values in good bands of the cube: {told}. Leave these "
            "spectra out, or mark the bands bad in the cube."
        )
    return names, values


def check_samples(X: object) -> None:
    """Refuse what an estimator can take neither for samples nor for a cube."""
    if isinstance(X, xr.Dataset):
        raise TypeError(
            f"spectra come as an array (n_samples, n_bands) or a DataArray, not as a "
            f"Dataset. Choose one of {[str(name) for name in X.data_vars]}: "
            "dataset['name']"
        )
    shape = getattr(X, "shape", ())
    if not isinstance(X, xr.DataArray) and len(shape) > 2:
        raise ValueError(
            f"samples have two dimensions, (n_samples, n_bands); this array has shape "
            f"{tuple(shape)}. Give a cube as a DataArray with wavelengths, or flatten "
            "it with its bands last: values.reshape(-1, n_bands)"
        )


def spectrum_names(library: xr.DataArray) -> list[str]:
    """Names of a library's spectra, each once, or their numbers."""
    if "spectrum" in library.coords:
        names = [str(name) for name in library["spectrum"].values]
    else:
        names = [f"spectrum {i}" for i in range(1, library.sizes["spectrum"] + 1)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(
            f"spectra need names of their own; {twice[:5]} stand more than once. "
            "Rename them: library.assign_coords(spectrum=[...])"
        )
    return names


def _differ(library: xr.DataArray, cube: xr.DataArray, role: str) -> str:
    low, high = (float(f(library["wavelength"])) for f in (np.min, np.max))
    first, last = (float(f(cube["wavelength"])) for f in (np.min, np.max))
    told = (
        f"{role} have {library.sizes['wavelength']} wavelengths of "
        f"{low:.0f}-{high:.0f} nm, the cube {cube.sizes['wavelength']} of "
        f"{first:.0f}-{last:.0f} nm"
    )
    if high < first or low > last:
        return f"{told}: they do not overlap. Choose spectra of the cube's range."
    return f"{told}. Bring them there first: spectral.resample({role}, like=cube)"


def _check_wavelengths(cube: xr.DataArray, name: str) -> None:
    values = cube["wavelength"].values
    if not values.size:
        raise ValueError(
            f"{name} has no bands. Select wavelengths that it covers, in nm."
        )
    if not np.issubdtype(values.dtype, np.number) or not np.isfinite(values).all():
        raise ValueError(
            f"{name} has wavelengths that are no numbers: {values[:5].tolist()}. Give "
            "them in nm."
        )
    if values.min() < SHORTEST or values.max() > LONGEST:
        raise ValueError(
            f"{name} has wavelengths from {values.min():g} to {values.max():g}: not "
            "nm. From micrometres: "
            "cube.assign_coords(wavelength=cube.wavelength * 1000)"
        )
    step = np.diff(values)
    if (step <= 0).any():
        at = int(np.flatnonzero(step <= 0)[0])
        raise ValueError(
            f"{name} has wavelengths that do not ascend: {values[at]:g} nm is followed "
            f"by {values[at + 1]:g} nm (band {at + 2}). Sort them, "
            "cube.sortby('wavelength'), and drop what detectors measured twice."
        )


def _check_companions(cube: xr.DataArray, name: str) -> None:
    for key in ("fwhm", "bad_bands"):
        if key in cube.coords and cube[key].dims != ("wavelength",):
            raise ValueError(
                f"{name}: '{key}' runs along {cube[key].dims}, not along "
                "'wavelength'. "
                "Give one value a band: "
                f"cube.assign_coords({key}=('wavelength', [...]))"
            )
    if "fwhm" in cube.coords and not (cube["fwhm"].values > 0).all():
        bad = cube["wavelength"].values[~(cube["fwhm"].values > 0)]
        raise ValueError(
            f"{name}: fwhm must be above zero, in nm; it is not at "
            f"{bad[:5].tolist()} nm. Drop the coordinate, cube.drop_vars('fwhm'), or "
            "state the band widths."
        )
