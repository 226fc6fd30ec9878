"""Rivers along the drainage, roads along the easiest ground."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra
from shapely import LineString

from ._frame import EASTING, NORTHING, RESOLUTION, SIZE, SOUTH, WEST
from ._terrain import Terrain

RIVER_AREA = 1.5e6  # m²
ROADS = (
    ("Qinghe road", "清河公路", (19.9, 15.8), (0.1, 7.2)),
    ("Nanbei road", "南北公路", (15.6, 0.1), (12.2, 19.9)),
    ("Hedong road", "河东公路", (14.6, 8.6), (19.9, 5.4)),
    ("Yangchang track", "羊场便道", (9.0, 8.0), (6.2, 0.1)),
)
STEP = 2  # cells; roads are found on every second cell


def rivers(terrain: Terrain) -> list[tuple[float, LineString]]:
    """Reaches between confluences: upslope area at the lower end in m², line."""
    wet = terrain.area.ravel() >= RIVER_AREA
    receiver = terrain.receiver
    inflow = np.zeros(wet.size, dtype=int)
    cells = np.flatnonzero(wet & (receiver != np.arange(wet.size)))
    np.add.at(inflow, receiver[cells], 1)
    reaches = []
    for start in cells[inflow[cells] != 1]:
        path = [start, receiver[start]]
        while inflow[path[-1]] == 1 and receiver[path[-1]] != path[-1]:
            path.append(receiver[path[-1]])
        reaches.append((float(terrain.area.flat[path[-2]]), _line(np.array(path))))
    return reaches


def roads(terrain: Terrain) -> list[tuple[str, str, LineString]]:
    """Name, Chinese name and line of each road."""
    height = terrain.elevation[::STEP, ::STEP]
    graph, side = _climbing_cost(height), height.shape[0]
    found = []
    for name, name_zh, begin, end in ROADS:
        start, goal = _node(begin, side), _node(end, side)
        _, before = dijkstra(graph, indices=start, return_predecessors=True)
        path = [goal]
        while path[-1] != start:
            path.append(int(before[path[-1]]))
        row, column = np.divmod(np.array(path), side)
        found.append((name, name_zh, _line(row * STEP * SIZE + column * STEP)))
    return found


def _climbing_cost(height: np.ndarray) -> coo_array:
    side = height.shape[0]
    number = np.arange(side * side).reshape(side, side)
    parts = []
    for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
        here = np.s_[: side - down, max(0, -right) : side - max(0, right)]
        there = np.s_[down:, max(0, right) : side - max(0, -right)]
        run = np.hypot(down, right) * RESOLUTION * STEP
        slope = np.abs(height[here] - height[there]) / run
        cost = np.round(run * (1 + (9 * slope) ** 2), 3)
        parts.append((cost.ravel(), number[here].ravel(), number[there].ravel()))
    cost, begin, end = (np.concatenate(part) for part in zip(*parts, strict=True))
    both = np.concatenate
    return coo_array(
        (both([cost, cost]), (both([begin, end]), both([end, begin]))),
        shape=(side * side, side * side),
    ).tocsr()


def _node(place: tuple[float, float], side: int) -> int:
    cell = RESOLUTION * STEP / 1000
    column = min(int(place[0] / cell), side - 1)
    row = min(int((SIZE * RESOLUTION / 1000 - place[1]) / cell), side - 1)
    return row * side + column


def _line(cells: np.ndarray) -> LineString:
    points = np.column_stack([EASTING.flat[cells], NORTHING.flat[cells]])
    for _ in range(2):
        points = _rounded(points)
    return LineString(np.round(points, 1)).simplify(6.0)


def _rounded(points: np.ndarray) -> np.ndarray:
    """Corners cut once, ends kept (Chaikin)."""
    near = 0.75 * points[:-1] + 0.25 * points[1:]
    far = 0.25 * points[:-1] + 0.75 * points[1:]
    cut = np.stack([near, far], axis=1).reshape(-1, 2)
    return np.vstack([points[:1], cut, points[-1:]])


def edge_distance() -> np.ndarray:
    """Distance in metres of every cell to the edge of the district."""
    span = SIZE * RESOLUTION
    east, north = EASTING - WEST, NORTHING - SOUTH
    return np.minimum.reduce([east, span - east, north, span - north])
