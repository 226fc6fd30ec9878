"""What spectra records are: the columns, and the check that names every bad row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .._check import LONGEST, SHORTEST

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

REQUIRED = ("spectrum_id", "name", "wavelength", "reflectance")
ARRAYS = ("wavelength", "reflectance", "fwhm", "uncertainty")
TEXTS = {
    "spectrum_id": "unique in a store; names the spectrum of a library",
    "name": "as its source calls it",
    "mineral": "English name of one mineral, as in the taxonomy; empty for others",
    "group": "mineral group, as in the taxonomy",
    "mineral_class": "class of the group, as in the taxonomy",
    "sample_id": "the physical sample: one value ties its replicates together",
    "instrument": "spectrometer or sensor",
    "measurement": "geometry or kind of calibration, such as AREF, RREF, biconical",
    "quantity": "reflectance (also when empty), emissivity, transmittance or radiance",
    "purity": "the source's code or words",
    "grain_size": "the source's words, with unit",
    "locality": "where the sample comes from",
    "description": "everything else the source says",
    "source": "the collection: splib07a, ECOSTRESS, the mine's own",
}
QUANTITIES = ("reflectance", "emissivity", "transmittance", "radiance")
HIGHEST = 1.5  # of a share of light: more is percent, a fill value or noise
NEGATIVE = -0.05  # lower is no noise of a dark sample: wrong sign, scale or data
Found = tuple[str, object, str, str]


class Problem(NamedTuple):
    """
    One thing wrong with records.

    Parameters
    ----------
    row : int, optional
        Position of the record, counted from 1; None for the whole table.
    spectrum_id : str, optional
        Its name.
    column : str
        Where.
    value : object
        What stands there.
    what : str
        What is wrong.
    remedy : str
        What to do.
    """

    row: int | None
    spectrum_id: str | None
    column: str
    value: object
    what: str
    remedy: str

    def __str__(self) -> str:
        """One line."""
        where = "records" if self.row is None else f"row {self.row}"
        name = f" ('{self.spectrum_id}')" if self.spectrum_id else ""
        value = "" if self.value is None else f" {self.value}"
        return f"{where}{name}, {self.column}{value}: {self.what}. {self.remedy}"


class RecordProblems(ValueError):  # noqa: N818 - it holds several
    """
    All that is wrong with records, at once.

    Parameters
    ----------
    problems : list of Problem
        In the order of the rows.

    Attributes
    ----------
    problems : list of Problem
        The same.
    """

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        lines = "\n".join(f"- {problem}" for problem in problems)
        super().__init__(f"{len(problems)} problem(s) in the spectra:\n{lines}")


def check_records(records: pd.DataFrame) -> None:
    """
    Refuse records that cannot be kept as spectra: every bad row is named.

    Parameters
    ----------
    records : DataFrame
        One spectrum a row. Required: ``spectrum_id`` (unique), ``name`` and the object
        columns ``wavelength`` (1-D, nm, strictly ascending) and ``reflectance`` (1-D,
        0 to 1, NaN where missing; clearly negative in no more than half of the
        channels). Optional object columns of the same lengths, None
        where a spectrum has none: ``fwhm`` (nm), ``uncertainty`` (one standard
        deviation, in units of the reflectance). Optional texts, None or empty where
        unknown: ``mineral``, ``group``, ``mineral_class``, ``sample_id`` (replicates
        of one sample share it), ``instrument``, ``measurement``, ``quantity``
        (reflectance unless it says emissivity, transmittance or radiance),
        ``purity``, ``grain_size``, ``locality``, ``description``, ``source``. Any
        further columns of texts, numbers or booleans are kept as they are.
        ``records.attrs["notes"]`` lists what a reader left out, repaired or inferred,
        each with its count; ``records.attrs["provenance"]`` is a dict with any of
        file, sha256, format, date (ISO), who, licence, citation.

    Raises
    ------
    TypeError
        If it is no DataFrame.
    RecordProblems
        A ValueError with all problems: row, value, what is wrong and the remedy.

    Examples
    --------
    >>> import pandas as pd
    >>> check_records(pd.DataFrame({
    ...     "spectrum_id": ["k1"], "name": ["Kaolinite"],
    ...     "wavelength": [[2160.0, 2200.0]], "reflectance": [[55.0, 40.0]]}))
    Traceback (most recent call last):
    ...
    spectral.library._schema.RecordProblems: 1 problem(s) in the spectra:
    - row 1 ('k1'), reflectance 55: above 1.5 in 2 of 2 channels (2160-2200 nm). It seems to be in percent: divide by 100
    """  # noqa: E501
    if not hasattr(records, "columns"):
        raise TypeError(
            "spectra records come as a DataFrame, one spectrum a row, not as "
            f"{type(records).__name__}. Make them of a library with "
            "spectral.library.split_spectra(library)."
        )
    problems = list(_table_problems(records))
    if not problems:
        problems = list(_row_problems(records))
    if problems:
        raise RecordProblems(problems)


def _table_problems(records: pd.DataFrame) -> Iterator[Problem]:
    for column in REQUIRED:
        if column not in records.columns:
            have = ", ".join(str(name) for name in records.columns)
            yield Problem(
                None, None, column, None, "is missing", f"Name it so; there is: {have}"
            )
    twice = records.columns[records.columns.duplicated()]
    for column in twice:
        yield Problem(
            None, None, str(column), None, "stands twice", "Rename or drop one of them"
        )
    if not len(records):
        yield Problem(
            None, None, "rows", 0, "there are no records", "Read a file with spectra"
        )


def _row_problems(records: pd.DataFrame) -> Iterator[Problem]:
    first: dict[str, int] = {}
    sound: dict[int, tuple[Any, list[Found]]] = {}
    columns = {name: list(records[name]) for name in records.columns}
    for row in range(len(records)):
        cells = {name: values[row] for name, values in columns.items()}
        identity = cells["spectrum_id"]
        name = identity if isinstance(identity, str) else None
        found = [*_identity(cells, first, row + 1)]
        grid = cells["wavelength"]
        if id(grid) not in sound:  # thousands of spectra share a few grids
            sound[id(grid)] = (grid, list(_grid_problems(grid)))
        found += sound[id(grid)][1]
        if not sound[id(grid)][1]:
            found += _value_problems(cells)
        for column, value, what, remedy in found:
            yield Problem(row + 1, name, column, value, what, remedy)


def _identity(
    cells: dict[str, Any], first: dict[str, int], row: int
) -> Iterator[Found]:
    identity = cells["spectrum_id"]
    if not isinstance(identity, str) or not identity.strip() or "\n" in identity:
        yield "spectrum_id", repr(identity), "is no name", "Give a short unique text"
    elif identity in first:
        told = f"stands in row {first[identity]} already"
        yield "spectrum_id", None, told, "Give each spectrum a name of its own"
    else:
        first[identity] = row
    if not isinstance(cells["name"], str) or not cells["name"].strip():
        yield "name", repr(cells["name"]), "is no text", "Repeat the spectrum_id there"
    quantity = text_of(cells.get("quantity"))
    if quantity and quantity not in QUANTITIES:
        allowed = ", ".join(QUANTITIES)
        yield "quantity", repr(quantity), "is not known", f"Use one of {allowed}"
    for column in TEXTS:
        value = cells.get(column)
        if column in REQUIRED or isinstance(value, str) or text_of(value) is None:
            continue
        yield column, repr(value), "is no text", "Write it as text"


def _grid_problems(grid: object) -> Iterator[Found]:
    values = as_floats(grid)
    if values is None or values.ndim != 1 or not values.size:
        told = "is no array of numbers"
        yield "wavelength", None, told, "Give a 1-D array in nm"
        return
    bad = np.flatnonzero(~np.isfinite(values))
    if bad.size:
        told = f"is missing in {bad.size} of {values.size} channels, first {bad[0] + 1}"
        remedy = "Leave these channels out of wavelength and reflectance"
        yield "wavelength", values[bad[0]], told, remedy
        return
    if values.min() < SHORTEST or values.max() > LONGEST:
        told = f"runs from {values.min():g} to {values.max():g}, which is not nm"
        remedy = "Bring it to nm: micrometres * 1000, wavenumbers in 1/cm as 1e7 / w"
        yield "wavelength", None, told, remedy
        return
    falls = np.flatnonzero(np.diff(values) <= 0)
    if falls.size:
        at = falls[0]
        told = (
            f"does not ascend at {falls.size} place(s): {values[at]:g} nm is followed "
            f"by {values[at + 1]:g} nm (channel {at + 2})"
        )
        remedy = (
            "Sort wavelength and reflectance together (order = "
            "numpy.argsort(wavelength, kind='stable')) and keep one of equal ones"
        )
        yield "wavelength", None, told, remedy


def _value_problems(cells: dict[str, Any]) -> Iterator[Found]:
    waves = as_floats(cells["wavelength"])
    for column in ("reflectance", "fwhm", "uncertainty"):
        given = cells.get(column)
        if column != "reflectance" and is_missing(given):
            continue
        values = as_floats(given)
        if values is None or values.shape != waves.shape:
            shape = "no array of numbers" if values is None else f"shape {values.shape}"
            told = f"has {shape}, the wavelengths {waves.size} channels"
            yield column, None, told, "Give one number a channel, NaN where missing"
        elif column == "reflectance":
            yield from _light_problems(values, waves, text_of(cells.get("quantity")))
        elif column == "fwhm" and not (np.isfinite(values) & (values > 0)).all():
            bad = values[~(np.isfinite(values) & (values > 0))]
            told = f"must be above zero, it is not in {bad.size} channel(s)"
            yield column, bad[0], told, "Give band widths in nm or leave fwhm out"
        elif column == "uncertainty" and (np.isinf(values) | (values < 0)).any():
            bad = values[np.isinf(values) | (values < 0)]
            told = f"is negative or infinite in {bad.size} channel(s)"
            yield column, bad[0], told, "Set these to NaN: it is a standard deviation"


def _light_problems(
    values: np.ndarray, waves: np.ndarray, quantity: str | None
) -> Iterator[Found]:
    if np.isnan(values).all():
        told = "is missing in all channels"
        yield "reflectance", None, told, "Leave this spectrum out"
        return
    limit = np.inf if quantity == "radiance" else HIGHEST
    with np.errstate(invalid="ignore"):
        bad = np.isinf(values) | (np.abs(values) > limit)
    if not bad.any():
        if quantity != "radiance":
            yield from _negative_problems(values, waves)
        return
    peak = values[bad][np.argmax(np.abs(values[bad]))]
    side = f"{'below -' if peak < 0 else 'above '}{HIGHEST}"
    told = (
        f"{side if np.isfinite(peak) else 'infinite'} in {bad.sum()} of "
        f"{values.size} channels ({waves[bad].min():g}-{waves[bad].max():g} nm)"
    )
    yield "reflectance", f"{peak:g}", told, _scale_remedy(values)


def _negative_problems(values: np.ndarray, waves: np.ndarray) -> Iterator[Found]:
    known = np.isfinite(values)
    with np.errstate(invalid="ignore"):
        low = values < NEGATIVE
    if low.sum() <= known.sum() / 2:
        return
    told = (
        f"below {NEGATIVE} in {low.sum()} of {known.sum()} channels "
        f"({waves[low].min():g}-{waves[low].max():g} nm), no light is negative"
    )
    remedy = (
        "Give reflectance: if this is a difference, a derivative or an absorbance "
        "turned round, convert it first; else leave this spectrum out"
    )
    yield "reflectance", f"{np.nanmin(values):g}", told, remedy


def _scale_remedy(values: np.ndarray) -> str:
    finite = values[np.isfinite(values)]
    usual = float(np.median(finite)) if finite.size else np.inf
    if HIGHEST < usual <= 150:
        return "It seems to be in percent: divide by 100"
    if 150 < usual <= 15_000:
        return "It seems to be scaled: divide by 10000 (or what its source says)"
    return "Set fill values and noise in these channels to NaN"


def as_floats(value: object) -> np.ndarray | None:
    """Values as a float array; None if they are no numbers."""
    try:
        array = np.asarray(value)
        kept = array.dtype in (np.float32, np.float64)
        return array if kept else array.astype("float64")
    except (TypeError, ValueError):
        return None


def is_missing(value: object) -> bool:
    """Whether a cell of an array column holds no array."""
    return value is None or (np.isscalar(value) and bool(np.isnan(value)))


def text_of(value: object) -> str | None:
    """Text of a cell, None if it is empty or missing."""
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return None
    if type(value).__name__ in {"NAType", "NaTType"}:
        return None
    return str(value).strip() or None
