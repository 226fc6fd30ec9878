"""Point plans: numbers of samples, density of cells."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from prospect.geochem import number_samples, sampling_density
from survey import DataProblems

CRS = "EPSG:4547"


def samples(x, y, **columns):
    return gpd.GeoDataFrame(columns, geometry=gpd.points_from_xy(x, y), crs=CRS)


def test_numbers_run_left_to_right_and_top_to_bottom():
    # a region of 2 x 2 cells of 2 km; one sample in each sub-cell of the last cell
    table = samples([2500, 3500, 2500, 3500, 2600], [1500, 1500, 500, 500, 1500])
    found = number_samples(table, region=(0, 4000, 0, 4000))
    assert found["plan_number"].tolist() == ["4A1", "4B1", "4C1", "4D1", "4A2"]


def test_order_of_sampling_counts_where_it_is_told():
    table = samples([100, 200, 300], [1500] * 3, day=[3, 1, 2])
    before = table.copy()
    found = number_samples(table, region=(0, 2000, 0, 2000), order="day")
    assert found["plan_number"].tolist() == ["1A3", "1A1", "1A2"]
    pd.testing.assert_frame_equal(table, before)


def test_lines_belong_to_the_east_and_south_but_for_the_far_edge():
    table = samples([2000, 4000, 0], [2000, 0, 4000])
    found = number_samples(table, region=(0, 4000, 0, 4000))
    assert found["plan_number"].tolist() == ["4A1", "4D1", "1A1"]


@given(
    st.lists(
        st.tuples(st.floats(0, 7999), st.floats(1, 8000)), min_size=1, max_size=30
    ),
    st.sampled_from(["1:50000", "1:200000"]),
)
@settings(max_examples=40, deadline=None)
def test_every_sample_lies_in_the_cell_that_counts_it(places, scale):
    table = samples(*zip(*places, strict=True))
    region = (0, 8000, 0, 8000)
    numbered = number_samples(table, scale=scale, region=region)
    assert numbered["plan_number"].is_unique
    cells = sampling_density(table, scale=scale, region=region)
    assert cells["n_samples"].sum() == len(table)
    keyed = cells.set_index(["cell", "sub_cell"])
    for _, row in numbered.iterrows():
        assert keyed.loc[(row["cell"], row["sub_cell"]), "geometry"].covers(
            row.geometry
        )
    assert cells["area_km2"].sum() == pytest.approx(64)


def test_status_by_the_limits_of_the_plan():
    x = [100] * 9 + [1100] * 3 + [100] * 4
    y = [1500] * 9 + [1500] * 3 + [500] * 4
    found = sampling_density(samples(x, y), region=(0, 2000, 0, 2000))
    assert found["status"].tolist() == ["dense", "sparse", "ok", "empty"]
    assert found.attrs["n_dense"] == 1
    assert found.attrs["density"] == 4


def test_only_ground_that_can_be_sampled_counts():
    lake_free = gpd.GeoDataFrame(geometry=[shapely.box(0, 1000, 500, 2000)], crs=CRS)
    table = samples([100, 200], [1500, 1600])
    found = sampling_density(table, region=(0, 2000, 0, 2000), ground=lake_free)
    assert found[["cell", "sub_cell"]].to_numpy().tolist() == [[1, "A"]]
    assert found["density"].tolist() == [4.0]


def test_refusals():
    table = samples([100.0, 9000.0, -5.0], [100.0, 100.0, 100.0])
    with pytest.raises(DataProblems) as caught:
        number_samples(table, region=(0, 2000, 0, 2000))
    assert [each.row for each in caught.value.problems] == [2, 3]
    with pytest.raises(ValueError, match="scale must be one of"):
        number_samples(table, scale="1:10000")
    with pytest.raises(ValueError, match="the point plan needs metres"):
        sampling_density(table.to_crs("EPSG:4326"))
    with pytest.raises(ValueError, match="some samples have no place"):
        number_samples(gpd.GeoDataFrame(geometry=[None], crs=CRS))
    with pytest.raises(ValueError, match="no column 'day'"):
        number_samples(table, order="day")


def test_a_survey_of_six_samples_a_square_kilometre_is_told_so():
    rng = np.random.default_rng(0)
    table = samples(rng.uniform(0, 20000, 2400), rng.uniform(0, 20000, 2400))
    found = sampling_density(table, region=(0, 20000, 0, 20000))
    assert found.attrs["density"] == pytest.approx(6)
    assert len(found) == 400
