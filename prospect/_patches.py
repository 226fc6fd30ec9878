"""Connected patches of a map that is read block by block."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from ._stream import stream_blocks

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr
    from numpy.typing import NDArray
    from shapely import Geometry

EIGHT = np.ones((3, 3), dtype=bool)
COLUMNS = ["cells", "total", "score_max", "row", "col", "n_deposits", "sure", "doubt"]


class _Piece(NamedTuple):
    """Part of patches that lies in one block: statistics, edges and outlines."""

    origin: tuple[int, int]
    shape: tuple[int, int]
    table: pd.DataFrame
    edges: dict[str, NDArray[np.int32]]


def find_patches(
    grids: Sequence[xr.DataArray], threshold: float, deposits: NDArray[np.int64]
) -> tuple[pd.DataFrame, dict[tuple[int, int], NDArray[np.int64]]]:
    """
    Return statistics of the patches at or above a threshold, and who is where.

    `grids` are the score and, if given, its uncertainty; `deposits` rows and columns.
    Cells that touch by an edge or a corner belong together, across blocks too. The
    second result names, for each block by its origin, the patch of each local label.
    """

    def look(blocks: list[NDArray], origin: tuple[int, int]) -> _Piece:
        return _look(blocks, origin, threshold, deposits)

    pieces = [piece for piece in stream_blocks(look, grids) if piece is not None]
    starts = np.cumsum([0, *(len(piece.table) for piece in pieces)])
    patch = _join(pieces, starts)
    if not len(patch):
        return pd.DataFrame(columns=COLUMNS), {}
    parts = pd.concat([piece.table for piece in pieces], ignore_index=True)
    best = parts.assign(patch=patch).sort_values(
        ["patch", "score_max", "row", "col"], ascending=[True, False, True, True]
    )
    peak = best.groupby("patch")[["score_max", "row", "col"]].first()
    sums = ["cells", "total", "n_deposits", "sure", "doubt"]
    table = parts.groupby(patch)[sums].sum().join(peak)[COLUMNS]
    homes = {
        piece.origin: patch[start : start + len(piece.table)]
        for piece, start in zip(pieces, starts, strict=False)
    }
    return table, homes


def outline_patches(
    score: xr.DataArray,
    threshold: float,
    homes: dict[tuple[int, int], NDArray[np.int64]],
    chosen: NDArray[np.int64],
) -> pd.Series:
    """Return the outline of each chosen patch, in columns and rows of the grid."""
    import shapely

    wanted = set(chosen.tolist())
    blocks = [b for b, patch in homes.items() if wanted.intersection(patch.tolist())]

    def draw(
        arrays: list[NDArray], origin: tuple[int, int]
    ) -> list[tuple[int, Geometry]]:
        return _draw(arrays[0], origin, threshold, homes[origin], wanted)

    only = _block_numbers(score, blocks)
    shapes: dict[int, list] = {}
    for block in stream_blocks(draw, [score], only=only):
        for patch, shape in block:
            shapes.setdefault(patch, []).append(shape)
    return pd.Series(
        {
            patch: shapely.normalize(_straighten(shapely.union_all(shapes[patch])))
            for patch in chosen.tolist()
        },
        dtype=object,
    )


def _look(
    blocks: list[NDArray],
    origin: tuple[int, int],
    threshold: float,
    deposits: NDArray[np.int64],
) -> _Piece | None:
    from scipy import ndimage

    score = blocks[0]
    labels, n = _label(score, threshold)
    if n == 0:
        return None
    flat, values = labels.ravel(), np.where(labels > 0, score, 0).ravel().astype(float)
    cells = np.bincount(flat, minlength=n + 1)[1:]
    total = np.bincount(flat, values, minlength=n + 1)[1:]
    numbers = np.arange(1, n + 1)
    peak = np.array(ndimage.maximum_position(score, labels, numbers)).reshape(n, 2)
    here = deposits - origin
    here = here[((here >= 0) & (here < score.shape)).all(axis=1)]
    known = np.bincount(labels[here[:, 0], here[:, 1]], minlength=n + 1)[1:]
    sure, doubt = np.zeros(n), np.zeros(n)
    if len(blocks) > 1:
        told = np.isfinite(blocks[1]).ravel()
        weight = np.where(told, blocks[1].ravel(), 0).astype(float)
        sure = np.bincount(flat, told, minlength=n + 1)[1:]
        doubt = np.bincount(flat, weight, minlength=n + 1)[1:]
    columns = [cells, total, score[tuple(peak.T)].astype(float)]
    columns += [*(peak + origin).T, known, sure, doubt]
    table = pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)))
    edges = {
        "top": labels[0],
        "bottom": labels[-1],
        "left": labels[:, 0],
        "right": labels[:, -1],
    }
    return _Piece(origin, score.shape, table, {k: v.copy() for k, v in edges.items()})


def _label(score: NDArray, threshold: float) -> tuple[NDArray[np.int32], int]:
    from scipy import ndimage

    # np.float64: a Python float would be rounded to the precision of a float32 map
    with np.errstate(invalid="ignore"):
        chosen = np.isfinite(score) & (score >= np.float64(threshold))
    return ndimage.label(chosen, structure=EIGHT)


def _join(pieces: list[_Piece], starts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the patch of each local label, joined across the edges of blocks."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = int(starts[-1])
    if n == 0:
        return np.empty(0, dtype=np.int64)
    rims = _rims(pieces, starts)
    pairs = [np.empty((0, 2), dtype=np.int64)]
    for this, other in (("bottom", "top"), ("right", "left")):
        side, across = rims[this], rims[other]
        for step in (-1, 0, 1):
            moved = across.assign(along=across["along"] + step)
            met = side.merge(moved, on=["line", "along"])
            pairs.append(met[["label_x", "label_y"]].to_numpy())
    joined = np.unique(np.concatenate(pairs), axis=0)
    graph = coo_array((np.ones(len(joined)), tuple(joined.T)), shape=(n, n))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def _rims(pieces: list[_Piece], starts: NDArray[np.int64]) -> dict[str, pd.DataFrame]:
    """Return labelled cells along each side: which line of the map, where along it."""
    found: dict[str, list[pd.DataFrame]] = {}
    for piece, start in zip(pieces, starts, strict=False):
        (row, col), (height, width) = piece.origin, piece.shape
        lines = {"top": row, "bottom": row + height, "left": col, "right": col + width}
        for side, labels in piece.edges.items():
            at = np.flatnonzero(labels)
            along = at + (col if side in ("top", "bottom") else row)
            columns = {"along": along, "label": labels[at] - 1 + start}
            table = pd.DataFrame(columns)
            found.setdefault(side, []).append(table.assign(line=lines[side]))
    return {side: pd.concat(tables) for side, tables in found.items()}


def _draw(
    score: NDArray,
    origin: tuple[int, int],
    threshold: float,
    homes: NDArray[np.int64],
    wanted: set[int],
) -> list[tuple[int, Geometry]]:
    import shapely
    from affine import Affine
    from rasterio.features import shapes

    labels, _ = _label(score, threshold)
    keep = np.concatenate([[False], np.isin(homes, list(wanted))])
    mask = keep[labels]
    move = Affine.translation(origin[1], origin[0])
    return [
        (int(homes[int(label) - 1]), shapely.geometry.shape(outline))
        for outline, label in shapes(labels, mask=mask, connectivity=4, transform=move)
    ]


def _straighten(shape: Geometry) -> Geometry:
    """Return the shape without corners that lie on a straight line."""
    import shapely

    def ring(points: NDArray) -> NDArray:
        points = points[:-1]
        before, after = np.roll(points, 1, axis=0), np.roll(points, -1, axis=0)
        (ax, ay), (bx, by) = (points - before).T, (after - points).T
        kept = points[ax * by != ay * bx]
        return np.vstack([kept, kept[:1]])

    def polygon(part: shapely.Polygon) -> shapely.Polygon:
        rings = [
            ring(shapely.get_coordinates(r)) for r in (part.exterior, *part.interiors)
        ]
        return shapely.Polygon(rings[0], rings[1:])

    parts = [polygon(part) for part in shapely.get_parts(shape)]
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)


def _block_numbers(
    score: xr.DataArray, origins: list[tuple[int, int]]
) -> set[tuple[int, int]]:
    from ._stream import as_dask

    down, across = (
        {int(start): k for k, start in enumerate(np.cumsum([0, *sizes[:-1]]))}
        for sizes in as_dask([score])[0].chunks
    )
    return {(down[row], across[col]) for row, col in origins}
