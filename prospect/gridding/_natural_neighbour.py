"""Natural neighbour interpolation (Sibson)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import njit
from scipy.spatial import Delaunay, QhullError

from ..evidence._frame import lazy_grid, metric_frame
from ._inverse_distance import cell_centres
from ._places import read_places

if TYPE_CHECKING:
    import geopandas as gpd
    import xarray as xr
    from affine import Affine
    from odc.geo.geobox import GeoBox

    from ._places import Places

ROOM = 512
NUDGE = 1e-7


class Mesh(NamedTuple):
    """Delaunay triangles: corners, neighbours across from them, circumcircles."""

    x: np.ndarray
    y: np.ndarray
    content: np.ndarray
    corners: np.ndarray
    across: np.ndarray
    centre_x: np.ndarray
    centre_y: np.ndarray
    radius2: np.ndarray
    scale: float


def natural_neighbour(
    samples: gpd.GeoDataFrame,
    column: str,
    *,
    like: GeoBox | xr.DataArray,
    max_distance: float | None = None,
    transform: str | None = None,
) -> xr.DataArray:
    """
    Mean of the natural neighbours of each cell centre, by Sibson's weights.

    If a cell centre were a sample, its Voronoi cell would take ground from those of its
    neighbours; each neighbour counts by the share it would lose. The surface passes
    through every sample, never leaves the range of the neighbours, is smooth but for
    the samples themselves, and has no parameter.

    Parameters
    ----------
    samples : GeoDataFrame
        Points with the column, at least three places not on one line. Rows without a
        value are left out and counted.
    column : str
        Numeric column. Censored values that were not imputed enter as half of their
        limit; ``attrs["notes"]`` counts them.
    like : GeoBox or grid
        Pixel grid of the result, projected. A lazy grid gives its chunks as well.
    max_distance : float, optional
        Metres beyond which a cell is missing if no sample is nearer.
    transform : {"log10", "sqrt"}, optional
        Applied to the samples beforehand; the result stays in transformed units.

    Returns
    -------
    DataArray, dims (y, x)
        float32, lazy; missing (NaN) outside the convex hull of the samples. ``attrs``:
        `method`, `censored_share`, `imputed_share`, `notes`.

    Raises
    ------
    ValueError
        If the column is not there or not numeric, no sample has a value, or there is no
        triangle to stand on.

    References
    ----------
    Sibson, R. (1981). A brief description of natural neighbour interpolation. In:
    Barnett, V. (ed.), Interpreting Multivariate Data. Wiley, 21-36.

    Liang, L. and Hale, D. (2010). A stable and fast implementation of natural neighbor
    interpolation. Center for Wave Phenomena, report 657.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from survey import make_geobox
    >>> frame = make_geobox((0, 30, 0, 30), crs="EPSG:32633", resolution=10)
    >>> soil = gpd.GeoDataFrame(
    ...     {"Cu_ppm": [10.0, 40.0, 10.0, 40.0]},
    ...     geometry=gpd.points_from_xy([0, 30, 0, 30], [0, 0, 30, 30]),
    ...     crs="EPSG:32633")
    >>> print(natural_neighbour(soil, "Cu_ppm", like=frame).values[1])
    [15. 25. 35.]
    """
    geobox = metric_frame(like, what="natural_neighbour")
    if max_distance is not None and not max_distance > 0:
        raise ValueError(
            f"max_distance must be positive metres. Got {max_distance!r} instead."
        )
    places, attrs = read_places(samples, column, geobox, transform=transform)
    attrs["method"] = "natural_neighbour"
    mesh = make_mesh(places)
    return lazy_grid(
        _block, places, mesh, geobox.affine, float(max_distance or np.inf),
        like=like, name=column, attrs=attrs,
    )  # fmt: skip


def make_mesh(places: Places) -> Mesh:
    """Delaunay triangulation of places with the circumcircle of each triangle."""
    x, y = np.ascontiguousarray(places.xy.T, dtype=float)
    try:
        found = Delaunay(places.xy)
    except (QhullError, ValueError) as error:
        raise ValueError(
            "natural neighbours need at least three places not on one line; there are "
            f"{len(places.value)}. Use inverse_distance instead."
        ) from error
    corners = found.simplices.astype(np.int64)
    a, b, c = corners.T
    centre_x, centre_y = _centres(x[a], y[a], x[b], y[b], x[c], y[c])
    radius2 = (x[a] - centre_x) ** 2 + (y[a] - centre_y) ** 2
    flat = ~np.isfinite(radius2)
    centre_x[flat], centre_y[flat], radius2[flat] = 0.0, 0.0, -1.0
    scale = float(np.sqrt(np.ptp(x) * np.ptp(y) / len(x)))
    across = found.neighbors.astype(np.int64)
    values = np.ascontiguousarray(places.value, dtype=float)
    return Mesh(x, y, values, corners, across, centre_x, centre_y, radius2, scale)


def _centres(
    ax: np.ndarray,
    ay: np.ndarray,
    bx: np.ndarray,
    by: np.ndarray,
    cx: np.ndarray,
    cy: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Centres of the circles through three points each."""
    bx, by, cx, cy = bx - ax, by - ay, cx - ax, cy - ay
    b2, c2 = bx * bx + by * by, cx * cx + cy * cy
    with np.errstate(divide="ignore", invalid="ignore"):
        half = 0.5 / (bx * cy - by * cx)
        return ax + (cy * b2 - by * c2) * half, ay + (bx * c2 - cx * b2) * half


