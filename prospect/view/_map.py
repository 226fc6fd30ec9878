"""A map in the notebook: layers to switch, places to ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..report import Words
from ._layers import Backdrop, check_one_system, layers_of
from ._overlays import overlays_of
from ._place import place_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd
    import xarray as xr

    from ._map_widget import MapView


def view_map(
    layers: xr.Dataset | Mapping[str, xr.DataArray] | xr.DataArray,
    *,
    points: gpd.GeoDataFrame | Mapping[str, gpd.GeoDataFrame] | None = None,
    targets: gpd.GeoDataFrame | None = None,
    basemap: xr.DataArray | None = None,
    titles: Mapping[str, str] | None = None,
    lang: str = "en",
    height: int = 460,
) -> MapView:
    """
    Map to move, zoom and click in: what every layer says at a place.

    The map is drawn in the coordinate system of the grids, local ones included; nothing
    is reprojected, and no network is needed. The picture is thinned to at most 1024
    cells a side and sharpens where you zoom in; a click reads the true cell of the
    full grid. Lazy grids stay on disk: a layer is read when it is first shown, block by
    block, and memory does not grow with the map.

    Parameters
    ----------
    layers : Dataset, mapping of str to DataArray, or DataArray, dims ("y", "x")
        Grids on one coordinate system, or all on none; cells may differ. The first is
        shown first. Colours and legends are those of `prospect.report.figure_map`.
    points : GeoDataFrame or mapping of str to GeoDataFrame, optional
        Deposits, samples, lines such as faults: by their names, the first in white.
    targets : GeoDataFrame, optional
        Polygons with a column `rank`, outlined and numbered.
    basemap : DataArray, optional
        What lies under the layers: an elevation grid (y, x), shown as shaded relief, or
        an image of three bands (band, y, x), on the coordinate system of the layers.
    titles : mapping of str to str, optional
        What layers are called on the map, by name; their `long_name` or name when not
        given.
    lang : {"en", "zh"}
        Language of the map.
    height : int
        Height of the map in pixels of the page.

    Returns
    -------
    MapView
        Widget with `picked` (DataFrame: a row a place, a column a layer, NaN where
        unknown), `pick(x, y)` for what a click does, and `on_pick(callback)`. On a
        static page a picture stands in its place.

    Raises
    ------
    ImportError
        If anywidget is not installed: with the extra that brings it.
    ValueError
        If there is no layer, one is no grid, or coordinate systems differ.

    Notes
    -----
    Longitude and latitude are on the grid's own datum, which the map names: no shift
    between datums is applied. Web tiles are not offered, as they exist in Web Mercator
    only and would need the grids reprojected and a network.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> grid = xr.DataArray(
    ...     [[1.0, np.nan], [3.0, 4.0]], {"y": [150.0, 50.0], "x": [50.0, 150.0]},
    ...     ("y", "x"), attrs={"units": "ppm"}).rio.write_crs("EPSG:4547")
    >>> view = view_map({"copper": grid})
    >>> float(view.pick(40, 60)["copper"])
    3.0
    >>> view.table["copper"].tolist()
    ['3 ppm']
    """
    words = Words(lang)
    try:
        from ._map_widget import MapView
    except ImportError as error:
        raise ImportError(
            "the map needs anywidget: python -m pip install 'prospect-workbench[lab]'"
        ) from error
    found = layers_of(layers, words, titles or {})
    backdrop = None
    if basemap is not None:
        backdrop = Backdrop(basemap, words)
        check_one_system([found[0], backdrop])
    place = place_of(
        [layer.edges for layer in found],
        crs=found[0].grid.rio.crs,
        counted=found[0].counted,
    )
    overlays = overlays_of(points, targets, place, words)
    return MapView(
        found, place, overlays, backdrop=backdrop, words=words, height=height
    )
