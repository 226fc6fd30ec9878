"""Catchments as polygons, from the lines between labelled cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely
from numba import njit

if TYPE_CHECKING:
    from affine import Affine

    from ._tree import Tree

DOWN = (0, 1, 0, -1)  # right, down, left, up
RIGHT = (1, 0, -1, 0)


class Arcs(NamedTuple):
    """
    Lines between the corners where more than two labels, or two twice, meet.

    Arc i runs along `corners` (row, column) `starts[i]` to `starts[i + 1]`; `sides[i]`
    are the labels it divides, 0 for none.
    """

    corners: np.ndarray
    starts: np.ndarray
    sides: np.ndarray


def whole_catchments(labels: np.ndarray, tree: Tree, affine: Affine) -> np.ndarray:
    """
    Polygon of each outlet's whole catchment; its own cells are labelled 1 to n.

    Outlets are numbered so that those upstream of one stand in a row; the outline of a
    catchment is made of the arcs with one side in that row and the other outside.
    """
    if not len(tree.below):
        return np.empty(0, dtype=object)
    arcs = trace_arcs(labels)
    column, row = arcs.corners[:, 1], arcs.corners[:, 0]
    xy = np.column_stack([affine.c + affine.a * column, affine.f + affine.e * row])
    index = np.repeat(np.arange(len(arcs.sides)), np.diff(arcs.starts))
    lines = shapely.linestrings(xy, indices=index)
    low, size = _rows(tree)
    number = np.concatenate([[-1], low + size - 1])
    one, two = number[arcs.sides].T
    whole = np.empty(len(low), dtype=object)
    for here in range(len(low)):
        first, last = low[here], low[here] + size[here] - 1
        inside = (one >= first) & (one <= last)
        outline = lines[inside != ((two >= first) & (two <= last))]
        faces = shapely.get_parts(shapely.polygonize(outline))
        if len(faces) > 1:  # parts, and ground they enclose
            found = number[_labels_in(faces, labels, affine)]
            faces = faces[(found >= first) & (found <= last)]
        whole[here] = faces[0] if len(faces) == 1 else shapely.multipolygons(faces)
    return whole


def _labels_in(faces: np.ndarray, labels: np.ndarray, affine: Affine) -> np.ndarray:
    """Label of each face, which holds cells of one kind only."""
    x, y = shapely.get_coordinates(shapely.point_on_surface(faces)).T
    row = np.floor((y - affine.f) / affine.e).astype(int)
    column = np.floor((x - affine.c) / affine.a).astype(int)
    return labels[row, column]


def trace_arcs(labels: np.ndarray) -> Arcs:
    """Arcs between the labels of cells; what lies outside the array counts as 0."""
    edges = _count(labels)
    corners = np.empty((2 * edges, 2), np.int32)
    starts = np.zeros(edges + 1, np.int64)
    sides = np.empty((edges, 2), np.int32)
    arcs, ends = _trace(labels, corners, starts, sides)
    return Arcs(corners[:ends], starts[: arcs + 1], sides[:arcs])


def _rows(tree: Tree) -> tuple[np.ndarray, np.ndarray]:
    """First place and length of the row of numbers of each outlet and all above it."""
    size = np.ones(len(tree.below), dtype=np.int64)
    for here in tree.order:
        if tree.below[here] >= 0:
            size[tree.below[here]] += size[here]
    low = np.zeros(len(size), dtype=np.int64)
    free = np.zeros(len(size), dtype=np.int64)
    end = 0
    for here in tree.order[::-1]:
        below = tree.below[here]
        if below < 0:
            low[here] = end
            end += size[here]
        else:
            low[here] = free[below]
            free[below] += size[here]
        free[here] = low[here]
    return low, size


@njit(cache=True, nogil=True)
def _label(labels, row, column):  # noqa: ANN001, ANN202
    rows, columns = labels.shape
    if row < 0 or column < 0 or row >= rows or column >= columns:
        return 0
    return labels[row, column]


@njit(cache=True, nogil=True)
def _sides(labels, row, column, way):  # noqa: ANN001, ANN202
    """Labels left and right of the edge that leaves a corner."""
    if way == 2:
        column -= 1
    elif way == 3:
        row -= 1
    if way % 2 == 0:
        return _label(labels, row - 1, column), _label(labels, row, column)
    return _label(labels, row, column - 1), _label(labels, row, column)


@njit(cache=True, nogil=True)
def _is_edge(labels, row, column, way):  # noqa: ANN001, ANN202
    one, two = _sides(labels, row, column, way)
    return one != two


@njit(cache=True, nogil=True)
def _degree(labels, row, column):  # noqa: ANN001, ANN202
    n = 0
    for way in range(4):
        n += _is_edge(labels, row, column, way)
    return n


@njit(cache=True, nogil=True)
def _count(labels):  # noqa: ANN001, ANN202
    rows, columns = labels.shape
    n = 0
    for row in range(rows + 1):
        for column in range(columns + 1):
            n += _is_edge(labels, row, column, 0) + _is_edge(labels, row, column, 1)
    return n


@njit(cache=True, nogil=True)
def _seen(seen, row, column, way, mark):  # noqa: ANN001, ANN202
    """Whether an edge was walked before; marks it if asked to."""
    if way == 2:
        column -= 1
    elif way == 3:
        row -= 1
    bit = np.uint8(1 + way % 2)
    before = seen[row, column] & bit
    if mark:
        seen[row, column] |= bit
    return before != 0


@njit(cache=True, nogil=True)
def _walk(labels, seen, place, corners, end):  # noqa: ANN001, ANN202
    """Write the corners of one arc from (row, column, way) on; return their end."""
    row, column, way = place
    first_row, first_column = row, column
    corners[end, 0], corners[end, 1] = row, column
    end += 1
    while True:
        _seen(seen, row, column, way, True)
        row += DOWN[way]
        column += RIGHT[way]
        back = (row == first_row) and (column == first_column)
        if back or _degree(labels, row, column) != 2:
            corners[end, 0], corners[end, 1] = row, column
            return end + 1
        for turn in (0, 1, 3):
            new = (way + turn) % 4
            if _is_edge(labels, row, column, new):
                break
        if new != way:
            corners[end, 0], corners[end, 1] = row, column
            end += 1
        way = new


@njit(cache=True, nogil=True)
def _trace(labels, corners, starts, sides):  # noqa: ANN001, ANN202
    """Walk all arcs, then all loops without a junction; return how many, and ends."""
    rows, columns = labels.shape
    seen = np.zeros((rows + 1, columns + 1), np.uint8)
    arcs, end = 0, 0
    for junctions in (True, False):
        for row in range(rows + 1):
            for column in range(columns + 1):
                if junctions and _degree(labels, row, column) < 3:
                    continue
                for way in range(4):
                    if not _is_edge(labels, row, column, way):
                        continue
                    if _seen(seen, row, column, way, False):
                        continue
                    sides[arcs, 0], sides[arcs, 1] = _sides(labels, row, column, way)
                    end = _walk(labels, seen, (row, column, way), corners, end)
                    arcs += 1
                    starts[arcs] = end
    return arcs, end
