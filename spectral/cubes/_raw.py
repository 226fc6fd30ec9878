"""What a file says of its cube, before anything is inferred: the readers' contract."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from affine import Affine

    from ._source import CubeSource


@dataclass
class RawCube:
    """
    A file as its reader found it; `open_cube` makes a cube of it.

    A reader states what the file states and leaves the rest None: units, scale, order
    of bands and gaps are settled in one place for all formats.

    Parameters
    ----------
    source : CubeSource
        Gives stored values; its `calibration`, `order` and dtype are set later.
    name : str
        Of the cube.
    blocks : tuple of int
        Rows and columns that the file keeps together; 0 for whole lines.
    affine : Affine, optional
        From column, row to x, y; None without georeference.
    crs : any CRS input, optional
        Coordinate system.
    wavelength, fwhm : sequence of float, optional
        One a band, in `wavelength_units`.
    wavelength_units : str
        As written; empty when not stated.
    good : sequence of float, optional
        Bad-band list as written: 1 good, 0 bad.
    band : sequence of str, optional
        Names of the bands.
    divisor : float, optional
        Declared scale: reflectance is value / divisor.
    gain, offset : sequence of float, optional
        Declared, one a band: value * gain + offset.
    codes : tuple of float
        Declared values for missing.
    quantity : str, optional
        "reflectance", "radiance" … where the file says so.
    attrs : dict
        Further attributes of the cube.
    notes : list of str
        What the reader mended or left out.
    """

    source: CubeSource
    name: str
    blocks: tuple[int, int] = (0, 0)
    affine: Affine | None = None
    crs: Any = None
    wavelength: Sequence[float] | None = None
    fwhm: Sequence[float] | None = None
    wavelength_units: str = ""
    good: Sequence[float] | None = None
    band: Sequence[str] | None = None
    divisor: float | None = None
    gain: Sequence[float] | None = None
    offset: Sequence[float] | None = None
    codes: tuple[float, ...] = ()
    quantity: str | None = None
    attrs: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