def _block(
    window: tuple[int, int, int, int],
    places: Places,
    mesh: Mesh,
    affine: Affine,
    farthest: float,
) -> np.ndarray:
    """Values within one window."""
    x, y = cell_centres(window, places, affine)
    out = np.empty((len(y), len(x)), "float32")
    room = ROOM
    while not _fill(x, y, mesh, farthest**2, room, out):
        room *= 4
    return out


@njit(nogil=True, cache=True)
def _fill(x, y, mesh, reach, room, out):  # noqa: ANN001, ANN202
    """Fill a window; False if a cell has more triangles in its way than room."""
    stack, cavity = np.empty(room, np.int64), np.empty(room, np.int64)
    seen = np.full(len(mesh.corners), -1, np.int64)
    start, number = 0, 0
    for i in range(len(y)):
        first = start
        for j in range(len(x)):
            at = _walk(x[j], y[i], mesh, first if j == 0 else start)
            if at < 0:
                out[i, j] = np.nan
                continue
            start = at
            value = _value(x[j], y[i], mesh, at, reach, stack, cavity, seen, number)
            number += 1
            if value == np.inf:
                return False
            out[i, j] = value
    return True


@njit(nogil=True, cache=True)
def _side(ax, ay, bx, by, px, py):  # noqa: ANN001, ANN202
    return (bx - ax) * (py - ay) - (by - ay) * (px - ax)


@njit(nogil=True, cache=True)
def _walk(px, py, mesh, start):  # noqa: ANN001, ANN202
    """Return the triangle that holds a point, walking from another; -1 if outside."""
    at = start
    for _ in range(4 * len(mesh.corners) + 16):
        moved, left = False, False
        for k in range(3):
            a, b = mesh.corners[at, (k + 1) % 3], mesh.corners[at, (k + 2) % 3]
            c = mesh.corners[at, k]
            ax, ay, bx, by = mesh.x[a], mesh.y[a], mesh.x[b], mesh.y[b]
            inner = _side(ax, ay, bx, by, mesh.x[c], mesh.y[c])
            side = _side(ax, ay, bx, by, px, py)
            if side * inner < 0:
                if mesh.across[at, k] < 0:
                    left = True
                    continue
                at, moved = mesh.across[at, k], True
                break
        if not moved:
            return -1 if left else at
    return -1


