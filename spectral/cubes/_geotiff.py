"""GeoTIFF stacks and what else GDAL reads: wavelengths from wherever they are told."""

from __future__ import annotations

import functools
import os
import re
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ._header import clean_key, items, numbers
from ._raw import RawCube
from ._source import CubeSource, stamp_of

if TYPE_CHECKING:
    from affine import Affine
    from numpy.typing import NDArray

HANDLES = 8
CACHE_BYTES = 48 * 2**20
_local = threading.local()
_UNIT = r"(nm|nanomet(?:er|re)s?|[uµμ]m|micromet(?:er|re)s?|microns?)\b"
_NUMBER = r"(\d+(?:\.\d+)?)"
_WITH_UNIT = re.compile(rf"{_NUMBER}\s*{_UNIT}", re.I)
_NAMED = re.compile(
    rf"(?:cent(?:er|re|ral)[ _]?)?wavelengths?\s*[=:]\s*{_NUMBER}\s*(?:{_UNIT})?", re.I
)
_BARE = re.compile(rf"^\s*(?:band[ _]?\d+[ _:,(]+)?{_NUMBER}\)?\s*$", re.I)
_WAVE_KEYS = (
    "wavelength", "wavelengths", "center wavelength", "centre wavelength",
    "central wavelength", "centerwavelength", "band wavelength", "wave length",
)  # fmt: skip
_WIDTH_KEYS = ("fwhm", "bandwidth", "band width", "full width half maximum")
_UNIT_KEYS = ("wavelength units", "wavelength unit", "wavelengths units", "units")


@dataclass(frozen=True)
class RasterSource(CubeSource):
    """Bands of a file that GDAL reads, all in one call a window."""

    def read(self, bands: slice, rows: slice, columns: slice) -> NDArray:
        """Values of a window, bands first."""
        from rasterio.errors import RasterioError
        from rasterio.windows import Window

        window = Window(
            columns.start,
            rows.start,
            columns.stop - columns.start,
            rows.stop - rows.start,
        )
        indexes = [band + 1 for band in range(bands.start, bands.stop, bands.step or 1)]
        broken = ""
        try:
            values = _dataset(self.path, self.stamp).read(indexes, window=window)
        except RasterioError as error:
            broken = str(error.__cause__ or error).splitlines()[-1]
        if broken:  # out here, since GDAL's errors cannot be pickled
            raise ValueError(
                f"{self.path}: rows {rows.start} to {rows.stop - 1} cannot be read "
                f"({broken}): the file is cut short or damaged, fetch it again"
            )
        return values[:, :: rows.step or 1, :: columns.step or 1]


def _dataset(path: str, stamp: tuple[int, int] | None) -> Any:  # noqa: ANN401
    """Handle of this thread; the one unused for longest makes room."""
    import rasterio

    handles = _local.__dict__.setdefault("handles", OrderedDict())
    key = (path, stamp)
    if key not in handles:
        for stale in [old for old in handles if old[0] == path]:
            handles.pop(stale).close()
        settle_cache()
        handles[key] = rasterio.open(path, sharing=False)
        while len(handles) > HANDLES:
            handles.popitem(last=False)[1].close()
    handles.move_to_end(key)
    return handles[key]


@functools.cache
def settle_cache() -> None:
    """
    Let GDAL keep few blocks: our own are read and written once.

    GDAL fixes the size at the first block of the process, from the settings of the
    thread it comes in: so a block is written here.
    """
    import rasterio
    from rasterio.io import MemoryFile
    from rasterio.transform import from_origin

    given = {} if "GDAL_CACHEMAX" in os.environ else {"GDAL_CACHEMAX": CACHE_BYTES}
    with (
        rasterio.Env(**given),
        MemoryFile() as memory,
        memory.open(
            driver="GTiff", width=1, height=1, count=1, dtype="uint8",
            transform=from_origin(0, 0, 2, 2),  # none makes rasterio warn
        ) as one,
    ):  # fmt: skip
        one.write(np.zeros((1, 1, 1), "uint8"))


def sniff_raster(path: Path) -> bool:
    """Whether GDAL opens it as a raster with bands."""
    import rasterio
    from rasterio.errors import RasterioError

    if not path.is_file():
        return False
    try:
        with rasterio.open(path) as dataset:
            return dataset.count > 0
    except RasterioError:
        return False


