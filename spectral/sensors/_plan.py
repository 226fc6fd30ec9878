"""What a resampling will do: weights, coverage, and what is to be told of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .._check import check_cube, good_bands
from ._target import Target, resolve_target
from ._weights import band_weights, channels_of, narrowed, spacing_of, standing

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

ROUNDING = 1e-6  # of a share, in float32


class Plan(NamedTuple):
    """
    One resampling, ready to be applied.

    Parameters
    ----------
    target : Target
        The bands.
    weights : ndarray, shape (n_bands, n_channels)
        Shares of each response on each channel; 0 on bad channels.
    covered : ndarray, shape (n_bands,)
        Their sums: the share of each response on channels that are there.
    fwhm : ndarray, shape (n_bands,)
        Of the result, nm: the target's, the source's where that is coarser.
    min_coverage : float
        Least share for a value.
    notes : list of str
        What was assumed and left out.
    """

    target: Target
    weights: NDArray
    covered: NDArray
    fwhm: NDArray
    min_coverage: float
    notes: list[str]

    @property
    def enough(self) -> NDArray:
        """Bands that get values."""
        return self.covered >= self.min_coverage - ROUNDING


def plan_resampling(
    spectra: xr.DataArray, min_coverage: float, **target: object
) -> Plan:
    """Weights, coverage and notes of one resampling."""
    check_cube(spectra)
    good_bands(spectra)  # refuses spectra whose bands are all bad
    if not 0 < min_coverage <= 1:
        raise ValueError(
            "min_coverage is a share of a band's response, above 0 and up to 1. Got "
            f"{min_coverage!r} instead."
        )
    bands = resolve_target(**target)
    x = np.asarray(spectra["wavelength"].values, float)
    bad = ~np.isin(np.arange(x.size), good_channels(spectra))
    source_fwhm, notes = _source_fwhm(spectra, x)
    centre = bands.profiles.centre
    there = standing(x, bad)
    source_fwhm = np.interp(centre, x[there], source_fwhm[there])
    spacing = np.interp(centre, x[there], spacing_of(x[there]))
    profiles, coarse = narrowed(bands.profiles, source_fwhm, spacing)
    fwhm = np.where(coarse, source_fwhm, bands.profiles.fwhm)
    weights = band_weights(x[there], profiles)[:, ~bad[there]]
    notes = [*bands.notes, *notes, *_told_source(spectra, bands, coarse)]
    plan = Plan(bands, weights, weights.sum(1), fwhm, float(min_coverage), notes)
    _check_overlap(plan, x)
    short = np.flatnonzero(~plan.enough)
    if short.size:
        notes.append(
            f"{short.size} of {weights.shape[0]} bands have less than "
            f"{min_coverage:.0%} of their response on channels that are there; they "
            f"are NaN and marked bad: {_names(bands, short)}"
        )
    return plan


def normal_weights(plan: Plan) -> NDArray:
    """Weights that sum to one a band."""
    return plan.weights / np.where(plan.covered > 0, plan.covered, 1.0)[:, None]


def _source_fwhm(spectra: xr.DataArray, x: NDArray) -> tuple[NDArray, list[str]]:
    if "fwhm" in spectra.coords:
        return np.asarray(spectra["fwhm"].values, float), []
    spacing = spacing_of(x)
    return spacing, [
        "the spectra state no fwhm: the spacing of their channels was taken for it, "
        f"{np.median(spacing):.3g} nm in the middle"
    ]


def _told_source(spectra: xr.DataArray, bands: Target, coarse: NDArray) -> list[str]:
    notes = []
    there = np.flatnonzero(coarse)
    if there.size:
        how = (
            "the response curves do not undo that"
            if bands.profiles.curves
            else "they are interpolated and keep the width of the spectra"
        )
        notes.append(
            f"the spectra are coarser than {there.size} of {coarse.size} bands; {how}: "
            f"{_names(bands, there)}"
        )
    gaps = channels_of(np.asarray(spectra["wavelength"].values, float)).gaps
    if gaps:
        told = ", ".join(f"{low:.0f}-{high:.0f} nm" for low, high in gaps[:5])
        notes.append(f"the wavelengths have {len(gaps)} holes, not bridged: {told}")
    if "bad_bands" in spectra.coords and spectra["bad_bands"].any():
        notes.append(f"{int(spectra['bad_bands'].sum())} bad bands were not used")
    return notes


def _check_overlap(plan: Plan, x: NDArray) -> None:
    if plan.enough.any():
        return
    centre = plan.target.profiles.centre
    told = (
        f"the spectra reach from {x[0]:.0f} to {x[-1]:.0f} nm, the {centre.size} bands "
        f"from {centre[0]:.0f} to {centre[-1]:.0f} nm"
    )
    if plan.covered.max() <= 0:
        raise ValueError(
            f"{told}: they do not overlap. Choose spectra or bands of the same range."
        )
    raise ValueError(
        f"{told}: no band has {plan.min_coverage:.0%} of its response on channels that "
        f"are there, the best has {plan.covered.max():.1%}. Choose spectra or bands of "
        "the same range, or lower min_coverage=."
    )


def _names(bands: Target, which: NDArray, *, most: int = 8) -> str:
    centre = bands.profiles.centre
    told = [
        f"{bands.names[i]} ({centre[i]:.0f} nm)"
        if bands.names
        else f"{centre[i]:.0f} nm"
        for i in which[:most]
    ]
    more = f" and {which.size - most} more" if which.size > most else ""
    return ", ".join(told) + more


def good_channels(spectra: xr.DataArray) -> NDArray:
    if "bad_bands" not in spectra.coords:
        return np.arange(spectra.sizes["wavelength"])
    return np.flatnonzero(~np.asarray(spectra["bad_bands"].values, bool))
