"""Spectral feature fitting: continuum-removed windows against a library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import xarray as xr

from ..._blocks import Output, map_spectra
from ..._check import check_cube, same_wavelengths, spectra_on, spectrum_names
from ._fit import fit_window, model_window
from ._windows import bands_of, read_window

if TYPE_CHECKING:
    from ._fit import WindowModel
    from ._windows import Window

ENDS = Sequence[float]
VALUES = {
    "fit": "weighted fit, coefficient of determination",
    "depth": "weighted depth of the fitted features",
    "scale": "weighted scale of the features, 1 as deep as in the library",
    "rms": "residual, continuum-removed reflectance",
}


class Part(NamedTuple):
    """One window with the references that have a feature in it."""

    model: WindowModel
    targets: np.ndarray
    weights: np.ndarray


def fit_features(
    cube: xr.DataArray,
    library: xr.DataArray,
    windows: ENDS | Sequence[ENDS] | Mapping[str, Sequence[ENDS]],
    *,
    weights: Sequence[float] | Mapping[str, Sequence[float]] | None = None,
    keep: str = "all",
    min_fit: float = 0.5,
    min_depth: float = 0.01,
) -> xr.Dataset:
    """
    Fit the absorption features of a library to spectra (SFF, multi-range SFF).

    Over each window the continuum is removed from spectrum and reference alike, and the
    spectrum is fitted as ``offset + scale * reference`` by least squares. What a
    reference's windows say is averaged with weights.

    Parameters
    ----------
    cube : DataArray
        Cube, library or one spectrum: reflectance, dimension wavelength in nm.
    library : DataArray
        References, dims ("spectrum", "wavelength"), on the wavelengths of the cube.
        Each needs values in the good bands of its own windows only.
    windows : window, sequence of windows, or mapping of str to sequence of windows
        Features, nm: (low, high) with the hull as continuum, or (left_low, left_high,
        right_low, right_high) with the line through the shoulders. All references are
        fitted in all windows; in a mapping, each reference named in its own, and
        references that are not named are left out.
    weights : sequence or mapping of the same shape, optional
        Weight of each window; the area of the reference's feature when not given. A
        window in which a reference has no feature does not count for it, whatever its
        weight.
    keep : {"all", "best"}
        All references, or only the best of each pixel.
    min_fit, min_depth : float
        Of a best match (``keep="best"``); pixels below get class 0, unclassified.

    Returns
    -------
    Dataset
        Lazy if the cube was. With ``keep="all"``, dims ("target", y, x):

        - ``fit``: squared correlation, 0 to 1; 0 for a feature turned upside down.
        - ``depth``: scale times depth of the reference.
        - ``scale``: 1 where the features are as deep as in the library, negative where
          they are turned upside down.
        - ``rms``: root mean square of the residual; over several windows, the root of
          the weighted mean square.

        With ``keep="best"``, dims (y, x): ``class`` (1 the first reference, as in its
        ``classes``; 0 unclassified), ``fit`` and ``depth`` of the reference that fits
        best among those that are deep enough; 0 where unclassified.

        NaN for a spectrum with a gap in a good band of a window that counts, or
        without a continuum above zero.

    Raises
    ------
    ValueError
        If cube and library differ in wavelengths, a window cannot be read, holds fewer
        than four good bands, or no reference has a feature in it.
    TypeError
        If only one of windows and weights is a mapping.
    KeyError
        If a mapping names a spectrum that the library does not hold.

    References
    ----------
    Clark, R. N., Gallagher, A. J. and Swayze, G. A. (1990). Material absorption band
    depth mapping of imaging spectrometer data using a complete band shape least-squares
    fit with library reference spectra. Proc. 2nd AVIRIS Workshop, JPL Publication
    90-54, 176-186.
    Clark, R. N. et al. (2003). Imaging spectroscopy: Earth and planetary remote sensing
    with the USGS Tetracorder and expert systems. J. Geophys. Res. 108(E12), 5131.

    Examples
    --------
    >>> waves = np.arange(2100.0, 2401, 10)
    >>> def dip(centre, depth):
    ...     return 0.5 - 0.5 * depth * np.exp(-(((waves - centre) / 18) ** 2))
    >>> library = xr.DataArray(
    ...     [dip(2205, 0.3), dip(2340, 0.3)],
    ...     {"spectrum": ["mica", "calcite"], "wavelength": waves},
    ...     dims=("spectrum", "wavelength"),
    ... )
    >>> scene = xr.DataArray(dip(2205, 0.1), {"wavelength": waves})
    >>> found = fit_features(scene, library, [(2130, 2270), (2270, 2400)])
    >>> print(found["depth"].values.round(3), found["fit"].values.round(3))
    [0.1 0. ] [1. 0.]
    """
    if keep not in ("all", "best"):
        raise ValueError(f"keep is 'all' or 'best'. Got {keep!r}.")
    check_cube(cube)
    check_cube(library)
    if library.ndim == 1:
        library = library.expand_dims(spectrum=[str(library.name or "spectrum")])
    if library.ndim != 2 or "spectrum" not in library.dims:
        raise ValueError(
            "a library needs the dimensions ('spectrum', 'wavelength'). "
            f"Got {library.dims}."
        )
    if not library.sizes["spectrum"] or not same_wavelengths(library, cube):
        spectra_on(library, cube)  # says what is wrong
    library = library.assign_coords(spectrum=spectrum_names(library))
    names, asked = _asked(library, windows, weights)
    span, parts = _parts(cube, library, names, asked)
    if keep == "all":
        outputs = [Output(name, "target", names) for name in VALUES]
        run = partial(_all, parts=parts, n=len(names))
    else:
        outputs = [Output(name) for name in ("class", "fit", "depth")]
        run = partial(
            _best, parts=parts, n=len(names), least=(float(min_fit), float(min_depth))
        )
    grids = map_spectra(run, cube.isel(wavelength=span), outputs=outputs, keep_bad=True)
    return xr.Dataset({grid.name: _dressed(grid, names) for grid in grids})


def _asked(
    library: xr.DataArray, windows: object, weights: object
) -> tuple[list[str], list[list[tuple[Window, float | None]]]]:
    """Names of the references to be fitted; of each, its windows and their weights."""
    known = [str(name) for name in library["spectrum"].values]
    if not isinstance(windows, Mapping):
        if isinstance(weights, Mapping):
            raise TypeError("weights by name need windows by name: give both by name")
        flat = np.ndim(windows[0]) == 0 if len(windows) else False
        each = _weighted("", [windows] if flat else list(windows), weights)
        return known, [each] * len(known)
    strangers = [name for name in windows if name not in known]
    if strangers:
        raise KeyError(
            f"the library holds no {strangers[:5]}; it holds {known[:8]}"
            f"{' …' if len(known) > 8 else ''}. Correct the names in windows."
        )
    if weights is not None and not isinstance(weights, Mapping):
        raise TypeError("windows by name need weights by name, or none")
    told = [
        _weighted(name, list(parts), None if weights is None else weights.get(name))
        for name, parts in windows.items()
    ]
    return list(windows), told


def _weighted(
    name: str, windows: list, weights: Sequence[float] | None
) -> list[tuple[Window, float | None]]:
    whose = f" of {name}" if name else ""
    if not windows:
        raise ValueError(f"no window{whose}: give one at least, such as (2100, 2300)")
    read = [read_window(window) for window in windows]
    if weights is None:
        return [(window, None) for window in read]
    values = np.asarray(weights, float)
    if values.shape != (len(read),) or not (values >= 0).all() or not values.sum() > 0:
        raise ValueError(
            f"weights{whose} need one number a window ({len(read)}), none negative and "
            f"one above zero. Got {weights!r}."
        )
    return list(zip(read, values.tolist(), strict=True))


def _parts(
    cube: xr.DataArray,
    library: xr.DataArray,
    names: list[str],
    asked: list[list[tuple[Window, float | None]]],
) -> tuple[slice, list[Part]]:
    """Bands needed, and each window with all its references stacked."""
    users: dict[Window, list[tuple[int, float | None]]] = {}
    for target, each in enumerate(asked):
        for window, weight in each:
            users.setdefault(window, []).append((target, weight))
    models, total = [], np.zeros(len(names))
    for window, told in users.items():
        targets = np.array([target for target, _ in told])
        model = _model(cube, library, [names[t] for t in targets], window)
        weights = np.array([
            model.area[i] if weight is None else weight * (model.spread[i] > 0)
            for i, (_, weight) in enumerate(told)
        ])  # fmt: skip
        if not weights.any():
            raise ValueError(
                f"no reference has a feature in {window.text}: leave the window out"
            )
        np.add.at(total, targets, weights)
        models.append((model, targets, weights))
    if not total.all():
        idle = [name for name, weight in zip(names, total, strict=True) if not weight]
        raise ValueError(
            f"{', '.join(idle[:5])}: no feature in any window. Leave them out, or give "
            "windows by name."
        )
    low = min(model.bands.span.start for model, _, _ in models)
    high = max(model.bands.span.stop for model, _, _ in models)
    parts = []
    for model, targets, weights in models:
        used = weights > 0
        bands = model.bands
        place = slice(bands.span.start - low, bands.span.stop - low)
        kept = [array[used] for array in model[1:]]
        model = type(model)(bands._replace(span=place), *kept)  # noqa: PLW2901
        share = (weights / total[targets])[used]
        parts.append(Part(model, targets[used], share))
    return slice(low, high), parts


def _model(
    cube: xr.DataArray, library: xr.DataArray, names: list[str], window: Window
) -> WindowModel:
    method = "hull" if window.left is None else "shoulders"
    bands = bands_of(cube, window, method=method, least=4)
    chosen = library.isel(
        spectrum=[list(map(str, library["spectrum"].values)).index(n) for n in names],
        wavelength=bands.span,
    ).isel(wavelength=bands.good)
    values = chosen.transpose("spectrum", "wavelength").to_numpy().astype("float64")
    gaps = ~np.isfinite(values).all(1) | ~(values.max(1) > 0)
    if gaps.any():
        told = [name for name, gap in zip(names, gaps, strict=True) if gap]
        raise ValueError(
            f"{', '.join(told[:5])}: no whole spectrum in {window.text}. Give windows "
            "by name, without this one for them, or mark the bands bad in the cube."
        )
    model = model_window(values, bands)
    dark = ~np.isfinite(model.removed).all(1)
    if dark.any():
        told = [name for name, gap in zip(names, dark, strict=True) if gap]
        raise ValueError(
            f"{', '.join(told[:5])}: the continuum is not above zero in {window.text}. "
            "Leave these spectra out, or give windows by name."
        )
    return model


def _all(block: np.ndarray, *, parts: list[Part], n: int) -> tuple[np.ndarray, ...]:
    total = np.zeros((len(VALUES), n, block.shape[1]), "float32")
    for model, targets, weights in parts:
        found = fit_window(block[model.bands.span], model)
        share = weights[:, None].astype("float32")
        values = (found.fit, found.depth, found.scale, found.rms**2)
        for whole, value in zip(total, values, strict=True):
            whole[targets] += share * value
    np.sqrt(total[3], out=total[3])
    return tuple(total)


def _best(
    block: np.ndarray, *, parts: list[Part], n: int, least: tuple[float, float]
) -> tuple[np.ndarray, ...]:
    fit, depth = np.zeros((2, n, block.shape[1]), "float32")
    for model, targets, weights in parts:
        found = fit_window(block[model.bands.span], model)
        share = weights[:, None].astype("float32")
        fit[targets] += share * found.fit
        depth[targets] += share * found.depth
    whole = np.isfinite(fit).all(0)
    merit = np.where((fit >= least[0]) & (depth >= least[1]), fit, -1)
    first = merit.argmax(0)
    there = np.arange(block.shape[1])
    found = merit[first, there] >= 0
    code = np.where(found, first + 1.0, 0.0)
    best = [np.where(found, grid[first, there], 0.0) for grid in (fit, depth)]
    return tuple(np.where(whole, grid, np.nan) for grid in (code, *best))


def _dressed(grid: xr.DataArray, names: list[str]) -> xr.DataArray:
    if grid.name != "class":
        return grid.assign_attrs(
            long_name=VALUES[str(grid.name)], units="1", kind="continuous"
        )
    classes = dict(enumerate(["unclassified", *names]))
    return grid.assign_attrs(
        long_name="best match of features",
        units="1",
        kind="categorical",
        classes=classes,
    )
