"""What the values of a cube are like, band by band: one pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numba
import numpy as np

from .._blocks import fold_spectra
from .._check import check_cube

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from numpy.typing import NDArray

SATURATED = 1.2  # reflectance above it is glint, cloud edge or a full detector


class Tally(NamedTuple):
    """Counts of spectra seen so far."""

    low: NDArray  # per band
    high: NDArray
    total: NDArray
    counts: NDArray  # (bands, 4): known, negative, saturated, zero
    pixels: NDArray  # seen, missing in a good band, without any value, all zero


def cube_report(cube: xr.DataArray, *, saturated: float | None = None) -> pd.DataFrame:
    """
    Range, gaps and suspicious values of every band, counted in one pass.

    Parameters
    ----------
    cube : DataArray
        With dimension wavelength: a cube, a library or one spectrum. A lazy cube is
        read once, block by block.
    saturated : float, optional
        Values above it count as saturated; 1.2 for reflectance, none for other
        quantities.

    Returns
    -------
    DataFrame
        A row a band, bad ones too: `band` (name, or number from 1), `wavelength` (nm),
        `min`, `max`, `mean` of the known values; `missing`, share of all pixels
        (NaN or infinite); `negative`, `saturated`, `zero`, shares of the known values;
        `bad`. `attrs` counts pixels: `pixels`; `missing_pixels`, which lack a value in
        a good band; `empty_pixels`, which have none at all; `zero_pixels`, zero in
        every good band.

    Raises
    ------
    TypeError, ValueError
        If it is no cube, as `spectral.check_cube` says.

    Examples
    --------
    >>> import xarray as xr
    >>> cube = xr.DataArray(
    ...     [[[0.2, -0.01, 0.0]], [[0.4, 1.3, 0.0]]],
    ...     dims=("wavelength", "y", "x"), coords={"wavelength": [560.0, 840.0]},
    ... )
    >>> table = cube_report(cube)
    >>> table[["wavelength", "max", "negative", "saturated"]].round(2)
       wavelength  max  negative  saturated
    0       560.0  0.2      0.33       0.00
    1       840.0  1.3      0.00       0.33
    >>> table.attrs["zero_pixels"]
    1
    """
    import pandas as pd

    check_cube(cube)
    bands = cube.sizes["wavelength"]
    bad = np.zeros(bands, bool)
    if "bad_bands" in cube.coords:
        bad = np.asarray(cube["bad_bands"].values, bool)
    light = cube.attrs.get("quantity", "reflectance") == "reflectance"
    limit = saturated if saturated is not None else (SATURATED if light else np.inf)
    whole = fold_spectra(
        lambda spectra: Tally(*_tally(np.ascontiguousarray(spectra), ~bad, limit)),
        cube,
        merge=_merged,
        keep_bad=True,
    )
    known, *shares = whole.counts.T.astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        negative, over, zero = (share / known for share in shares)
        mean = whole.total / known
    names = np.arange(1, bands + 1)
    if "band" in cube.coords:
        names = cube["band"].to_numpy()
    table = pd.DataFrame(
        {
            "band": names,
            "wavelength": cube["wavelength"].to_numpy(),
            "min": np.where(known > 0, whole.low, np.nan),
            "max": np.where(known > 0, whole.high, np.nan),
            "mean": mean,
            "missing": 1 - known / max(1, whole.pixels[0]),
            "negative": negative,
            "saturated": over,
            "zero": zero,
            "bad": bad,
        }
    )
    keys = ("pixels", "missing_pixels", "empty_pixels", "zero_pixels")
    table.attrs = dict(zip(keys, map(int, whole.pixels), strict=True))
    return table


def _merged(one: Tally, other: Tally) -> Tally:
    return Tally(
        np.fmin(one.low, other.low),
        np.fmax(one.high, other.high),
        one.total + other.total,
        one.counts + other.counts,
        one.pixels + other.pixels,
    )


# the compiler makes vectors of these two: sums in any order keep a NaN, as the first
# needs; the second is called without NaN only
@numba.njit(nogil=True, cache=True, fastmath={"reassoc", "nsz"})
def _total(row: NDArray) -> float:
    summed = 0.0
    for value in row:
        summed += float(value)
    return summed


@numba.njit(nogil=True, cache=True, fastmath={"reassoc", "nsz", "nnan"})
def _ends(row: NDArray) -> tuple[float, float]:
    least = most = row[0]
    for value in row:
        least = min(least, value)
        most = max(most, value)
    return float(least), float(most)


@numba.njit(nogil=True, cache=True)
def _tally(
    values: NDArray, good: NDArray, limit: float
) -> tuple[NDArray, NDArray, NDArray, NDArray, NDArray]:
    bands, pixels = values.shape
    low, high = np.full(bands, np.inf), np.full(bands, -np.inf)
    total, counts = np.zeros(bands), np.zeros((bands, 4), np.int64)
    gaps = np.zeros(pixels, np.int32)
    good_gaps = np.zeros(pixels, np.int32)
    zeros = np.zeros(pixels, np.int32)
    for band in range(bands):
        summed = _total(values[band])
        least, most = 0.0, 0.0
        if pixels and np.isfinite(summed):
            least, most = _ends(values[band])
        if least > 0.0 and most <= limit:  # nothing to count but what is known
            low[band], high[band], total[band] = least, most, summed
            counts[band, 0] = pixels
            continue
        least, most, summed = np.inf, -np.inf, 0.0
        known = negative = over = zero = 0
        for i in range(pixels):
            value = float(values[band, i])
            gap = not np.isfinite(value)
            gaps[i] += gap
            good_gaps[i] += gap and good[band]
            zeros[i] += value == 0.0 and good[band]
            if gap:
                continue
            known += 1
            negative += value < 0.0
            over += value > limit
            zero += value == 0.0
            least = value if value < least else least
            most = value if value > most else most
            summed += value
        low[band], high[band], total[band] = least, most, summed
        counts[band] = np.array([known, negative, over, zero])
    some = good.sum()
    scene = np.zeros(4, np.int64)
    scene[0] = pixels
    for i in range(pixels):
        scene[1] += good_gaps[i] > 0
        scene[2] += gaps[i] == bands
        scene[3] += zeros[i] == some and some > 0
    return low, high, total, counts, scene
