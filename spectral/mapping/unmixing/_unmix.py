"""Linear unmixing with exact constraints."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import xarray as xr

from ..._blocks import Output, map_spectra
from ..._check import check_cube
from ..._reflectance import check_pixels
from ._active import active_sets
from ._endmembers import Endmembers, endmembers_on
from ._project import project

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike

METHODS = {
    "fcls": "shares of at least zero that sum to one",
    "nnls": "shares of at least zero",
    "scls": "shares that sum to one",
    "ucls": "shares without constraint",
}
STATES = {
    0: "plain",
    1: "all bands zero",
    2: "some band below zero",
    3: "search not finished",
}
LONG_NAMES = {
    "abundance": "share of the endmember",
    "residual": "root mean square misfit",
    "n_active": "number of shares held at zero",
    "n_negative": "number of shares below zero",
    "n_used": "number of spectra used",
    "pixel_state": "state of the pixel",
}


class Problem(NamedTuple):
    """
    Least squares of all pixels in terms of their products with a few rows.

    `rows` are what spectra are multiplied with: the endmembers about `origin` under
    the band weights; if there are weights the same without; the origin itself.
    `largest` is the endmembers' largest value.
    """

    method: str
    rows: np.ndarray
    shift: np.ndarray
    gram: np.ndarray
    guess: np.ndarray
    linear: np.ndarray
    plain: np.ndarray
    origin: np.ndarray
    weighted: bool
    largest: float


def unmix(
    cube: xr.DataArray,
    endmembers: xr.DataArray,
    *,
    method: str = "fcls",
    weights: ArrayLike | xr.DataArray | None = None,
    collinear: str = "refuse",
) -> xr.Dataset:
    """
    Shares of endmembers in each spectrum, by least squares solved exactly.

    Parameters
    ----------
    cube : DataArray
        Reflectance with dimension wavelength (nm): a cube, a library or one spectrum.
        Bad bands are left out.
    endmembers : DataArray, dims ("spectrum", "wavelength")
        Spectra of the pure materials on the wavelengths of the cube. A spectrum of
        zeros is photometric shade, for the methods whose shares sum to one.
    method : {"fcls", "nnls", "scls", "ucls"}
        Shares of at least zero that sum to one, of at least zero, that sum to one,
        without constraint.
    weights : array, shape (n_bands,), optional
        Weight of the squared misfit of each good band, above zero; one for each when
        not given. Leave bands out by marking them bad.
    collinear : {"refuse", "allow"}
        What to do with more endmembers than bands and with endmembers that are
        mixtures of others: an error, or any one of the equally good answers.

    Returns
    -------
    Dataset
        ``abundance`` (endmember, y, x): shares, 0-1; constrained ones are exactly zero
        where the constraint holds them. ``residual`` (y, x): root mean square misfit in
        reflectance over the good bands. ``n_active``: how many shares the constraint
        holds at zero (fcls, nnls), or ``n_negative``: how many are below zero (scls,
        ucls). ``pixel_state``: 0 plain, 1 all bands zero, 2 some band below zero, 3
        search not finished. ``spectra`` (endmember, wavelength): what was unmixed with.
        Lazy where the cube is. A pixel with a missing good band is NaN everywhere.
        Pixels of zeros and with values below zero are unmixed as they stand, and
        ``pixel_state`` tells them: for fcls a pixel of zeros is the darkest mixture
        with its residual, for nnls it is zero of everything.

    Raises
    ------
    ValueError
        If the wavelengths differ, endmembers are collinear, more than bands allow,
        without a measurement in some band; if they or the cube are not in
        reflectance (both may be digital numbers or radiance, told in attrs); if the
        method or the weights cannot be used: with the remedy.

    See Also
    --------
    unmixing_report : What the result can be trusted with, in words.
    shade_free : Shares without shade.

    Notes
    -----
    Spectra are brought to the q x q normal matrix in double precision and each pixel
    is solved there by active sets, which end at the minimum itself.

    References
    ----------
    Lawson, C. L., Hanson, R. J. (1974). Solving Least Squares Problems, chapter 23.
    Heinz, D. C., Chang, C.-I. (2001). Fully constrained least squares linear spectral
    mixture analysis. IEEE Trans. Geosci. Remote Sens. 39, 529-545.

    Examples
    --------
    >>> waves = {"wavelength": [500.0, 600.0, 700.0]}
    >>> pure = xr.DataArray(
    ...     [[0.1, 0.2, 0.6], [0.5, 0.4, 0.2]],
    ...     {"spectrum": ["leaf", "clay"], **waves},
    ...     dims=("spectrum", "wavelength"),
    ... )
    >>> pixel = xr.DataArray([0.4, 0.35, 0.3], waves, dims="wavelength")
    >>> unmix(pixel, pure)["abundance"].values
    array([0.25, 0.75])
    """
    if method not in METHODS:
        raise ValueError(
            f"method {method!r} is not known. Use one of: "
            + "; ".join(f"'{key}', {said}" for key, said in METHODS.items())
        )
    check_cube(cube)
    pure = endmembers_on(
        endmembers, cube, sum_to_one=method in ("fcls", "scls"), collinear=collinear
    )
    problem = make_problem(
        pure.spectra, method, weights=band_weights(weights, pure.wavelength.size)
    )
    dtype = str(cube.dtype)
    bound = method in ("fcls", "nnls")
    found = map_spectra(
        solver(problem),
        cube,
        outputs=[
            Output("abundance", "endmember", pure.names, dtype),
            Output("residual", dtype=dtype),
            Output("n_active" if bound else "n_negative"),
            Output("pixel_state"),
        ],
    )
    return described(found, pure, method)


def band_weights(
    weights: ArrayLike | xr.DataArray | None, n_bands: int
) -> np.ndarray | None:
    """Weights as an array, one a good band, checked."""
    if weights is None:
        return None
    values = np.asarray(weights, "float64")
    if values.shape != (n_bands,):
        raise ValueError(
            f"weights have shape {values.shape}; give one for each of the {n_bands} "
            "good bands"
        )
    if not (np.isfinite(values) & (values > 0)).all():
        at = int(np.flatnonzero(~(np.isfinite(values) & (values > 0)))[0])
        raise ValueError(
            f"weights must be above zero; that of good band {at + 1} is {values[at]:g}."
            " To leave a band out, mark it bad: "
            "cube.assign_coords(bad_bands=('wavelength', [...]))"
        )
    return values


def make_problem(
    spectra: np.ndarray, method: str, *, weights: np.ndarray | None = None
) -> Problem:
    """Everything that does not depend on the pixel."""
    sums = method in ("fcls", "scls")
    origin = spectra.mean(0) if sums else np.zeros(spectra.shape[1])
    centred = spectra - origin
    heavy = centred if weights is None else centred * weights
    gram = heavy @ centred.T
    gram = (gram + gram.T) / 2
    shift = heavy @ origin
    if sums:
        # shares that sum to one do not feel it, and the matrix becomes regular
        stretch = max(np.trace(gram) / len(gram), 1e-12)
        gram = gram + stretch
        shift = shift - stretch
    inverse = np.linalg.pinv(gram, hermitian=True)
    ones = inverse.sum(1) if sums else np.zeros(len(gram))
    total = ones.sum() if sums else 1.0
    linear = np.column_stack([inverse - np.outer(ones, ones) / total, ones / total])
    regular = np.linalg.cond(gram) < 1e12
    parts = [heavy] if weights is None else [heavy, centred]
    return Problem(
        method=method,
        rows=np.ascontiguousarray(np.vstack([*parts, origin])),
        shift=shift,
        gram=np.ascontiguousarray(gram),
        guess=np.ascontiguousarray(linear) if regular else np.empty((0, 0)),
        linear=linear,
        plain=centred,
        origin=origin,
        weighted=weights is not None,
        largest=float(np.abs(spectra).max()),
    )


def solver(problem: Problem) -> Callable[[np.ndarray], tuple[np.ndarray, ...]]:
    """Block function of a problem: shares, residual, constraints, state."""

    def solve(values: np.ndarray) -> tuple[np.ndarray, ...]:
        products, facts = project(values, problem.rows)
        check_pixels(facts[0], len(values), problem.largest, "endmembers")
        q = len(problem.gram)
        shares, done = shares_of(problem, products[:q] - problem.shift[:, None])
        residual = misfit(problem, shares, products, facts[0], len(values))
        if problem.method in ("fcls", "nnls"):
            counted = (shares == 0).sum(0, dtype="float32")
        else:
            counted = (shares < 0).sum(0, dtype="float32")
        state = np.where(facts[1] < 0, 2.0, 0.0)
        state[(facts[1] == 0) & (facts[2] == 0)] = 1
        state[~done] = 3
        missing = np.isnan(shares[0])
        counted[missing] = np.nan
        state[missing] = np.nan
        return shares, residual, counted, state

    return solve


def shares_of(problem: Problem, products: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Shares from products about the origin, and whether each search was finished."""
    if problem.method in ("fcls", "nnls"):
        return active_sets(
            problem.gram, products, problem.guess, problem.method == "fcls"
        )
    shares = problem.linear[:, :-1] @ products + problem.linear[:, -1:]
    shares[:, ~np.isfinite(shares).all(0)] = np.nan
    return shares, np.ones(products.shape[1], bool)


