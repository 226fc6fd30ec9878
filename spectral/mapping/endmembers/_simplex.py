"""Endmembers as the pixels of a simplex of great volume."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..._threads import one_blas_thread
from ._result import pixels_as_library
from ._search import (
    farthest,
    independent_start,
    simplex_volume,
    swap_vertices,
)
from ._space import Space, affine_space, check_number, check_pixels

if TYPE_CHECKING:
    import xarray as xr

    from ..reduction._statistics import SceneStatistics


def n_findr(
    cube: xr.DataArray,
    *,
    n_endmembers: int,
    reduction: str = "pca",
    n_starts: int = 1,
    max_sweeps: int = 50,
    statistics: SceneStatistics | None = None,
    random_state: int = 0,
) -> xr.DataArray:
    """
    Endmembers that span a simplex of greatest volume (N-FINDR).

    Parameters
    ----------
    cube : DataArray
        (wavelength, y, x), lazy or not, or a library. Pixels with a gap and all-zero
        pixels are left out and counted; search a part with ``cube.where(mask)``.
    n_endmembers : int
        How many; `signal_dimension` tells.
    reduction : {"pca", "mnf"}
        Components that span the volume: of greatest variance or signal-to-noise ratio.
    n_starts : int
        The search ends in a simplex no single swap enlarges. The first start is that
        of `sivm`, further ones are random; the largest is kept.
    max_sweeps : int
        Rounds over the vertices, at most.
    statistics : SceneStatistics, optional
        Of the cube, if already computed (with noise, for "mnf").
    random_state : int
        Of the random starts.

    Returns
    -------
    DataArray, dims ("spectrum", "wavelength")
        A library: spectra of the pixels, all bands; along spectrum their ``row`` and
        ``column`` (from 0) and ``y``, ``x``; ``attrs``: method, volume (of the
        spectra's simplex in good bands), iterations, random_state, notes.

    Raises
    ------
    ValueError
        If more endmembers are asked for than bands + 1, pixels, or dimensions the
        scene spans.

    Notes
    -----
    The cube is read twice, for its statistics and its components: n_endmembers - 1
    values of float32 a pixel are in memory, not all bands. The determinant is linear
    in each vertex, so that one product over all pixels finds the best swap.

    References
    ----------
    Winter, M. E. (1999). N-FINDR: an algorithm for fast autonomous spectral end-member
    determination in hyperspectral data. Proc. SPIE 3753, 266-275.

    Examples
    --------
    >>> import xarray as xr
    >>> shares = np.array([[1, 0, 0.5, 0.2, 0.3], [0, 1, 0.5, 0.2, 0.3], [0, 0, 0, 0.6, 0.4]])
    >>> spectra = np.array([[0.1, 0.8, 0.2], [0.5, 0.4, 0.1], [0.9, 0.9, 0.3]])
    >>> cube = xr.DataArray(
    ...     (spectra.T @ shares)[:, None],
    ...     dims=("wavelength", "y", "x"),
    ...     coords={"wavelength": [600.0, 800.0, 2200.0]},
    ... )
    >>> found = n_findr(cube, n_endmembers=3)
    >>> sorted(found["column"].values.tolist())
    [0, 1, 3]
    """  # noqa: E501
    check_number(cube, n_endmembers)
    space = _simplex_space(cube, n_endmembers, reduction, statistics)
    rng = np.random.default_rng(random_state)
    starts = [np.array(farthest(space.scores, n_endmembers, affine=True))]
    starts += [independent_start(space.scores, rng) for _ in range(n_starts - 1)]
    chosen, told = _best(space, starts, max_sweeps)
    told |= {"method": "n_findr", "reduction": reduction, "random_state": random_state}
    return pixels_as_library(cube, space, chosen, told=told)


def avmax(
    cube: xr.DataArray,
    *,
    n_endmembers: int,
    reduction: str = "pca",
    n_starts: int = 10,
    max_sweeps: int = 50,
    statistics: SceneStatistics | None = None,
    random_state: int = 0,
) -> xr.DataArray:
    """
    Endmembers by alternating volume maximisation from random starts (AVMAX).

    Parameters
    ----------
    cube : DataArray
        As in `n_findr`.
    n_endmembers : int
        How many.
    reduction : {"pca", "mnf"}
        Components that span the volume.
    n_starts : int
        Random starts; the largest simplex is kept.
    max_sweeps : int
        Rounds over the vertices from each start, at most.
    statistics : SceneStatistics, optional
        Of the cube, if already computed (with noise, for "mnf").
    random_state : int
        Of the starts.

    Returns
    -------
    DataArray, dims ("spectrum", "wavelength")
        A library, as of `n_findr`.

    Raises
    ------
    ValueError
        As `n_findr`.

    See Also
    --------
    n_findr : The same swaps from one informed start.

    Notes
    -----
    Each vertex in turn goes to the point of the convex hull of all pixels that
    maximises the volume, and that is a pixel.

    References
    ----------
    Chan, T.-H., Ma, W.-K., Ambikapathi, A., Chi, C.-Y. (2011). A simplex volume
    maximization framework for hyperspectral endmember extraction. IEEE TGRS 49(11).

    Examples
    --------
    >>> import xarray as xr
    >>> cube = xr.DataArray(
    ...     [[[0.0, 1.0, 0.5, 0.2]], [[0.0, 0.1, 0.9, 0.3]]],
    ...     dims=("wavelength", "y", "x"),
    ...     coords={"wavelength": [600.0, 800.0]},
    ... ) + 0.1
    >>> sorted(avmax(cube, n_endmembers=3)["column"].values.tolist())
    [0, 1, 2]
    """
    check_number(cube, n_endmembers)
    space = _simplex_space(cube, n_endmembers, reduction, statistics)
    rng = np.random.default_rng(random_state)
    starts = [independent_start(space.scores, rng) for _ in range(max(1, n_starts))]
    chosen, told = _best(space, starts, max_sweeps)
    told |= {"method": "avmax", "reduction": reduction, "random_state": random_state}
    return pixels_as_library(cube, space, chosen, told=told)


def sivm(
    cube: xr.DataArray,
    *,
    n_endmembers: int,
    reduction: str = "pca",
    statistics: SceneStatistics | None = None,
) -> xr.DataArray:
    """
    Endmembers by simplex volume maximisation, one after the other (SiVM).

    Parameters
    ----------
    cube : DataArray
        As in `n_findr`.
    n_endmembers : int
        How many; fewer are the first of more in the same space.
    reduction : {"pca", "mnf"}
        Components that span the volume.
    statistics : SceneStatistics, optional
        Of the cube, if already computed (with noise, for "mnf").

    Returns
    -------
    DataArray, dims ("spectrum", "wavelength")
        A library, as of `n_findr`, in the order found.

    Raises
    ------
    ValueError
        As `n_findr`.

    Notes
    -----
    The first is the pixel farthest from the one farthest from the mean. Each further
    one enlarges the simplex most: it is the farthest from the flat through those
    before. Distances are exact, where the paper takes edges for equally long. Nothing
    is random.

    References
    ----------
    Thurau, C., Kersting, K., Bauckhage, C. (2010). Yes we can: simplex volume
    maximization for descriptive web-scale matrix factorization. Proc. CIKM.
    Heylen, R., Burazerovic, D., Scheunders, P. (2011). Fully constrained least squares
    spectral unmixing by simplex projection. IEEE TGRS 49(11).

    Examples
    --------
    >>> import xarray as xr
    >>> cube = xr.DataArray(
    ...     [[[0.0, 1.0, 0.5, 0.2]], [[0.0, 0.1, 0.9, 0.3]]],
    ...     dims=("wavelength", "y", "x"),
    ...     coords={"wavelength": [600.0, 800.0]},
    ... ) + 0.1
    >>> sorted(sivm(cube, n_endmembers=3)["column"].values.tolist())
    [0, 1, 2]
    """
    check_number(cube, n_endmembers)
    space = _simplex_space(cube, n_endmembers, reduction, statistics)
    chosen = farthest(space.scores, n_endmembers, affine=True)
    told = {"method": "sivm", "reduction": reduction}
    return pixels_as_library(cube, space, chosen, told=told)


def _simplex_space(
    cube: xr.DataArray,
    n_endmembers: int,
    reduction: str,
    statistics: SceneStatistics | None,
) -> Space:
    space = affine_space(
        cube, n_endmembers - 1, reduction=reduction, statistics=statistics
    )
    check_pixels(space, n_endmembers)
    return space


def _best(
    space: Space, starts: list[np.ndarray], max_sweeps: int
) -> tuple[np.ndarray, dict]:
    """Largest simplex of all starts; how it was reached."""
    with one_blas_thread():
        ends = [
            swap_vertices(space.scores, start, max_sweeps=max_sweeps)
            for start in starts
        ]
    volumes = [simplex_volume(space.scores[:, chosen]) for chosen, _ in ends]
    chosen, sweeps = ends[int(np.argmax(volumes))]
    told = {"iterations": sweeps, "n_starts": len(starts)}
    if sweeps == max_sweeps:
        told["notes"] = [
            f"The search was still swapping pixels after {max_sweeps} sweeps: give "
            "max_sweeps more."
        ]
    return chosen, told
