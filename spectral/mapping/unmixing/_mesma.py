"""Multiple endmember spectral mixture analysis: each pixel its own model."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import xarray as xr

from ..._blocks import Output, map_spectra
from ..._check import check_cube, good_bands, spectra_on
from ..._reflectance import check_pixels, check_quantity
from ._endmembers import check_scale
from ._models import MOST_MODELS, Models, count_models, list_models, try_models
from ._project import project

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SHADE = "shade"


class Setup(NamedTuple):
    """Spectra about their origin, groups, and the rules a model must keep."""

    spectra: np.ndarray
    origin: np.ndarray
    groups: list[str]
    names: list[str]
    bounds: tuple[float, float, float]
    residual_limit: float
    min_gain: float


def mesma(
    cube: xr.DataArray,
    library: xr.DataArray,
    *,
    groups: str | Sequence[str] = "group",
    max_members: int = 2,
    fraction_range: tuple[float, float] = (-0.05, 1.05),
    residual_limit: float = 0.025,
    min_gain: float = 0.007,
    shade: bool | xr.DataArray = True,
) -> xr.Dataset:
    """
    Best mixture model of each pixel, of one spectrum from each of a few groups.

    All models of one to `max_members` groups are solved by least squares with shares
    that sum to one, shade included, and the one with the least residual is kept. A
    model of more members must lower the residual by `min_gain`.

    Parameters
    ----------
    cube : DataArray
        Reflectance with dimension wavelength (nm).
    library : DataArray, dims ("spectrum", "wavelength")
        Several spectra a group.
    groups : str or sequence of str
        Coordinate along spectrum that names the group, or the groups themselves, one a
        spectrum.
    max_members : int
        Most groups in a model, shade not counted; where there are fewer groups or good
        bands, as many as these, which ``attrs["notes"]`` tells.
    fraction_range : tuple of float
        Least and largest share allowed, of shade too.
    residual_limit : float
        Largest root mean square residual of a model, in reflectance.
    min_gain : float
        How much less residual one more member must leave, in reflectance.
    shade : bool or DataArray, dims ("wavelength",)
        True for photometric shade (zero reflectance), a spectrum of shade, or False for
        models without.

    Returns
    -------
    Dataset
        ``model`` (y, x): code of the model, 0 unclassified; ``classes`` in its attrs
        names the groups. ``spectrum`` (endmember, y, x): number of the spectrum that
        stands for the group, 0 none. ``abundance`` (endmember, y, x): share of each
        group and of shade, 0 where the model is without it. ``residual`` (y, x): root
        mean square, reflectance. Lazy where the cube is. Unclassified pixels have NaN
        shares and residual; a pixel with a missing good band is NaN everywhere.

    Raises
    ------
    ValueError
        If groups are missing, the models are too many, a limit cannot be used, or cube
        or library are not reflectance.

    See Also
    --------
    score_endmembers : Which spectra of a group stand for it best.
    shade_free : Shares without shade.

    Notes
    -----
    Models whose spectra are nearly mixtures of one another (condition number above
    10,000) are left out; ``attrs["models_left_out"]`` counts them. The residuals of all
    models come from products of the pixel with the spectra, and a model is only looked
    at further where it beats the best so far: this leaves nothing out.

    References
    ----------
    Roberts, D. A., Gardner, M., Church, R., Ustin, S., Scheer, G., Green, R. O. (1998).
    Mapping chaparral in the Santa Monica Mountains using multiple endmember spectral
    mixture models. Remote Sens. Environ. 65, 267-279.

    Examples
    --------
    >>> waves = {"wavelength": [500.0, 600.0, 700.0]}
    >>> pure = xr.DataArray(
    ...     [[0.1, 0.2, 0.6], [0.1, 0.3, 0.7], [0.5, 0.4, 0.2]],
    ...     {"spectrum": ["leaf", "grass", "clay"], **waves},
    ...     dims=("spectrum", "wavelength"),
    ... )
    >>> pixel = xr.DataArray([0.24, 0.26, 0.32], waves, dims="wavelength")
    >>> found = mesma(pixel, pure, groups=["plant", "plant", "soil"])
    >>> found["abundance"].values
    array([0.4, 0.4, 0.2])
    >>> found["model"].attrs["classes"][int(found["model"])]
    'plant + soil'
    """
    check_cube(cube)
    names, spectra = spectra_on(library, cube)
    wavelength = np.asarray(good_bands(cube)["wavelength"].values, float)
    check_quantity(cube, library=library, use="reflectance of the library")
    check_scale(names, spectra, wavelength, cube)
    given = groups_of(library, groups, len(names))
    origin = _origin(shade, cube, spectra)
    low, high = (float(value) for value in fraction_range)
    setup = Setup(
        spectra - origin,
        origin,
        given,
        list(dict.fromkeys(given)),
        (low, high, float(shade is not False)),
        float(residual_limit),
        float(min_gain),
    )
    sizes = _sizes(setup, max_members)
    levels, left_out = [], 0
    for size in sizes:
        models, dropped = list_models(
            given, setup.spectra, size, sum_to_one=shade is False
        )
        levels.append(models)
        left_out += dropped
    found = _mapped(cube, setup, levels, names, left_out)
    if len(sizes) < max_members:
        n_bands = setup.spectra.shape[1]
        found.attrs["notes"] = [
            f"models have at most {len(sizes)} groups, not max_members={max_members}: "
            f"there are {len(setup.names)} groups and {n_bands} good bands"
        ]
    return found


def groups_of(
    library: xr.DataArray, groups: str | Sequence[str], n_spectra: int
) -> list[str]:
    """Group of each spectrum, checked."""
    if isinstance(groups, str):
        if groups not in library.coords or library[groups].dims != ("spectrum",):
            there = [
                str(name)
                for name in library.coords
                if library[name].dims == ("spectrum",) and name != "spectrum"
            ]
            raise ValueError(
                f"the library has no coordinate {groups!r} along 'spectrum'; it has "
                f"{there}. Name one of them, groups=..., or give a group a spectrum."
            )
        found = [str(group) for group in library[groups].values]
    else:
        found = [str(group) for group in groups]
    if len(found) != n_spectra:
        raise ValueError(
            f"{len(found)} groups for {n_spectra} spectra: give one a spectrum"
        )
    blank = [i for i, group in enumerate(found, 1) if group in ("", "None", "nan")]
    if blank:
        raise ValueError(
            f"{len(blank)} of {n_spectra} spectra have no group, numbers {blank[:8]}: "
            "name their groups or leave them out"
        )
    return found


def _origin(
    shade: bool | xr.DataArray, cube: xr.DataArray, spectra: np.ndarray
) -> np.ndarray:
    if isinstance(shade, xr.DataArray):
        return spectra_on(shade, cube, role="shade")[1][0]
    # shares that sum to one do not feel the origin; the mean keeps the digits
    return np.zeros(spectra.shape[1]) if shade else spectra.mean(0)


def _sizes(setup: Setup, max_members: int) -> range:
    low, high, _ = setup.bounds
    if not low < high:
        raise ValueError(
            f"fraction_range must rise; got {low:g} to {high:g}, often -0.05 to 1.05"
        )
    if not setup.residual_limit > 0 or not setup.min_gain >= 0:
        raise ValueError(
            "residual_limit must be above zero and min_gain at least zero; got "
            f"{setup.residual_limit:g} and {setup.min_gain:g}"
        )
    if SHADE in setup.names:
        raise ValueError(
            "a group is called 'shade', which is the name of the rest: give its "
            "spectrum as shade=..., or rename the group"
        )
    if max_members < 1:
        raise ValueError(f"max_members must be at least 1; got {max_members}")
    most = min(len(setup.names), setup.spectra.shape[1])
    sizes = range(1, min(max_members, most) + 1)
    number = count_models(setup.groups, sizes)
    if number > MOST_MODELS:
        raise ValueError(
            f"{len(setup.groups)} spectra give {number} models of up to {sizes[-1]} "
            f"groups; at most {MOST_MODELS} are tried. Keep the best spectra of each "
            "group, see score_endmembers, or lower max_members."
        )
    return sizes


def _mapped(
    cube: xr.DataArray,
    setup: Setup,
    levels: list[Models],
    names: list[str],
    left_out: int,
) -> xr.Dataset:
    dtype = str(cube.dtype)
    codes, classes = _classes(setup, levels)
    shaded = setup.bounds[2] == 1
    labels = [*setup.names, SHADE] if shaded else setup.names
    model, spectrum, abundance, residual = map_spectra(
        _solver(setup, levels, codes),
        cube,
        outputs=[
            Output("model"),
            Output("spectrum", "endmember", labels),
            Output("abundance", "endmember", labels, dtype),
            Output("residual", dtype=dtype),
        ],
    )
    model.attrs = {"long_name": "mixture model", "kind": "categorical"}
    model.attrs |= {"units": "1", "classes": classes}
    numbered = {0: "none", **dict(enumerate(names, 1))}
    spectrum.attrs = {"long_name": "spectrum of the group", "kind": "categorical"}
    spectrum.attrs |= {"units": "1", "classes": numbered}
    abundance.attrs = {"long_name": "share of the group", "kind": "continuous"}
    residual.attrs = {"long_name": "root mean square misfit", "kind": "continuous"}
    for grid in (abundance, residual):
        grid.attrs["units"] = "1"
    grids = (model, spectrum, abundance, residual)
    return xr.Dataset(
        {str(grid.name): grid for grid in grids},
        attrs={
            "method": "mesma",
            "models": sum(len(level.members) for level in levels),
            "models_left_out": left_out,
            "notes": [],
        },
    )


def _classes(
    setup: Setup, levels: list[Models]
) -> tuple[list[np.ndarray], dict[int, str]]:
    """Code of each model's set of groups, and what the codes mean."""
    number = {name: i for i, name in enumerate(setup.names)}
    of = np.array([number[group] for group in setup.groups])
    classes, codes = {0: "unclassified"}, []
    for level in levels:
        sets, back = np.unique(of[level.members], axis=0, return_inverse=True)
        start = len(classes)
        for chosen in sets:
            classes[len(classes)] = " + ".join(setup.names[i] for i in chosen)
        codes.append(start + np.ravel(back))
    return codes, classes


