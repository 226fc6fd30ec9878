"""Shares of what is lit: without shade, summing to one again."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr


def shade_free(
    abundance: xr.DataArray,
    *,
    shade: str | Sequence[str] = "shade",
    max_shade: float = 1.0,
) -> xr.DataArray:
    """
    Shares of the other endmembers, divided by what shade leaves of the pixel.

    Parameters
    ----------
    abundance : DataArray, dims ("endmember", "y", "x")
        Shares of `unmix` or `mesma`.
    shade : str or sequence of str
        Endmembers that are shade.
    max_shade : float
        Pixels with more shade than this become NaN: little light is divided by little.

    Returns
    -------
    DataArray, dims ("endmember", "y", "x")
        Shares that sum to one; NaN where nothing but shade is, or no more than nothing.
        Lazy where `abundance` is.

    Raises
    ------
    ValueError
        If there is no such endmember, or no other.

    References
    ----------
    Adams, J. B., Smith, M. O., Johnson, P. E. (1986). Spectral mixture modeling.
    J. Geophys. Res. 91, 8098-8112.

    Examples
    --------
    >>> import xarray as xr
    >>> shares = xr.DataArray(
    ...     [[0.2], [0.2], [0.6]],
    ...     {"endmember": ["mica", "calcite", "shade"]},
    ...     dims=("endmember", "x"),
    ... )
    >>> shade_free(shares).values.ravel()
    array([0.5, 0.5])
    """
    if "endmember" not in abundance.dims:
        raise ValueError(
            f"shares need the dimension 'endmember'. Got {abundance.dims}. Give "
            "result['abundance']"
        )
    wanted = [shade] if isinstance(shade, str) else list(shade)
    names = [str(name) for name in abundance["endmember"].values]
    unknown = [name for name in wanted if name not in names]
    if unknown:
        raise ValueError(f"no endmember called {unknown}. There are {names}.")
    kept = [i for i, name in enumerate(names) if name not in wanted]
    if not kept:
        raise ValueError(
            f"all endmembers are shade: {names}. Nothing is left to share."
        )
    lit = abundance.isel(endmember=kept)
    # summed here, since shares need not sum to one
    total = lit.sum("endmember", skipna=False)
    dark = abundance.sum("endmember", skipna=False) - total
    free = lit / total.where((total > 0) & (dark <= max_shade))
    free.attrs = abundance.attrs | {"long_name": "share of the endmember without shade"}
    return free.transpose(*abundance.dims).rename(abundance.name)
