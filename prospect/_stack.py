"""Evidence layers on one grid, and what is missing in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from survey import DataProblems, Problem, geobox_of, match_grid

from ._note import Note
from ._stream import as_dask, stream_blocks

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from odc.geo.geobox import GeoBox

KINDS = ("continuous", "categorical")
STORAGE = ("_FillValue", "scale_factor", "add_offset", "grid_mapping")


def stack_evidence(
    layers: Mapping[str, xr.DataArray], *, like: xr.DataArray | GeoBox | None = None
) -> xr.Dataset:
    """
    Evidence layers as one stack, a variable a layer, all on one grid.

    Parameters
    ----------
    layers : mapping of str to DataArray, dims (y, x)
        Layers by name. `attrs["kind"]` is "continuous" (taken where it is not given) or
        "categorical"; NaN is missing.
    like : GeoBox or DataArray, optional
        Grid of the stack. Layers on other grids are matched to it, categorical ones by
        the nearest cell. Without it all layers have to lie on the grid of the first.

    Returns
    -------
    Dataset
        Lazy where the layers are; floating point; attributes of the layers kept.

    Raises
    ------
    DataProblems
        If layers lie on different grids and `like` is not given, are not maps of two
        dimensions or have an unknown kind: all of them at once.
    ValueError
        If there is no layer.

    See Also
    --------
    missing_table : What is missing or constant in a stack.
    survey.match_grid : One grid brought to another.

    Examples
    --------
    >>> from odc.geo.geobox import GeoBox
    >>> from odc.geo.xr import wrap_xr
    >>> box = GeoBox.from_bbox((0, 0, 300, 200), "EPSG:32654", resolution=100)
    >>> layers = {"fault_distance": wrap_xr(np.arange(6.0).reshape(2, 3), box)}
    >>> dict(stack_evidence(layers).sizes)
    {'y': 2, 'x': 3}
    """
    if not layers:
        raise ValueError("there is no layer: give at least one, as {name: grid}")
    problems = [p for name, grid in layers.items() for p in _shape_problems(name, grid)]
    if problems:
        raise DataProblems(problems)
    if like is not None:
        like = geobox_of(like)
        layers = {name: match_grid(grid, like=like) for name, grid in layers.items()}
    _check_one_grid(layers)
    grids = [_as_float(grid) for grid in layers.values()]
    first = grids[0].drop_vars([c for c in grids[0].coords if c not in _COORDS])
    if any(grid.chunks for grid in grids):
        arrays = as_dask(grids)
    else:
        arrays = [grid.data for grid in grids]
    variables = {
        name: (("y", "x"), array, _attributes(name, grid))
        for name, array, grid in zip(layers, arrays, grids, strict=True)
    }
    return xr.Dataset(variables, coords=first.coords)


def missing_table(stack: xr.Dataset) -> pd.DataFrame:
    """
    Count, per layer, the cells that are missing and the values that are there.

    Reads the whole stack once, block by block: a global statistic.

    Parameters
    ----------
    stack : Dataset
        Evidence layers on one grid.

    Returns
    -------
    DataFrame, index layer
        `missing_share` (0 to 1), `known_cells`, `minimum`, `maximum`. In `attrs`:
        `problems`, a list of Problem (a layer without any value, a constant layer,
        infinite values); `empty_share`, the share of cells where every layer is
        missing; `complete_share`, the share of cells where none is.

    Examples
    --------
    >>> import xarray as xr
    >>> stack = xr.Dataset({"a": (("y", "x"), [[1.0, np.nan]]),
    ...                     "b": (("y", "x"), [[2.0, 2.0]])})
    >>> table = missing_table(stack)
    >>> table["missing_share"].to_dict()
    {'a': 0.5, 'b': 0.0}
    >>> print(table.attrs["problems"][1])  # doctest: +ELLIPSIS
    layer 'b', value '2.0': the layer has one value everywhere. Remedy: ...
    """
    counts = np.zeros((len(stack.data_vars), 2), dtype=np.int64)
    limits = np.tile([np.inf, -np.inf], (len(counts), 1))
    empty = complete = total = 0
    for block in stream_blocks(_count_block, [stack[name] for name in stack]):
        counts += block[0]
        limits[:, 0] = np.minimum(limits[:, 0], block[1][:, 0])
        limits[:, 1] = np.maximum(limits[:, 1], block[1][:, 1])
        empty, complete, total = (
            seen + more
            for seen, more in zip((empty, complete, total), block[2], strict=True)
        )
    nothing = counts[:, 0] == 0
    table = pd.DataFrame(
        {
            "missing_share": 1 - counts[:, 0] / total,
            "known_cells": counts[:, 0],
            "minimum": np.where(nothing, np.nan, limits[:, 0]),
            "maximum": np.where(nothing, np.nan, limits[:, 1]),
        },
        index=pd.Index(list(stack.data_vars), name="layer"),
    )
    table.attrs["problems"] = _value_problems(table, counts[:, 1])
    table.attrs["empty_share"] = empty / total
    table.attrs["complete_share"] = complete / total
    return table


_COORDS = ("y", "x", "spatial_ref")


def _shape_problems(name: str, grid: xr.DataArray) -> list[Problem]:
    if not isinstance(grid, xr.DataArray):
        remedy = "open it with survey.open_grid"
        return [Problem(f"is a {type(grid).__name__}, not a grid", remedy, layer=name)]
    if grid.dims != ("y", "x"):
        remedy = "select one band, e.g. grid.isel(band=0), or rename the dimensions"
        return [Problem("dimensions are not (y, x)", remedy, None, name, None, None,
                        str(grid.dims))]  # fmt: skip
    kind = grid.attrs.get("kind", KINDS[0])
    if kind not in KINDS:
        remedy = f"set attrs['kind'] to one of {', '.join(KINDS)}"
        return [Problem("kind is unknown", remedy, layer=name, value=str(kind))]
    return []


def _check_one_grid(layers: Mapping[str, xr.DataArray]) -> None:
    """Raise if the layers do not lie on the grid of the first."""
    boxes = {name: geobox_of(grid) for name, grid in layers.items()}
    name, first = next(iter(boxes.items()))
    remedy = (
        f"bring it to the grid of '{name}' with survey.match_grid(grid, like=...), "
        "or state like= here"
    )
    problems = [
        Problem(
            f"lies on another grid than '{name}': {difference}", remedy, layer=other
        )
        for other, box in boxes.items()
        if (difference := _difference(first, box))
    ]
    if problems:
        raise DataProblems(problems)


def _difference(first: GeoBox, other: GeoBox) -> str:
    """Return what differs between two grids; empty if nothing does."""
    if first.crs != other.crs:
        return f"CRS {other.crs} instead of {first.crs}"
    if tuple(first.shape) != tuple(other.shape):
        return f"{other.shape.y} x {other.shape.x} cells instead of " + (
            f"{first.shape.y} x {first.shape.x}"
        )
    cell = abs(first.affine.a) or abs(first.affine.b)
    apart = np.abs(np.subtract(first.affine[:6], other.affine[:6]))
    reach = np.array([first.shape.x, first.shape.y, 1] * 2)
    if (apart * reach).max() > 1e-3 * cell:
        return f"transform {tuple(other.affine[:6])} instead of " + (
            f"{tuple(first.affine[:6])}"
        )
    return ""


def _as_float(grid: xr.DataArray) -> xr.DataArray:
    if np.issubdtype(grid.dtype, np.floating):
        return grid
    small = grid.dtype.itemsize <= 2
    return grid.astype("float32" if small else "float64", keep_attrs=True)


def _attributes(name: str, grid: xr.DataArray) -> dict:
    kept = {k: v for k, v in grid.attrs.items() if k not in STORAGE}
    origin = grid.encoding.get("source", name)
    return {"kind": KINDS[0], "source": str(origin)} | kept


def _count_block(
    blocks: list[NDArray], _: tuple[int, int]
) -> tuple[NDArray, NDArray, NDArray]:
    counts = np.zeros((len(blocks), 2), dtype=np.int64)
    limits = np.tile([np.inf, -np.inf], (len(blocks), 1))
    n_present = np.zeros(blocks[0].shape, dtype=np.uint16)
    for k, block in enumerate(blocks):
        finite = np.isfinite(block)
        n_present += finite
        counts[k] = finite.sum(), np.isinf(block).sum()
        if counts[k, 0]:
            limits[k] = (
                block.min(where=finite, initial=np.inf),
                block.max(where=finite, initial=-np.inf),
            )
    whole = (n_present == 0).sum(), (n_present == len(blocks)).sum(), n_present.size
    return counts, limits, np.array(whole)


def _value_problems(table: pd.DataFrame, n_infinite: NDArray) -> list[Problem]:
    problems = []
    for (layer, row), n_inf in zip(table.iterrows(), n_infinite, strict=True):
        if row["known_cells"] == 0:
            what, remedy = Note("layer_empty"), Note("layer_empty_remedy")
            problems.append(Problem(what, remedy, layer=layer))
        elif row["minimum"] == row["maximum"]:
            what, remedy = Note("layer_constant"), Note("layer_constant_remedy")
            value = str(row["minimum"])
            problems.append(Problem(what, remedy, layer=layer, value=value))
        if n_inf:
            what = Note("layer_infinite", n=int(n_inf))
            remedy = Note("layer_infinite_remedy")
            problems.append(Problem(what, remedy, layer=layer, value="inf"))
    return problems
