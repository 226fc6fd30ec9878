"""Endmembers one after the other, each where most is left unexplained."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..._check import good_bands
from ._result import pixels_as_library
from ._search import _norms, farthest
from ._space import Space, check_number, check_pixels, linear_space

if TYPE_CHECKING:
    import xarray as xr

    from ..reduction._statistics import SceneStatistics

DIMENSIONS = 30  # at least; more for many endmembers


def atgp(
    cube: xr.DataArray,
    *,
    n_endmembers: int,
    n_dimensions: int | None = None,
    statistics: SceneStatistics | None = None,
) -> xr.DataArray:
    """
    Targets by repeated orthogonal subspace projection (ATGP).

    Parameters
    ----------
    cube : DataArray
        (wavelength, y, x), lazy or not, or a library. Pixels with a gap and all-zero
        pixels are left out and counted; search a part with ``cube.where(mask)``.
    n_endmembers : int
        How many; fewer are the first of more.
    n_dimensions : int, optional
        Directions of greatest power the search sees: float32 values a pixel in memory.
        None for 30, or thrice the endmembers if that is more. All bands make it exact.
    statistics : SceneStatistics, optional
        Of the cube, if already computed.

    Returns
    -------
    DataArray, dims ("spectrum", "wavelength")
        A library: spectra of the pixels, all bands, in the order found; along spectrum
        ``row``, ``column`` (from 0), ``y``, ``x`` and ``residual``, the length of what
        those before it leave of the pixel; ``attrs``: method, volume, notes.

    Raises
    ------
    ValueError
        If more endmembers are asked for than bands or pixels.

    References
    ----------
    Ren, H., Chang, C.-I. (2003). Automatic spectral target recognition in hyperspectral
    imagery. IEEE Transactions on Aerospace and Electronic Systems 39(4), 1232-1249.

    Examples
    --------
    >>> import xarray as xr
    >>> cube = xr.DataArray(
    ...     [[[0.9, 0.5, 0.1]], [[0.1, 0.3, 0.5]]],
    ...     dims=("wavelength", "y", "x"),
    ...     coords={"wavelength": [600.0, 800.0]},
    ... )
    >>> atgp(cube, n_endmembers=2)["column"].values.tolist()
    [0, 2]
    """
    space = _linear(cube, n_endmembers, n_dimensions, statistics)
    chosen = farthest(space.scores, n_endmembers, affine=False)
    # lengths left: the diagonal of a QR of the pixels in their order
    picked = space.scores[:, chosen].astype("float64")
    left = np.abs(np.diag(np.linalg.qr(picked, mode="r")))
    return pixels_as_library(
        cube,
        space,
        chosen,
        told={"method": "atgp", "n_dimensions": len(space.scores)},
        along={"residual": left},
    )


def smacc(
    cube: xr.DataArray,
    *,
    n_endmembers: int,
    n_dimensions: int | None = None,
    statistics: SceneStatistics | None = None,
) -> xr.DataArray:
    """
    Endmembers of a convex cone, one after the other (SMACC).

    Parameters
    ----------
    cube : DataArray
        As in `atgp`.
    n_endmembers : int
        How many; fewer are the first of more.
    n_dimensions : int, optional
        As in `atgp`; twice as many values a pixel are in memory.
    statistics : SceneStatistics, optional
        Of the cube, if already computed.

    Returns
    -------
    DataArray, dims ("spectrum", "wavelength")
        A library, as of `atgp`; ``residual`` is what non-negative shares of those
        before it leave of the pixel.

    Raises
    ------
    ValueError
        As `atgp`.

    References
    ----------
    Gruninger, J., Ratkowski, A. J., Hoke, M. L. (2004). The sequential maximum angle
    convex cone (SMACC) endmember model. Proc. SPIE 5425.

    Examples
    --------
    >>> import xarray as xr
    >>> cube = xr.DataArray(
    ...     [[[0.9, 0.5, 0.1]], [[0.1, 0.3, 0.5]]],
    ...     dims=("wavelength", "y", "x"),
    ...     coords={"wavelength": [600.0, 800.0]},
    ... )
    >>> smacc(cube, n_endmembers=2)["column"].values.tolist()
    [0, 2]
    """
    space = _linear(cube, n_endmembers, n_dimensions, statistics)
    chosen, left = _cone(space.scores, n_endmembers)
    return pixels_as_library(
        cube,
        space,
        chosen,
        told={"method": "smacc", "n_dimensions": len(space.scores)},
        along={"residual": left},
    )


def _linear(
    cube: xr.DataArray,
    n_endmembers: int,
    n_dimensions: int | None,
    statistics: SceneStatistics | None,
) -> Space:
    check_number(cube, n_endmembers, least=1, beyond=0)
    bands = good_bands(cube).sizes["wavelength"]
    wanted = n_dimensions or min(bands, max(DIMENSIONS, 3 * n_endmembers))
    if not n_endmembers <= wanted <= bands:
        raise ValueError(
            f"n_dimensions={n_dimensions}: give a number from {n_endmembers}, the "
            f"endmembers, to {bands}, the good bands."
        )
    space = linear_space(cube, wanted, statistics=statistics)
    check_pixels(space, n_endmembers)
    return space


def _cone(scores: np.ndarray, n: int) -> tuple[list[int], list[float]]:
    """Pixels of the cone and the lengths left there when they were chosen."""
    left, chosen, lengths = scores.copy(), [], []
    shares: list[np.ndarray] = []
    for _ in range(n):
        norms = _norms(left)
        norms[chosen] = -1
        pixel = int(norms.argmax())
        lengths.append(float(np.sqrt(max(norms[pixel], 0))))
        vector = left[:, pixel].astype("float64")
        power = vector @ vector
        if power == 0:
            chosen.append(pixel)
            continue
        amount = np.maximum((vector / power).astype(left.dtype) @ left, 0)
        # the new direction holds negative shares of earlier ones: take no more of it
        # than leaves theirs above zero
        at_pixel = [share[pixel] for share in shares]
        for share, here in zip(shares, at_pixel, strict=True):
            if here > 0:
                np.minimum(amount, share / here, out=amount)
        amount[chosen] = 0
        amount[pixel] = 1
        for share, here in zip(shares, at_pixel, strict=True):
            share -= here * amount  # noqa: PLW2901 -- in place
        for place, part in enumerate(vector.astype(left.dtype)):
            left[place] -= part * amount
        shares.append(amount)
        chosen.append(pixel)
    return chosen, lengths
