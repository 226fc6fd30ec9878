"""What stored values mean: scale, missing, and whether they can be reflectance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ._source import HUGE, Calibration

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._bands import Bands
    from ._raw import RawCube

BRIGHT = 1.5  # reflectance that no surface has, glint aside
SHARE = 0.2  # of bands that may exceed it: water bands left unmarked
WINDOWS = (0.08, 0.3, 0.5, 0.7, 0.92)
SIDE = (4, 256)  # rows and columns of a window that is looked at
BANDS = 40  # that are looked at


@dataclass
class Sample:
    """A few windows of stored values: (bands looked at, pixels), gaps not yet NaN."""

    values: NDArray
    bands: NDArray

    @property
    def told(self) -> str:
        """How much was looked at."""
        return f"{self.values.shape[1]:,} pixels in {self.values.shape[0]} bands"


def take_sample(raw: RawCube, bands: Bands) -> Sample:
    """Stored values in windows spread over the file, of good bands."""
    good = bands.order if bands.bad is None else bands.order[~bands.bad]
    good = np.sort(good if len(good) else bands.order)
    picked = good[np.unique(np.linspace(0, len(good) - 1, BANDS).round().astype(int))]
    _, rows, columns = raw.source.sides
    first, last = int(picked[0]), int(picked[-1])
    found = []
    for window in _windows(rows, columns):
        # one call for all bands: of a flat file it is a view, of which few are read
        part = raw.source.read(slice(first, last + 1), *window)[picked - first]
        native = part.dtype.newbyteorder("=")
        found.append(np.asarray(part, native).reshape(len(picked), -1))
    return Sample(np.concatenate(found, axis=1), picked)


def _windows(rows: int, columns: int) -> list[tuple[slice, slice]]:
    tall, wide = SIDE
    if rows * columns <= len(WINDOWS) * tall * wide:
        return [(slice(0, rows), slice(0, columns))]
    tops = [int(share * max(0, rows - tall)) for share in WINDOWS]
    lefts = [int(share * max(0, columns - wide)) for share in np.roll(WINDOWS, 2)]
    return [
        (slice(top, min(rows, top + tall)), slice(left, min(columns, left + wide)))
        for top, left in zip(tops, lefts, strict=True)
    ]


def settle_values(
    raw: RawCube,
    bands: Bands,
    *,
    scale: float | None,
    nodata: float | None,
    notes: list[str],
) -> tuple[Calibration, str]:
    """
    Calibration and quantity, from what is declared, said, and seen in a sample.

    Raises
    ------
    ValueError
        If whole numbers have no scale, or values cannot be reflectance.
    """
    stored = np.dtype(raw.source.stored)
    sample = take_sample(raw, bands)
    codes = _codes(raw, stored, nodata, sample, notes)
    values = _seen(sample, codes)
    _tell_infinite(sample, notes)
    if scale is not None:
        if not (np.isfinite(scale) and scale > 0):
            raise ValueError(
                f"scale= divides the stored values: above zero, not {scale}"
            )
        calibration = Calibration(divisor=float(scale), codes=codes)
        if scale != 1:
            notes.append(f"values were divided by {scale:g}, as asked for")
        bright = _bright(values / scale)
        if bright > SHARE and (raw.quantity or "reflectance") == "reflectance":
            notes.append(
                f"values reach {np.nanmax(values / scale):.4g}: more than reflectance "
                "can, they are kept as digital numbers"
            )
            return calibration, "digital number"
        return calibration, raw.quantity or "reflectance"
    calibration, declared = _declared(raw, codes, notes)
    return calibration, _checked(raw, sample, (values, calibration, declared), notes)


def _codes(
    raw: RawCube,
    stored: np.dtype,
    nodata: float | None,
    sample: Sample,
    notes: list[str],
) -> tuple[float, ...]:
    if nodata is not None:
        if not np.isnan(nodata) and not _fits(nodata, stored):
            raise ValueError(f"nodata={nodata:g} cannot occur in {stored.name} values")
        return () if np.isnan(nodata) else (float(nodata),)
    kept = tuple(code for code in raw.codes if _fits(code, stored))
    notes.extend(
        f"the declared ignore value {code:g} cannot occur in {stored.name} values"
        for code in raw.codes
        if code not in kept and not np.isnan(code)
    )
    return kept or _undeclared(raw, sample, notes)


def _undeclared(raw: RawCube, sample: Sample, notes: list[str]) -> tuple[float, ...]:
    """A negative number that fills whole pixels is a code; zero is only told."""
    values = sample.values
    if len(values) < 3:
        return ()
    flat = (values == values[0]).all(axis=0)
    fill = values[0][flat]
    zero = (fill == 0).mean() if fill.size else 0.0
    share = zero * flat.mean()
    if share > 0 and not raw.codes:
        notes.append(
            f"{share:.1%} of the pixels looked at are zero in every band: if that "
            "means missing, open with nodata=0"
        )
    below = np.unique(fill[fill < 0])
    if len(below) != 1 or abs(below[0]) > HUGE or below[0] > -0.5:
        return ()
    notes.append(
        f"{(fill == below[0]).sum() / values.shape[1]:.1%} of the pixels looked at are "
        f"{below[0]:g} in every band: read as missing, though the file does not say so"
    )
    return (float(below[0]),)


def _fits(code: float, stored: np.dtype) -> bool:
    if stored.kind == "f":
        return not np.isnan(code)
    limits = np.iinfo(stored)
    return float(code).is_integer() and limits.min <= code <= limits.max


def _seen(sample: Sample, codes: tuple[float, ...]) -> NDArray:
    values = sample.values.astype("float64")
    for code in codes:
        values[sample.values == sample.values.dtype.type(code)] = np.nan
    values[np.abs(values) > HUGE] = np.nan
    return values


def _tell_infinite(sample: Sample, notes: list[str]) -> None:
    """Infinite values are damage, not light: read as missing, which is said."""
    if sample.values.dtype.kind == "f" and (infinite := np.isinf(sample.values)).any():
        notes.append(
            f"{infinite.sum():,} values among {sample.told} looked at are infinite: "
            "infinite values are read as missing, cube_report counts them so"
        )


def _declared(
    raw: RawCube, codes: tuple[float, ...], notes: list[str]
) -> tuple[Calibration, bool]:
    trivial = raw.gain is None or (set(raw.gain) == {1.0} and set(raw.offset) == {0.0})
    if raw.divisor is not None and not (np.isfinite(raw.divisor) and raw.divisor > 0):
        notes.append(f"the declared scale {raw.divisor:g} was not used: not above zero")
    elif raw.divisor is not None:
        if not trivial:
            raise ValueError(
                f"{raw.name} declares a reflectance scale factor ({raw.divisor:g}) and "
                "gains and offsets of bands: not both can hold. Say which by "
                f"scale={raw.divisor:g}, or remove one from the header"
            )
        if raw.divisor != 1:
            notes.append(f"values were divided by the declared {raw.divisor:g}")
        return Calibration(divisor=float(raw.divisor), codes=codes), True
    if not trivial:
        gains = sorted(set(raw.gain))
        whole = _reciprocal(gains[0])
        if len(gains) == 1 and not any(raw.offset) and whole:
            notes.append(f"values were divided by {whole:g} (declared: {gains[0]:g})")
            return Calibration(divisor=whole, codes=codes), True
        shown = f"{gains[0]:g}" if len(gains) == 1 else f"{gains[0]:g} to {gains[-1]:g}"
        notes.append(f"declared gains ({shown}) and offsets of the bands were applied")
        return Calibration(1.0, tuple(raw.gain), tuple(raw.offset), codes), True
    return Calibration(codes=codes), False


def _reciprocal(gain: float) -> float | None:
    """Whole number whose reciprocal a gain is: 10000 for 0.0001, which is not exact."""
    whole = round(1 / gain) if gain > 0 else 0
    return float(whole) if whole > 1 and abs(gain * whole - 1) < 1e-6 else None


def _checked(
    raw: RawCube,
    sample: Sample,
    seen: tuple[NDArray, Calibration, bool],
    notes: list[str],
) -> str:
    values, calibration, declared = seen
    integer = np.dtype(raw.source.stored).kind in "iu"
    quantity = raw.quantity or "reflectance"
    if quantity == "digital number":
        return quantity
    if quantity == "radiance" and (declared or not integer):
        return quantity
    high = np.nanmax(values) if np.isfinite(values).any() else 0.0
    if integer and not declared:
        raise ValueError(
            f"{raw.name} holds {np.dtype(raw.source.stored).name} up to {high:g} "
            f"(in {sample.told}) and declares no scale. {_remedy(high)}"
        )
    given = _apply(values, calibration, sample.bands)
    bright = _bright(given)
    top = np.nanmax(given) if np.isfinite(given).any() else 0.0
    if bright > SHARE:
        if calibration.gain is not None and raw.quantity is None:
            notes.append(f"gains of the bands give values up to {top:.4g}: radiance")
            return "radiance"
        raise ValueError(
            f"{raw.name} holds values up to {top:.4g} (in {sample.told}), reflectance "
            f"is 0 to 1. {_remedy(high)}"
        )
    if calibration.divisor >= 100 and not integer and 0 < top < 2e-3 and high <= BRIGHT:
        raise ValueError(
            f"{raw.name} declares the scale {calibration.divisor:g}, but its values "
            f"already are reflectance (up to {high:.4g}). Open it with scale=1"
        )
    over = np.nanmean(given > BRIGHT) if np.isfinite(given).any() else 0.0
    if over:
        notes.append(
            f"{over:.2%} of the values looked at exceed {BRIGHT}: noisy or saturated "
            "bands, cube_report tells which"
        )
    return quantity


def _remedy(high: float) -> str:
    likely = next((top for top in (100, 10_000) if high <= 1.6 * top), 65_535)
    if 101 < high <= 255:
        return (
            "These look like digital numbers: calibrate them, or open them as they "
            "are, scale=1; reflectance times 10000 is opened with scale=10000"
        )
    more = "" if likely == 10_000 else ", reflectance times 10000 with scale=10000"
    return (
        f"If it is reflectance times {likely:,}, open it with scale={likely}{more}; "
        "with scale=1 numbers stay as they are"
    )


def _apply(values: NDArray, calibration: Calibration, bands: NDArray) -> NDArray:
    if calibration.gain is None:
        return values / calibration.divisor
    gain, offset = (
        np.asarray(part, float)[bands][:, None]
        for part in (calibration.gain, calibration.offset)
    )
    return values * gain + offset


def _bright(values: NDArray) -> float:
    """Share of bands in which more than a hundredth of the values are too bright."""
    known = np.isfinite(values)
    count = known.sum(axis=1)
    over = ((values > BRIGHT) & known).sum(axis=1)
    seen = count > 0
    return float((over[seen] > 0.01 * count[seen]).mean()) if seen.any() else 0.0
