"""Sparse unmixing: few of many library spectra, alone or with the neighbours' help."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from ..._blocks import Output, map_spectra
from ..._check import check_cube, good_bands
from ..._reflectance import check_pixels
from ..._threads import one_blas_thread
from ._active import active_sets
from ._endmembers import endmembers_on
from ._project import project
from ._unmix import described, make_problem, misfit
from ._variation import Penalties, smooth_shares

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._unmix import Problem

COLD = np.empty((0, 0))


def sparse_unmix(
    cube: xr.DataArray,
    library: xr.DataArray,
    *,
    l1: float = 1e-3,
    tv: float = 0.0,
    collaborative: float = 0.0,
    tile: int = 128,
    overlap: int = 16,
    tolerance: float = 1e-4,
) -> xr.Dataset:
    """
    Shares of few spectra of a whole library, at least zero, with a penalty on shares.

    Minimises, with spectra x and shares a >= 0, over all pixels the sum of
    ``|x - E'a|^2 / 2 + l1 sum(a)``, to which `tv` adds the differences of each share
    between neighbours, and `collaborative` the length of each spectrum's map of shares.

    Parameters
    ----------
    cube : DataArray
        Reflectance with dimension wavelength; (wavelength, y, x) for `tv` and
        `collaborative`.
    library : DataArray, dims ("spectrum", "wavelength")
        Any number of spectra, more than bands too.
    l1 : float
        Penalty on the sum of shares, in squared reflectance: larger, fewer spectra.
    tv : float
        Penalty on the absolute differences of shares between pixels side by side and
        one above the other.
    collaborative : float
        Penalty on the root of the sum of squares of a spectrum's shares over a tile:
        larger, fewer spectra in the tile.
    tile, overlap : int
        Pixels along a side of the squares that `tv` and `collaborative` are solved in,
        and by how many each reaches into its neighbours. They lie from the first row
        and column of the cube, however it is chunked.
    tolerance : float
        With `tv` or `collaborative`: the steps end when primal and dual residuals fall
        below this share of the sizes they are to be compared with.

    Returns
    -------
    Dataset
        ``abundance`` (endmember, y, x), ``residual`` (root mean square misfit),
        ``n_used`` (spectra with a share above zero), ``pixel_state`` and ``spectra`` as
        of `unmix`; 3 in ``pixel_state`` where the steps ran out before the tolerance.
        Lazy where the cube is. A pixel with a missing good band is NaN; for `tv` it
        lets its neighbours touch.

    Raises
    ------
    ValueError
        If a penalty is negative, the cube is no image where tiles are needed, or the
        library cannot be used with it, or one of both is not reflectance.

    Notes
    -----
    With `l1` alone each pixel is a small quadratic problem that active sets solve
    exactly; no tolerance is involved. With the others the alternating direction method
    of multipliers runs on the tile; its shares are at least zero, with exact zeros.

    References
    ----------
    Bioucas-Dias, J. M., Figueiredo, M. A. T. (2010). Alternating direction algorithms
    for constrained sparse regression. 2nd WHISPERS.
    Iordache, M.-D., Bioucas-Dias, J. M., Plaza, A. (2012). Total variation spatial
    regularization for sparse hyperspectral unmixing. IEEE Trans. Geosci. Remote Sens.
    50, 4484-4502.
    Iordache, M.-D., Bioucas-Dias, J. M., Plaza, A. (2014). Collaborative sparse
    regression for hyperspectral unmixing. IEEE Trans. Geosci. Remote Sens. 52, 341-354.

    Examples
    --------
    >>> waves = {"wavelength": [500.0, 600.0]}
    >>> pure = xr.DataArray(
    ...     [[0.1, 0.2], [0.5, 0.4], [0.3, 0.3]],
    ...     {"spectrum": ["leaf", "clay", "grey"], **waves},
    ...     dims=("spectrum", "wavelength"),
    ... )
    >>> found = sparse_unmix(0.5 * pure[1].drop_vars("spectrum"), pure, l1=0.01)
    >>> found["abundance"].values
    array([0.  , 0.476, 0.  ])
    """
    check_cube(cube)
    penalties = Penalties(float(l1), float(tv), float(collaborative), float(tolerance))
    _check(penalties, tile, overlap)
    pure = endmembers_on(library, cube, sum_to_one=False, collinear="allow")
    problem = make_problem(pure.spectra, "nnls")
    dtype = str(cube.dtype)
    # without pixels there are no neighbours
    if (tv == 0 and collaborative == 0) or cube.size == 0:
        outputs = [
            Output("abundance", "endmember", pure.names, dtype),
            Output("residual", dtype=dtype),
            Output("n_used"),
            Output("pixel_state"),
        ]
        found = map_spectra(_pixelwise(problem, penalties.l1), cube, outputs=outputs)
        names = "l1"
    else:
        found = _tiled(cube, problem, penalties, (tile, overlap), pure.names)
        names = "tiles"
    result = described(found, pure, "sparse")
    result.attrs |= {
        "constraints": f"shares of at least zero, l1={l1:g}, tv={tv:g}, "
        f"collaborative={collaborative:g}",
        "solved": "exactly, pixel by pixel"
        if names == "l1"
        else f"in tiles of {tile} pixels reaching {overlap} over, to {tolerance:g}",
    }
    return result


def _check(penalties: Penalties, tile: int, overlap: int) -> None:
    for name, value in penalties._asdict().items():
        if not (np.isfinite(value) and value >= 0) or (name, value) == ("tolerance", 0):
            raise ValueError(
                f"{name} must be above zero, or zero for a penalty left out; "
                f"got {value:g}"
            )
    if tile < 8 or not 0 <= overlap < tile:
        raise ValueError(
            f"tile must be at least 8 pixels and overlap less than it; got {tile} "
            f"and {overlap}"
        )


def _pixelwise(
    problem: Problem, l1: float
) -> Callable[[np.ndarray], tuple[np.ndarray, ...]]:
    def solve(values: np.ndarray) -> tuple[np.ndarray, ...]:
        products, facts = project(values, problem.rows)
        check_pixels(facts[0], len(values), problem.largest, "endmembers")
        q = len(problem.gram)
        shares, done = active_sets(problem.gram, products[:q] - l1, COLD, False)
        return _finished(problem, shares, products, facts, done, len(values))

    return solve


def _finished(
    problem: Problem,
    shares: np.ndarray,
    products: np.ndarray,
    facts: np.ndarray,
    done: np.ndarray,
    n_bands: int,
) -> tuple[np.ndarray, ...]:
    residual = misfit(problem, shares, products, facts[0], n_bands)
    used = (shares > 0).sum(0, dtype="float32")
    state = np.where(facts[1] < 0, 2.0, 0.0)
    state[(facts[1] == 0) & (facts[2] == 0)] = 1
    state[~done] = 3
    missing = np.isnan(shares[0])
    used[missing] = state[missing] = np.nan
    return shares, residual, used, state


def _tiled(
    cube: xr.DataArray,
    problem: Problem,
    penalties: Penalties,
    squares: tuple[int, int],
    names: list[str],
) -> tuple[xr.DataArray, ...]:
    """All results of tiles stacked in one array, taken apart again."""
    import dask.array as da

    tile, overlap = squares
    if set(cube.dims) != {"wavelength", "y", "x"}:
        raise ValueError(
            f"neighbours need an image, dimensions ('wavelength', 'y', 'x'). Got "
            f"{cube.dims}. Leave out tv and collaborative."
        )
    image = good_bands(cube).transpose("wavelength", "y", "x")
    sides = {dim: _cuts(image.sizes[dim], tile, overlap) for dim in ("y", "x")}
    blocks = image.chunk({"wavelength": -1, **sides}).data
    depth = {
        axis: overlap if len(sides[dim]) > 1 else 0
        for axis, dim in ((1, "y"), (2, "x"))
    }
    wide = da.overlap.overlap(blocks, depth={0: 0, **depth}, boundary="none")
    dtype = np.dtype(cube.dtype)
    q = len(names)
    stacked = wide.map_blocks(
        lambda values: _one_tile(values, problem, penalties).astype(dtype),
        chunks=((q + 3,), *wide.chunks[1:]),
        dtype=dtype,
        meta=np.empty((0, 0, 0), dtype),
    )
    whole = da.overlap.trim_internal(stacked, {0: 0, **depth}, boundary="none")
    if cube.chunks is None:
        whole = whole.compute()
    kept = {
        name: coord
        for name, coord in image.coords.items()
        if "wavelength" not in coord.dims
    }
    shares = xr.DataArray(
        whole[:q],
        {"endmember": names, **kept},
        dims=("endmember", "y", "x"),
        name="abundance",
    )
    return shares, *(
        xr.DataArray(whole[q + i], kept, dims=("y", "x"), name=name)
        for i, name in enumerate(("residual", "n_used", "pixel_state"))
    )


def _cuts(length: int, tile: int, overlap: int) -> tuple[int, ...]:
    """Lengths of tiles along a side; a rest that is short joins the last."""
    cuts = [tile] * (length // tile)
    rest = length - sum(cuts)
    if rest and (rest >= max(overlap, 1) or not cuts):
        cuts.append(rest)
    elif rest:
        cuts[-1] += rest
    return tuple(cuts)


def _one_tile(values: np.ndarray, problem: Problem, penalties: Penalties) -> np.ndarray:
    n_bands, *shape = values.shape
    flat = values.reshape(n_bands, -1)
    products, facts = project(flat, problem.rows)
    check_pixels(facts[0], n_bands, problem.largest, "endmembers")
    q = len(problem.gram)
    sides = products[:q].reshape(q, *shape)
    with one_blas_thread():
        shares, done = smooth_shares(problem.gram, sides, penalties)
    shares = shares.reshape(q, -1)
    shares[:, np.isnan(facts[0])] = np.nan
    finished = np.full(shares.shape[1], done)
    parts = _finished(problem, shares, products, facts, finished, n_bands)
    return np.concatenate([parts[0], np.stack(parts[1:])]).reshape(q + 3, *shape)
