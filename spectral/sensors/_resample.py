"""Spectra as another instrument would see them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from .._blocks import Output, map_spectra
from ._plan import (
    ROUNDING,
    Plan,
    good_channels,
    normal_weights,
    plan_resampling,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray


def resample(
    spectra: xr.DataArray,
    *,
    like: xr.DataArray | None = None,
    sensor: str | None = None,
    wavelength: ArrayLike | None = None,
    fwhm: ArrayLike | None = None,
    responses: xr.DataArray | None = None,
    min_coverage: float = 0.9,
) -> xr.DataArray:
    """
    Spectra as another instrument would see them.

    Each band is the integral of its response times the spectrum, over that of the
    response; between channels the spectrum is the straight line that joins them. State
    one target.

    Parameters
    ----------
    spectra : DataArray
        Cube, library or single spectrum: dimension ``wavelength`` (nm) and any others.
    like : DataArray, optional
        Cube or library whose bands are wanted; its ``fwhm`` gives the widths, without
        it the spacing of its bands does.
    sensor : str, optional
        Name from `list_sensors`. Bands of multispectral sensors are flat over their
        width, as most measured curves nearly are; those of imaging spectrometers
        Gaussian.
    wavelength, fwhm : array-like, shape (n_bands,), optional
        Centres, ascending, and full widths at half of the maximum of Gaussian bands,
        nm; one fwhm may stand for all.
    responses : DataArray, optional
        Measured curves, ("band", "wavelength"), from `read_responses`.
    min_coverage : float
        Least share, 0 to 1, of a band's response on channels that are there; below it
        the value is NaN, above it the weights are brought to a sum of one.

    Returns
    -------
    DataArray
        The same noun, lazy if `spectra` is: dims, name, attrs (but for ``sensor``, now
        the target's) and other coordinates kept, float32 or float64 as given. Coordinates along wavelength: ``fwhm``,
        ``coverage`` (for spectra with gaps of their own: one a spectrum and band),
        ``band`` where bands have names, ``bad_bands`` where a band of the target is bad
        or has too little coverage, ``uncertainty`` (one standard deviation) where
        `spectra` carry it, as if channels err independently: `resample_covariance`
        for those that do not. ``attrs["notes"]`` tell what was assumed and left out.

    Raises
    ------
    ValueError
        If not one target is given, no band is covered, the sensor is unknown, or the
        widths are missing.

    See Also
    --------
    read_responses : Measured curves from files.
    list_sensors : Sensors known by name.

    Notes
    -----
    A source that has blurred the spectrum already needs less widening: the variance of
    its response is subtracted from the band's, which is exact for Gaussians. Spectra of
    the USGS library come out as published for AVIRIS [1]_. Where the source states no
    fwhm, its spacing is taken. Where it is coarser than the target, values are read off
    the straight lines and keep the coarser width: said in the notes. Bad bands of the
    source are not used; a hole in its wavelengths, wider than three spacings, is not
    bridged. A pixel without some channel has only the bands that do well without it.

    References
    ----------
    .. [1] Kokaly, R.F. et al. (2017). USGS Spectral Library Version 7. U.S. Geological
       Survey Data Series 1035.

    Examples
    --------
    >>> import numpy as np
    >>> wavelength = np.arange(400.0, 2501.0)
    >>> slope = xr.DataArray(
    ...     wavelength / 5000, dims="wavelength", coords={"wavelength": wavelength}
    ... )
    >>> found = resample(slope, wavelength=[650, 1600], fwhm=[30, 90])
    >>> print(found.values, found["coverage"].values)
    [0.13 0.32] [1. 1.]
    >>> print(resample(slope, sensor="sentinel2a").sel(wavelength=842, method="nearest").band.item())
    B08
    """  # noqa: E501
    plan = plan_resampling(
        spectra,
        min_coverage,
        like=like,
        sensor=sensor,
        wavelength=wavelength,
        fwhm=fwhm,
        responses=responses,
    )
    found = _mapped(_values(plan, _float(spectra)), spectra, plan, _float(spectra))
    found = found.assign_coords(_companions(plan))
    coverage = _own_coverage(spectra, plan)
    if coverage is not None:
        found = found.assign_coords(coverage=coverage)
    if "uncertainty" in spectra.coords:
        found = found.assign_coords(uncertainty=_uncertainty(spectra, plan))
    notes = [*spectra.attrs.get("notes", ()), *plan.notes]
    if coverage is not None and coverage.chunks is None:
        notes += _told_gaps(coverage, plan)
    attrs = {key: value for key, value in spectra.attrs.items() if key != "sensor"}
    if plan.target.sensor is not None:
        attrs["sensor"] = plan.target.sensor
    if notes:
        attrs["notes"] = notes
    return found.rename(spectra.name).assign_attrs(attrs)


def resample_covariance(
    covariance: ArrayLike,
    spectra: xr.DataArray,
    *,
    like: xr.DataArray | None = None,
    sensor: str | None = None,
    wavelength: ArrayLike | None = None,
    fwhm: ArrayLike | None = None,
    responses: xr.DataArray | None = None,
    min_coverage: float = 0.9,
) -> xr.DataArray:
    """
    Covariance of channels, as that of the bands they are resampled to.

    Parameters
    ----------
    covariance : array-like, shape (n_channels, n_channels)
        Of the channels of `spectra`, bad ones included, in squared units of theirs.
        What stands at bad channels is not used.
    spectra : DataArray
        Whose wavelengths, fwhm and bad bands the channels have; its values do not
        matter.
    like : DataArray, optional
        The target; this and the others as in `resample`.
    sensor : str, optional
        Name from `list_sensors`.
    wavelength, fwhm : array-like, shape (n_bands,), optional
        Centres and widths, nm.
    responses : DataArray, optional
        Measured curves, ("band", "wavelength").
    min_coverage : float
        Least share of a band's response on channels that are there.

    Returns
    -------
    DataArray, dims ("wavelength", "wavelength_other")
        W C W', float64; NaN for bands with too little coverage. The roots of its
        diagonal are the uncertainties with correlation of channels counted.

    Raises
    ------
    ValueError
        As `resample`, and if the covariance has another shape.

    Examples
    --------
    >>> import numpy as np
    >>> grid = np.arange(1000.0, 1101.0, 10)
    >>> flat = xr.DataArray(
    ...     np.ones(11), dims="wavelength", coords={"wavelength": grid}
    ... )
    >>> shared = np.full((11, 11), 4.0)  # all channels err together
    >>> found = resample_covariance(shared, flat, wavelength=[1050], fwhm=[40])
    >>> print(found.values)
    [[4.]]
    """
    plan = plan_resampling(
        spectra,
        min_coverage,
        like=like,
        sensor=sensor,
        wavelength=wavelength,
        fwhm=fwhm,
        responses=responses,
    )
    matrix = np.asarray(covariance, float)
    size = spectra.sizes["wavelength"]
    if matrix.shape != (size, size):
        raise ValueError(
            f"the covariance has shape {matrix.shape}; the spectra have {size} "
            f"channels, so it must be ({size}, {size})."
        )
    good = good_channels(spectra)
    matrix = matrix[np.ix_(good, good)]
    used = (plan.weights != 0).any(0)
    weights = normal_weights(plan)[:, used]
    result = weights @ matrix[np.ix_(used, used)] @ weights.T
    result[~plan.enough] = np.nan
    result[:, ~plan.enough] = np.nan
    centre = plan.target.profiles.centre
    return xr.DataArray(
        result,
        dims=("wavelength", "wavelength_other"),
        coords={"wavelength": centre, "wavelength_other": centre},
        name="covariance",
        attrs={"notes": plan.notes, "long_name": "covariance of bands"},
    )


def _mapped(
    function: Callable[[NDArray], NDArray],
    values: xr.DataArray,
    plan: Plan,
    dtype: str,
) -> xr.DataArray:
    """Function of (channels, pixels), over `values`, in their order of dimensions."""
    order = values.dims
    labels = range(plan.weights.shape[0])
    (found,) = map_spectra(
        function, values, outputs=[Output("resampled", "resampled", labels, dtype)]
    )
    found = found.drop_vars("resampled").rename(resampled="wavelength")
    return found.transpose(*order).assign_coords(wavelength=plan.target.profiles.centre)


def _values(plan: Plan, dtype: str) -> Callable[[NDArray], NDArray]:
    weights = plan.weights.astype(dtype)
    normal = normal_weights(plan).astype(dtype)
    enough, least = plan.enough, plan.min_coverage - ROUNDING
    used = (weights != 0).any(0)
    some = used.mean() < 0.7

    def function(values: NDArray) -> NDArray:
        if some:
            values = values[used]
        part = normal[:, used] if some else normal
        found = part @ values.astype(dtype, copy=False)
        # a missing channel makes NaN of what it touches: such pixels go band by band
        holes = np.flatnonzero(np.isnan(found.sum(axis=0)))
        if holes.size:
            raw = weights[:, used] if some else weights
            found[:, holes] = _with_holes(values[:, holes], raw, least)
        found[~enough] = np.nan
        return found

    return function


def _with_holes(values: NDArray, weights: NDArray, least: float) -> NDArray:
    there = ~np.isnan(values)
    if not there.any():
        return np.full((weights.shape[0], values.shape[1]), np.nan, weights.dtype)
    share = weights @ there.astype(weights.dtype)
    total = weights @ np.where(there, values, 0).astype(weights.dtype)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(share >= least, total / share, np.nan)


def _uncertainty(spectra: xr.DataArray, plan: Plan) -> xr.DataArray:
    """Root of the sum of squared weights times variances, over channels with both."""
    least = plan.min_coverage - ROUNDING
    weights = plan.weights
    error = spectra["uncertainty"].drop_vars("uncertainty", errors="ignore")
    error = error.where(spectra.drop_vars("uncertainty").notnull())
    if "bad_bands" in spectra.coords:
        error = error.assign_coords(bad_bands=spectra["bad_bands"])
    order = [dim for dim in spectra.dims if dim in error.dims]

    def function(values: NDArray) -> NDArray:
        values = values.astype("float64")
        there = ~np.isnan(values)
        share = weights @ there
        variance = weights**2 @ np.where(there, values, 0.0) ** 2
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(share >= least, np.sqrt(variance) / share, np.nan)

    found = _mapped(function, error.transpose(*order), plan, _float(error))
    return found.drop_vars([name for name in found.coords if name not in found.dims])


def _own_coverage(spectra: xr.DataArray, plan: Plan) -> xr.DataArray | None:
    """Coverage of each spectrum and band, of a library whose spectra have gaps."""
    others = [dim for dim in spectra.dims if dim != "wavelength"]
    if others not in ([], ["spectrum"]):
        return None
    if spectra.chunks is None and not np.isnan(spectra.values[_at(spectra)]).any():
        return None
    found = _mapped(
        lambda values: plan.weights @ (~np.isnan(values)).astype("float64"),
        spectra.drop_vars("uncertainty", errors="ignore"),
        plan,
        "float64",
    )
    return found.drop_vars([name for name in found.coords if name not in found.dims])


def _companions(plan: Plan) -> dict[str, tuple[str, NDArray]]:
    target = plan.target
    bad = ~plan.enough if target.bad is None else ~plan.enough | target.bad
    coords = {
        "fwhm": ("wavelength", plan.fwhm),
        "coverage": ("wavelength", np.minimum(plan.covered, 1.0)),
    }
    if target.names is not None:
        coords["band"] = ("wavelength", np.array(target.names))
    if bad.any() or target.bad is not None:
        coords["bad_bands"] = ("wavelength", bad)
    return coords


def _told_gaps(coverage: xr.DataArray, plan: Plan) -> list[str]:
    # what the grid already lacks is told; here what the spectra's own gaps add
    short = (coverage < plan.min_coverage - ROUNDING) & xr.DataArray(
        plan.enough, dims="wavelength"
    )
    count = int(short.sum())
    if not count:
        return []
    spectra = int(short.any("wavelength").sum())
    return [
        f"{count} values of {spectra} spectra are NaN: their own gaps leave less than "
        f"{plan.min_coverage:.0%} of the band's response"
    ]


def _at(spectra: xr.DataArray) -> tuple:
    axis = spectra.get_axis_num("wavelength")
    return (*[slice(None)] * axis, good_channels(spectra))


def _float(values: xr.DataArray) -> str:
    return "float64" if values.dtype == np.float64 else "float32"
