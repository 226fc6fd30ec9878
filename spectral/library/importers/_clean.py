"""What importers do to every spectrum: units, scale, order, fills; all counted."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from .._order import order_channels
from .._taxonomy import class_of, find_mineral, mineral_group

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd

FILL = 1e30  # of splib07 (-1.23e34) and its like: no reflectance comes near
MOST = 1.5  # of a share of light
UNITS = {"nm": 1.0, "um": 1e3}

MESSAGES = {
    "fill": "{n} values were empty or a fill value and are missing (NaN)",
    "reversed": "{n} spectra ran from long to short wavelengths and were turned round",
    "sorted": "{n} spectra had channels out of order and were sorted",
    "overlap": "{n} values measured twice by overlapping detectors were left out: each "
    "detector is kept up to the middle of the overlap",
    "equal": "{n} values at the wavelength of another were left out: the first is kept",
    "percent": "{n} spectra were in percent and divided by 100",
    "scaled": "{n} spectra were divided by the scale given",
    "micrometres": "{n} spectra had wavelengths in micrometres, now nm",
    "wavenumbers": "{n} spectra had wavenumbers in 1/cm, now wavelengths in nm",
    "guessed_unit": "{n} spectra state no unit of wavelength: read as {unit}, from "
    "their range",
    "empty": "{n} spectra without a value were left out",
    "skipped": "{n} files or records were no spectra and were left out",
    "no_grid": "{n} spectra were left out: no wavelengths of their length were found",
    "error_bars": "{n} records of error bars became the uncertainty of their spectra",
    "lone_errors": "{n} records of error bars belong to no spectrum here and were "
    "left out",
    "reference": "{n} spectra are target over white reference: their file holds both",
    "usgs": "{n} spectra carry a name of the USGS library: mineral, sample and "
    "spectrometer were read from it",
    "renamed": "{n} spectra shared a name with another and were numbered",
}


class Tally:
    """Counts of what was changed or left out, by kind."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, tuple]] = Counter()
        self.told: list[str] = []  # sentences of another reader

    def add(self, kind: str, n: int = 1, **values: str) -> None:
        """Count `n` more of a kind."""
        if n:
            self.counts[kind, tuple(sorted(values.items()))] += int(n)

    def notes(self) -> list[str]:
        """One sentence a kind."""
        counted = [
            MESSAGES[kind].format(n=n, **dict(values))
            for (kind, values), n in self.counts.items()
        ]
        return [*self.told, *counted]


def clean_spectrum(
    channels: Mapping[str, Any],
    tally: Tally,
    *,
    unit: str | None = None,
    scale: float | None = None,
) -> dict[str, np.ndarray | None]:
    """
    Channels as records need them: nm, ascending, shares of light, NaN where missing.

    Parameters
    ----------
    channels : mapping
        ``wavelength`` and ``reflectance``, optional ``fwhm`` and ``uncertainty``: 1-D,
        of one length.
    tally : Tally
        Counts what is done.
    unit : {"nm", "um", "cm-1"}, optional
        Of wavelength and fwhm, as the file states it; guessed from the range, and
        counted, where it does not.
    scale : float, optional
        Divisor of reflectance and uncertainty, as the file or the caller states it.

    Returns
    -------
    dict
        The same keys.
    """
    found = {
        key: None if channels.get(key) is None else np.array(channels[key], "float64")
        for key in ("wavelength", "reflectance", "fwhm", "uncertainty")
    }
    _to_nanometres(found, unit, tally)
    _ascending(found, tally)
    _without_fill(found, tally)
    if scale not in (None, 1.0):
        tally.add("percent" if scale == 100 else "scaled")
        for key in ("reflectance", "uncertainty"):
            if found[key] is not None:
                found[key] = found[key] / scale
    return found


def _to_nanometres(
    found: dict[str, np.ndarray | None], unit: str | None, tally: Tally
) -> None:
    waves = found["wavelength"]
    if unit is None:
        top = float(np.nanmax(waves)) if waves.size else 0.0
        unit = "um" if top < 100 else "nm"
        tally.add("guessed_unit", unit={"um": "micrometres", "nm": "nm"}[unit])
    if unit == "nm":
        return
    if unit == "um":
        tally.add("micrometres")
        for key in ("wavelength", "fwhm"):
            if found[key] is not None:
                found[key] = np.round(found[key] * 1e3, 6)
        return
    tally.add("wavenumbers")
    keep = waves > 0
    for key, values in found.items():
        found[key] = None if values is None else values[keep]
    waves = found["wavelength"]
    if found["fwhm"] is not None:  # d(lambda) = 1e7 / w^2 d(w)
        found["fwhm"] = 1e7 * found["fwhm"] / waves**2
    found["wavelength"] = np.round(1e7 / waves, 6)


def _ascending(found: dict[str, np.ndarray | None], tally: Tally) -> None:
    order = order_channels(found["wavelength"])
    tally.add("reversed", order.turned)
    tally.add("sorted", order.sorted > 0)
    tally.add("overlap", order.overlap)
    tally.add("equal", order.equal)
    _take(found, order.take)


def _take(found: dict[str, np.ndarray | None], which: Any) -> None:  # noqa: ANN401
    for key, values in found.items():
        found[key] = None if values is None else values[which]


def _without_fill(found: dict[str, np.ndarray | None], tally: Tally) -> None:
    for key in ("reflectance", "uncertainty"):
        values = found[key]
        if values is None:
            continue
        fill = ~np.isfinite(values) | (np.abs(values) > FILL)
        if key == "reflectance":
            tally.add("fill", int(fill.sum()))
        elif fill.all():
            found[key] = None
            continue
        values[fill] = np.nan
    widths = found["fwhm"]
    if widths is not None and not (np.isfinite(widths) & (widths > 0)).all():
        found["fwhm"] = None


def to_records(
    spectra: Iterable[Mapping[str, Any]], tally: Tally, provenance: Mapping[str, Any]
) -> pd.DataFrame:
    """
    Table of records, each with a name of its own; those without a value are left out.

    Parameters
    ----------
    spectra : iterable of mapping
        Texts and channels of each.
    tally : Tally
        Its sentences become ``attrs["notes"]``.
    provenance : mapping
        Becomes ``attrs["provenance"]``.
    """
    import pandas as pd

    rows, taken = [], Counter()
    for spectrum in spectra:
        if not np.isfinite(spectrum["reflectance"]).any():
            tally.add("empty")
            continue
        identity = spectrum["spectrum_id"]
        taken[identity] += 1
        if taken[identity] > 1:
            tally.add("renamed")
            identity = f"{identity} ({taken[identity]})"
        rows.append({**spectrum, **_placed(spectrum), "spectrum_id": identity})
    first = ["spectrum_id", "name", "wavelength", "reflectance"]
    names = list(dict.fromkeys([*first, *(key for row in rows for key in row)]))
    table = pd.DataFrame(
        {key: pd.Series([row.get(key) for row in rows], dtype=object) for key in names}
    )
    for key in ("fwhm", "uncertainty"):
        if key in table.columns and table[key].isna().all():
            table = table.drop(columns=key)
    table.attrs["notes"] = tally.notes()
    table.attrs["provenance"] = dict(provenance)
    return table


def _placed(spectrum: Mapping[str, Any]) -> dict[str, str | None]:
    """Mineral, group and class in the words of the taxonomy, where it knows them."""
    mineral = find_mineral(spectrum.get("mineral") or "")
    if mineral is None:
        return {}
    group = mineral_group(mineral)
    return {"mineral": mineral, "group": group, "mineral_class": class_of(group)}
