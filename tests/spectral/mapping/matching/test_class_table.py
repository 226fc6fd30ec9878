"""A class map counted: whole, in chunks, and refused without names."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from spectral.mapping import class_table


@pytest.mark.parametrize("chunks", [None, {"y": 2, "x": 2}])
def test_counts(chunks):
    codes = np.repeat([0.0, 2, 2, np.nan, 1], 3).reshape(3, 5)
    grid = xr.DataArray(codes, dims=("y", "x"))
    grid.attrs["classes"] = {0: "none", 1: "mica", 2: "calcite", 3: "talc"}
    table = class_table(grid if chunks is None else grid.chunk(chunks))
    wanted = pd.DataFrame(
        {
            "code": [0.0, 1, 2, 3, np.nan],
            "class": ["none", "mica", "calcite", "talc", "unknown"],
            "pixels": [3, 3, 6, 0, 3],
            "share": [0.25, 0.25, 0.5, 0, np.nan],
        }
    )
    pd.testing.assert_frame_equal(table, wanted)


def test_bad_input():
    grid = xr.DataArray([1.0, 7.0], dims="x")
    with pytest.raises(ValueError, match="names no classes"):
        class_table(grid)
    with pytest.raises(ValueError, match=r"codes without a name: \[7\]"):
        class_table(grid.assign_attrs(classes={1: "mica"}))
