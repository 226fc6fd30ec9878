"""Outlines of labelled cells against the union of their squares."""

import numpy as np
import pytest
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st

from prospect.geochem.catchments._arcs import trace_arcs, whole_catchments
from prospect.geochem.catchments._tree import Tree, topological

UP = Affine(10, 0, 500, 0, -10, 900)
DOWN = Affine(10, 0, 500, 0, 10, 900)


def tree_with(below):
    below = np.asarray(below, dtype=int)
    return Tree(None, None, below, topological(below), None, None)


def squares(mask, affine):
    """Union of the squares of all cells of a mask."""
    boxes = []
    for row, column in np.argwhere(mask):
        x, y = affine @ (column, row)
        x1, y1 = affine @ (column + 1, row + 1)
        boxes.append(shapely.box(min(x, x1), min(y, y1), max(x, x1), max(y, y1)))
    return shapely.union_all(boxes)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.booleans())
def test_any_pattern_of_labels(seed, n, up):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, n + 1, (7, 9), dtype="int32")  # holes, corners, islands
    labels.flat[rng.choice(63, n, replace=False)] = np.arange(1, n + 1)
    below = [int(rng.integers(i + 1, n)) if i < n - 1 else -1 for i in range(n)]
    affine = UP if up else DOWN
    found = whole_catchments(labels, tree_with(below), affine)
    for here in range(n):
        members = {here}
        for i in range(n):
            j = i
            while j >= 0 and j != here:
                j = below[j]
            if j == here:
                members.add(i)
        mask = np.isin(labels, [i + 1 for i in members])
        assert found[here].is_valid
        assert found[here].equals(squares(mask, affine))


def test_arcs_end_where_three_labels_meet():
    labels = np.array([[1, 1, 2], [1, 1, 2]], dtype="int32")
    arcs = trace_arcs(labels)
    sides = sorted(tuple(sorted(map(int, pair))) for pair in arcs.sides)
    assert sides == [(0, 1), (0, 2), (1, 2)]
    assert np.diff(arcs.starts).sum() == len(arcs.corners)


def test_a_ring_within_a_ring():
    labels = np.zeros((5, 5), "int32")
    labels[:] = 1
    labels[1:4, 1:4] = 2
    labels[2, 2] = 0  # a gap of the DEM
    outer, inner = whole_catchments(labels, tree_with([-1, 0]), UP)
    assert outer.area == pytest.approx(2400)
    assert len(outer.interiors) == 1
    assert inner.area == pytest.approx(800)


def test_no_outlet_at_all():
    none = whole_catchments(np.zeros((3, 3), "int32"), tree_with([]), UP)
    assert none.size == 0
