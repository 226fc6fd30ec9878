"""Density of exploration effort: where people have looked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ._stream import centres_of

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray
    from odc.geo.geobox import GeoBox

NODES_PER_BANDWIDTH = 8
MOST_NODES = 2000


class Effort:
    """
    Gaussian kernel density of points, held on a coarse lattice over a grid.

    The lattice has `NODES_PER_BANDWIDTH` nodes per standard deviation of the kernel and
    reaches four of them beyond the grid; between its nodes the density is interpolated
    linearly. It is the same however the grid is cut into blocks.
    """

    def __init__(
        self, points: gpd.GeoDataFrame, box: GeoBox, bandwidth: float | None
    ) -> None:
        from scipy.ndimage import gaussian_filter

        at = points.geometry.to_crs(box.crs)
        places = np.column_stack([at.x, at.y])
        places = places[np.isfinite(places).all(axis=1)]
        if len(places) < 2:
            raise ValueError(
                f"effort has {len(places)} usable points: give at least 2 places where "
                "people have looked"
            )
        self.box = box
        self.bandwidth = _silverman(places) if bandwidth is None else float(bandwidth)
        west, south, east, north = box.boundingbox.bbox
        longest = max(east - west, north - south)
        step = max(self.bandwidth / NODES_PER_BANDWIDTH, longest / MOST_NODES)
        if not self.bandwidth >= 2 * step:
            raise ValueError(
                f"bandwidth {self.bandwidth} m is too small for a region of "
                f"{longest} m: give {2 * longest / MOST_NODES} m or more"
            )
        margin = 4 * self.bandwidth
        self.origin = np.array([west - margin, south - margin])
        size = np.array([east - west, north - south]) + 2 * margin
        bins = np.ceil(size / step).astype(int) + 1
        self.step = step
        upper = self.origin + bins * step
        counts, *_ = np.histogram2d(
            *places.T, bins=bins, range=list(zip(self.origin, upper, strict=True))
        )
        if not counts.any():
            raise ValueError(
                "no effort point lies in or near the region: check the CRS of effort"
            )
        sigma = self.bandwidth / step
        self.density = gaussian_filter(counts, sigma, mode="constant", truncate=4.0)

    def at(self, row: NDArray[np.int64], col: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return relative density at the centres of cells."""
        from scipy.ndimage import map_coordinates

        x, y = centres_of(self.box.affine, row, col)
        nodes = (np.stack([x, y]) - self.origin[:, None]) / self.step - 0.5
        return map_coordinates(self.density, nodes, order=1, mode="nearest")


def _silverman(places: NDArray) -> float:
    """Return the rule-of-thumb bandwidth in two dimensions (Silverman 1986, p. 87)."""
    spread = np.sqrt(places.var(axis=0, ddof=1).mean())
    if not spread > 0:
        raise ValueError(
            "all effort points lie at one place: state bandwidth= in metres"
        )
    return float(spread * len(places) ** (-1 / 6))
