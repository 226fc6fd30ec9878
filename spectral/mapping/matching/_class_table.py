"""What a class map holds, counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr


def class_table(classes: xr.DataArray) -> pd.DataFrame:
    """
    Pixels and share of each class of a class map.

    Parameters
    ----------
    classes : DataArray
        Codes with ``attrs["classes"]`` = {code: label}, NaN where unknown; computed
        block by block where lazy.

    Returns
    -------
    DataFrame
        Columns code, class, pixels, share (of the pixels that are known): a row a
        class, also of those without a pixel, and last the pixels that are unknown, with
        code and share NaN.

    Raises
    ------
    ValueError
        If the map has no classes, or codes it does not name.

    Examples
    --------
    >>> import xarray as xr
    >>> codes = xr.DataArray([1.0, 1.0, 0.0, float("nan")], dims="x",
    ...                      attrs={"classes": {0: "unclassified", 1: "calcite"}})
    >>> print(class_table(codes).to_string(index=False))
     code        class  pixels  share
    0.000 unclassified       1  0.333
    1.000      calcite       2  0.667
      NaN      unknown       1    NaN
    """
    labels = classes.attrs.get("classes")
    if not labels:
        raise ValueError(
            "the map names no classes: attrs['classes'] = {code: label} is missing."
        )
    labels = {int(code): str(label) for code, label in labels.items()}
    counts, unknown = _counts(classes)
    strange = sorted(set(counts) - set(labels))
    if strange:
        raise ValueError(f"the map holds codes without a name: {strange[:10]}.")
    pixels = np.array([counts.get(code, 0) for code in labels])
    known = max(int(pixels.sum()), 1)
    table = pd.DataFrame(
        {
            "code": np.array(list(labels), float),
            "class": list(labels.values()),
            "pixels": pixels,
            "share": pixels / known,
        }
    )
    table.loc[len(table)] = [np.nan, "unknown", unknown, np.nan]
    return table.astype({"pixels": int})


def _counts(classes: xr.DataArray) -> tuple[dict[int, int], int]:
    def count(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
        known = values[np.isfinite(values)]
        return (*np.unique(known, return_counts=True), values.size - known.size)

    if classes.chunks is None:
        parts = [count(classes.values)]
    else:
        import dask

        blocks = classes.data.to_delayed().ravel()
        parts = dask.compute(*[dask.delayed(count)(block) for block in blocks])
    total: dict[int, int] = {}
    for codes, numbers, _ in parts:
        for code, number in zip(codes, numbers, strict=True):
            total[int(code)] = total.get(int(code), 0) + int(number)
    return total, sum(part[2] for part in parts)