def sniff_geotiff(path: Path) -> bool:
    """Whether a file begins as TIFF or BigTIFF does."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(4) in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def open_raster(path: Path) -> RawCube:
    """
    What a file with bands says.

    Raises
    ------
    ValueError
        If it cannot be read, or its values are complex or of several types.
    """
    import rasterio
    from rasterio.errors import RasterioError

    try:
        dataset = rasterio.open(path)
    except RasterioError as error:
        raise ValueError(
            f"{path.name} cannot be read ({str(error).splitlines()[-1]}): it is "
            "damaged or cut short, fetch it again"
        ) from None
    with dataset:
        stored = _stored(dataset, path.name)
        notes: list[str] = []
        affine, crs, attrs, flipped = _place(dataset, notes)
        source = RasterSource(
            path=str(path),
            stamp=stamp_of(path),
            stored=stored,
            sides=(dataset.count, dataset.height, dataset.width),
            flipped=flipped,
        )
        raw = RawCube(
            source, path.stem, dataset.block_shapes[0], affine, crs,
            attrs=attrs, notes=notes,
        )  # fmt: skip
        codes = {code for code in dataset.nodatavals if code is not None}
        raw.codes = tuple(sorted(codes))
        raw.gain, raw.offset = list(dataset.scales), list(dataset.offsets)
        _describe(raw, dataset)
    return raw


def _stored(dataset: Any, name: str) -> str:  # noqa: ANN401
    kinds = sorted(set(dataset.dtypes))
    types = {np.dtype(kind) for kind in kinds if not kind.startswith("complex")}
    if len(types) != 1:
        raise ValueError(
            f"{name} holds {', '.join(kinds)} values: a cube has real values of one "
            "type"
        )
    return types.pop().newbyteorder("<").str if types else ""


def _place(
    dataset: Any,  # noqa: ANN401
    notes: list[str],
) -> tuple[Affine | None, Any, dict[str, Any], bool]:
    from affine import Affine as Transform

    affine, rows = dataset.transform, dataset.height
    if affine.is_identity and dataset.crs is None:
        return None, None, {}, False
    if affine.b or affine.d or affine.a < 0:
        notes.append(
            "the image is rotated: its pixels have rows and columns only, no map "
            "coordinates. To place it on a map turn it north-up first, gdalwarp input "
            "output.tif, and open that."
        )
        kept = {"map_transform": [float(part) for part in affine[:6]]}
        if dataset.crs is not None:
            kept["map_crs"] = str(dataset.crs)
        return None, None, kept, False
    if affine.e > 0:
        notes.append("rows ran from south to north: they were turned round")
        affine = Transform(
            affine.a, 0.0, affine.c, 0.0, -affine.e, affine.f + rows * affine.e
        )
        return affine, dataset.crs, {}, True
    return affine, dataset.crs, {}, False


def _describe(raw: RawCube, dataset: Any) -> None:  # noqa: ANN401
    """Wavelengths, widths, marks, names: of bands, then of the file."""
    tags = [_tags(dataset, band) for band in dataset.indexes]
    whole = {clean_key(key): value for key, value in dataset.tags().items()}
    whole |= {clean_key(key): value for key, value in dataset.tags(ns="ENVI").items()}
    described = [text or "" for text in dataset.descriptions]
    raw.wavelength, raw.wavelength_units = _waves(tags, whole, described)
    raw.fwhm = _values(tags, whole, _WIDTH_KEYS)
    if all("fwhm um" in entry for entry in tags):
        raw.fwhm = [1000 * float(entry["fwhm um"]) for entry in tags]
        if raw.wavelength_units.lower().startswith(("u", "µ", "mic")):
            raw.fwhm = [value / 1000 for value in raw.fwhm]
    raw.good = _values(tags, whole, ("bbl", "good"))
    if all(described):
        raw.band = [_name(text) for text in described]
    raw.quantity = whole.get("quantity") or None
    for key in ("description", "sensor", "acquired"):
        if whole.get(key):
            raw.attrs[key] = whole[key]


def _tags(dataset: Any, band: int) -> dict[str, str]:  # noqa: ANN401
    found = {clean_key(key): value for key, value in dataset.tags(band).items()}
    imagery = dataset.tags(band, ns="IMAGERY")
    return found | {clean_key(key): value for key, value in imagery.items()}


def _name(described: str) -> str:
    """Name of a band out of "B02 reflectance, 490 nm"."""
    first = re.match(r"^([A-Za-z]{1,8}[ _]?\d{1,3}[A-Za-z]?)\b", described)
    return first[1] if first else described


def _waves(
    tags: list[dict[str, str]], whole: dict[str, str], described: list[str]
) -> tuple[list[float] | None, str]:
    units = next(
        (
            entry[key]
            for entry in (*tags[:1], whole)
            for key in _UNIT_KEYS
            if entry.get(key)
        ),
        "",
    )
    found = _values(tags, whole, _WAVE_KEYS)
    if found is not None:
        return found, units
    if all("central wavelength um" in entry for entry in tags):
        return [float(entry["central wavelength um"]) for entry in tags], "micrometers"
    listed = [whole.get(f"band {i}", "") for i in range(1, len(tags) + 1)]
    for texts in (described, listed):
        values, said = waves_in_names(texts)
        if values is not None:
            return values, said or units
    return None, units


def waves_in_names(names: list[str]) -> tuple[list[float] | None, str]:
    """Wavelengths that every name of a band tells, and their unit where it is told."""
    for pattern in (_NAMED, _WITH_UNIT, _BARE):
        hits = [pattern.search(text) for text in names]
        if names and all(hits):
            said = {hit[2].lower() for hit in hits if hit.re.groups > 1 and hit[2]}
            values = [float(hit[1]) for hit in hits]
            if pattern is not _BARE or _could_be_light(values):
                return values, said.pop() if len(said) == 1 else ""
    return None, ""


def _could_be_light(values: list[float]) -> bool:
    numbered = values == [values[0] + i for i in range(len(values))]
    return not numbered and (min(values) > 200 or 0.2 < min(values) <= max(values) < 20)


def _values(
    tags: list[dict[str, str]], whole: dict[str, str], keys: tuple[str, ...]
) -> list[float] | None:
    """One number a band, from tags of bands or a list in the tags of the file."""
    for key in keys:
        if all(entry.get(key) for entry in tags):
            return [numbers(entry[key].split()[0], key=key)[0] for entry in tags]
        text = whole.get(key, "").strip("{}[]() ")
        if text and len(items(text)) in (1, len(tags)):
            values = numbers(text, key=key)
            if len(values) == len(tags):
                return values
    return None
