"""From grids and features to what is drawn: points, colours, lines, glyph places."""

from __future__ import annotations

import math
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from matplotlib.colors import LightSource

from ..report import area_scale, thin

if TYPE_CHECKING:
    import geopandas as gpd
    import xarray as xr
    from numpy.typing import NDArray

    from ..report import Scale

MOST = 300
GAP_COLOUR = (0.80, 0.80, 0.80)
NICE = (1.0, 1.5, 2.0, 3.0, 5.0, 8.0, 10.0, 15.0, 20.0)


class Ground(NamedTuple):
    """
    Terrain to draw.

    `x` (west to east) and `y` (north to south) in kilometres or degrees, `height` in
    the same units times `factor`, `colours` per point (red, green, blue; 0 to 255).
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    height: NDArray[np.float64]
    colours: NDArray[np.uint8]
    scale: Scale
    factor: float
    unit: float
    lift: float
    has_gaps: bool

    @property
    def width(self) -> float:
        """Longer side of the terrain."""
        return float(max(np.ptp(self.x), np.ptp(self.y)))

    def at(self, x: NDArray, y: NDArray) -> NDArray[np.float64]:
        """Height of the nearest point of the terrain, its lowest where it has none."""
        columns = np.abs(self.x[None, :] - np.asarray(x)[:, None]).argmin(axis=1)
        rows = np.abs(self.y[None, :] - np.asarray(y)[:, None]).argmin(axis=1)
        return np.nan_to_num(self.height[rows, columns], nan=np.nanmin(self.height))

    def holds(self, x: NDArray, y: NDArray) -> NDArray[np.bool_]:
        """Whether places lie on the terrain."""
        west, south, east, north = self.bounds
        inside = (x >= west) & (x <= east) & (y >= south) & (y <= north)
        columns = np.abs(self.x[None, :] - np.asarray(x)[:, None]).argmin(axis=1)
        rows = np.abs(self.y[None, :] - np.asarray(y)[:, None]).argmin(axis=1)
        return inside & np.isfinite(self.height[rows, columns])

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north."""
        return self.x.min(), self.y.min(), self.x.max(), self.y.max()


def make_ground(
    score: xr.DataArray, elevation: xr.DataArray | None, exaggeration: float | str
) -> Ground:
    """Terrain draped with a score, thinned to at most 300 points a side."""
    thinned = thin(score).sortby("x").sortby("y", ascending=False)
    small = average(thinned)
    heights = _heights(small, elevation)
    unit = _unit(score)
    x, y = small["x"].to_numpy() * unit, small["y"].to_numpy() * unit
    side = float(max(np.ptp(x), np.ptp(y))) or 1.0
    metres = unit if _projected(score) else 1 / 111_320
    relief = float(np.nanmax(heights) - np.nanmin(heights)) * metres
    factor = _factor(exaggeration, relief, side)
    height = heights * metres * factor
    values = small.to_numpy().astype(float)
    every = thinned.to_numpy().astype(float)
    scale = area_scale(every[np.isfinite(every)])
    return Ground(
        x=x,
        y=y,
        height=height,
        colours=_paint(values, height, scale, x),
        scale=scale,
        factor=factor if relief > 0 else 1.0,
        unit=unit,
        lift=0.004 * side,
        has_gaps=bool(np.isnan(values).any()),
    )


def average(grid: xr.DataArray) -> xr.DataArray:
    """Grid averaged over square windows until neither side is longer than 300."""
    step = math.ceil(max(grid.sizes["y"], grid.sizes["x"]) / MOST)
    if step == 1:
        return grid
    return grid.coarsen(y=step, x=step, boundary="pad").mean()


def drape(targets: gpd.GeoDataFrame, ground: Ground) -> list[tuple[object, NDArray]]:
    """Outlines of targets lifted on the terrain, with their ranks, best first."""
    ranks = targets["rank"] if "rank" in targets else range(1, len(targets) + 1)
    inside = targets.geometry.clip_by_rect(
        *(edge / ground.unit for edge in ground.bounds)
    )
    step = ground.width / 400 / ground.unit
    lines = []
    for rank, shape in sorted(zip(ranks, inside, strict=True), key=itemgetter(0)):
        for part in getattr(shape, "geoms", [shape]):
            if part.geom_type != "Polygon" or part.is_empty:
                continue
            ring = part.exterior.simplify(step / 2).segmentize(step)
            x, y = (np.asarray(side) * ground.unit for side in ring.xy)
            z = ground.at(x, y) + 1.5 * ground.lift
            lines.append((rank, np.column_stack([x, y, z])))
    return lines


def pin(deposits: gpd.GeoDataFrame, ground: Ground) -> NDArray[np.float64]:
    """Places of deposits on the terrain, those outside left out."""
    places = deposits.geometry.centroid
    x, y = places.x.to_numpy() * ground.unit, places.y.to_numpy() * ground.unit
    inside = ground.holds(x, y)
    x, y = x[inside], y[inside]
    return np.column_stack([x, y, ground.at(x, y)])


def _unit(grid: xr.DataArray) -> float:
    crs = grid.rio.crs
    return crs.linear_units_factor[1] / 1000 if _projected(grid) else 1.0


def _projected(grid: xr.DataArray) -> bool:
    return bool(grid.rio.crs is not None and grid.rio.crs.is_projected)


def _heights(
    small: xr.DataArray, elevation: xr.DataArray | None
) -> NDArray[np.float64]:
    if elevation is None:
        return np.zeros(small.shape)
    near = elevation.sel(x=small["x"], y=small["y"], method="nearest").compute()
    heights = near.transpose("y", "x").to_numpy().astype(float)
    if not np.isfinite(heights).any():
        raise ValueError(
            "the elevation grid holds no value on the score's region: check that it "
            "covers the district and is on the same CRS (survey.match_grid)"
        )
    return heights


def _factor(exaggeration: float | str, relief: float, side: float) -> float:
    if exaggeration != "auto":
        return float(exaggeration)
    wanted = 0.07 * side / relief if relief > 0 else 1.0
    return min(NICE, key=lambda nice: abs(math.log(nice / max(wanted, 1.0))))


def _paint(
    values: NDArray, height: NDArray, scale: Scale, x: NDArray
) -> NDArray[np.uint8]:
    """Colour of the score, darkened on slopes that face away from the north-west."""
    rgb = scale.cmap(scale.norm(np.nan_to_num(values)))[..., :3]
    rgb[np.isnan(values)] = GAP_COLOUR
    if min(height.shape) > 1 and np.nanmax(height) > np.nanmin(height):
        cell = abs(x[1] - x[0])
        filled = np.where(np.isnan(height), np.nanmin(height), height)
        light = LightSource(azdeg=315, altdeg=45)
        shade = light.hillshade(filled, dx=cell, dy=cell, fraction=1.0)
        rgb = rgb * (0.55 + 0.45 * shade[..., None])
    return np.clip(np.round(255 * rgb), 0, 255).astype(np.uint8)
