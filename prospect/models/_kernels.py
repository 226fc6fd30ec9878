"""Machine code of the models: walking trees, and finding cells that are alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from collections.abc import Callable

# A node in 64 bits: threshold (32, signed), left child (21), feature (11). The right
# child follows the left one; a leaf is its own left child under the highest threshold.
LEFT_SHIFT, THRESHOLD_SHIFT = 11, 32
FEATURE_MASK, LEFT_MASK = 0x7FF, 0x1FFFFF
LEAF_THRESHOLD = 0x7FFFFFFF


def _compile(function: Callable) -> Callable:
    """Compile, and keep the machine code on disk where there is room for it."""
    try:
        return njit(nogil=True, cache=True)(function)
    except RuntimeError:
        return njit(nogil=True)(function)


@njit(inline="always")
def _step(nodes, keys, row, i):  # noqa: ANN001, ANN202
    node = nodes[i]
    above = keys[row + (node & FEATURE_MASK)] > (node >> THRESHOLD_SHIFT)
    return ((node >> LEFT_SHIFT) & LEFT_MASK) + np.int64(above)


@_compile
def walk_trees(keys, n_features, nodes, starts, values, total, squares):  # noqa: ANN001, ANN202, PLR0915
    """
    Add value and squared value of the leaf each row falls in, tree after tree.

    One tree at a time stays in the nearest cache while all rows pass through it, eight
    of them side by side: each waits for memory while the others compute. A row that has
    reached its leaf marks time there until the last of the eight has.
    """
    n_rows = total.size
    whole = n_rows - n_rows % 8
    for t in range(starts.size - 1):
        tree = nodes[starts[t] : starts[t + 1]]
        leaf = values[starts[t] : starts[t + 1]]
        for r in range(0, whole, 8):
            r0 = r * n_features
            r1 = r0 + n_features
            r2 = r1 + n_features
            r3 = r2 + n_features
            r4 = r3 + n_features
            r5 = r4 + n_features
            r6 = r5 + n_features
            r7 = r6 + n_features
            i0 = i1 = i2 = i3 = i4 = i5 = i6 = i7 = np.int64(0)
            moving = True
            while moving:
                for _ in range(2):
                    i0 = _step(tree, keys, r0, i0)
                    i1 = _step(tree, keys, r1, i1)
                    i2 = _step(tree, keys, r2, i2)
                    i3 = _step(tree, keys, r3, i3)
                    i4 = _step(tree, keys, r4, i4)
                    i5 = _step(tree, keys, r5, i5)
                    i6 = _step(tree, keys, r6, i6)
                    i7 = _step(tree, keys, r7, i7)
                j0 = _step(tree, keys, r0, i0)
                j1 = _step(tree, keys, r1, i1)
                j2 = _step(tree, keys, r2, i2)
                j3 = _step(tree, keys, r3, i3)
                j4 = _step(tree, keys, r4, i4)
                j5 = _step(tree, keys, r5, i5)
                j6 = _step(tree, keys, r6, i6)
                j7 = _step(tree, keys, r7, i7)
                moved = (i0 ^ j0) | (i1 ^ j1) | (i2 ^ j2) | (i3 ^ j3)
                moved |= (i4 ^ j4) | (i5 ^ j5) | (i6 ^ j6) | (i7 ^ j7)
                moving = moved != 0
                i0, i1, i2, i3, i4, i5, i6, i7 = j0, j1, j2, j3, j4, j5, j6, j7
            for k, i in enumerate((i0, i1, i2, i3, i4, i5, i6, i7)):
                total[r + k] += leaf[i]
                squares[r + k] += leaf[i] * leaf[i]
        for r in range(whole, n_rows):
            i = np.int64(-1)
            j = np.int64(0)
            while i != j:
                i = j
                j = _step(tree, keys, r * n_features, i)
            total[r] += leaf[i]
            squares[r] += leaf[i] * leaf[i]


@_compile
def order_nodes(left, right):  # noqa: ANN001, ANN202
    """Nodes breadth first, and where the left child of each then stands."""
    order = np.zeros(left.size, dtype=np.int64)
    place = np.zeros(left.size, dtype=np.int64)
    end = 1
    for i in range(left.size):
        old = order[i]
        place[i] = i
        if left[old] >= 0:
            place[i] = end
            order[end] = left[old]
            order[end + 1] = right[old]
            end += 2
    return order, place


@_compile
def group_rows(words):  # noqa: ANN001, ANN202
    """
    Rows that are alike, bit for bit.

    `words`, shape (n_rows, n_words), unsigned 64 bit. Returns the first row of each
    group in order of appearance, and the group of each row. Open addressing.
    """
    n_rows, n_words = words.shape
    size = 1
    while size < 2 * n_rows:
        size *= 2
    table = np.full(size, -1, dtype=np.int64)
    group = np.empty(n_rows, dtype=np.int64)
    first = np.empty(n_rows, dtype=np.int64)
    found = 0
    for r in range(n_rows):
        code = np.uint64(0)
        for w in range(n_words):
            code = (code ^ words[r, w]) * np.uint64(0x9E3779B97F4A7C15)
            code ^= code >> np.uint64(29)
        slot = np.int64(code & np.uint64(size - 1))
        while True:
            known = table[slot]
            if known < 0:
                table[slot] = found
                first[found] = r
                group[r] = found
                found += 1
                break
            same = True
            for w in range(n_words):
                if words[first[known], w] != words[r, w]:
                    same = False
                    break
            if same:
                group[r] = known
                break
            slot = (slot + 1) & (size - 1)
    return first[:found].copy(), group
