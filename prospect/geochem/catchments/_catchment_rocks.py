"""Which rocks each catchment drains, and what share of it no map covers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from survey import DataProblems, Problem, check_columns, check_projected

from ._tree import own_polygons, pass_down, tree_of

if TYPE_CHECKING:
    import geopandas as gpd

    from ._tree import Tree

UNMAPPED = "unmapped"
OVERLAP = 0.005  # share of a catchment that polygons may cover twice: slivers


def catchment_composition(
    catchments: gpd.GeoDataFrame, geology: gpd.GeoDataFrame, column: str
) -> pd.DataFrame:
    """
    Share of each lithology in each catchment.

    Parameters
    ----------
    catchments : GeoDataFrame
        The whole table of `delineate_catchments`.
    geology : GeoDataFrame of polygons
        Geological map in any CRS; its polygons must not overlap.
    column : str
        Column with the name of the lithology. Polygons without a name count as
        unmapped.

    Returns
    -------
    DataFrame
        A row a sample, index `sample_id`; a column a lithology and last ``unmapped``:
        shares of the area of the whole catchment (0-1, rows sum to 1). NaN for samples
        without a catchment.

    Raises
    ------
    ValueError
        If no polygon meets a catchment, or a lithology is called "unmapped".
    DataProblems
        Listing invalid shapes, shapes that are no polygons, and catchments of which
        more than 0.5 % is covered twice.

    Examples
    --------
    >>> import geopandas as gpd
    >>> box = gpd.GeoSeries([shapely.box(0, 0, 1000, 1000)], crs=32650)
    >>> one = {"sample_id": ["A"], "area_km2": [1.0], "own_area_km2": [1.0]}
    >>> one |= {"downstream_id": [None], "outlet_cell": [7]}
    >>> catchments = gpd.GeoDataFrame(one, geometry=box)
    >>> rocks = [shapely.box(0, 0, 250, 1000), shapely.box(250, 0, 750, 1000)]
    >>> units = {"unit": ["granite", "schist"]}
    >>> geology = gpd.GeoDataFrame(units, geometry=rocks, crs=32650)
    >>> catchment_composition(catchments, geology, "unit")
               granite  schist  unmapped
    sample_id
    A             0.25     0.5      0.25
    """
    check_projected(catchments, what="catchment_composition")
    rocks = _rocks(geology, column).to_crs(catchments.crs)
    tree = tree_of(catchments)
    names = sorted(rocks[column].unique())
    own = own_polygons(catchments, tree)
    areas = pass_down(_overlay(own, rocks, column, names), tree)
    total = pass_down(shapely.area(own), tree)
    if not areas.any():
        raise ValueError(
            "no polygon of the geology meets a catchment: check the CRS of both"
        )
    _check_overlaps(areas.sum(axis=1) / total, catchments, tree)
    shares = np.column_stack([areas, np.maximum(total - areas.sum(axis=1), 0)])
    shares /= shares.sum(axis=1, keepdims=True)
    spread = np.full((len(catchments), len(names) + 1), np.nan)
    spread[tree.node >= 0] = shares[tree.node[tree.node >= 0]]
    index = pd.Index(catchments["sample_id"].astype(str), name="sample_id")
    return pd.DataFrame(spread, index=index, columns=[*names, UNMAPPED])


def _rocks(geology: gpd.GeoDataFrame, column: str) -> gpd.GeoDataFrame:
    """Polygons with the name of their lithology as text; bad ones are listed."""
    check_columns(geology, column, where="geology")
    if geology.crs is None:
        raise ValueError("the geology has no CRS: state it with set_crs('EPSG:…')")
    shapes = geology.geometry
    there = ~(shapes.isna() | shapes.is_empty)
    flat = shapes.geom_type.isin(["Polygon", "MultiPolygon"])
    problems = [
        Problem(what, remedy, row=row + 1, value=value)
        for bad, what, remedy in (
            (there & ~flat, "not a polygon", "give polygons only"),
            (
                there & flat & ~shapes.is_valid,
                "the polygon is invalid",
                "mend it: geology.geometry.make_valid()",
            ),
        )
        for row, value in (
            (int(i), shapes.iloc[i].geom_type) for i in np.flatnonzero(bad)
        )
    ]
    if problems:
        raise DataProblems(problems)
    named = there & geology[column].notna()
    rocks = geology.loc[named, [column, shapes.name]].copy()
    rocks[column] = rocks[column].astype(str)
    if (rocks[column] == UNMAPPED).any():
        raise ValueError(
            f"a lithology is called '{UNMAPPED}': that name is for ground without a "
            "map; rename it or leave its name empty"
        )
    return rocks


def _overlay(
    own: np.ndarray, rocks: gpd.GeoDataFrame, column: str, names: list[str]
) -> np.ndarray:
    """Area of each lithology in each own area, in square units of the CRS."""
    shapes = rocks.geometry.to_numpy()
    code = pd.Categorical(rocks[column], categories=names).codes
    which, rock = shapely.STRtree(shapes).query(own, predicate="intersects")
    inner = shapely.area(shapely.intersection(own[which], shapes[rock]))
    areas = np.zeros((len(own), len(names)))
    np.add.at(areas, (which, code[rock]), inner)
    return areas


def _check_overlaps(
    covered: np.ndarray, catchments: gpd.GeoDataFrame, tree: Tree
) -> None:
    doubled = np.flatnonzero(covered > 1 + OVERLAP)
    if doubled.size:
        raise DataProblems(
            Problem(
                f"the geology covers {100 * covered[i]:.1f} % of the catchment",
                "take out polygons that overlap, so that each place has one rock",
                row=int(tree.first[i]) + 1,
                column="sample_id",
                value=str(catchments["sample_id"].iloc[tree.first[i]]),
            )
            for i in doubled
        )
