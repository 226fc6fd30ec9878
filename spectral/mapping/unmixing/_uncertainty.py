"""How far shares move when noise and endmembers do."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import xarray as xr

from ..._blocks import _each
from ..._check import check_cube, good_bands
from ..._reflectance import check_pixels
from ..._threads import one_blas_thread
from ._draws import normal_draws
from ._endmembers import Endmembers, endmembers_on
from ._project import project
from ._unmix import METHODS, Problem, make_problem, shares_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

SLAB = 4096  # pixels whose draws are held at once


class Draw(NamedTuple):
    """One set of endmembers: its problem, and a root of the noise of its products."""

    problem: Problem
    root: np.ndarray


def unmixing_uncertainty(
    cube: xr.DataArray,
    endmembers: xr.DataArray,
    *,
    noise: float | ArrayLike,
    method: str = "fcls",
    n: int = 50,
    quantiles: Sequence[float] = (0.05, 0.95),
    correlation_length: float = 0.0,
    random_state: int = 0,
) -> xr.Dataset:
    """
    Spread of the shares under noise of the image and errors of the endmembers.

    Each of `n` times noise is added to every pixel and errors to the endmembers, and
    the pixel is unmixed anew (Monte Carlo).

    Parameters
    ----------
    cube : DataArray
        Reflectance with dimension wavelength (nm).
    endmembers : DataArray, dims ("spectrum", "wavelength")
        Spectra of the pure materials. Their coordinate ``uncertainty`` (spectrum,
        wavelength), one standard deviation in reflectance, is used where it is there.
    noise : float or array, shape (n_bands,) or (n_bands, n_bands)
        Standard deviation of the noise in reflectance, for all good bands, for each, or
        its covariance, such as ``scene_statistics(cube).noise_covariance``.
    method : {"fcls", "nnls", "scls", "ucls"}
        As of `unmix`.
    n : int
        How often, at least 2.
    quantiles : sequence of float
        Between 0 and 1; of the `n` shares.
    correlation_length : float
        Distance in nm over which the errors of an endmember's bands go together,
        correlation exp(-distance / length). Zero: each band errs for itself, which
        makes shares look too sure where a spectrum is wrong as a whole.
    random_state : int
        Seed. A pixel's draws depend on it and on the pixel's place in the cube alone,
        not on chunks.

    Returns
    -------
    Dataset
        ``abundance`` as of `unmix`, ``mean`` and ``standard_deviation`` of the `n`
        shares (endmember, y, x), ``quantiles`` (quantile, endmember, y, x). Lazy where
        the cube is. Missing pixels are NaN.

    Raises
    ------
    ValueError
        If noise or uncertainty have another size or are negative, or `n` is below 2.

    Notes
    -----
    Shares depend on a spectrum only through its products with the endmembers, so
    noise is drawn for these, with the covariance it has there: the same distribution at
    a fraction of the work.

    On made mixtures with this noise the interval from 0.05 to 0.95 held the truth in 87
    to 88 % of the pixels with 50 draws, in 90 % with 200: few draws make it narrow.
    With endmembers' errors independent from band to band it held 87 % with 200.

    Examples
    --------
    >>> waves = {"wavelength": [500.0, 600.0, 700.0]}
    >>> pure = xr.DataArray(
    ...     [[0.1, 0.2, 0.6], [0.5, 0.4, 0.2]],
    ...     {"spectrum": ["leaf", "clay"], **waves},
    ...     dims=("spectrum", "wavelength"),
    ... )
    >>> pixel = xr.DataArray([0.4, 0.35, 0.3], waves, dims="wavelength")
    >>> found = unmixing_uncertainty(pixel, pure, noise=0.01, n=2000)
    >>> float(found["standard_deviation"][0])
    0.017
    """
    if method not in METHODS:
        raise ValueError(f"method {method!r} is not known. Use one of {list(METHODS)}.")
    if n < 2:
        raise ValueError(f"n must be at least 2 for a spread, often 50; got {n}")
    wanted = [float(quantile) for quantile in quantiles]
    if not all(0 <= quantile <= 1 for quantile in wanted):
        raise ValueError(f"quantiles must lie between 0 and 1; got {wanted}")
    check_cube(cube)
    pure = endmembers_on(endmembers, cube, sum_to_one=method in ("fcls", "scls"))
    covariance = _noise(noise, pure.wavelength.size)
    errors = _errors(endmembers, cube, pure, correlation_length)
    draws = _draws(pure, errors, covariance, method, n, random_state)
    central = make_problem(pure.spectra, method)
    return _mapped(cube, pure, central, draws, wanted, random_state)


def _noise(noise: float | ArrayLike, n_bands: int) -> np.ndarray:
    """Covariance, or variances where bands are independent."""
    values = np.asarray(noise, "float64")
    if values.ndim == 2 and values.shape == (n_bands, n_bands):
        return values
    if values.shape not in ((), (n_bands,)):
        raise ValueError(
            f"noise has shape {values.shape}: give one number, one for each of the "
            f"{n_bands} good bands, or their covariance"
        )
    if not (np.isfinite(values) & (values >= 0)).all():
        raise ValueError("noise must be a standard deviation of at least zero")
    return np.broadcast_to(values**2, (n_bands,))


def _errors(
    library: xr.DataArray,
    cube: xr.DataArray,
    pure: Endmembers,
    length: float,
) -> list[np.ndarray]:
    """A root of each endmember's error covariance; empty where none is known."""
    if not (np.isfinite(length) and length >= 0):
        raise ValueError(f"correlation_length must be at least zero nm; got {length:g}")
    if "uncertainty" not in library.coords:
        return []
    spread = library["uncertainty"].transpose(..., "wavelength").values
    spread = np.atleast_2d(np.asarray(spread, "float64"))
    if "bad_bands" in cube.coords:
        spread = spread[:, ~np.asarray(cube["bad_bands"].values, bool)]
    unusable = ~(np.isfinite(spread) & (spread >= 0))
    if unusable.any():
        told = [
            f"{name} ({count})"
            for name, count in zip(pure.names, unusable.sum(1), strict=True)
            if count
        ]
        raise ValueError(
            "the coordinate 'uncertainty' is missing or negative in good bands of "
            f"{', '.join(told)}. Fill it in, or drop_vars('uncertainty')."
        )
    if length == 0:
        return [np.diag(row) for row in spread]
    apart = np.abs(np.subtract.outer(pure.wavelength, pure.wavelength))
    root = np.linalg.cholesky(np.exp(-apart / length))
    return [row[:, None] * root for row in spread]


