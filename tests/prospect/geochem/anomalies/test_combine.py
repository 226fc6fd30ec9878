"""Composite anomalies: joined where analytes overlap."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from prospect.geochem import combine_anomalies

CRS = "EPSG:32654"


def table(analyte, *boxes, nap=1.0):
    symbol = analyte.split("_")[0]
    shapes = [shapely.box(*(1000 * v for v in box)) for box in boxes]
    return gpd.GeoDataFrame(
        {
            "anomaly_id": [f"{symbol}-{k}" for k in range(1, len(boxes) + 1)],
            "analyte": analyte,
            "area_km2": shapely.area(shapes) / 1e6,
            "contrast": 2.0,
            "nap": nap,
            "n_zones": 2,
            "open": False,
            "clarity": 0.1 * nap,
        },
        geometry=shapes,
        crs=CRS,
    )


def test_three_analytes_by_hand():
    cu = table("Cu_ppm", (0, 0, 4, 4), (20, 0, 21, 1), nap=5.0)
    au = table("Au_ppb", (2, 0, 6, 4), nap=3.0)
    mo = table("Mo_ppm", (3, 1, 5, 3), nap=9.0)
    found = combine_anomalies([cu, au, mo])
    first, second = found.iloc[0], found.iloc[1]
    assert first["analytes"] == "Mo-Cu-Au"
    assert first["main_analyte"] == "Mo_ppm"
    assert first["members"] == "Mo-1, Cu-1, Au-1"
    assert first["nap"] == 17
    assert first["clarity"] == pytest.approx(0.9)
    assert first["area_km2"] == 24
    # Cu and Au share 2 x 4, Mo adds the strip of Au from 4 to 5
    assert first["overlap_km2"] == 8 + 2
    assert first["max_overlap"] == 3
    assert (second["analytes"], second["overlap_km2"], second["max_overlap"]) == (
        "Cu", 0, 1,
    )  # fmt: skip


def test_one_analyte_does_not_join_itself_and_a_touch_is_no_overlap():
    cu = table("Cu_ppm", (0, 0, 1, 1), (0.5, 0.5, 2, 2))
    au = table("Au_ppb", (5, 0, 6, 1), (6, 0, 7, 1))
    zn = table("Zn_ppm", (7, 0, 8, 1))
    assert len(combine_anomalies([cu, au, zn])) == 5


def test_small_overlaps_can_be_told_apart():
    cu, au = table("Cu_ppm", (0, 0, 2, 1)), table("Au_ppb", (1.5, 0, 3, 1))
    assert len(combine_anomalies([cu, au])) == 1
    assert len(combine_anomalies([cu, au], min_overlap_km2=0.5)) == 2


@given(
    st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), min_size=1, max_size=8)
)
@settings(max_examples=40, deadline=None)
def test_nothing_is_lost_and_overlap_matches_counting_cells(corners):
    names = ["Cu_ppm", "Au_ppb", "Mo_ppm"]
    groups = {name: corners[k::3] for k, name in enumerate(names)}
    tables, count = [], np.zeros((12, 12), dtype=int)
    for name, starts in groups.items():
        if starts:
            tables.append(table(name, *[(x, y, x + 3, y + 3) for x, y in starts]))
            covered = np.zeros((12, 12), dtype=bool)
            for x, y in starts:
                covered[y : y + 3, x : x + 3] = True
            count += covered
    found = combine_anomalies(tables)
    assert found["n_anomalies"].sum() == len(corners)
    assert found["nap"].sum() == pytest.approx(sum(t["nap"].sum() for t in tables))
    assert found["overlap_km2"].sum() == pytest.approx((count >= 2).sum())
    assert found["max_overlap"].max() == max(count.max(), 1)


def test_input_is_left_alone():
    cu = table("Cu_ppm", (0, 0, 1, 1))
    cu.attrs["zones"] = [1, 2]
    before = cu.copy()
    combine_anomalies([cu, table("Au_ppb", (0, 0, 1, 1))])
    pd.testing.assert_frame_equal(cu, before)
    assert cu.attrs == before.attrs


def test_refusals():
    cu = table("Cu_ppm", (0, 0, 1, 1))
    with pytest.raises(ValueError, match="there is no anomaly to combine"):
        combine_anomalies([cu.iloc[:0]])
    with pytest.raises(ValueError, match="no column 'nap'"):
        combine_anomalies([cu.drop(columns="nap")])
    with pytest.raises(ValueError, match="table 2 of anomalies has the CRS"):
        combine_anomalies([cu, cu.to_crs("EPSG:32655")])
    with pytest.raises(ValueError, match="anomaly_id must be unique; twice"):
        combine_anomalies([cu, cu])
