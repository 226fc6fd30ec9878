"""Multifractal spectrum of a density by the method of moments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from numba import njit

from ..._stream import stream_blocks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

ORDERS = tuple(float(q) for q in np.linspace(-5, 5, 41))
LEAST_SIZES = 3
LEAST_BOXES = 4
SMALLEST_BLOCK = 512


def multifractal_spectrum(
    grid: xr.DataArray,
    *,
    q: Sequence[float] = ORDERS,
    sizes: Sequence[int] | None = None,
) -> xr.Dataset:
    """
    Exponents of the moments of what boxes of several sizes hold.

    With mu the share of the whole that a box of side e holds, the sum of mu^q over the
    boxes follows e^tau(q).

    Parameters
    ----------
    grid : DataArray, dims (y, x)
        Positive density. Lazy grids are read once, a block at a time.
    q : sequence of float, default -5 to 5 by 0.25
        Orders of the moments, different; large orders look at rich cells, negative ones
        at poor cells.
    sizes : sequence of int, optional
        Sides of the boxes in cells, powers of two, at least three; left out, all of
        which at least four boxes fit on the map.

    Returns
    -------
    Dataset
        Over `q`: `tau` with its `standard_error` and `r2`, generalised dimension `D`
        (tau / (q - 1), alpha at q = 1), singularity `alpha` = d tau / d q and the
        dimension `f` = q alpha - tau of the cells that have it. Over `q` and `size`:
        `moment`, ln of the sum of mu^q. `attrs["used_share"]` is the share of the known
        cells that lie in the boxes.

    Raises
    ------
    ValueError
        If known cells are zero, negative or infinite, the orders or sizes are not as
        asked for, or no box of the largest size is wholly known.

    Notes
    -----
    Boxes start at the first row and column. The boxes of the largest size that are
    wholly known are used, and of the smaller sizes those inside them, so that all sizes
    share out the same whole. alpha is the exact derivative of the fitted tau.

    References
    ----------
    Halsey, T. C., Jensen, M. H., Kadanoff, L. P., Procaccia, I. and Shraiman, B. I.
    (1986). Fractal measures and their singularities. Physical Review A 33, 1141-1151.

    Evertsz, C. J. G. and Mandelbrot, B. B. (1992). Multifractal measures. In: Chaos and
    Fractals. Springer, 921-953.

    Examples
    --------
    >>> from odc.geo.xr import wrap_xr
    >>> from survey import make_geobox
    >>> cells = np.ones((1, 1))
    >>> for _ in range(6):
    ...     cells = np.kron(cells, [[1.96, 0.84], [0.84, 0.36]])
    >>> box = make_geobox((0, 64, 0, 64), crs="EPSG:32650", resolution=1)
    >>> found = multifractal_spectrum(wrap_xr(cells, box), q=(0, 1, 2))
    >>> found.tau.values.round(7)
    array([-2.        ,  0.        ,  1.5717504])
    """
    orders = _check_orders(q)
    widths = _check_sizes(sizes, grid.shape)
    side = _block_side(grid, int(widths[-1]))
    # blocks begin where boxes do
    blocks = grid.chunk({"y": side, "x": side})
    sums = np.full((len(widths), len(orders)), -np.inf)
    means = np.zeros_like(sums)
    tally = np.zeros(4, dtype=np.int64)
    whole = 0.0
    for found in stream_blocks(lambda b, _: _block(b[0], widths, orders), [blocks]):
        counts, mass, logs, weighted = found
        tally += counts
        whole += mass
        _merge(sums, means, logs, weighted)
    _refuse(tally, widths)
    return _spectrum(sums, means, np.log(whole), (orders, widths), grid, tally)


def _block(cells: NDArray, widths: NDArray, orders: NDArray) -> tuple:
    """Moments of the boxes of one block: ln of the sums, and means of ln mu."""
    cells = np.asarray(cells, dtype=float)
    known = np.isfinite(cells)
    counts = np.zeros(4, dtype=np.int64)
    counts[0], counts[1] = known.sum(), (known & (cells <= 0)).sum()
    counts[2] = np.isinf(cells).sum()
    logs = np.full((len(widths), len(orders)), -np.inf)
    weighted = np.zeros_like(logs)
    largest = int(widths[-1])
    rows, columns = (n // largest * largest for n in cells.shape)
    if not rows or not columns or counts[1] or counts[2]:
        return counts, 0.0, logs, weighted
    inner = cells[:rows, :columns]
    full = ~np.isnan(_boxes(inner, largest))
    inner = np.where(np.kron(full, np.ones((largest, largest), bool)), inner, np.nan)
    counts[3] = full.sum() * largest**2
    for level, width in enumerate(widths):
        mass = _boxes(inner, int(width))
        mass = np.log(mass[~np.isnan(mass)])
        if len(mass):
            _moments(mass, orders, logs[level], weighted[level])
    return counts, float(np.nansum(inner)), logs, weighted


def _boxes(cells: NDArray, width: int) -> NDArray:
    """Sums of boxes, NaN where a cell is missing."""
    rows, columns = cells.shape
    shape = (rows // width, width, columns // width, width)
    return cells.reshape(shape).sum(axis=(1, 3))


@njit(nogil=True, cache=True, error_model="numpy")
def _moments(mass, orders, logs, weighted):  # noqa: ANN001, ANN202
    """Return ln sum exp(q m), scaled to its largest term, and the mean of m there."""
    low, high = mass.min(), mass.max()
    for k in range(len(orders)):
        q = orders[k]
        top = q * (high if q >= 0 else low)
        total, first = 0.0, 0.0
        for i in range(len(mass)):
            part = np.exp(q * mass[i] - top)
            total += part
            first += part * mass[i]
        logs[k] = top + np.log(total)
        weighted[k] = first / total


def _merge(sums: NDArray, means: NDArray, logs: NDArray, weighted: NDArray) -> None:
    """Add the moments of a block to those so far."""
    after = np.logaddexp(sums, logs)
    some = np.isfinite(logs)
    share = np.exp(np.where(some, logs - np.where(some, after, 0), -np.inf))
    means *= 1 - share
    means += share * weighted
    sums[:] = after


def _spectrum(
    logs: NDArray,
    means: NDArray,
    whole: float,
    axes: tuple[NDArray, NDArray],
    grid: xr.DataArray,
    tally: NDArray,
) -> xr.Dataset:
    """Slopes of the moments over the sizes."""
    orders, widths = axes
    moment = logs - orders * whole
    x = np.log(widths)
    dx = x - x.mean()
    spread = dx @ dx
    tau = dx @ moment / spread
    alpha = dx @ (means - whole) / spread
    rest = moment - moment.mean(axis=0) - np.outer(dx, tau)
    error = np.sqrt((rest**2).sum(axis=0) / max(len(x) - 2, 1) / spread)
    total = ((moment - moment.mean(axis=0)) ** 2).sum(axis=0)
    told = np.divide(tau**2 * spread, total, out=np.ones_like(tau), where=total > 1e-20)
    one = np.abs(orders - 1) < 1e-9
    dimension = np.where(one, alpha, tau / np.where(one, 1, orders - 1))
    over_q = {
        "tau": tau,
        "standard_error": error,
        "r2": told,
        "D": dimension,
        "alpha": alpha,
        "f": orders * alpha - tau,
    }
    variables: dict[str, Any] = {name: ("q", each) for name, each in over_q.items()}
    variables["moment"] = (("q", "size"), moment.T)
    attrs = {
        "long_name": grid.attrs.get("long_name", grid.name or ""),
        "used_share": float(tally[3] / tally[0]),
        "n_known": int(tally[0]),
    }
    return xr.Dataset(variables, {"q": orders, "size": widths}, attrs)


def _refuse(tally: NDArray, widths: NDArray) -> None:
    _, negative, infinite, used = tally
    if negative or infinite:
        raise ValueError(
            f"a multifractal measure needs positive values: {negative} cells are zero "
            f"or negative, {infinite} infinite. Make them missing if that is what they "
            "mean, or shift the field."
        )
    if not used:
        raise ValueError(
            f"no box of {widths[-1]} × {widths[-1]} cells is wholly known: take "
            "smaller sizes=, or fill small gaps first"
        )


def _check_orders(q: Sequence[float]) -> NDArray[np.float64]:
    orders = np.unique(np.asarray(q, dtype=float))
    if not len(orders) or not np.isfinite(orders).all() or len(orders) != len(q):
        raise ValueError(f"q must be different finite numbers. Got {tuple(q)} instead.")
    return orders


def _check_sizes(
    sizes: Sequence[int] | None, shape: tuple[int, ...]
) -> NDArray[np.int64]:
    """Sides of the boxes in order."""
    if sizes is None:
        powers = 2 ** np.arange(32, dtype=np.int64)
        boxes = [(n // powers) for n in shape]
        widths = powers[boxes[0] * boxes[1] >= LEAST_BOXES]
        hint = f"the map of {shape[0]} × {shape[1]} cells is too small"
    else:
        given = np.unique(np.asarray(sizes))
        widths = given.astype(np.int64)
        hint = f"got {tuple(sizes)}"
        if (
            (widths != given).any()
            or (widths < 1).any()
            or (widths & (widths - 1)).any()
        ):
            raise ValueError(f"sizes must be powers of two; {hint}")
        if (widths > min(shape)).any():
            raise ValueError(
                f"boxes of {widths[-1]} cells do not fit on {shape[0]} × {shape[1]}"
            )
    if len(widths) < LEAST_SIZES:
        raise ValueError(f"at least three sizes of boxes are needed: {hint}")
    return widths


def _block_side(grid: xr.DataArray, largest: int) -> int:
    """Side of the blocks: whole boxes, about as large as the grid's own."""
    own = max((max(sizes) for sizes in grid.chunks or ((0,),)), default=0)
    wanted = max(own, SMALLEST_BLOCK, largest)
    return -(-wanted // largest) * largest