def _solver(
    setup: Setup, levels: list[Models], codes: list[np.ndarray]
) -> Callable[[np.ndarray], tuple[np.ndarray, ...]]:
    rows = np.ascontiguousarray(np.vstack([setup.spectra, setup.origin]))
    moved = rows[:-1] @ setup.origin
    group_of = np.array([setup.names.index(group) for group in setup.groups])
    largest = float(np.abs(setup.spectra + setup.origin).max())
    n_groups, shaded = len(setup.names), setup.bounds[2] == 1

    def solve(values: np.ndarray) -> tuple[np.ndarray, ...]:
        products, facts = project(values, rows)
        check_pixels(facts[0], len(values), largest, "endmembers")
        about = facts[0] - 2 * products[-1] + setup.origin @ setup.origin
        products = products[:-1] - moved[:, None]
        n = about.size
        model, residual = np.zeros(n), np.full(n, np.nan)
        spectrum = np.zeros((n_groups + shaded, n))
        shares = np.full((n_groups + shaded, n), np.nan)
        for level, code in zip(levels, codes, strict=True):
            limit = _limit(residual, setup, len(values))
            best = np.full(n, -1)
            try_models(products, about, tuple(level), setup.bounds, limit, best)
            better = np.flatnonzero(best >= 0)
            chosen = best[better]
            model[better] = code[chosen]
            residual[better] = np.sqrt(limit[better] / len(values))
            spectrum[:, better], shares[:, better] = 0, 0
            members = level.members[chosen]
            part = level.shift[chosen] + np.einsum(
                "pij,pj->pi", level.inverse[chosen], products[members, better[:, None]]
            )
            for i in range(members.shape[1]):
                spectrum[group_of[members[:, i]], better] = members[:, i] + 1
                shares[group_of[members[:, i]], better] = part[:, i]
            if shaded:
                shares[-1, better] = 1 - part.sum(1)
        missing = ~np.isfinite(facts[0])
        model[missing] = spectrum[:, missing] = np.nan
        return model, spectrum, shares, residual

    return solve


def _limit(residual: np.ndarray, setup: Setup, n_bands: int) -> np.ndarray:
    """Squared misfit that a model of the next size must stay below."""
    wanted = np.where(
        np.isnan(residual),
        setup.residual_limit,
        np.maximum(residual - setup.min_gain, 0),
    )
    # a model just at the limit counts
    return np.where(np.isnan(residual), np.nextafter(wanted, 1), wanted) ** 2 * n_bands
