import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from prospect.models._kernels import group_rows, order_nodes


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 200), st.integers(1, 4), st.integers(1, 6))
def test_groups_are_those_of_numpy(seed, n_rows, n_words, n_values):
    random = np.random.default_rng(seed)
    rows = random.integers(0, n_values, (n_rows, n_words)).astype(float)
    rows[random.random(rows.shape) < 0.1] = np.nan
    words = rows.view(np.uint64)
    first, group = group_rows(words)
    np.testing.assert_array_equal(words[first][group], words)
    assert len(first) == len(np.unique(words, axis=0))
    assert (np.diff(first) > 0).all()


def test_children_stand_side_by_side_breadth_first():
    left = np.array([1, 2, -1, -1, 5, -1, -1])
    right = np.array([4, 3, -1, -1, 6, -1, -1])
    order, place = order_nodes(left, right)
    assert order.tolist() == [0, 1, 4, 2, 3, 5, 6]
    assert place.tolist() == [1, 3, 5, 3, 4, 5, 6]
