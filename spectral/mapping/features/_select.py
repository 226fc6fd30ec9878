"""Few bands that tell targets from their background."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import xarray as xr

from ..._check import check_cube, good_bands, same_wavelengths, spectra_on
from ..reduction._statistics import SceneStatistics, scene_statistics

if TYPE_CHECKING:
    import pandas as pd


MOST_EXCHANGED = 30  # more bands are added without exchanges


class BandSelection(NamedTuple):
    """
    Bands chosen, and why.

    Parameters
    ----------
    selected : DataArray of bool, dims ("wavelength",)
        True for the bands chosen, on the wavelengths of the targets: use it as
        ``cube.isel(wavelength=selection.selected)``.
    table : DataFrame
        One row a band chosen, by wavelength: ``wavelength``, ``alone`` (squared
        signal-to-clutter ratio by this band only, mean of the targets) and ``loss``
        (share of the separation that goes when this band alone is taken out).
    shares : DataFrame
        One row a number of bands: ``n``, ``share`` of the separation by all bands that
        the best ones found of that number reach, mean of the targets, ``worst``, that
        of the target served worst, and ``worst_target``.
    """

    selected: xr.DataArray
    table: pd.DataFrame
    shares: pd.DataFrame


def select_bands(
    targets: xr.DataArray,
    background: xr.DataArray | SceneStatistics,
    *,
    n: int | None = None,
    share: float = 0.95,
    noise: float = 0.005,
) -> BandSelection:
    """
    Choose the bands that best tell targets from their background.

    The bands are to reach as much as they can of the squared signal-to-clutter ratio of
    the matched filter, (t - m)ᵀ C⁻¹ (t - m); m and C are mean and covariance of the
    background. A band that only repeats what another tells adds nothing. Ratios are
    counted as shares of what all bands together reach, so that a faint target weighs as
    much as a strong one. The search starts from the best pair, adds the band that adds
    most, and exchanges chosen bands for others as long as that helps (up to 30 bands).

    Parameters
    ----------
    targets : DataArray
        Library of what is looked for, dims ("spectrum", "wavelength"), or one spectrum.
    background : DataArray or SceneStatistics
        What it is to be told from: a cube (read once for its statistics), a library of
        the materials around, or statistics already at hand, on the wavelengths of the
        targets. Bad bands of either are not chosen.
    n : int, optional
        Number of bands. As many as `share` needs when not given.
    share : float
        Part of the separation by all bands that every target is to reach, 0 to 1.
    noise : float
        Standard deviation of one band, reflectance, added to the clutter: differences
        below it do not count, and a background of few spectra stays invertible.

    Returns
    -------
    BandSelection
        ``selected``, a mask along wavelength; ``table``, a row a band; ``shares``, a
        row a number of bands.

    Raises
    ------
    ValueError
        If the wavelengths differ, `n`, `share` or `noise` make no sense, a target lacks
        values, or a target equals the background.

    References
    ----------
    Keshava, N. (2004). Distance metrics and band selection in hyperspectral processing
    with applications to material identification and spectral libraries. IEEE Trans.
    Geoscience and Remote Sensing 42(7), 1552-1565.
    Manolakis, D., Marden, D. and Shaw, G. A. (2003). Hyperspectral image processing for
    automatic target detection applications. Lincoln Laboratory J. 14(1), 79-116.

    Examples
    --------
    >>> waves = np.arange(2100.0, 2401, 20)
    >>> def dip(centre, depth):
    ...     return 0.5 - 0.5 * depth * np.exp(-(((waves - centre) / 18) ** 2))
    >>> coords = {"spectrum": ["calcite", "mica"], "wavelength": waves}
    >>> library = xr.DataArray(
    ...     [dip(2340, 0.3), dip(2200, 0.3)], coords, dims=("spectrum", "wavelength")
    ... )
    >>> chosen = select_bands(library[:1], library[1:], n=2)
    >>> print(chosen.table[["wavelength", "loss"]].round(2))
       wavelength  loss
    0      2200.0  0.43
    1      2340.0  0.43
    >>> print(chosen.shares[["n", "share"]].round(2))
       n  share
    0  1   0.43
    1  2   0.86
    """
    import pandas as pd

    _check_numbers(n, share, noise)
    bands, names, spectra, mean, clutter = _settle(targets, background)
    clutter = clutter + noise**2 * np.eye(mean.size)
    signal = spectra - mean
    if n is not None and n > mean.size:
        raise ValueError(f"n is {n}, but there are {mean.size} good bands")
    whole = np.einsum("tb,tb->t", signal, np.linalg.solve(clutter, signal.T).T)
    if not (whole > 1e-12).all():
        same = [name for name, one in zip(names, whole, strict=True) if one <= 1e-12]
        raise ValueError(
            f"{', '.join(same[:5])} cannot be told from the background: it is the same"
        )
    search = Search(signal / np.sqrt(whole)[:, None], clutter)
    sets = search.sets(n, share)
    reached = np.array([search.reached(chosen) for chosen in sets])
    shares = pd.DataFrame(
        {
            "n": np.arange(1, len(sets) + 1),
            "share": reached.mean(1),
            "worst": reached.min(1),
            "worst_target": [names[i] for i in reached.argmin(1)],
        }
    )
    last = sorted(sets[-1])
    lost = [reached[-1] - search.reached([k for k in last if k != one]) for one in last]
    table = pd.DataFrame(
        {
            "wavelength": targets["wavelength"].to_numpy()[bands[last]],
            "alone": (signal**2 / np.diag(clutter)).mean(0)[last],
            "loss": np.array(lost).mean(1),
        }
    )
    return BandSelection(_mask(targets, bands[last]), table, shares)


def _check_numbers(n: int | None, share: float, noise: float) -> None:
    if n is not None and (int(n) != n or n < 1):
        raise ValueError(f"n is a whole number from 1. Got {n}.")
    if not 0 < share <= 1:
        raise ValueError(f"share lies between 0 and 1. Got {share}.")
    if not noise > 0:
        raise ValueError(f"noise is a reflectance above 0, such as 0.005. Got {noise}.")


def _settle(
    targets: xr.DataArray, background: xr.DataArray | SceneStatistics
) -> tuple[np.ndarray, list[str], np.ndarray, np.ndarray, np.ndarray]:
    """Bands of the targets that are good in both; names, spectra, mean, covariance."""
    check_cube(targets)
    good = np.ones(targets.sizes["wavelength"], bool)
    if "bad_bands" in targets.coords:
        good &= ~np.asarray(targets["bad_bands"].values, bool)
    if isinstance(background, SceneStatistics):
        x = targets["wavelength"].to_numpy()
        there = np.isclose(x[:, None], background.wavelength, rtol=1e-5).any(1)
        if there.sum() != background.wavelength.size:
            raise ValueError(
                f"the statistics have {background.wavelength.size} bands, of which "
                f"{int(there.sum())} are bands of the targets. Bring the targets "
                "there: spectral.resample(targets, like=cube)"
            )
        kept = good[there]
        good &= there
        mean = background.mean[kept]
        clutter = background.covariance[np.ix_(kept, kept)]
    else:
        if not same_wavelengths(targets, background):
            spectra_on(targets, background, role="targets")  # says how they differ
        if "bad_bands" in background.coords:
            good &= ~np.asarray(background["bad_bands"].values, bool)
        marked = background.assign_coords(bad_bands=("wavelength", ~good))
        mean, clutter = _moments(marked)
    marked = targets.assign_coords(bad_bands=("wavelength", ~good))
    names, spectra = spectra_on(targets, marked, role="targets")
    return np.flatnonzero(good), names, spectra, mean, clutter


def _moments(background: xr.DataArray) -> tuple[np.ndarray, np.ndarray]:
    others = [dim for dim in background.dims if dim != "wavelength"]
    if set(others) == {"y", "x"}:
        statistics = scene_statistics(background, noise=None)
        return statistics.mean, statistics.covariance
    values = good_bands(background).transpose(..., "wavelength").to_numpy()
    values = values.reshape(-1, values.shape[-1]).astype("float64")
    values = values[np.isfinite(values).all(1)]
    if not len(values):
        raise ValueError("the background holds no spectrum without gaps")
    centred = values - values.mean(0)
    return values.mean(0), centred.T @ centred / max(1, len(values) - 1)


class Search(NamedTuple):
    """Targets, scaled so that all bands together reach 1 for each, and the clutter."""

    signal: np.ndarray
    clutter: np.ndarray

    def reached(self, chosen: list[int]) -> np.ndarray:
        """Share of every target by some bands."""
        if not chosen:
            return np.zeros(len(self.signal))
        part = self.signal[:, chosen]
        return (part * self._solve(chosen, part.T).T).sum(1)

    def gain(self, chosen: list[int]) -> np.ndarray:
        """Mean share that each band adds to some."""
        rest, left = self.signal, np.diag(self.clutter)
        if chosen:
            along = self._solve(chosen, self.clutter[chosen])
            rest = rest - rest[:, chosen] @ along
            left = left - (self.clutter[chosen] * along).sum(0)
        known = left <= 1e-9 * np.diag(self.clutter)
        found = np.where(known, 0, rest**2 / np.where(known, 1, left)).mean(0)
        found[chosen] = -1
        return found

    def sets(self, n: int | None, share: float) -> list[list[int]]:
        """Best bands found of every number, until enough."""
        chosen: list[int] = []
        found = []
        while len(found) < (n or self.signal.shape[1]):
            size = len(found) + 1
            chosen = self._pair() if size == 2 else self._more(chosen)
            if size <= MOST_EXCHANGED:
                chosen = self._exchange(chosen)
            found.append(list(chosen))
            worst = self.reached(chosen).min()
            if n is None and worst >= share * (1 - 1e-9):
                break
        return found

    def _solve(self, chosen: list[int], right: np.ndarray) -> np.ndarray:
        return np.linalg.solve(self.clutter[np.ix_(chosen, chosen)], right)

    def _more(self, chosen: list[int]) -> list[int]:
        return [*chosen, int(self.gain(chosen).argmax())]

    def _pair(self) -> list[int]:
        single = (self.signal**2 / np.diag(self.clutter)).mean(0)
        both = [single[k] + self.gain([k]).max() for k in range(single.size)]
        return self._more([int(np.argmax(both))])

    def _exchange(self, chosen: list[int]) -> list[int]:
        best = self.reached(chosen).mean()
        better = True
        while better:
            better = False
            for one in list(chosen):
                others = [k for k in chosen if k != one]
                tried = self._more(others)
                value = self.reached(tried).mean()
                if value > best * (1 + 1e-9):
                    chosen, best, better = tried, value, True
        return chosen


def _mask(targets: xr.DataArray, bands: np.ndarray) -> xr.DataArray:
    chosen = np.isin(np.arange(targets.sizes["wavelength"]), bands)
    return xr.DataArray(
        chosen,
        {"wavelength": targets["wavelength"].to_numpy()},
        dims="wavelength",
        name="selected",
        attrs={"long_name": "bands chosen", "units": "1", "kind": "categorical"},
    )
