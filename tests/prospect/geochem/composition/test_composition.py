"""Centred and additive log-ratios of tables, arrays and grids."""

import dask.array
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from prospect.geochem import alr, alr_inverse, clr, clr_inverse
from survey import DataProblems, read_samples

ROW = np.array([0.1, 0.3, 0.4, 0.2])
POSITIVE = arrays(float, (3, 4), elements=st.floats(1e-6, 1e6))


@pytest.fixture
def soil():
    table = gpd.GeoDataFrame(
        {
            "sample_id": ["S1", "S2", "S3"],
            "Cu_ppm": [20.0, 35.0, 12.0],
            "Au_ppb": [2.0, 5.0, 1.0],
            "SiO2_pct": [61.0, 70.0, 66.0],
            "medium": "soil",
        },
        geometry=gpd.points_from_xy([0, 1, 2], [0, 1, 2]),
        crs="EPSG:32650",
        index=[7, 3, 5],
    )
    table.attrs = {"units": {"Cu_ppm": "ppm"}, "notes": ["as read"]}
    return table


@pytest.fixture
def grids(soil):
    random = np.random.default_rng(3)
    names = ["Cu_ppm", "Au_ppb", "SiO2_pct"]
    found = {}
    for name in names:
        cells = random.lognormal(1, 0.5, (6, 8)).astype("float32")
        cells[2, 3] = np.nan if name == "Au_ppb" else cells[2, 3]
        found[name] = xr.DataArray(
            cells,
            dims=("y", "x"),
            coords={"y": np.arange(6.0), "x": np.arange(8.0), "spatial_ref": 0},
            attrs={"units": name.split("_")[1], "imputed_share": 0.1 + len(found) / 10},
        )
    return xr.Dataset(found, attrs={"source": "grids"})


def test_printed_numbers():
    centred = [-0.79451346, 0.30409883, 0.5917809, -0.10136628]
    np.testing.assert_allclose(clr(ROW), centred, atol=5e-9)
    additive = [1.09861229, 1.38629436, 0.69314718]
    np.testing.assert_allclose(alr(ROW, denominator=0), additive, atol=5e-9)


def test_units_are_made_one_before_the_ratio(soil):
    ppm = soil.assign(Au_ppm=soil["Au_ppb"] / 1000, SiO2_ppm=soil["SiO2_pct"] * 1e4)
    ppm = pd.DataFrame(ppm)[["Cu_ppm", "Au_ppm", "SiO2_ppm"]]
    expected = np.log(ppm.to_numpy())
    expected -= expected.mean(axis=1, keepdims=True)
    found = clr(soil)
    names = ["Cu_clr", "Au_clr", "SiO2_clr"]
    np.testing.assert_allclose(found[names].to_numpy(), expected, rtol=1e-12)
    said = found.attrs["composition"]
    assert said["converted"] == {"Au_ppb": 1e-3, "SiO2_pct": 1e4}
    assert said["unit"] == "ppm"
    assert any("Au_ppb, SiO2_pct brought to ppm" in n for n in found.attrs["notes"])
    pd.testing.assert_frame_equal(
        clr(ppm)[names], pd.DataFrame(expected, soil.index, names)
    )


def test_table_keeps_what_it_has_and_the_input_its_state(soil):
    before = soil.copy(deep=True)
    found = clr(soil, columns=["Cu_ppm", "SiO2_pct"])
    assert isinstance(found, gpd.GeoDataFrame)
    assert found.crs == soil.crs
    assert list(found.columns) == [
        *("sample_id", "Au_ppb", "medium", "geometry", "Cu_clr", "SiO2_clr")
    ]
    assert list(found.index) == [7, 3, 5]
    assert found.attrs["notes"][0] == "as read"
    pd.testing.assert_frame_equal(soil, before)
    assert soil.attrs == before.attrs


def test_inverse_is_closure(soil):
    back = clr_inverse(clr(soil), unit="ppm")
    assert back.attrs["units"] == {"Cu_ppm": "ppm", "Au_ppm": "ppm", "SiO2_ppm": "ppm"}
    parts = back[["Cu_ppm", "Au_ppm", "SiO2_ppm"]]
    np.testing.assert_allclose(parts.sum(axis=1), 1e6)
    ratio = soil["Cu_ppm"] / (soil["Au_ppb"] / 1000)
    np.testing.assert_allclose(parts["Cu_ppm"] / parts["Au_ppm"], ratio)


@settings(max_examples=40, deadline=None)
@given(POSITIVE, st.floats(1e-3, 1e3))
def test_laws(parts, size):
    centred = clr(parts)
    np.testing.assert_allclose(centred.sum(axis=1), 0, atol=1e-9)
    np.testing.assert_allclose(clr(parts * size), centred, atol=1e-9)
    np.testing.assert_allclose(clr(parts[::-1]), centred[::-1])
    np.testing.assert_allclose(clr(parts[:, ::-1]), centred[:, ::-1], atol=1e-12)
    closed = parts / parts.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(clr_inverse(centred), closed, rtol=1e-9)
    for at in (0, 2, 3):
        back = alr_inverse(alr(parts, denominator=at), denominator=at)
        np.testing.assert_allclose(back, closed, rtol=1e-9)


