"""Cubes whose bands stand in several files of one pixel grid."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from .._geotiff import open_raster
from .._raw import RawCube
from .._source import CubeSource

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from .._geotiff import RasterSource


@dataclass(frozen=True)
class BandFiles(CubeSource):
    """Bands of several rasters, one after the other."""

    parts: tuple[RasterSource, ...] = field(default=())

    def read(self, bands: slice, rows: slice, columns: slice) -> NDArray:
        """Values of a window, bands first; each file is asked once."""
        wanted = range(bands.start, bands.stop, bands.step or 1)
        found, first = [], 0
        for part in self.parts:
            here = [b - first for b in wanted if first <= b < first + part.sides[0]]
            first += part.sides[0]
            if here:
                window = slice(here[0], here[-1] + 1, bands.step or 1)
                found.append(part.read(window, rows, columns))
        return np.concatenate(found) if len(found) > 1 else found[0]


def stack_files(
    files: Sequence[Path], *, name: str, names: Sequence[str] | None = None
) -> RawCube:
    """
    Raw cube of the bands of several rasters.

    Parameters
    ----------
    files : sequence of Path
        In the order of the bands.
    name : str
        Of the product.
    names : sequence of str, optional
        Of the bands.

    Raises
    ------
    ValueError
        If the files are not on one pixel grid or of one type: with both files.
    """
    raws = [open_raster(file) for file in files]
    first = raws[0]
    for file, raw in zip(files, raws, strict=True):
        for what, one, other in (
            ("size", first.source.sides[1:], raw.source.sides[1:]),
            ("place", first.affine, raw.affine),
            ("type", first.source.stored, raw.source.stored),
        ):
            if one != other:
                raise ValueError(
                    f"{name}: {files[0].name} and {file.name} differ in {what} ({one} "
                    f"and {other}): their bands are no cube. Fetch the product again."
                )
    parts = tuple(raw.source for raw in raws)
    source = BandFiles(
        path=first.source.path,
        stamp=first.source.stamp,
        stored=first.source.stored,
        sides=(sum(part.sides[0] for part in parts), *first.source.sides[1:]),
        flipped=first.source.flipped,
        parts=parts,
    )
    return RawCube(
        source,
        name,
        first.blocks,
        first.affine,
        first.crs,
        band=list(names) if names else None,
        codes=first.codes,
        attrs=dict(first.attrs),
        notes=list(first.notes),
    )


def one_file(folder: Path, pattern: str, *, what: str) -> Path:
    """
    The one file a pattern finds in a folder.

    Raises
    ------
    FileNotFoundError
        If there is none.
    ValueError
        If there are several.
    """
    found = sorted(folder.glob(pattern))
    if not found:
        raise FileNotFoundError(
            f"{folder.name} has no {what} ({pattern}): the product is not whole, fetch "
            "it again"
        )
    if len(found) > 1:
        told = ", ".join(file.name for file in found[:3])
        raise ValueError(
            f"{folder.name} has {len(found)} files that could be the {what}: {told}. "
            "Keep one product a folder."
        )
    return found[0]
