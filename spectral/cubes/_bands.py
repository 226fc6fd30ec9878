"""Wavelengths, widths, marks and names of bands, brought into one order and unit."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from .._check import LONGEST, SHORTEST

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._raw import RawCube

UNITS = {
    "nm": 1.0, "nanometer": 1.0, "nanometers": 1.0, "nanometre": 1.0, "nanometres": 1.0,
    "um": 1e3, "µm": 1e3, "μm": 1e3, "micron": 1e3, "microns": 1e3, "micrometer": 1e3,
    "micrometers": 1e3, "micrometre": 1e3, "micrometres": 1e3, "mm": 1e6,
    "millimeters": 1e6, "cm": 1e7, "centimeters": 1e7, "m": 1e9, "meters": 1e9,
    "angstrom": 0.1, "angstroms": 0.1,
}  # fmt: skip
WAVENUMBERS = {"wavenumber", "wavenumbers", "cm-1", "1/cm", "cm^-1"}
UNSAID = {"", "unknown", "none", "n/a", "index", "undefined"}
DETECTORS = 6  # more ascending runs than this are no detectors
RUN = 8  # bands a detector has at least
NUDGE = 1e-3  # nm between bands that share a wavelength


@dataclass
class Bands:
    """Bands of a cube in ascending order; `order` is the band of the file, from 0."""

    wavelength: NDArray
    order: NDArray
    fwhm: NDArray | None = None
    bad: NDArray | None = None
    names: list[str] | None = None
    notes: list[str] = field(default_factory=list)


def settle_bands(
    raw: RawCube,
    *,
    wavelength: Any = None,  # noqa: ANN401
    fwhm: Any = None,  # noqa: ANN401
    bad_bands: Any = None,  # noqa: ANN401
) -> Bands:
    """
    What a file says of its bands, completed by what the caller says, in order.

    Arguments are by band of the file. The rest is as `open_cube` has it.
    """
    count = raw.source.sides[0]
    names = list(raw.band) if raw.band is not None else None
    notes: list[str] = []
    waves, factor = _wavelengths(raw, wavelength, names, notes)
    widths = _widths(raw, fwhm, names, (waves, factor), notes)
    bad = _marks(raw, bad_bands, waves, notes)
    order = np.argsort(waves, kind="stable")
    found = Bands(waves[order], order, notes=notes)
    if not (np.diff(waves) > 0).all():
        marked = _put_in_order(found, waves, given=bad_bands is not None)
        if marked.any():
            bad = marked if bad is None else bad | marked
    found.fwhm = None if widths is None else widths[order]
    found.bad = None if bad is None else bad[order]
    if names is not None and len(set(names)) == count:
        found.names = [names[i] for i in order]
    elif names is not None:
        notes.append("band names stand more than once: they were left out")
    return found


def to_nanometres(
    values: NDArray, units: str, notes: list[str], *, name: str
) -> tuple[NDArray, float]:
    """
    Wavelengths in nm and the factor that made them so; what was inferred is noted.

    Parameters
    ----------
    values : ndarray
        As written.
    units : str
        As written; may be empty, "Unknown" or wrong.
    notes : list of str
        Takes what was inferred.
    name : str
        Of the file, for the messages.

    Returns
    -------
    wavelength : ndarray
    factor : float
        nm in a unit; 0 for wavenumbers.

    Raises
    ------
    ValueError
        If they are numbers of bands, or no unit makes them wavelengths of light.
    """
    said = units.strip().lower()
    if said in WAVENUMBERS:
        notes.append("wavelengths were computed from wavenumbers (1/cm)")
        return 1e7 / values, 0.0
    inferred = _inferred(values, name)
    if said in UNITS:
        factor = UNITS[said]
        if _plausible(values * factor):
            return values * factor, factor
        notes.append(
            f"the header says {units}, but values of {values.min():g} to "
            f"{values.max():g} are {inferred}: read so"
        )
    elif said in UNSAID:
        notes.append(
            f"wavelengths of {values.min():g} to {values.max():g} have no unit: read "
            f"as {inferred}"
        )
    else:
        notes.append(
            f"the unit of wavelengths {units!r} is unknown: {values.min():g} to "
            f"{values.max():g} were read as {inferred}"
        )
    factor = UNITS[inferred]
    return values * factor, factor


def _inferred(values: NDArray, name: str) -> str:
    count = len(values)
    if count > 2 and (values == np.arange(count) + values[0]).all() and values[0] <= 1:
        raise ValueError(
            f"{name}: the wavelengths are the numbers of the bands ({values[0]:g} to "
            f"{values[-1]:g}). Give them in nm: open_cube(path, wavelength=[...])"
        )
    for unit in ("nanometers", "micrometers"):
        if _plausible(values * UNITS[unit]):
            return unit
    raise ValueError(
        f"{name}: {values.min():g} to {values.max():g} are no wavelengths of light in "
        "nm or µm. Give them in nm: open_cube(path, wavelength=[...])"
    )


def _plausible(nanometres: NDArray) -> bool:
    """Light that images are made of: 150 nm to 100 µm."""
    return bool(
        nanometres.min() >= 1.5 * SHORTEST and nanometres.max() <= 0.1 * LONGEST
    )


def _wavelengths(
    raw: RawCube,
    given: Any,  # noqa: ANN401
    names: list[str] | None,
    notes: list[str],
) -> tuple[NDArray, float]:
    count = raw.source.sides[0]
    if given is not None:
        values = by_band(given, names, count, "wavelength")
        if not np.isfinite(values).all() or not _plausible(values):
            raise ValueError(
                f"wavelength= is in nm; got {values.min():g} to {values.max():g}. From "
                "micrometres multiply by 1000."
            )
        return values, 1.0
    if raw.wavelength is None:
        called = f" ({', '.join(names[:12])})" if names else ""
        raise ValueError(
            f"{raw.name} says no wavelengths of its {count} bands{called}. Give them "
            "in nm in the order of the file, open_cube(path, wavelength=[...]), or by "
            "name of band: wavelength="
            "spectral.sensor_bands('sentinel2a').set_index('band')['wavelength']"
        )
    values = np.asarray(raw.wavelength, float)
    if len(values) != count:
        raise ValueError(
            f"{raw.name} has {count} bands but {len(values)} wavelengths. Correct the "
            "header or give them: open_cube(path, wavelength=[...])"
        )
    if not (np.isfinite(values) & (values > 0)).all():
        at = np.flatnonzero(~(np.isfinite(values) & (values > 0)))
        raise ValueError(
            f"{raw.name}: the wavelength of band {at[0] + 1} is {values[at[0]]:g} "
            f"({len(at)} such). Give all: open_cube(path, wavelength=[...])"
        )
    return to_nanometres(values, raw.wavelength_units, notes, name=raw.name)


def by_band(
    given: Any,  # noqa: ANN401
    names: list[str] | None,
    count: int,
    key: str,
) -> NDArray:
    """
    One number a band from a sequence or a mapping (or Series) by name of band.

    Raises
    ------
    ValueError
        If the count differs or names are unknown.
    """
    labels = getattr(given, "index", None)
    if labels is not None and not callable(labels) and labels.dtype.kind not in "iu":
        given = dict(zip([str(label) for label in labels], given, strict=True))
    if isinstance(given, Mapping):
        known = {_bare(name): float(value) for name, value in given.items()}
        missing = [name for name in names or [] if _bare(name) not in known]
        if names is None or missing:
            told = f"no {missing}" if names else "the bands of the file have no names"
            raise ValueError(
                f"{key}= by name of band does not fit: {told}. Give a list of {count} "
                f"in the order of the file{f', {names}' if names else ''}"
            )
        return np.array([known[_bare(name)] for name in names])
    values = np.asarray(given, float).ravel()
    if len(values) != count:
        raise ValueError(
            f"{key}= has {len(values)} values for the {count} bands of the file"
        )
    return values


def _bare(name: object) -> str:
    """Name without leading zeros and case: B02 is b2."""
    return re.sub(r"(?<!\d)0+(?=\d)", "", str(name)).lower()


def _widths(
    raw: RawCube,
    given: Any,  # noqa: ANN401
    names: list[str] | None,
    scale: tuple[NDArray, float],
    notes: list[str],
) -> NDArray | None:
    waves, factor = scale
    if given is not None:
        values = by_band(given, names, len(waves), "fwhm")
        if not (values > 0).all():
            raise ValueError(
                f"fwhm= must be above zero, in nm; it is not in bands "
                f"{(np.flatnonzero(~(values > 0)) + 1)[:10].tolist()}"
            )
        return values
    if raw.fwhm is None:
        return None
    values = np.asarray(raw.fwhm, float)
    wrong = "" if len(values) == len(waves) else f"{len(values)} for {len(waves)} bands"
    if not wrong and not (values > 0).all():
        at = (np.flatnonzero(~(values > 0)) + 1).tolist()
        wrong = f"not above zero in {len(at)} bands ({str(at[:8])[1:-1]})"
    if wrong:
        notes.append(f"fwhm was left out: {wrong}; give fwhm= in nm")
        return None
    if factor == 0.0:
        return values * waves**2 / 1e7
    # widths in the other unit than the wavelengths are out by a thousand
    share = np.median(values * factor / waves)
    for rescale, unit in ((1e-3, "nanometers"), (1e3, "micrometers")):
        if not 2e-5 < share < 0.6 and 2e-5 < share * rescale < 0.6:
            notes.append(f"fwhm is in {unit}, unlike the wavelengths: converted")
            return values * factor * rescale
    return values * factor


def _marks(
    raw: RawCube,
    given: Any,  # noqa: ANN401
    waves: NDArray,
    notes: list[str],
) -> NDArray | None:
    if given is not None:
        return bad_bands_of(given, waves)
    if raw.good is None:
        return None
    good = np.asarray(raw.good, float)
    if len(good) != len(waves):
        raise ValueError(
            f"{raw.name}: the bad-band list has {len(good)} items for {len(waves)} "
            "bands. Correct the header, or say which are bad: open_cube(path, "
            "bad_bands=[...])"
        )
    odd = ~np.isin(good, (0.0, 1.0))
    if odd.any():
        notes.append(
            f"{odd.sum()} items of the bad-band list are neither 0 nor 1 "
            f"({sorted(set(good[odd].tolist()))[:4]}): those above zero were read as "
            "good"
        )
    return ~(good > 0)


def bad_bands_of(given: Any, waves: NDArray) -> NDArray:  # noqa: ANN401
    """
    Marks of bands from a list of True/False, or from ranges of wavelength in nm.

    Raises
    ------
    ValueError
        If it is neither.
    """
    if isinstance(given, Sequence) and all(
        isinstance(item, (tuple, list)) and len(item) == 2 for item in given
    ):
        found = np.zeros(len(waves), bool)
        for low, high in given:
            found |= (waves >= low) & (waves <= high)
        return found
    values = np.asarray(given)
    if values.dtype != bool or values.shape != waves.shape:
        raise ValueError(
            f"bad_bands= is one True or False a band of the file ({len(waves)}), or "
            f"ranges in nm, [(1340, 1450), (1800, 1960)]. Got {values.dtype} of shape "
            f"{values.shape}."
        )
    return values


def _put_in_order(found: Bands, waves: NDArray, *, given: bool) -> NDArray:
    """Note how bands were sorted; which bands (of the file) to mark as doubled."""
    marked = np.zeros(len(waves), bool)
    steps = np.diff(waves)
    if (steps < 0).all():
        found.notes.append("wavelengths descend: the bands were turned round")
        return marked
    starts = [0, *(np.flatnonzero(steps <= 0) + 1).tolist(), len(waves)]
    runs = [np.arange(a, b) for a, b in pairwise(starts)]
    back = starts[1:-1]
    told = f"{waves[back[0] - 1]:g} nm is followed by {waves[back[0]]:g} nm"
    sort = f"bands were sorted by wavelength (band {back[0] + 1}: {told}"
    sort += f"; {len(back)} steps back)" if len(back) > 1 else ")"
    if len(runs) <= DETECTORS and min(len(run) for run in runs) >= RUN:
        marked = _overlaps(waves, runs)
        if given:
            marked[:] = False
        else:
            sort = (
                f"{len(runs)} detectors overlap: {sort}; {marked.sum()} bands measured "
                "twice were marked bad, each detector beyond the middle of the overlap"
            )
    found.notes.append(sort)
    twins = _part_twins(found)
    if len(twins):
        if not given:
            marked[twins] = True
        verb = "" if given else " and marked bad"
        found.notes.append(
            f"{len(twins)} bands repeat the wavelength of another: moved by "
            f"{NUDGE:g} nm{verb} (bands {str((twins[:8] + 1).tolist())[1:-1]} of the "
            "file)"
        )
    return marked


def _overlaps(waves: NDArray, runs: list[NDArray]) -> NDArray:
    marked = np.zeros(len(waves), bool)
    ordered = sorted(runs, key=lambda run: waves[run[0]])
    for one, other in pairwise(ordered):
        start, end = waves[other[0]], min(waves[one[-1]], waves[other[-1]])
        middle = (start + end) / 2
        marked[one[(waves[one] > middle) & (waves[one] <= end)]] = True
        marked[other[(waves[other] <= middle) & (waves[other] >= start)]] = end >= start
    return marked


def _part_twins(found: Bands) -> NDArray:
    """Move bands of equal wavelength apart; give those moved, by band of the file."""
    waves = found.wavelength.copy()
    twins = []
    for at in range(1, len(waves)):
        if waves[at] <= waves[at - 1]:
            waves[at] = waves[at - 1] + NUDGE
            twins.append(int(found.order[at]))
    most = max(2, len(waves) // 20)
    if len(twins) > most:
        first = found.wavelength[np.flatnonzero(found.order == twins[0])[0]]
        raise ValueError(
            f"{len(twins)} of {len(waves)} bands repeat the wavelength of another "
            f"(first: band {twins[0] + 1}, {first:g} nm). Give wavelengths with more "
            "digits: open_cube(path, wavelength=[...])"
        )
    found.wavelength = waves
    return np.array(twins, int)
