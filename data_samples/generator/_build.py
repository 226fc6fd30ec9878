"""The whole district, chapter by chapter."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from rasterio.features import sieve
from scipy.ndimage import gaussian_filter
from shapely import LineString

from ._deposits import Ground, Occurrences, make_deposits
from ._drillholes import Drillholes, make_drillholes
from ._frame import EASTING, NORTHING, SOUTH, WEST, distance_to_lines, fractal, stream
from ._geochemistry import Geochemistry, make_geochemistry
from ._geology import Geology, make_geology
from ._geophysics import make_gravity, make_magnetics
from ._imagery import make_scene, make_strip
from ._story import ALLUVIUM
from ._terrain import Terrain, make_terrain, valley_floor
from ._ways import rivers, roads

SMALLEST = 8  # cells of the smallest patch a mapper draws


class District(NamedTuple):
    """Everything the district is made of."""

    geology: Geology
    terrain: Terrain
    mapped: np.ndarray
    roads: list[tuple[str, str, LineString]]
    rivers: list[tuple[float, LineString]]
    deposits: Occurrences
    geochemistry: Geochemistry
    drillholes: Drillholes
    magnetics: np.ndarray
    gravity: np.ndarray
    scene: np.ndarray
    strip: np.ndarray
    cover: dict[str, np.ndarray]
    soil_ph: np.ndarray
    rainfall: np.ndarray


def build_district() -> District:
    """Tell the story once, from the oldest rock to the last drill hole."""
    geology = make_geology()
    terrain = make_terrain(geology.bedrock)
    mapped = np.where(valley_floor(terrain), ALLUVIUM, geology.bedrock)
    mapped = sieve(mapped.astype("uint8"), SMALLEST).astype(int)
    ways = roads(terrain)
    ground = Ground(geology, mapped, distance_to_lines([line for *_, line in ways]))
    deposits = make_deposits(ground)
    strip, cover = make_strip(geology)
    return District(
        geology=geology,
        terrain=terrain,
        mapped=mapped,
        roads=ways,
        rivers=rivers(terrain),
        deposits=deposits,
        geochemistry=make_geochemistry(terrain, ground, deposits),
        drillholes=make_drillholes(terrain, ground, deposits),
        magnetics=make_magnetics(geology),
        gravity=make_gravity(geology),
        scene=make_scene(mapped, geology, terrain),
        strip=strip,
        cover=cover,
        soil_ph=6.2 + 0.5 * fractal(stream(70), 2500, 3),
        rainfall=_rainfall(),
    )


def _rainfall() -> np.ndarray:
    """Falls off to the north-west, mm a year: a trend that knows nothing of ore."""
    u, v = (EASTING - WEST) / 20_000, (NORTHING - SOUTH) / 20_000
    waves = gaussian_filter(stream(71).standard_normal(u.shape), 60)
    return 1480 + 160 * u - 210 * v + 40 * waves / waves.std()
