"""The area that each sample stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from survey import check_projected

from ..._note import Note

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

KM2 = 1e-6


def sample_areas(samples: gpd.GeoDataFrame) -> tuple[NDArray[np.float64], list[Note]]:
    """
    Area of each sample in km²: its polygon, or its Voronoi cell within the hull.

    Samples at one place share the cell.
    """
    check_projected(samples, what="the area of samples")
    shapes = samples.geometry.to_numpy()
    void = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    if void.any():
        raise ValueError(
            f"{int(void.sum())} samples have no geometry, the first is row "
            f"{int(np.argmax(void)) + 1}: leave them out or give them coordinates"
        )
    kinds = set(shapely.get_dimensions(shapes).tolist())
    if kinds == {2}:
        return shapely.area(shapes) * KM2, [Note("curve_polygons", n=len(shapes))]
    if kinds != {0} or (shapely.get_type_id(shapes) != 0).any():
        raise ValueError(
            "areas are known of points and polygons only: give samples as points or "
            "their catchments as polygons, not mixed"
        )
    xy = shapely.get_coordinates(shapes)
    places, member, times = np.unique(
        xy, axis=0, return_inverse=True, return_counts=True
    )
    if len(places) < 3:
        raise ValueError(f"{len(places)} places span no area: use concentration_number")
    areas = _voronoi(places)
    if not areas.sum() > 0:
        raise ValueError(
            "all samples lie on one line and span no area: use concentration_number"
        )
    shared = int((times > 1) @ times)
    notes = [Note("curve_voronoi", n=len(places), shared=shared)]
    return (areas / times)[member] * KM2, notes


def _voronoi(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Area of the Voronoi cells within the convex hull, in the order of the places."""
    points = shapely.MultiPoint(places)
    hull = points.convex_hull
    cells = shapely.get_parts(
        shapely.voronoi_polygons(points, extend_to=hull, ordered=True)
    )
    return shapely.area(shapely.intersection(cells, hull))
