"""Which spectra stand for their group best."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..._check import spectra_on
from ._mesma import groups_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr


def score_endmembers(
    library: xr.DataArray,
    *,
    groups: str | Sequence[str] = "group",
    fraction_range: tuple[float, float] = (-0.05, 1.05),
    residual_limit: float = 0.025,
) -> pd.DataFrame:
    """
    How well each spectrum stands for the others of its group, and only for them.

    Every spectrum models every other with photometric shade; its share is held within
    the range.

    Parameters
    ----------
    library : DataArray, dims ("spectrum", "wavelength")
        Several spectra a group. Bad bands are left out.
    groups : str or sequence of str
        Coordinate along spectrum that names the group, or the groups themselves.
    fraction_range : tuple of float
        Least and largest share of the spectrum.
    residual_limit : float
        Root mean square residual up to which a spectrum counts as modelled.

    Returns
    -------
    DataFrame
        One spectrum a row: `spectrum`, `group`; `ear`, mean residual over the others of
        its group, in reflectance; `masa`, mean angle to them, in radians; NaN for a
        group of one; `count_inside`, `count_outside`, how many others of its group and
        of other groups it models; `cob_index`, inside over outside times the size of
        its group, infinite where it models none outside. Low `ear` and `masa` and a
        high `cob_index` are good.

    Raises
    ------
    ValueError
        If groups are missing, or a spectrum has a gap or is zero.

    References
    ----------
    Dennison, P. E., Roberts, D. A. (2003). Endmember selection for multiple endmember
    spectral mixture analysis using endmember average RMSE. Remote Sens. Environ. 87,
    123-135.
    Dennison, P. E., Halligan, K. Q., Roberts, D. A. (2004). A comparison of error
    metrics and constraints for multiple endmember spectral mixture analysis and
    spectral angle mapper. Remote Sens. Environ. 93, 359-367.
    Roberts, D. A., Dennison, P. E., Gardner, M. E., Hetzel, Y., Ustin, S. L., Lee,
    C. T. (2003). Evaluation of the potential of Hyperion for fire danger assessment by
    comparison to the Airborne Visible/Infrared Imaging Spectrometer. IEEE Trans.
    Geosci. Remote Sens. 41, 1297-1310.

    Examples
    --------
    >>> import xarray as xr
    >>> pure = xr.DataArray(
    ...     [[0.2, 0.4], [0.3, 0.6], [0.5, 0.1]],
    ...     {"spectrum": ["a", "b", "c"], "wavelength": [500.0, 600.0]},
    ...     dims=("spectrum", "wavelength"),
    ... )
    >>> table = score_endmembers(pure, groups=["mica", "mica", "lime"])
    >>> table[["spectrum", "ear", "masa", "count_inside"]].round(3)
      spectrum    ear  masa  count_inside
    0        a  0.142   0.0             0
    1        b  0.000   0.0             1
    2        c    NaN   NaN             0
    """
    names, spectra = spectra_on(library, library)
    given = groups_of(library, groups, len(names))
    gram = spectra @ spectra.T
    own = np.diag(gram)
    if (own == 0).any():
        zero = [name for name, size in zip(names, own, strict=True) if size == 0]
        raise ValueError(f"spectra that are zero stand for nothing: {zero}. Drop them.")
    low, high = fraction_range
    share = np.clip(gram / own[:, None], low, high)  # of row in column
    left = own[None, :] - 2 * share * gram + share**2 * own[:, None]
    residual = np.sqrt(np.maximum(left, 0) / spectra.shape[1])
    cosine = gram / np.sqrt(np.outer(own, own))
    angle = np.arccos(np.clip(cosine, -1, 1))
    same = np.equal.outer(given, given) & ~np.eye(len(names), dtype=bool)
    others = np.not_equal.outer(given, given)
    modelled = residual <= residual_limit
    inside, outside = (modelled & same).sum(1), (modelled & others).sum(1)
    size = same.sum(1)
    with np.errstate(divide="ignore", invalid="ignore"):
        table = {
            "spectrum": names,
            "group": given,
            "ear": (residual * same).sum(1) / size,
            "masa": (angle * same).sum(1) / size,
            "count_inside": inside,
            "count_outside": outside,
            "cob_index": inside / (outside * (size + 1)),
        }
    return pd.DataFrame(table)
