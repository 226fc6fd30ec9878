"""Stack of evidence: one grid, what is missing."""

import dask.array as da
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from odc.geo.geobox import GeoBox
from odc.geo.xr import wrap_xr

from prospect._stack import missing_table, stack_evidence
from survey import DataProblems

BOX = GeoBox.from_bbox((0, 0, 5000, 3000), "EPSG:32654", resolution=100)


def grid(values, box=BOX, **attrs):
    return wrap_xr(values, box).assign_attrs(attrs)


def ramp(dtype="float32", box=BOX):
    return np.arange(box.shape.y * box.shape.x, dtype=dtype).reshape(box.shape)


def test_stack_is_lazy_where_layers_are_and_keeps_attributes():
    lazy = grid(ramp(), units="m", kind="continuous").chunk({"y": 7, "x": 11})
    solid = grid(ramp("uint8"), kind="categorical", classes={1: "granite"})
    before = lazy.copy(deep=True), solid.copy(deep=True)
    stack = stack_evidence({"a": lazy, "b": solid})
    assert isinstance(stack["a"].data, da.Array)
    assert stack["a"].chunks == stack["b"].chunks
    assert stack["b"].dtype == "float32"
    assert stack["a"].attrs["units"] == "m"
    assert stack["b"].attrs["classes"] == {1: "granite"}
    assert stack["b"].attrs["source"] == "b"
    assert stack.odc.geobox == BOX
    np.testing.assert_array_equal(stack["a"], ramp())
    xr.testing.assert_identical(lazy, before[0])
    xr.testing.assert_identical(solid, before[1])


def test_stack_does_not_compute():
    def explode(_):
        raise AssertionError("computed")

    lazy = grid(
        da.zeros((30, 50), chunks=10).map_blocks(explode, meta=np.zeros((0, 0)))
    )
    assert set(stack_evidence({"a": lazy, "b": lazy})) == {"a", "b"}


def test_large_integers_stay_exact():
    code = 2**30 + 1
    stack = stack_evidence({"unit": grid(np.full(BOX.shape, code, "int32"))})
    assert (stack["unit"] == code).all()


def test_tiny_coordinate_noise_is_the_same_grid():
    noisy = grid(ramp())
    noisy = noisy.assign_coords(x=noisy.x + 1e-7)
    stack = stack_evidence({"a": grid(ramp()), "b": noisy})
    assert dict(stack.sizes) == {"y": 30, "x": 50}


def test_another_grid_is_refused_and_all_are_named():
    fine = GeoBox.from_bbox((0, 0, 5000, 3000), "EPSG:32654", resolution=50)
    other = GeoBox.from_bbox((0, 0, 5000, 3000), "EPSG:32655", resolution=100)
    moved = GeoBox.from_bbox((30, 0, 5030, 3000), "EPSG:32654", resolution=100,
                             tight=True)  # fmt: skip
    layers = {
        "a": grid(ramp()),
        "fine": grid(ramp(box=fine), fine),
        "zone": grid(ramp(box=other), other),
        "moved": grid(ramp(box=moved), moved),
    }
    with pytest.raises(DataProblems, match=r"survey\.match_grid") as caught:
        stack_evidence(layers)
    assert [p.layer for p in caught.value.problems] == ["fine", "zone", "moved"]


def test_like_matches_each_kind_in_its_way():
    coarse = GeoBox.from_bbox((0, 0, 5000, 3000), "EPSG:32654", resolution=1000)
    codes = grid(np.repeat([[1.0, 9.0]], 3, 0).repeat([2, 3], 1), coarse,
                 kind="categorical")  # fmt: skip
    smooth = grid(ramp(box=coarse).astype(float), coarse, kind="continuous")
    stack = stack_evidence({"codes": codes, "smooth": smooth}, like=BOX)
    assert set(np.unique(stack["codes"])) == {1.0, 9.0}
    assert len(np.unique(stack["smooth"])) > 15


def test_what_is_no_layer_is_refused():
    with pytest.raises(ValueError, match="no layer"):
        stack_evidence({})
    with pytest.raises(DataProblems, match=r"survey\.open_grid"):
        stack_evidence({"a": ramp()})
    with pytest.raises(DataProblems, match="select one band"):
        stack_evidence({"a": grid(ramp()).expand_dims("band")})
    with pytest.raises(DataProblems, match="set attrs"):
        stack_evidence({"a": grid(ramp(), kind="class")})


@pytest.mark.parametrize("chunks", [None, {"y": 7, "x": 9}, {"y": 30, "x": 50}])
def test_missing_table_by_hand(chunks):
    values = ramp("float64")
    values[:3] = np.nan
    values[3, 0] = np.inf
    layers = {
        "a": grid(values),
        "none": grid(np.full(BOX.shape, np.nan)),
        "same": grid(np.where(ramp() < 5, np.nan, 2.0)),
    }
    stack = stack_evidence(layers)
    table = missing_table(stack if chunks is None else stack.chunk(chunks))
    assert table.loc["a", "known_cells"] == 1500 - 150 - 1
    assert table.loc["a", ["minimum", "maximum"]].tolist() == [151, 1499]
    assert table["missing_share"].tolist() == pytest.approx([151 / 1500, 1, 5 / 1500])
    assert pd.isna(table.loc["none", "minimum"])
    assert table.attrs["empty_share"] == pytest.approx(5 / 1500)
    assert table.attrs["complete_share"] == 0
    said = [(p.layer, p.what.split()[0]) for p in table.attrs["problems"]]
    assert said == [("a", "1"), ("none", "the"), ("same", "the")]


def test_cloncurry_layers_stack(real_data):
    import rioxarray

    folder = real_data("mpm/cloncurry_iocg") / "evidence"
    layers = {
        path.stem: rioxarray.open_rasterio(path, chunks=True).isel(band=0, drop=True)
        for path in sorted(folder.glob("*.tif"))
    }
    layers["StratNo"].attrs["kind"] = "categorical"
    table = missing_table(stack_evidence(layers))
    assert table.loc["FaultDensity", ["minimum", "maximum"]].tolist() == [1, 10]
    assert table["missing_share"].tolist() == [0, 0, 0]
    assert table.attrs["problems"] == []
