"""Weights that turn channels of one instrument into bands of another."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import ndtr

if TYPE_CHECKING:
    from numpy.typing import NDArray

TO_SIGMA = 1.0 / np.sqrt(8.0 * np.log(2.0))  # sigma of a Gaussian, from its FWHM
BOX_SIGMA = 1.0 / np.sqrt(12.0)  # standard deviation of a box, from its width
NEGLIGIBLE = 1e-8  # of a response; keeps distant channels from touching a band
GAP = 3.0  # spacings between neighbours from which channels are missing there


class Profiles(NamedTuple):
    """
    Responses of bands, each with an area of one.

    Parameters
    ----------
    centre : ndarray, shape (n_bands,)
        Centres of gravity, nm.
    fwhm : ndarray, shape (n_bands,)
        Full widths at half of the maximum, nm.
    box : ndarray of bool, shape (n_bands,)
        Flat from end to end of the width; else a Gaussian.
    curves : sequence of (wavelength, response), optional
        Measured curves, taken instead of the two.
    """

    centre: NDArray
    fwhm: NDArray
    box: NDArray
    curves: tuple[tuple[NDArray, NDArray], ...] = ()


class Channels(NamedTuple):
    """
    What a source measures between its centres.

    Between two neighbours the spectrum is the straight line that joins them; at the
    ends, and beside gaps, a channel stands for half its spacing beyond itself.
    """

    start: NDArray
    stop: NDArray
    left: NDArray
    right: NDArray
    gaps: tuple[tuple[float, float], ...]


def spacing_of(wavelength: NDArray) -> NDArray:
    """Distance of each channel to the nearer of its neighbours, nm."""
    if wavelength.size < 2:
        return np.ones(wavelength.size)
    steps = np.diff(wavelength)
    return np.minimum(np.append(steps, np.inf), np.insert(steps, 0, np.inf))


def standing(wavelength: NDArray, bad: NDArray) -> NDArray:
    """
    Channels that make up the spectrum: the good ones, and bad ones that leave a hole.

    A bad channel between good ones that lie as near to each other as elsewhere (the
    second of two detectors that overlap) is as if it had not been measured.
    """
    good = np.flatnonzero(~bad)
    if good.size < 2 or not bad.any():
        return np.ones(wavelength.size, bool)
    spacing = spacing_of(wavelength[good])
    usual = np.maximum(spacing[:-1], spacing[1:])
    whole = np.diff(wavelength[good]) <= 1.5 * usual
    after = np.searchsorted(good, np.flatnonzero(bad))  # good channel that follows
    inside = (after > 0) & (after < good.size)
    keep = np.ones(wavelength.size, bool)
    keep[np.flatnonzero(bad)[inside]] = ~whole[after[inside] - 1]
    return keep


def channels_of(wavelength: NDArray) -> Channels:
    """Pieces of the spectrum, each between two channels or of one alone."""
    spacing = spacing_of(wavelength)
    here = np.arange(wavelength.size)
    steps = np.diff(wavelength)
    gap = steps > GAP * np.maximum(spacing[:-1], spacing[1:])
    after = here[np.append(gap, True)]
    before = here[np.insert(gap, 0, True)]
    whole = here[:-1][~gap]
    half = spacing / 2
    return Channels(
        np.concatenate(
            [wavelength[whole], wavelength[after], (wavelength - half)[before]]
        ),
        np.concatenate(
            [wavelength[whole + 1], (wavelength + half)[after], wavelength[before]]
        ),
        np.concatenate([whole, after, before]),
        np.concatenate([whole + 1, after, before]),
        tuple(
            zip(
                wavelength[:-1][gap].tolist(), wavelength[1:][gap].tolist(), strict=True
            )
        ),
    )


def band_weights(wavelength: NDArray, profiles: Profiles) -> NDArray:
    """
    Share of each band's response that falls to each channel.

    Parameters
    ----------
    wavelength : ndarray, shape (n_channels,)
        Of the source, nm, ascending.
    profiles : Profiles
        Of the bands.

    Returns
    -------
    ndarray, shape (n_bands, n_channels)
        Integrals of the response times the straight lines between the channels; a row
        sums to the share of the response within reach of the source.
    """
    pieces = channels_of(wavelength)
    mass_at_start, moment_at_start = _cumulative(profiles, pieces.start)
    mass_at_stop, moment_at_stop = _cumulative(profiles, pieces.stop)
    mass = mass_at_stop - mass_at_start
    moment = moment_at_stop - moment_at_start
    offset = profiles.centre[:, None] - pieces.start
    right = (moment + offset * mass) / (pieces.stop - pieces.start)
    # a straight line between two channels cannot give either less than nothing
    right = np.clip(right, 0.0, np.maximum(mass, 0.0))
    weights = np.zeros((wavelength.size, profiles.centre.size))
    np.add.at(weights, pieces.right, right.T)
    np.add.at(weights, pieces.left, (mass - right).T)
    weights[weights < NEGLIGIBLE] = 0.0
    return weights.T


def narrowed(
    profiles: Profiles, source_fwhm: NDArray, spacing: NDArray
) -> tuple[Profiles, NDArray]:
    """
    Profiles that widen spectra of `source_fwhm` to the bands', variances subtracted.

    Straight lines between channels widen too: by a sixth of the squared spacing, on
    average over where a band lies between them.

    Parameters
    ----------
    profiles : Profiles
        Of the bands.
    source_fwhm, spacing : ndarray, shape (n_bands,)
        Of the source where the bands are, nm.

    Returns
    -------
    profiles : Profiles
        Width 0 where the source is as wide as the band, or wider.
    coarse : ndarray of bool, shape (n_bands,)
        Where the source is wider than the band.
    """
    if profiles.curves:
        return profiles, source_fwhm > profiles.fwhm
    factor = np.where(profiles.box, BOX_SIGMA, TO_SIGMA)
    variance = (profiles.fwhm * factor) ** 2 - (source_fwhm * TO_SIGMA) ** 2
    variance -= spacing**2 / 6
    # a rounding of the fwhm is no width
    variance[variance < (1e-3 * source_fwhm * TO_SIGMA) ** 2] = 0.0
    coarse = (profiles.fwhm * factor) * 1.001 < source_fwhm * TO_SIGMA
    return profiles._replace(fwhm=np.sqrt(variance) / factor), coarse


def _cumulative(profiles: Profiles, at: NDArray) -> tuple[NDArray, NDArray]:
    """Area of each response below `at`, and its moment about the centre."""
    if profiles.curves:
        found = [
            _curve(x, response, centre, at)
            for (x, response), centre in zip(
                profiles.curves, profiles.centre, strict=True
            )
        ]
        return np.array([mass for mass, _ in found]), np.array([m for _, m in found])
    offset = at - profiles.centre[:, None]
    width = profiles.fwhm[:, None]
    step = (offset >= 0).astype(float)
    safe = np.where(width > 0, width, 1.0)
    inside = np.clip(offset, -safe / 2, safe / 2)
    box = inside / safe + 0.5, (inside**2 - safe**2 / 4) / (2 * safe)
    sigma = safe * TO_SIGMA
    z = offset / sigma
    gauss = ndtr(z), -sigma * np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi)
    flat = profiles.box[:, None]
    mass = np.where(width > 0, np.where(flat, box[0], gauss[0]), step)
    return mass, np.where(width > 0, np.where(flat, box[1], gauss[1]), 0.0)


def _curve(
    x: NDArray, response: NDArray, centre: float, at: NDArray
) -> tuple[NDArray, NDArray]:
    """Area and moment below `at` of a response that is straight between its points."""
    x = x - centre
    at = np.clip(at - centre, x[0], x[-1])
    step, rise = np.diff(x), np.diff(response)
    area = step * (response[:-1] + response[1:]) / 2
    moment = x[:-1] * area + step**2 * (response[:-1] + 2 * response[1:]) / 6
    i = np.clip(np.searchsorted(x, at, side="right") - 1, 0, step.size - 1)
    part = at - x[i]
    slope = rise[i] / step[i]
    mass = np.insert(np.cumsum(area), 0, 0.0)[i]
    mass = mass + part * (response[i] + slope * part / 2)
    first = np.insert(np.cumsum(moment), 0, 0.0)[i]
    piece = x[i] * part * (response[i] + slope * part / 2)
    first = first + piece + part**2 * (response[i] / 2 + slope * part / 3)
    total = area.sum()
    return mass / total, first / total


def centre_and_width(x: NDArray, response: NDArray) -> tuple[float, float]:
    """Centre of gravity and full width at half of the maximum of a curve, nm."""
    step = np.diff(x)
    area = step * (response[:-1] + response[1:]) / 2
    moment = x[:-1] * area + step**2 * (response[:-1] + 2 * response[1:]) / 6
    half = response.max() / 2
    over = np.flatnonzero(response >= half)
    first, last = over[0], over[-1]
    low = x[first] if first == 0 else _crossing(x, response, first - 1, first, half)
    high = (
        x[last] if last == x.size - 1 else _crossing(x, response, last + 1, last, half)
    )
    return float(moment.sum() / area.sum()), float(high - low)


def _crossing(x: NDArray, y: NDArray, under: int, over: int, level: float) -> float:
    share = (level - y[under]) / (y[over] - y[under])
    return x[under] + share * (x[over] - x[under])