def _draws(
    pure: Endmembers,
    errors: list[np.ndarray],
    covariance: np.ndarray,
    method: str,
    n: int,
    random_state: int,
) -> list[Draw]:
    """Endmembers of each repetition; one for all where they do not err."""
    rng = np.random.default_rng(random_state)
    found = []
    for _ in range(n if errors else 1):
        spectra = pure.spectra.copy()
        for i, root in enumerate(errors):
            spectra[i] += root @ rng.standard_normal(root.shape[1])
        problem = make_problem(spectra, method)
        rows = problem.rows[: len(spectra)]
        spread = (rows * covariance) if covariance.ndim == 1 else rows @ covariance
        variance = spread @ rows.T
        values, vectors = np.linalg.eigh((variance + variance.T) / 2)
        found.append(Draw(problem, vectors * np.sqrt(np.maximum(values, 0))))
    return found if errors else found * n


def _mapped(
    cube: xr.DataArray,
    pure: Endmembers,
    central: Problem,
    draws: list[Draw],
    quantiles: list[float],
    seed: int,
) -> xr.Dataset:
    spectra = good_bands(cube)
    others = [dim for dim in spectra.dims if dim != "wavelength"]
    lazy = spectra.chunks is not None
    if lazy:
        spectra = spectra.chunk({"wavelength": -1})
    places = _places(spectra, others)
    along = [name for name in spectra.coords if "wavelength" in spectra[name].dims]
    size, dtype = 3 + len(quantiles), np.dtype(cube.dtype)

    def spread(values: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        shape = values.shape[:-1]
        flat = np.moveaxis(values, -1, 0).reshape(values.shape[-1], -1)
        found = np.empty((size, len(pure.names), flat.shape[1]), dtype)

        def work(part: slice) -> None:
            found[:, :, part] = _spread(
                flat[:, part], numbers.ravel()[part], central, draws, quantiles, seed
            )

        parts = [slice(i, i + SLAB) for i in range(0, flat.shape[1], SLAB)]
        with one_blas_thread():
            _each(work, parts, side_by_side=not lazy)
        return np.moveaxis(found.reshape(size, -1, *shape), (0, 1), (-2, -1))

    stacked = xr.apply_ufunc(
        spread,
        spectra.drop_vars(along),
        places,
        input_core_dims=[["wavelength"], []],
        output_core_dims=[["part", "endmember"]],
        dask="parallelized",
        output_dtypes=[dtype],
        dask_gufunc_kwargs={
            "output_sizes": {"part": size, "endmember": len(pure.names)}
        },
    ).transpose("part", "endmember", *others)
    kept = {name: spectra[name] for name in spectra.coords if name not in along}
    stacked = stacked.assign_coords(endmember=pure.names, **kept)
    return _parts(stacked, quantiles, central.method, len(draws))


def _places(spectra: xr.DataArray, others: list[str]) -> xr.DataArray:
    """Number of each pixel in the cube, counted in the order y, x."""
    sizes = [spectra.sizes[dim] for dim in others]
    total = int(np.prod(sizes))
    if spectra.chunks is None:
        numbers = np.arange(total, dtype="int64").reshape(sizes)
    else:
        import dask.array as da

        chunks = [spectra.chunksizes[dim] for dim in others]
        steps = [int(np.prod(sizes[i + 1 :])) for i in range(len(sizes))]
        numbers = da.zeros(sizes, chunks=chunks, dtype="int64")
        for i, step in enumerate(steps):
            along = da.arange(sizes[i], chunks=(chunks[i],), dtype="int64") * step
            numbers = numbers + along[(...,) + (None,) * (len(sizes) - 1 - i)]
    return xr.DataArray(numbers, dims=others)


def _spread(
    values: np.ndarray,
    places: np.ndarray,
    central: Problem,
    draws: list[Draw],
    quantiles: list[float],
    seed: int,
) -> np.ndarray:
    """Shares as unmixed, their mean, spread and quantiles over the draws."""
    q = len(central.gram)
    plain, facts = project(values, central.rows[:q])
    check_pixels(facts[0], len(values), central.largest, "endmembers")
    found = np.empty((len(draws), q, values.shape[1]))
    for number, draw in enumerate(draws):
        problem = draw.problem
        rows = problem.rows[:q]
        products = plain if rows is central.rows else project(values, rows)[0]
        moved = products + draw.root @ normal_draws(places, seed, number, q)
        found[number] = shares_of(problem, moved - problem.shift[:, None])[0]
    shares = shares_of(central, plain - central.shift[:, None])[0]
    found.sort(axis=0)
    spots = [np.quantile(found, quantile, axis=0) for quantile in quantiles]
    return np.stack([shares, found.mean(0), found.std(0, ddof=1), *spots])


def _parts(
    stacked: xr.DataArray, quantiles: list[float], method: str, n: int
) -> xr.Dataset:
    names = {
        "abundance": "share of the endmember",
        "mean": "mean share over the draws",
        "standard_deviation": "standard deviation of the share",
    }
    result = xr.Dataset(attrs={"method": method, "n": n})
    for i, (name, said) in enumerate(names.items()):
        result[name] = stacked.isel(part=i, drop=True).assign_attrs(
            long_name=said, units="1", kind="continuous"
        )
    if quantiles:
        spots = stacked.isel(part=slice(3, None)).rename(part="quantile")
        result["quantiles"] = spots.assign_coords(quantile=quantiles).assign_attrs(
            long_name="quantile of the share", units="1", kind="continuous"
        )
    return result