def misfit(
    problem: Problem,
    shares: np.ndarray,
    products: np.ndarray,
    squares: np.ndarray,
    n_bands: int,
) -> np.ndarray:
    """Root mean square of spectrum minus mixture, without forming either."""
    q = len(shares)
    plain, origin = problem.plain, problem.origin
    sides = products[q : 2 * q] if problem.weighted else products[:q]
    sides = sides - (plain @ origin)[:, None]
    about = squares - 2 * products[-1] + origin @ origin
    left = about + np.einsum("kp,kp->p", shares, (plain @ plain.T) @ shares - 2 * sides)
    return np.sqrt(np.maximum(left, 0) / n_bands)


def described(
    found: tuple[xr.DataArray, ...], pure: Endmembers, method: str
) -> xr.Dataset:
    for grid in found:
        long_name = LONG_NAMES[str(grid.name)]
        grid.attrs = {"long_name": long_name, "units": "1", "kind": "continuous"}
        if grid.name == "pixel_state":
            grid.attrs |= {"kind": "categorical", "classes": dict(STATES)}
    spectra = xr.DataArray(
        pure.spectra,
        {"endmember": pure.names, "wavelength": pure.wavelength},
        dims=("endmember", "wavelength"),
        attrs={"long_name": "spectrum of the endmember", "units": "1"},
    )
    attrs = {"method": method, "constraints": METHODS.get(method, "")}
    result = xr.Dataset({str(grid.name): grid for grid in found}, attrs=attrs)
    result["spectra"] = spectra
    result.attrs["condition"] = pure.condition
    return result
