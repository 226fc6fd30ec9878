"""Where a map lies: its edges, its coordinate system, longitude and latitude."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from pyproj import CRS, Transformer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..report import Words

NODES = 25  # a side: between them the page interpolates longitude and latitude
MOST_LATITUDE = 85.0  # a degree of longitude is hardly any length beyond


class Place(NamedTuple):
    """
    Edges of a map in units of its coordinate system.

    `top` is the edge at the upper side of the screen: below `bottom` only where rows
    are counted downwards, for grids without coordinates.
    """

    west: float
    east: float
    bottom: float
    top: float
    crs: CRS | None
    counted: bool

    @property
    def edges(self) -> tuple[float, float, float, float]:
        """West, east, bottom, top."""
        return self[:4]

    @property
    def geographic(self) -> bool:
        """Whether coordinates are degrees."""
        return self.crs is not None and self.crs.is_geographic

    @property
    def datum(self) -> str:
        """Name of the system that longitude and latitude are given in."""
        base = self.crs.geodetic_crs if self.crs is not None else None
        return base.name if base is not None else ""

    def lonlat(self, x: Any, y: Any) -> tuple[np.ndarray, np.ndarray] | None:  # noqa: ANN401
        """Longitude and latitude on the datum of the grid; None for local grids."""
        base = self.crs.geodetic_crs if self.crs is not None else None
        if base is None:
            return None
        found = Transformer.from_crs(self.crs, base, always_xy=True).transform(x, y)
        found = [np.where(np.isfinite(side), side, np.nan) for side in found]
        return found[0], found[1]

    def told(self, words: Words) -> dict[str, Any]:
        """What the page needs to know."""
        return {
            "edges": list(self.edges),
            "kind": self.kind,
            "aspect": self.aspect,
            "metres": self._metres(),
            "nodes": self._nodes(),
            "system": self._system(words),
            "datum": self.datum,
        }

    @property
    def kind(self) -> str:
        """One of "counted", "local", "geographic" or "projected"."""
        if self.counted:
            return "counted"
        if self.crs is None:
            return "local"
        return "geographic" if self.geographic else "projected"

    def _system(self, words: Words) -> str:
        if self.counted:
            return words("view_counted")
        if self.crs is None:
            return words("view_no_crs")
        code = self.crs.to_epsg(min_confidence=100)
        named = self.crs.name if self.crs.name not in ("", "unknown") else ""
        parts = [named or words("view_own_crs"), f"EPSG:{code}" if code else ""]
        return ", ".join(part for part in parts if part)

    @property
    def aspect(self) -> float:
        """Length on the ground of a unit of y over one of x."""
        if not self.geographic:
            return 1.0
        return 1 / math.cos(math.radians(self._latitude()))

    def _latitude(self) -> float:
        middle = (self.bottom + self.top) / 2
        return float(np.clip(middle, -MOST_LATITUDE, MOST_LATITUDE))

    def _metres(self) -> float | None:
        """Metres of a unit of x, at the middle of the map where it depends."""
        if self.crs is None:
            return None
        if self.geographic:
            return 111_320 * math.cos(math.radians(self._latitude()))
        factor = (
            self.crs.axis_info[0].unit_conversion_factor if self.crs.axis_info else 1
        )
        return float(factor) or 1.0

    def _nodes(self) -> dict[str, Any] | None:
        if self.geographic:
            return None
        x, y = np.meshgrid(
            np.linspace(self.west, self.east, NODES),
            np.linspace(self.top, self.bottom, NODES),
        )
        found = self.lonlat(x, y)
        if found is None or not np.isfinite(found).all():
            return None
        lon, lat = (np.round(side.ravel(), 7).tolist() for side in found)
        return {"n": NODES, "lon": lon, "lat": lat}


def place_of(
    edges: Sequence[tuple[float, ...]], *, crs: object, counted: bool
) -> Place:
    """Place that holds all grids of these edges (west, east, bottom, top)."""
    table = np.array(edges, dtype=float)
    bottom, top = table[:, 2], table[:, 3]
    return Place(
        float(table[:, 0].min()),
        float(table[:, 1].max()),
        float(bottom.max() if counted else bottom.min()),
        float(top.min() if counted else top.max()),
        CRS.from_user_input(crs) if crs is not None else None,
        counted,
    )
