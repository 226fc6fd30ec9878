"""The square of ground the district stands on, and smooth noise over it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from rasterio.features import rasterize
from rasterio.transform import from_origin
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray
    from shapely import LineString

CRS = "EPSG:4547"
RESOLUTION = 50.0
SIZE = 400
WEST, NORTH = 520_000.0, 3_420_000.0
EAST, SOUTH = WEST + SIZE * RESOLUTION, NORTH - SIZE * RESOLUTION
SEED = 20_240_618
TRANSFORM = from_origin(WEST, NORTH, RESOLUTION, RESOLUTION)

X = WEST + RESOLUTION * (np.arange(SIZE) + 0.5)
Y = NORTH - RESOLUTION * (np.arange(SIZE) + 0.5)
EASTING, NORTHING = np.meshgrid(X, Y)


def stream(*key: int) -> np.random.Generator:
    """Random numbers of one part of the story, independent of all other parts."""
    return np.random.default_rng([SEED, *key])


def noise(rng: np.random.Generator, scale: float) -> NDArray[np.float64]:
    """Smooth field of mean 0 and deviation 1; `scale` in metres."""
    sigma = scale / RESOLUTION
    margin = int(4 * sigma) + 1
    field = rng.standard_normal((SIZE + 2 * margin, SIZE + 2 * margin))
    field = gaussian_filter(field, sigma, mode="wrap")
    field = field[margin:-margin, margin:-margin]
    return np.round((field - field.mean()) / field.std(), 4)


def fractal(
    rng: np.random.Generator, scale: float, octaves: int = 4
) -> NDArray[np.float64]:
    """Sum of noises, each of half the scale and 0.55 times the height of the last."""
    parts = [0.55**i * noise(rng, scale / 2**i) for i in range(octaves)]
    total = np.sum(parts, axis=0)
    return np.round(total / total.std(), 4)


def cell_of(
    easting: NDArray[np.float64], northing: NDArray[np.float64]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Row and column of points; points outside go to the nearest cell."""
    row = np.floor((NORTH - np.asarray(northing)) / RESOLUTION).astype(int)
    column = np.floor((np.asarray(easting) - WEST) / RESOLUTION).astype(int)
    return row.clip(0, SIZE - 1), column.clip(0, SIZE - 1)


def distance_to_lines(lines: Iterable[LineString]) -> NDArray[np.float64]:
    """Distance in metres of every cell centre to the nearest line."""
    vertices = [
        np.array(line.segmentize(20.0).coords)[:, :2] for line in lines if line.length
    ]
    tree = cKDTree(np.concatenate(vertices))
    distance, _ = tree.query(np.column_stack([EASTING.ravel(), NORTHING.ravel()]))
    return distance.reshape(SIZE, SIZE)


def burn(shapes: Iterable, *, all_touched: bool = False) -> NDArray[np.bool_]:
    """Cells covered by the shapes."""
    shapes = [(shape, 1) for shape in shapes]
    burned = rasterize(
        shapes, (SIZE, SIZE), transform=TRANSFORM, all_touched=all_touched
    )
    return burned.astype(bool)
