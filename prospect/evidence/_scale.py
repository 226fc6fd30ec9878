"""Logarithm and square root of values that may not have one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

SCALES = {"log10": np.log10, "sqrt": np.sqrt}


def rescale(values: pd.Series, transform: str | None) -> tuple[pd.Series, int]:
    """Transformed values, NaN where undefined, and how many became so."""
    if transform is None:
        return values, 0
    defined = _defined(values, transform)
    lost = int((values.notna() & ~defined).sum())
    return SCALES[transform](values.where(defined)), lost


def rescale_grid(grid: xr.DataArray, transform: str) -> xr.DataArray:
    """
    Transform a grid lazily, with a note on the cells that have no transform.

    Counting them computes the grid once.
    """
    defined = _defined(grid, transform)
    lost = int((~np.isnan(grid) & ~defined).sum())
    notes = list(grid.attrs.get("notes", []))
    notes += [f"{lost} cells have no {transform} and are missing"] * (lost > 0)
    out = SCALES[transform](grid.where(defined)).assign_attrs(grid.attrs)
    units = scaled_units(grid.attrs.get("units", ""), transform)
    return out.assign_attrs(units=units, notes=notes)


def scaled_units(units: str, transform: str | None) -> str:
    """Units after the transform."""
    return f"{transform}({units})" if transform else units


def _defined(values: pd.Series | xr.DataArray, transform: str) -> pd.Series:
    if transform not in SCALES:
        raise ValueError(
            f"transform must be one of {tuple(SCALES)}. Got {transform!r} instead."
        )
    return values > 0 if transform == "log10" else values >= 0
