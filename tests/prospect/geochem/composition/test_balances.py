"""Isometric log-ratios, bases and balances."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from prospect.geochem import balance, clr, ilr, ilr_basis, ilr_inverse
from survey import DataProblems

ROW = np.array([0.1, 0.3, 0.4, 0.2])
NAMES = ["Cu_ppm", "Zn_ppm", "Al_pct", "K_pct"]
PARTITION = pd.DataFrame(
    [[1, 1, -1, -1], [1, -1, 0, 0], [0, 0, 1, -1]],
    index=["metals", "Cu_Zn", "Al_K"],
    columns=NAMES,
)


@pytest.fixture
def soil():
    values = np.random.default_rng(5).lognormal(size=(20, 4))
    return pd.DataFrame(values, columns=NAMES)


def test_printed_numbers():
    printed = [-0.7768362, -0.68339802, 0.11704769]
    np.testing.assert_allclose(ilr(ROW), printed, atol=5e-9)


@settings(max_examples=30, deadline=None)
@given(arrays(float, (4, 5), elements=st.floats(1e-4, 1e4)))
def test_laws(parts):
    centred = clr(parts)
    closed = parts / parts.sum(axis=1, keepdims=True)
    partition = [[1, 1, -1, -1, -1], [1, -1, 0, 0, 0], [0, 0, 1, 1, -1]]
    partition += [[0, 0, 1, -1, 0]]
    for basis in ("helmert", "pivot", ilr_basis(5, partition=partition).to_numpy()):
        found = ilr(parts, basis=basis)
        apart = np.linalg.norm(found[0] - found[1])
        expected = np.linalg.norm(centred[0] - centred[1])
        assert apart == pytest.approx(expected, abs=1e-9)
        np.testing.assert_allclose(ilr_inverse(found, basis=basis), closed, rtol=1e-8)


@pytest.mark.parametrize("method", ["helmert", "pivot"])
@pytest.mark.parametrize("count", [2, 3, 7])
def test_bases_are_orthonormal(method, count):
    values = ilr_basis(count, method=method).to_numpy()
    np.testing.assert_allclose(values @ values.T, np.eye(count - 1), atol=1e-12)
    np.testing.assert_allclose(values.sum(axis=1), 0, atol=1e-12)


def test_pivot_sets_the_first_part_against_all_others():
    by_hand = np.sqrt(3 / 4) * np.log(0.1 / np.cbrt(0.3 * 0.4 * 0.2))
    assert ilr(ROW, basis="pivot")[0] == pytest.approx(by_hand)
    last = np.sqrt(1 / 2) * np.log(0.4 / 0.2)
    assert ilr(ROW, basis="pivot")[-1] == pytest.approx(last)


def test_partition_gives_the_balances_it_names(soil):
    basis = ilr_basis(NAMES, partition=PARTITION)
    found = ilr(soil, basis=basis)
    assert list(found) == ["metals", "Cu_Zn", "Al_K"]
    metals = balance(soil, numerator=NAMES[:2], denominator=NAMES[2:])
    np.testing.assert_allclose(found["metals"], metals)
    by_hand = np.log(
        np.sqrt(soil.Cu_ppm * soil.Zn_ppm) / np.sqrt(soil.Al_pct * soil.K_pct) / 1e4
    )
    np.testing.assert_allclose(metals, by_hand)
    assert metals.name == "Cu_Zn_vs_Al_K"
    assert metals.attrs["composition"]["converted"] == {"Al_pct": 1e4, "K_pct": 1e4}
    back = ilr_inverse(found, basis=basis, unit="ppm")
    assert list(back) == ["Cu_ppm", "Zn_ppm", "Al_ppm", "K_ppm"]
    ratio = soil.Al_pct * 1e4 / soil.Cu_ppm
    np.testing.assert_allclose(back.Al_ppm / back.Cu_ppm, ratio)


def test_basis_finds_its_parts_whatever_the_order(soil):
    basis = ilr_basis(NAMES)
    shuffled = soil[NAMES[::-1]]
    pd.testing.assert_frame_equal(ilr(shuffled, basis=basis), ilr(soil, basis=basis))


def test_grids(soil):
    cells = {
        name: xr.DataArray(
            soil[name].to_numpy().reshape(4, 5), dims=("y", "x"), name=name
        )
        for name in NAMES
    }
    grids = xr.Dataset(cells)
    expected = ilr(soil, basis="pivot")
    lazy = ilr(grids.chunk({"y": 2}), basis="pivot")
    assert all(grid.chunks for grid in lazy.values())
    for name in expected:
        np.testing.assert_allclose(lazy[name].to_numpy().ravel(), expected[name])
    groups = {"numerator": ["Cu_ppm"], "denominator": ["Al_pct", "K_pct"]}
    one = balance(grids.chunk({"y": 2}), **groups)
    assert one.chunks
    assert one.attrs["units"] == "1"
    flat = balance(soil, **groups)
    np.testing.assert_allclose(one.to_numpy().ravel(), flat)
    stack = balance(grids.to_dataarray("part"), **groups)
    assert stack.dims == ("y", "x")
    np.testing.assert_allclose(stack.to_numpy().ravel(), flat)
    basis = ilr_basis(NAMES, method="pivot")
    back = ilr_inverse(lazy, basis=basis, unit="pct").compute()
    np.testing.assert_allclose(
        (back.Al_pct / back.K_pct).to_numpy().ravel(), soil.Al_pct / soil.K_pct
    )


def test_balance_of_an_array():
    assert balance(ROW, numerator=1, denominator=[0]) == pytest.approx(
        np.sqrt(1 / 2) * np.log(3)
    )


def test_refusals(soil):
    with pytest.raises(ValueError, match="method must be one of"):
        ilr_basis(3, method="qr")
    with pytest.raises(ValueError, match="two parts or more"):
        ilr_basis(1)
    with pytest.raises(ValueError, match=r"3 rows and 4 columns.*shape \(2, 4\)"):
        ilr_basis(4, partition=[[1, 1, -1, -1], [1, -1, 0, 0]])
    with pytest.raises(ValueError, match="'ilr_2' of the partition has no numerator"):
        ilr_basis(3, partition=[[1, -1, 0], [0, 0, -1]])
    with pytest.raises(ValueError, match=r"'ilr_1' and 'ilr_2'.*not orthonormal"):
        ilr_basis(3, partition=[[1, -1, 0], [1, 0, -1]])
    with pytest.raises(ValueError, match="the partition has the parts"):
        ilr_basis(["a", "b", "c", "d"], partition=PARTITION)
    with pytest.raises(ValueError, match="each row of a basis sums to 0"):
        ilr(ROW, basis=np.eye(4)[:3])
    with pytest.raises(ValueError, match="the basis has the parts"):
        ilr(soil, basis=ilr_basis(list("abcd")), columns=NAMES)
    with pytest.raises(ValueError, match="a basis for 4 parts has 3 rows"):
        ilr(ROW, basis=np.eye(2))
    with pytest.raises(ValueError, match="the parts are named by the basis"):
        ilr_inverse(ilr(soil))
    with pytest.raises(ValueError, match="no columns"):
        ilr_inverse(ilr(soil), basis=ilr_basis(NAMES, partition=PARTITION))
    with pytest.raises(ValueError, match="none together"):
        balance(soil, numerator=NAMES[:2], denominator=NAMES[1:])
    with pytest.raises(DataProblems, match="1 of 20 values are zero"):
        balance(soil.assign(Cu_ppm=soil.Cu_ppm.where(soil.index != 4, 0)),
                numerator="Cu_ppm", denominator="Zn_ppm")  # fmt: skip
