"""Products by the order in which they are asked whether a path is theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ._ahsi import open_ahsi, sniff_ahsi
from ._aster import open_aster, sniff_aster
from ._emit import open_emit, sniff_emit
from ._enmap import open_enmap, sniff_enmap
from ._landsat import open_landsat, sniff_landsat
from ._prisma import open_prisma, sniff_prisma
from ._sentinel2 import open_sentinel2, sniff_sentinel2

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .._raw import RawCube


class Product(NamedTuple):
    """A product: how it is told from others, and its reader, which takes a part too."""

    name: str
    sniff: Callable[[Path], bool]
    open: Callable[[Path, str | None], RawCube]


PRODUCTS = (
    Product("EMIT", sniff_emit, open_emit),
    Product("PRISMA", sniff_prisma, open_prisma),
    Product("EnMAP or DESIS", sniff_enmap, open_enmap),
    Product("Sentinel-2", sniff_sentinel2, open_sentinel2),
    Product("Landsat", sniff_landsat, open_landsat),
    Product("ASTER", sniff_aster, open_aster),
    Product("GF-5 or ZY-1 AHSI", sniff_ahsi, open_ahsi),
)