def test_additive_ratios_of_a_table(soil):
    found = alr(soil, denominator="SiO2_pct", columns=["Cu_ppm", "Au_ppb"])
    assert found.attrs["composition"]["denominator"] == "SiO2"
    expected = np.log(soil["Cu_ppm"] / (soil["SiO2_pct"] * 1e4))
    np.testing.assert_allclose(found["Cu_alr"], expected)
    back = alr_inverse(found, denominator="SiO2", unit="pct")
    np.testing.assert_allclose(back["SiO2_pct"] / back["Cu_pct"], 1 / np.exp(expected))


def test_rows_in_blocks_equal_rows_at_once(monkeypatch):
    values = np.random.default_rng(1).lognormal(size=(1000, 5))
    whole = clr(values), clr_inverse(clr(values))
    monkeypatch.setattr("prospect.geochem.composition._logratio._BLOCK", 10)
    np.testing.assert_array_equal(clr(values), whole[0])
    np.testing.assert_allclose(clr_inverse(clr(values)), whole[1], rtol=1e-14)


def test_grids_lazy_in_lazy_out(grids):
    lazy = grids.chunk({"y": 4, "x": 3})
    found = clr(lazy)
    assert all(isinstance(g.data, dask.array.Array) for g in found.values())
    in_memory = clr(grids)
    xr.testing.assert_identical(found.compute(), in_memory)
    assert in_memory["Cu_clr"].dtype == "float32"
    cells = {name: grids[name].to_numpy().astype(float) for name in grids}
    logs = np.log([cells["Cu_ppm"], cells["Au_ppb"] / 1e3, cells["SiO2_pct"] * 1e4])
    expected = logs - logs.mean(axis=0)
    for layer, name in zip(expected, found, strict=True):
        np.testing.assert_allclose(in_memory[name], layer, rtol=1e-5)
    assert all(np.isnan(grid[2, 3]) for grid in in_memory.values())
    assert in_memory["Cu_clr"].attrs["units"] == "1"
    assert in_memory["Cu_clr"].attrs["imputed_share"] == pytest.approx(0.3)
    assert "spatial_ref" in in_memory.coords
    back = clr_inverse(found, unit="ppm").compute()
    assert list(back) == ["Cu_ppm", "Au_ppm", "SiO2_ppm"]
    assert back["Cu_ppm"].attrs["units"] == "ppm"
    ratio = cells["Cu_ppm"] / cells["Au_ppb"] * 1e3
    np.testing.assert_allclose(back["Cu_ppm"] / back["Au_ppm"], ratio, rtol=1e-4)


def test_stack_equals_dataset(grids):
    stack = grids.to_dataarray("analyte")
    for data in (stack, stack.chunk({"analyte": 1, "y": 4}), stack.transpose(..., "y")):
        found = clr(data)
        assert found.dims == data.dims
        assert list(found["analyte"].to_numpy()) == ["Cu_clr", "Au_clr", "SiO2_clr"]
        expected = clr(grids).to_dataarray("analyte").transpose(*data.dims)
        np.testing.assert_allclose(found, expected, rtol=1e-6)
    back = alr_inverse(
        alr(stack, denominator="Au_ppb"), denominator="Au_ppb", unit="pct"
    )
    assert list(back["analyte"].to_numpy()) == ["Cu_pct", "SiO2_pct", "Au_pct"]
    np.testing.assert_allclose(back.sum("analyte", skipna=False)[0, 0], 100, rtol=1e-5)


def test_zero_in_a_lazy_grid_is_refused_when_computed(grids):
    grids["Cu_ppm"][0, 0] = 0
    lazy = clr(grids.chunk({"y": 3}))
    with pytest.raises(DataProblems, match=r"Cu_ppm.*1 of 24 values are zero"):
        lazy.compute()


def test_values_without_logarithm_are_counted_by_column(soil):
    soil.loc[[7, 5], "Cu_ppm"] = [0, np.nan]
    soil.loc[3, "Au_ppb"] = -5
    with pytest.raises(DataProblems) as caught:
        clr(soil)
    told = str(caught.value)
    assert "row 8, column 'Cu_ppm', value '0': 1 of 3 values are zero" in told
    assert "row 6, column 'Cu_ppm', value 'nan': 1 of 3 values are missing" in told
    assert "row 4, column 'Au_ppb', value '-5': 1 of 3 values are negative" in told
    assert "impute_censored" in told
    with pytest.raises(DataProblems, match="infinite"):
        clr(np.array([[1.0, np.inf]]))


