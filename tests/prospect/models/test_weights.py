import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prospect.models._weights import weigh, weigh_classes


def counts_of(deposits, area):
    classes = np.arange(1.0, len(deposits) + 1)
    return pd.DataFrame({"class": classes, "area_units": area, "n_deposits": deposits})


def test_worked_example():
    # 200 deposits on 10 000 unit cells, 180 of them on a pattern of 3600
    row = weigh([180], [3600], n_deposits=200, area_units=10_000).iloc[0]
    expected = [0.947381, 0.076472, -1.873371, 0.223957, 2.820752, 0.236653, 11.919]
    np.testing.assert_allclose(row[:-1], expected[:-1], atol=1e-6)
    assert row.studentized_contrast == pytest.approx(expected[-1], abs=1e-3)


def test_published_cumulative_table_of_32_deposits():
    # two rows of a printed table; the areas follow from their weights
    big = 1e6
    ground = big - 32
    area = np.array([6, 26]) + ground * np.array([0.1875 / np.exp(0.5059), 0.609375])
    table = weigh([6, 26], area, n_deposits=32, area_units=big).round(4)
    first = [0.5059, 0.4083, -0.0877, 0.1961, 0.5936, 0.4529, 1.3106]
    second = [0.2877, 0.1961, -0.7340, 0.4083, 1.0217, 0.4529, 2.2556]
    np.testing.assert_allclose(table.iloc[0], first, atol=2e-4)
    np.testing.assert_allclose(table.iloc[1], second, atol=2e-4)


def test_variance_is_the_sum_of_reciprocals():
    row = weigh([12], [300], n_deposits=68, area_units=2591).iloc[0]
    four = [1 / 12, 1 / 288, 1 / 56, 1 / (2591 - 300 - 56)]
    assert row.s_contrast**2 == pytest.approx(sum(four))


def test_class_without_deposits_weighs_nothing():
    assert (weigh([0], [50], n_deposits=5, area_units=100) == 0).all(axis=None)


def test_one_deposit_inside_still_speaks_for_the_pattern():
    row = weigh([1], [10], n_deposits=1, area_units=100).iloc[0]
    assert row.w_plus > 0 > row.w_minus
    assert np.isfinite(row).all()


@pytest.mark.parametrize("area", [3.0, 2.0, 100.0, 0.0])
def test_weights_are_finite_where_ground_runs_out(area):
    assert np.isfinite(weigh([3], [area], n_deposits=5, area_units=100)).all(axis=None)


def test_more_deposits_than_unit_cells_is_refused():
    with pytest.raises(ValueError, match="smaller unit_cell_area"):
        weigh([3], [4.0], n_deposits=12, area_units=10)


def test_unknown_direction_is_refused():
    with pytest.raises(ValueError, match="'upwards' is not known"):
        weigh_classes(counts_of([1, 2], [5, 5]), direction="upwards", confidence=0)


@given(
    st.lists(
        st.tuples(st.integers(0, 30), st.floats(40, 500)), min_size=2, max_size=8
    ).filter(lambda rows: sum(n for n, _ in rows) > 1)
)
def test_laws(rows):
    deposits, area = np.array(rows).T
    counts = counts_of(deposits, area)
    up = weigh_classes(counts, direction="ascending", confidence=0)
    down = weigh_classes(counts.iloc[::-1], direction="descending", confidence=0)
    np.testing.assert_allclose(up["w_plus"], down["w_plus"])
    assert up["n_deposits"].iloc[-1] == deposits.sum()
    unique = weigh_classes(counts, direction="unique", confidence=0)
    some = (deposits > 0) & (deposits < deposits.sum())
    dense = deposits / area > (1 + 1e-9) * deposits.sum() / area.sum()
    assert (unique["w_plus"][some & dense] > 0).all()
    assert (unique["w_minus"][some & dense] < 0).all()


def test_cut_is_where_the_trusted_contrast_is_largest():
    counts = counts_of([30, 20, 2, 1], [100, 100, 900, 900])
    table = weigh_classes(counts, direction="ascending", confidence=2)
    assert table["generalized_class"].tolist() == [2, 2, 1, 1]
    assert table["weight"][0] == table["w_plus"][1]
    assert table["s_weight"][3] == table["s_w_minus"][1]


def test_cut_without_trusted_contrast_says_nothing():
    counts = counts_of([2, 3, 2], [100, 100, 100])
    table = weigh_classes(counts, direction="descending", confidence=2)
    assert (table["weight"] == 0).all()
    assert (table["generalized_class"] == 1).all()


def test_untrusted_categories_are_pooled():
    counts = counts_of([30, 3, 2, 0], [100, 300, 200, 400])
    table = weigh_classes(counts, direction="categorical", confidence=2)
    assert table["generalized_class"].tolist() == [1, 2, 99, 99]
    rest = weigh([2], [600], n_deposits=35, area_units=1000).iloc[0]
    assert table["weight"][3] == pytest.approx(rest.w_plus)
    named = weigh_classes(
        counts.assign(**{"class": [1.0, 2, 3, 99]}),
        direction="categorical",
        confidence=2,
    )
    assert named["generalized_class"].tolist() == [1, 2, 100, 100]


def test_smoothing_leaves_average_classes_and_draws_small_ones_to_zero():
    counts = counts_of([10, 0, 0, 10], [100, 0.001, 100, 0.8 * 100])
    table = weigh_classes(counts, direction="unique", confidence=0, smoothing=0.5)
    assert table["w_plus"][1] == pytest.approx(0, abs=1e-3)
    assert table["w_plus"][2] < -2
