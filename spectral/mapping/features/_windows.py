"""Wavelength windows: what was asked for, in bands of a cube."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..._check import check_cube

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr

METHODS = ("hull", "shoulders")


class Window(NamedTuple):
    """
    A stretch of the spectrum and how the continuum crosses it.

    Parameters
    ----------
    low, high : float
        Ends in nm.
    left, right : pair of float, optional
        Shoulder ranges in nm whose means carry a straight continuum; None for a hull.
    """

    low: float
    high: float
    left: tuple[float, float] | None = None
    right: tuple[float, float] | None = None

    @property
    def text(self) -> str:
        """As it is written in messages and long names."""
        if self.left is None or self.left[0] == self.left[1]:
            return f"{self.low:g}-{self.high:g} nm"
        ends = (*self.left, *self.right)
        return "{:g}-{:g} to {:g}-{:g} nm".format(*ends)


class Bands(NamedTuple):
    """
    Bands of a window on one wavelength grid.

    Parameters
    ----------
    span : slice
        From its first to its last band, bad ones among them.
    good : ndarray of int64
        Bands used, counted from the start of `span`.
    x : ndarray of float64
        Their wavelengths, nm.
    left, right : ndarray of int64
        Bands of the shoulders, counted in `good`; empty for a hull.
    """

    span: slice
    good: np.ndarray
    x: np.ndarray
    left: np.ndarray
    right: np.ndarray


def read_window(
    window: Sequence[float] | None, *, method: str | None = None
) -> Window | None:
    """
    Window of two numbers, or of the four ends of its shoulders.

    Raises
    ------
    ValueError
        If it is neither, does not ascend, or does not fit the method.

    Examples
    --------
    >>> read_window((2100, 2300))
    Window(low=2100.0, high=2300.0, left=None, right=None)
    >>> read_window((2140, 2178, 2255, 2287)).right
    (2255.0, 2287.0)
    """
    if method is not None and method not in METHODS:
        raise ValueError(f"method must be one of {list(METHODS)}. Got {method!r}.")
    if window is None:
        return None
    try:
        ends = [float(end) for end in window]
    except (TypeError, ValueError):
        ends = []
    if len(ends) not in (2, 4) or not np.isfinite(ends).all():
        raise ValueError(
            "a window is (low, high) in nm, such as (2100, 2300), or the ends of its "
            f"shoulders, such as (2140, 2178, 2255, 2287). Got {window!r}."
        )
    _check_order(ends, window)
    if len(ends) == 2:
        return Window(*ends)
    if method == "hull":
        raise ValueError(
            f"the hull finds its own shoulders: give two numbers, "
            f"({ends[0]:g}, {ends[3]:g}), or method='shoulders'. Got {window!r}."
        )
    return Window(ends[0], ends[3], (ends[0], ends[1]), (ends[2], ends[3]))


def _check_order(ends: list[float], window: object) -> None:
    apart = 0 if len(ends) == 2 else 1  # a shoulder may be one band
    fine = all(
        low < high if i == apart else low <= high
        for i, (low, high) in enumerate(pairwise(ends))
    )
    if not fine:
        raise ValueError(
            f"the ends of a window ascend, in nm. Got {window!r}: write "
            f"{tuple(sorted(ends))!r}."
        )


def bands_of(
    spectra: xr.DataArray, window: Window | None, *, method: str, least: int = 3
) -> Bands:
    """
    Good bands of a window.

    Raises
    ------
    ValueError
        If fewer than `least` good bands lie in it, or none in a shoulder.
    """
    check_cube(spectra)
    x = np.asarray(spectra["wavelength"].values, float)
    bad = np.zeros(x.size, bool)
    if "bad_bands" in spectra.coords:
        bad = np.asarray(spectra["bad_bands"].values, bool)
    low, high = (x[0], x[-1]) if window is None else (window.low, window.high)
    inside = (x >= low) & (x <= high)
    good = np.flatnonzero(inside & ~bad)
    if good.size < least:
        told = f"{int((inside & bad).sum())} of them bad" if inside.any() else "none"
        raise ValueError(
            f"{low:g}-{high:g} nm holds {int(inside.sum())} bands ({told}); "
            f"{least} good ones are needed. The spectra reach from {x[0]:g} to "
            f"{x[-1]:g} nm: widen the window or clear wrong bad_bands."
        )
    first, last = np.flatnonzero(inside)[[0, -1]]
    left, right = _shoulders(x[good], window, method)
    return Bands(slice(int(first), int(last) + 1), good - first, x[good], left, right)


def _shoulders(
    x: np.ndarray, window: Window | None, method: str
) -> tuple[np.ndarray, np.ndarray]:
    if method == "hull":
        return np.empty(0, np.int64), np.empty(0, np.int64)
    if window is None or window.left is None:
        return np.array([0]), np.array([x.size - 1])
    found = []
    for name, (low, high) in (("left", window.left), ("right", window.right)):
        bands = np.flatnonzero((x >= low) & (x <= high))
        if not bands.size:
            raise ValueError(
                f"no good band lies in the {name} shoulder, {low:g}-{high:g} nm. The "
                f"nearest is at {x[np.abs(x - (low + high) / 2).argmin()]:g} nm: widen "
                "the shoulder."
            )
        found.append(bands)
    return found[0], found[1]
