"""Points, lines and areas drawn over a map, and which of them lie at a place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely.geometry import Point

from survey import same_crs

from ..report import COLOURS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from shapely.geometry.base import BaseGeometry

    from ..report import Words
    from ._place import Place

MOST_POINTS = 20_000
MOST_COLUMNS = 6  # of a feature, shown when it is clicked
MOST_FEATURES = 3  # of one overlay told at a click
FINE = 3000  # parts of the map's side that outlines may be off


class Overlay:
    """Features on the coordinate system of the map."""

    def __init__(
        self, name: str, features: gpd.GeoDataFrame, place: Place, *, kind: str = ""
    ) -> None:
        features = _on_map(name, features, place)
        self.name, self.kind = name, kind
        self.features = features[
            ~features.geometry.is_empty & features.geometry.notna()
        ]
        self.fine = (place.east - place.west) / FINE

    def drawn(self, colour: str, words: Words) -> dict[str, Any]:
        """Coordinates for the page."""
        shapes = self.features.geometry
        points = shapes[shapes.geom_type == "Point"]
        others = shapes[shapes.geom_type != "Point"]
        shown = points.iloc[:MOST_POINTS]
        ranks = self._ranks(others)
        paths = [
            {"at": path, "number": rank}
            for rank, shape in zip(ranks, others, strict=True)
            for path in _paths(shape.simplify(self.fine))
        ]
        label = words("view_overlay", name=self.name, n=len(self.features))
        if len(points) > MOST_POINTS:
            label = words(
                "view_overlay_cut", name=self.name, n=len(points), shown=MOST_POINTS
            )
        return {
            "label": label,
            "kind": self.kind,
            "colour": colour,
            "x": shown.x.tolist(),
            "y": shown.y.tolist(),
            "paths": paths,
        }

    def at(self, x: float, y: float, reach: float) -> list[dict[str, str]]:
        """Features at a place: areas that hold it, points and lines within reach."""
        spot = Point(x, y)
        rows = self.features.sindex.query(spot.buffer(reach) if reach > 0 else spot)
        distance = self.features.geometry.iloc[rows].distance(spot).to_numpy()
        order = np.argsort(distance, kind="stable")
        rows = rows[order][distance[order] <= reach][:MOST_FEATURES]
        near = self.features.iloc[rows].drop(columns=self.features.geometry.name)
        return [
            {"name": self._named(row), "text": _told(row)} for _, row in near.iterrows()
        ]

    def _named(self, row: pd.Series) -> str:
        return f"{self.name} {row['rank']}" if "rank" in row.index else self.name

    def _ranks(self, others: gpd.GeoSeries) -> list[str]:
        if self.kind != "targets":
            return [""] * len(others)
        if "rank" in self.features:
            return [f"{rank:g}" for rank in self.features.loc[others.index, "rank"]]
        return [str(number + 1) for number in range(len(others))]


def overlays_of(
    points: gpd.GeoDataFrame | Mapping[str, gpd.GeoDataFrame] | None,
    targets: gpd.GeoDataFrame | None,
    place: Place,
    words: Words,
) -> list[Overlay]:
    """Overlays of what the caller gave, targets first so that points lie on top."""
    found = []
    if targets is not None:
        found.append(Overlay(words("view_targets"), targets, place, kind="targets"))
    if points is None:
        return found
    if isinstance(points, gpd.GeoDataFrame):
        points = {words("view_points"): points}
    return [*found, *(Overlay(str(k), v, place) for k, v in points.items())]


def drawn(overlays: list[Overlay], words: Words) -> list[dict[str, Any]]:
    """Overlays for the page: the first points white as on paper, others in colours."""
    shades = iter(["#ffffff", *COLOURS[1:], *COLOURS, *COLOURS])
    return [
        overlay.drawn("#000000" if overlay.kind else next(shades, "#555555"), words)
        for overlay in overlays
    ]


def _on_map(name: str, features: gpd.GeoDataFrame, place: Place) -> gpd.GeoDataFrame:
    if not isinstance(features, gpd.GeoDataFrame):
        raise TypeError(
            f"{name!r} is a {type(features).__name__}, not a GeoDataFrame: read it "
            "with survey.read_features or survey.read_samples"
        )
    if (features.crs is None) != (place.crs is None):
        told, remedy = ("have a CRS, the grid has none", "grid.rio.write_crs(...)")
        if features.crs is None:
            told, remedy = ("have no CRS, the grid has one", "set_crs(...)")
        raise ValueError(
            f"the features of {name!r} {told}: they cannot be laid over each other. "
            f"Name what is missing with {remedy}"
        )
    if place.crs is None or same_crs(features.crs, place.crs):
        return features
    return features.to_crs(place.crs)


def _paths(shape: BaseGeometry) -> Iterator[list[list[float]]]:
    for part in getattr(shape, "geoms", [shape]):
        lines = (
            [part.exterior, *part.interiors] if part.geom_type == "Polygon" else [part]
        )
        for line in lines:
            yield np.round(np.asarray(line.coords)[:, :2], 7).tolist()


def _told(row: pd.Series) -> str:
    """First columns of a feature that say something."""
    said = []
    for column, value in row.items():
        if column == "rank" or pd.api.types.is_list_like(value) or pd.isna(value):
            continue
        said.append(f"{column} = {_text(value)}")
    return "; ".join(said[:MOST_COLUMNS])


def _text(value: object) -> str:
    """Value of a feature: numbers with six digits, large ones in full."""
    if not isinstance(value, float | np.floating):
        return str(value)
    return f"{value:.1f}" if abs(value) >= 1e5 else f"{value:.6g}"