@njit(nogil=True, cache=True)
def _value(px, py, mesh, at, reach, stack, cavity, seen, number):  # noqa: ANN001, ANN202, PLR0913, PLR0917
    """Return the natural neighbour mean at a point within triangle `at`."""
    found = _cavity(px, py, mesh, at, stack, cavity, seen, number)
    if found < 0:
        return np.inf
    nearest, mine = np.inf, 0
    for m in range(found):
        for k in range(3):
            a = mesh.corners[cavity[m], k]
            apart = (mesh.x[a] - px) ** 2 + (mesh.y[a] - py) ** 2
            if apart < nearest:
                nearest, mine = apart, a
    if nearest > reach:
        return np.nan
    if nearest < (NUDGE * mesh.scale) ** 2:
        return mesh.content[mine]
    total, value = _sibson(px, py, mesh, cavity, found)
    if not np.isfinite(total) or total <= 0.0:
        # on the line through two samples: a step aside, far below a cell
        aside = 31 * NUDGE * mesh.scale
        total, value = _sibson(px + aside, py + 0.7 * aside, mesh, cavity, found)
    return value / total


@njit(nogil=True, cache=True)
def _cavity(px, py, mesh, at, stack, cavity, seen, number):  # noqa: ANN001, ANN202
    """Collect the triangles whose circumcircle holds a point; -1 if too many."""
    stack[0], seen[at] = at, number
    waiting, found = 1, 0
    while waiting:
        waiting -= 1
        here = stack[waiting]
        if found == len(cavity):
            return -1
        cavity[found] = here
        found += 1
        for k in range(3):
            other = mesh.across[here, k]
            if other < 0 or seen[other] == number:
                continue
            apart = (mesh.centre_x[other] - px) ** 2 + (mesh.centre_y[other] - py) ** 2
            # without a circle (a sliver of the hull): never holds the point
            if apart < mesh.radius2[other] * (1.0 - 1e-12):
                seen[other] = number
                if waiting == len(stack):
                    return -1
                stack[waiting] = other
                waiting += 1
    # one order, wherever the walk came from: equal sums in every block
    cavity[:found].sort()
    return found


@njit(nogil=True, cache=True)
def _circle(ax, ay, bx, by, cx, cy):  # noqa: ANN001, ANN202
    bx, by, cx, cy = bx - ax, by - ay, cx - ax, cy - ay
    b2, c2 = bx * bx + by * by, cx * cx + cy * cy
    cross = bx * cy - by * cx
    if cross == 0.0:
        return np.inf, np.inf
    half = 0.5 / cross
    return (cy * b2 - by * c2) * half, (bx * c2 - cx * b2) * half


@njit(nogil=True, cache=True)
def _sibson(px, py, mesh, cavity, found):  # noqa: ANN001, ANN202
    """Return the sum of the areas taken from the neighbours, bare and times value."""
    total, value = 0.0, 0.0
    for m in range(found):
        triangle = cavity[m]
        # all places relative to the point: areas stay exact far from the origin
        cx, cy = mesh.centre_x[triangle] - px, mesh.centre_y[triangle] - py
        a, b, c = mesh.corners[triangle]
        ax, ay, bx, by = mesh.x[a], mesh.y[a], mesh.x[b], mesh.y[b]
        turn = -1.0 if _side(ax, ay, bx, by, mesh.x[c], mesh.y[c]) < 0 else 1.0
        for k in range(3):
            v = mesh.corners[triangle, k]
            n1 = mesh.corners[triangle, (k + 1) % 3]
            n2 = mesh.corners[triangle, (k + 2) % 3]
            x1, y1 = _circle(px, py, mesh.x[v], mesh.y[v], mesh.x[n1], mesh.y[n1])
            x2, y2 = _circle(px, py, mesh.x[n2], mesh.y[n2], mesh.x[v], mesh.y[v])
            part = turn * ((x1 - cx) * (y2 - cy) - (y1 - cy) * (x2 - cx))
            total += part
            value += part * mesh.content[v]
    return total, value
