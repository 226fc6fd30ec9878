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


@njit(inline="always")
def _advance(tree, keys, n_features, rows, n, place, n_steps):  # noqa: ANN001, ANN202, PLR0915
    """
    Move the first `n` of `rows` down a tree; return how many have not reached a leaf.

    Those are then the first of `rows`. Eight go side by side: each waits for memory
    while the others compute. `rows` has room for seven more, which the last row fills.
    """
    for k in range(n, n + 7):
        rows[k] = rows[n - 1]
    left = 0
    for a in range(0, n, 8):
        r0 = np.int64(rows[a + 0])
        r1 = np.int64(rows[a + 1])
        r2 = np.int64(rows[a + 2])
        r3 = np.int64(rows[a + 3])
        r4 = np.int64(rows[a + 4])
        r5 = np.int64(rows[a + 5])
        r6 = np.int64(rows[a + 6])
        r7 = np.int64(rows[a + 7])
        b0 = r0 * n_features
        b1 = r1 * n_features
        b2 = r2 * n_features
        b3 = r3 * n_features
        b4 = r4 * n_features
        b5 = r5 * n_features
        b6 = r6 * n_features
        b7 = r7 * n_features
        i0 = np.int64(place[r0])
        i1 = np.int64(place[r1])
        i2 = np.int64(place[r2])
        i3 = np.int64(place[r3])
        i4 = np.int64(place[r4])
        i5 = np.int64(place[r5])
        i6 = np.int64(place[r6])
        i7 = np.int64(place[r7])
        for _ in range(n_steps):
            i0 = _step(tree, keys, b0, i0)
            i1 = _step(tree, keys, b1, i1)
            i2 = _step(tree, keys, b2, i2)
            i3 = _step(tree, keys, b3, i3)
            i4 = _step(tree, keys, b4, i4)
            i5 = _step(tree, keys, b5, i5)
            i6 = _step(tree, keys, b6, i6)
            i7 = _step(tree, keys, b7, i7)
        j0 = _step(tree, keys, b0, i0)
        j1 = _step(tree, keys, b1, i1)
        j2 = _step(tree, keys, b2, i2)
        j3 = _step(tree, keys, b3, i3)
        j4 = _step(tree, keys, b4, i4)
        j5 = _step(tree, keys, b5, i5)
        j6 = _step(tree, keys, b6, i6)
        j7 = _step(tree, keys, b7, i7)
        lanes = (
            (r0, i0, j0),
            (r1, i1, j1),
            (r2, i2, j2),
            (r3, i3, j3),
            (r4, i4, j4),
            (r5, i5, j5),
            (r6, i6, j6),
            (r7, i7, j7),
        )
        for k, (r, i, j) in enumerate(lanes):
            place[r] = j
            rows[left] = r
            left += np.int64((i != j) & (a + k < n))
    return left


@_compile
def walk_trees(keys, n_features, nodes, starts, values, total, squares):  # noqa: ANN001, ANN202
    """
    Add value and squared value of the leaf each row falls in, tree after tree.

    One tree at a time stays in the nearest cache while all rows pass through it. A row
    that has reached its leaf marks time there until the next sorting out.
    """
    n_rows = total.size
    rows = np.empty(n_rows + 8, dtype=np.int32)
    place = np.empty(n_rows, dtype=np.int32)
    for t in range(starts.size - 1):
        tree = nodes[starts[t] : starts[t + 1]]
        leaf = values[starts[t] : starts[t + 1]]
        for r in range(n_rows):
            rows[r] = r
            place[r] = 0
        n = _advance(tree, keys, n_features, rows, n_rows, place, 11)
        while n > 0:
            n = _advance(tree, keys, n_features, rows, n, place, 4)
        for r in range(n_rows):
            value = leaf[place[r]]
            total[r] += value
            squares[r] += value * value


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