def test_missing_rows_on_demand(soil):
    soil.loc[5, "Cu_ppm"] = np.nan
    found = clr(soil, missing="nan")
    assert found.loc[5, ["Cu_clr", "Au_clr", "SiO2_clr"]].isna().all()
    assert found.loc[[7, 3], "Cu_clr"].notna().all()
    assert "1 of 3 rows have missing parts and no result" in found.attrs["notes"]
    with pytest.raises(ValueError, match="missing must be one of"):
        clr(soil, missing="drop")


def test_censored_values_are_refused_until_imputed(soil):
    soil["Cu_ppm_censored"] = [True, False, True]
    with pytest.raises(
        DataProblems, match=r"2 of 3 values are below detection.*impute"
    ):
        clr(soil)
    soil["Cu_ppm_imputed"] = soil["Cu_ppm_censored"]
    soil["Cu_ppm_detection_limit"] = 20.0
    found = clr(soil)
    assert found.attrs["imputed_share"] == {"Cu_ppm": pytest.approx(2 / 3)}
    assert any("22.2% of the values are imputed" in n for n in found.attrs["notes"])


def test_over_range_is_said(soil):
    soil["Cu_ppm_over_range"] = [False, True, False]
    assert any("1 values above the range" in n for n in clr(soil).attrs["notes"])


@pytest.mark.parametrize(
    ("columns", "element"),
    [
        (["Al_ppm", "Al2O3_pct", "Cu_ppm"], "Al"),
        (["Al_ppm", "Al_ppm_XRF", "Cu_ppm"], "Al"),
        (["Fe2O3T_pct", "FeO_pct", "Cu_ppm"], "Fe"),
        (["C_ppm", "CO2_pct", "Co_ppm"], "C"),
    ],
)
def test_one_element_twice_is_refused(columns, element):
    table = pd.DataFrame(1.0, index=[0], columns=columns)
    with pytest.raises(DataProblems, match=f"hold the same element, {element}"):
        clr(table)


def test_two_irons_and_two_waters_are_parts_of_their_own():
    names = ["FeO_pct", "Fe2O3_pct", "H2Opos_pct", "H2Oneg_pct", "LOI_pct"]
    table = pd.DataFrame(2.0, index=[0], columns=names)
    assert (clr(table) == 0).all(axis=None)


def test_names_that_do_not_do(soil):
    with pytest.raises(ValueError, match=r"Cu_pm.*did you mean 'Cu_ppm'"):
        clr(soil, columns=["Cu_pm", "Au_ppb"])
    with pytest.raises(ValueError, match="at least two parts"):
        clr(soil, columns=["Cu_ppm"])
    with pytest.raises(ValueError, match="named twice"):
        clr(soil, columns=["Cu_ppm", "Cu_ppm"])
    with pytest.raises(ValueError, match=r"no common unit.*medium \(\?\)"):
        clr(soil, columns=["Cu_ppm", "medium"])
    with pytest.raises(ValueError, match="no column tells symbol and unit"):
        clr(soil[["sample_id", "medium"]])
    with pytest.raises(ValueError, match="'Zn' is not one of the parts"):
        alr(soil, denominator="Zn")
    with pytest.raises(ValueError, match="no name tells a log-ratio"):
        clr_inverse(soil)
    with pytest.raises(ValueError, match="total=-1"):
        clr_inverse(ROW, total=-1)
    with pytest.raises(ValueError, match="unit='oz'"):
        clr_inverse(ROW, unit="oz")
    with pytest.raises(ValueError, match=r"got shape \(2, 2, 2\)"):
        clr(np.ones((2, 2, 2)))
    with pytest.raises(ValueError, match="Cu_ppm' holds"):
        clr(soil.assign(Cu_ppm=["<1", "2", "3"]))
    with pytest.raises(ValueError, match="there are columns"):
        clr(soil.assign(Cu_clr=1))
    with pytest.raises(ValueError, match="contents of solids and of water"):
        clr(pd.DataFrame({"Cu_ppm": [1.0], "Zn_ug_L": [1.0]}))


def test_kola_table_has_elements_by_several_methods(real_data):
    kola = pd.read_csv(real_data("geochem/kola") / "chorizon.csv")
    with pytest.raises(DataProblems, match="Al, Al_XRF, Al2O3 hold the same element"):
        clr(kola, columns=["Al", "Al_XRF", "Al2O3", "Cu"])
    with pytest.raises(DataProblems, match="row 424, column 'Pb'"):
        clr(kola, columns=["Cu", "Ni", "Zn", "Pb"])
    found = clr(kola, columns=["Cu", "Ni", "Zn", "Pb"], missing="nan")
    assert "the units of the parts are not told" in found.attrs["notes"][0]
    assert found["Cu_clr"].notna().sum() == 604


def test_stream_sediments_tell_zeros_and_missing(real_data):
    path = real_data("geochem/gswa_stream_sediment_au") / "sediment_samples.csv"
    samples = read_samples(path, crs="EPSG:4283", sample_id="SAMPLEID")
    with pytest.raises(DataProblems) as caught:
        clr(samples, columns=["Au_ppm", "Cu_ppm", "Zn_ppm"])
    assert "values are below detection" in str(caught.value)
