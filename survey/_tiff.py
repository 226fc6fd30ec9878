"""Plain tiled GeoTIFF whose every tile has its place from the start."""

from __future__ import annotations

import struct
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from odc.geo.geobox import GeoBox

TILE = 512
_PAGE = 4096
_writing = threading.Lock()
_WIDTH, _LENGTH, _OFFSETS, _COUNTS = 256, 257, 324, 325
_LONG, _LONG8 = 4, 16
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_SIZES |= {13: 4, 16: 8, 17: 8, 18: 8}


@dataclass(frozen=True)
class TiledTiff:
    """
    An uncompressed tiled file, full size but empty, that blocks are written into.

    Since the place of every cell is known, blocks can be written in any order by any
    thread or process, and the bytes are the same for every order.
    """

    path: str
    shape: tuple[int, int]
    dtype: np.dtype
    start: int

    def write(self, block: NDArray, top: int, left: int) -> None:
        """Write a block whose first cell is (top, left)."""
        block = block.astype(self.dtype, copy=False)
        # threads of one process take turns: the system would make them spin
        with _writing, Path(self.path).open("r+b", buffering=0) as file:
            for first in range(top - top % TILE, top + block.shape[0], TILE):
                band = block[max(first - top, 0) : first + TILE - top]
                self._write_row(file, band, max(first, top), left)

    def convert(self, to: TiledTiff, function: Callable[[NDArray], NDArray]) -> None:
        """Write every tile, changed by a function, to a file of the same shape."""
        across, down = (-(-length // TILE) for length in self.shape)
        with (
            Path(self.path).open("rb") as source,
            Path(to.path).open("r+b", buffering=0) as target,
        ):
            source.seek(self.start)
            target.seek(to.start)
            for _ in range(across * down):
                tile = np.fromfile(source, self.dtype, TILE * TILE)
                values = function(tile).astype(to.dtype, copy=False)
                _put(target, target.tell(), np.ascontiguousarray(values))

    def _write_row(self, file: Any, band: NDArray, top: int, left: int) -> None:  # noqa: ANN401
        """Write rows that lie in one row of tiles: whole tiles at once, if they are."""
        rows, columns = self.shape
        bottom, right = top + band.shape[0], left + band.shape[1]
        whole = (
            top % TILE == 0
            and left % TILE == 0
            and (bottom % TILE == 0 or bottom == rows)
            and (right % TILE == 0 or right == columns)
        )
        if whole:
            count = -(-band.shape[1] // TILE)
            if band.shape != (TILE, count * TILE):
                full = np.zeros((TILE, count * TILE), self.dtype)
                full[: band.shape[0], : band.shape[1]] = band
                band = full
            tiles = np.ascontiguousarray(
                band.reshape(TILE, count, TILE).transpose(1, 0, 2)
            )
            _put(file, self._place(top, left), tiles)
            return
        for first in range(left - left % TILE, right, TILE):
            begin, end = max(first, left), min(first + TILE, right)
            part = band[:, begin - left : end - left]
            if part.shape[1] == TILE:
                _put(file, self._place(top, begin), np.ascontiguousarray(part))
                continue
            for row in range(part.shape[0]):
                line = np.ascontiguousarray(part[row])
                _put(file, self._place(top + row, begin), line)

    def _place(self, row: int, column: int) -> int:
        across = -(-self.shape[1] // TILE)
        tile = (row // TILE) * across + column // TILE
        cell = tile * TILE * TILE + (row % TILE) * TILE + column % TILE
        return self.start + cell * self.dtype.itemsize


def create_tiff(
    path: str | Path,
    geobox: GeoBox,
    *,
    dtype: Any,  # noqa: ANN401
    nodata: float,
    band: dict[str, Any],
) -> TiledTiff:
    """
    Make the file: header, directory, room for all tiles (not yet taken on disk).

    `band` holds `description`, `units` and `tags` of the band.
    """
    stored = np.dtype(dtype).newbyteorder("<")
    entries = _directory(_template(geobox, stored, nodata, band))
    rows, columns = geobox.shape
    count = -(-rows // TILE) * -(-columns // TILE)
    size = TILE * TILE * stored.itemsize
    entries[_WIDTH] = (_LONG, 1, struct.pack("<I", columns))
    entries[_LENGTH] = (_LONG, 1, struct.pack("<I", rows))
    entries[_OFFSETS] = (_LONG8, count, b"")
    entries[_COUNTS] = (_LONG8, count, np.full(count, size, "<u8").tobytes())
    start = _data_start(entries, count)
    offsets = start + size * np.arange(count, dtype="<u8")
    entries[_OFFSETS] = (_LONG8, count, offsets.astype("<u8").tobytes())
    with Path(path).open("wb") as file:
        file.write(_header(entries))
        file.truncate(start + count * size)
    return TiledTiff(str(path), (rows, columns), stored, start)


def _template(
    geobox: GeoBox,
    dtype: np.dtype,
    nodata: float,
    band: dict[str, Any],
) -> bytes:
    """Bytes of an empty file with the same tags, from GDAL, which knows them all."""
    from rasterio.io import MemoryFile

    with MemoryFile() as memory:
        with memory.open(
            driver="GTiff",
            width=TILE,
            height=TILE,
            count=1,
            dtype=dtype.newbyteorder("=").name,
            nodata=nodata,
            crs=geobox.crs.to_wkt(),
            transform=geobox.affine,
            tiled=True,
            blockxsize=TILE,
            blockysize=TILE,
            bigtiff="YES",
            endianness="LITTLE",
            sparse_ok=True,
        ) as dataset:
            dataset.update_tags(1, **band["tags"])
            if band["description"]:
                dataset.set_band_description(1, band["description"])
            if band["units"]:
                dataset.set_band_unit(1, band["units"])
        return memory.read()


def _directory(content: bytes) -> dict[int, tuple[int, int, bytes]]:
    """Entries of the first directory of a little-endian BigTIFF: type, count, bytes."""
    if content[:4] != b"II\x2b\x00":
        raise RuntimeError("GDAL did not write the BigTIFF that was asked for")
    (first,) = struct.unpack_from("<Q", content, 8)
    (number,) = struct.unpack_from("<Q", content, first)
    entries = {}
    for i in range(number):
        place = first + 8 + 20 * i
        tag, kind, count = struct.unpack_from("<HHQ", content, place)
        length = _SIZES[kind] * count
        place += 12
        if length > 8:
            (place,) = struct.unpack_from("<Q", content, place)
        entries[tag] = (kind, count, content[place : place + length])
    return entries


def _data_start(entries: dict[int, tuple[int, int, bytes]], count: int) -> int:
    """Place of the first tile: after the directory, at the start of a page."""
    long = sum(len(data) + 8 for _, _, data in entries.values() if len(data) > 8)
    end = 16 + 8 + 20 * len(entries) + 8 + long + 8 * count + 8
    return -(-end // _PAGE) * _PAGE


def _header(entries: dict[int, tuple[int, int, bytes]]) -> bytes:
    """Header, directory and the values too long for it."""
    head = struct.pack("<2sHHHQ", b"II", 43, 8, 0, 16)
    head += struct.pack("<Q", len(entries))
    beyond = 16 + 8 + 20 * len(entries) + 8
    tail = b""
    for tag in sorted(entries):
        kind, count, data = entries[tag]
        head += struct.pack("<HHQ", tag, kind, count)
        if len(data) <= 8:
            head += data.ljust(8, b"\0")
            continue
        tail += b"\0" * (-(beyond + len(tail)) % 8)
        head += struct.pack("<Q", beyond + len(tail))
        tail += data
    return head + struct.pack("<Q", 0) + tail


def _put(file: Any, place: int, values: NDArray) -> None:  # noqa: ANN401
    """Write all bytes of an array at a place."""
    file.seek(place)
    rest = memoryview(values).cast("B")
    while rest:
        rest = rest[file.write(rest) :]
