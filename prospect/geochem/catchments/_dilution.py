"""Downstream dilution: from the content of a sample to that of its source."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from survey import DataProblems, Problem

from ..._note import Note

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def correct_dilution(
    content: ArrayLike,
    background: ArrayLike,
    area_km2: ArrayLike,
    *,
    anomalous_area_km2: ArrayLike,
) -> pd.DataFrame:
    r"""
    Content of the source that a stream sample calls for.

    Parameters
    ----------
    content : array_like
        Content of the sediment, :math:`C_m`, any unit.
    background : array_like
        Background, :math:`C_b`, same unit: one number or one a sample, for example of
        `catchment_background`.
    area_km2 : array_like
        Area of the catchment, :math:`A_m`.
    anomalous_area_km2 : array_like
        Area of the source, :math:`A_a`, an assumption: one number or one a sample. The
        content of the source is inversely proportional to it; the productivity does
        not depend on it.

    Returns
    -------
    DataFrame
        Index of `content` where it is a Series. `residual`: :math:`C_m - C_b`;
        `productivity`: residual × area of the catchment (unit of the content × km²,
        the metal of the source above background); `source_content`: :math:`C_a`, NaN
        where the sample does not exceed its background; `dilution`: :math:`A_m / A_a`.
        ``attrs["anomalous_area_km2"]`` and ``attrs["notes"]`` keep what was assumed
        and how many have no source.

    Raises
    ------
    DataProblems
        Listing rows whose areas are not positive or whose source is larger than the
        catchment.
    ValueError
        If the lengths differ.

    Notes
    -----
    .. math:: A_m (C_m - C_b) = A_a (C_a - C_b)

    holds if erosion is even over the catchment, sediment and rock have the same
    content, and the metal travels with the grains (Hawkes 1976). Where a catchment is
    cut by the border of the DEM its area and the productivity are minima.

    References
    ----------
    Hawkes, H. E. (1976). The downstream dilution of stream sediment anomalies. Journal
    of Geochemical Exploration 6, 345-358.

    Examples
    --------
    >>> correct_dilution(180, 60, 12, anomalous_area_km2=0.5)
       residual  productivity  source_content  dilution
    0     120.0        1440.0          2940.0      24.0
    """
    index = content.index if isinstance(content, pd.Series) else None
    given = {
        "content": content,
        "background": background,
        "area_km2": area_km2,
        "anomalous_area_km2": anomalous_area_km2,
    }
    arrays = {name: np.atleast_1d(np.asarray(v, float)) for name, v in given.items()}
    length = max(len(array) for array in arrays.values())
    wrong = {n: len(a) for n, a in arrays.items() if len(a) not in (1, length)}
    if wrong:
        raise ValueError(f"{wrong} rows where {length} are expected: give one a sample")
    measured, base, area, source = (
        np.broadcast_to(array, length) for array in arrays.values()
    )
    _check_areas(area, source)
    residual = measured - base
    above = residual > 0
    table = pd.DataFrame(
        {
            "residual": residual,
            "productivity": residual * area,
            "source_content": np.where(above, base + residual * area / source, np.nan),
            "dilution": area / source,
        },
        index=index,
    )
    flat = int((residual <= 0).sum())
    table.attrs["notes"] = [Note("dilution_none", n=flat, total=length)] if flat else []
    table.attrs["anomalous_area_km2"] = np.unique(source).tolist()
    return table


def _check_areas(area: np.ndarray, source: np.ndarray) -> None:
    problems = [
        Problem(what, remedy, row=int(row) + 1, column=column, value=f"{values[row]:g}")
        for bad, column, values, what, remedy in (
            (area <= 0, "area_km2", area, "the area is not positive", "give km² > 0"),
            (~(source > 0), "anomalous_area_km2", source, "the area is not positive",
             "state the area of the source in km²"),
            ((area > 0) & (source > area), "anomalous_area_km2", source,
             "the source is larger than its catchment",
             "assume a smaller source for this sample"),
        )
        for row in np.flatnonzero(bad)
    ]  # fmt: skip
    if problems:
        raise DataProblems(problems)
