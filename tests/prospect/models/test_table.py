import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rioxarray
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from prospect.models import weights_table

REFERENCE = {
    "class": "CLASS",
    "class_area_km2": "CLASS_AREA",
    "area_km2": "AREA_SQ_KM",
    "area_units": "AREA_UNITS",
    "n_deposits": "NO_POINTS",
    "w_plus": "WPLUS",
    "s_w_plus": "S_WPLUS",
    "w_minus": "WMINUS",
    "s_w_minus": "S_WMINUS",
    "contrast": "CONTRAST",
    "s_contrast": "S_CONTRAST",
    "studentized_contrast": "STUDC",
    "generalized_class": "GEN_CLASS",
    "weight": "WEIGHT",
    "s_weight": "W_STD",
}


def make_grid(values, crs="EPSG:32651", resolution=1000.0):
    values = np.asarray(values, dtype=float)
    y = (np.arange(values.shape[0])[::-1] + 0.5) * resolution
    x = (np.arange(values.shape[1]) + 0.5) * resolution
    grid = xr.DataArray(values, dims=("y", "x"), coords={"y": y, "x": x}, name="rock")
    return grid.rio.write_crs(crs)


def make_points(x, y, crs="EPSG:32651"):
    return gpd.GeoDataFrame(geometry=gpd.points_from_xy(x, y), crs=crs)


@pytest.mark.parametrize(
    ("layer", "reference", "direction"),
    [
        ("FaultDensity", "FaultDensity_CD", "descending"),
        ("StratNo", "StratNo_CT", "categorical"),
    ],
)
@pytest.mark.parametrize("chunks", [None, 500])
def test_equals_reference_to_its_printed_digits(
    real_data, layer, reference, direction, chunks
):
    folder = real_data("mpm/cloncurry_iocg")
    path = folder / "evidence" / f"{layer}.tif"
    grid = rioxarray.open_rasterio(path, masked=True, chunks=chunks)[0]
    deposits = gpd.read_file(folder / "deposits/IOCG_Deposits.shp")
    table = weights_table(grid, deposits, direction=direction)
    expected = pd.read_csv(folder / "reference_weights" / f"{reference}.csv")
    for ours, theirs in REFERENCE.items():
        np.testing.assert_allclose(
            table[ours], expected[theirs], rtol=1e-12, atol=1e-11, err_msg=ours
        )
    assert table.attrs["n_deposits"] == 258  # 252 cells: each deposit counts


def test_small_published_case_and_same_crs_by_another_name(real_data):
    folder = real_data("mpm/finland_wofe_small")
    grid = rioxarray.open_rasterio(folder / "wofe_evidence_raster.tif", masked=True)[0]
    deposits = gpd.read_file(folder / "wofe_deposits.shp")
    table = weights_table(grid, deposits)
    assert len(table) == 8
    assert table["n_deposits"].sum() == 16


def test_unit_cell_is_not_the_pixel():
    grid = make_grid(
        np.repeat([[1.0, 2.0]], 10, axis=0).repeat(5, axis=1), resolution=100
    )
    deposits = make_points([50.0, 50.0], [50.0, 950.0])
    fine = weights_table(grid, deposits, unit_cell_area=0.01)
    coarse = weights_table(grid, deposits, unit_cell_area=0.1)
    assert fine["area_km2"].sum() == pytest.approx(1.0)
    assert fine["area_units"].sum() == pytest.approx(100)
    assert coarse["area_units"].sum() == pytest.approx(10)
    assert coarse["w_plus"][0] > fine["w_plus"][0]


def test_missing_is_neither_area_nor_class_and_input_stays():
    grid = make_grid([[1, 1, 2, np.nan], [1, 2, 2, np.nan]])
    deposits = make_points([500.0, 3500.0, 99_999.0], [500.0, 500.0, 500.0])
    before = grid.copy(deep=True)
    table = weights_table(grid, deposits)
    assert table["area_km2"].tolist() == [3, 3]
    assert table.attrs["n_deposits"] == 1
    assert table.attrs["n_deposits_missing"] == 2
    xr.testing.assert_identical(grid, before)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31), st.integers(2, 9), st.booleans())
def test_blocks_and_brute_force_agree(seed, n_classes, whole):
    random = np.random.default_rng(seed)
    values = random.integers(1, n_classes + 1, (13, 11)) * (1.0 if whole else 0.37)
    values[random.random(values.shape) < 0.2] = np.nan
    values[0, 0] = values[1, 1] = 1.0
    grid = make_grid(values)
    x = np.append(random.uniform(0, 11_000, 6), 500.0)
    y = np.append(random.uniform(0, 13_000, 6), 12_500.0)
    deposits = make_points(x, y)
    table = weights_table(grid, deposits)
    lazy = weights_table(grid.chunk({"y": 5, "x": 4}), deposits)
    pd.testing.assert_frame_equal(table, lazy)
    found = values[12 - (y // 1000).astype(int), (x // 1000).astype(int)]
    for row in table.itertuples():
        assert row.area_km2 == (values == row._1).sum()
        assert row.n_deposits == (found == row._1).sum()


@pytest.mark.parametrize(
    ("grid", "deposits", "options", "message"),
    [
        ([[1, 2]] * 2, ([500.0], [500.0]), {"unit_cell_area": 0}, "must be positive"),
        ([[1, 2]] * 2, ([9e6], [500.0]), {}, "none of the 1 deposits lies on"),
        (
            [[1, 2]] * 2,
            ([500.0], [500.0]),
            {"unit_cell_area": 5},
            "smaller unit_cell_area",
        ),
    ],
)
def test_refuses(grid, deposits, options, message):
    with pytest.raises(ValueError, match=message):
        weights_table(make_grid(grid), make_points(*deposits), **options)


def test_refuses_crs_and_geometry():
    grid, deposits = make_grid([[1, 2]] * 2), make_points([500.0], [500.0])
    with pytest.raises(ValueError, match="areas need a projected one"):
        weights_table(make_grid([[1, 2]] * 2, crs="EPSG:4326"), deposits)
    with pytest.raises(ValueError, match=r"call deposits\.to_crs"):
        weights_table(grid, deposits.to_crs("EPSG:32652"))
    with pytest.raises(ValueError, match="deposits have no CRS"):
        weights_table(grid, make_points([500.0], [500.0], crs=None))
    with pytest.raises(ValueError, match="must be points"):
        weights_table(grid, deposits.set_geometry(deposits.buffer(10)))


def test_refuses_a_continuous_grid():
    values = np.random.default_rng(0).random((300, 300))
    with pytest.raises(ValueError, match="join them into classes first"):
        weights_table(make_grid(values), make_points([500.0], [500.0]))
