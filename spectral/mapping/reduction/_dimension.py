"""How many independent signals a scene holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import scipy.special

from ..._check import check_cube
from ._algebra import check_regular, eigenvectors
from ._noise import regression_variance
from ._statistics import SceneStatistics, scene_statistics, statistics_on

if TYPE_CHECKING:
    import xarray as xr

METHODS = ("hysime", "hfc", "nwhfc")


class SignalDimension(NamedTuple):
    """
    Number of independent signals, and what it was told from.

    Parameters
    ----------
    n : int
        Signals above the noise: how many endmembers to look for.
    method : str
        As asked.
    evidence : ndarray, shape (n_bands,)
        One number a direction, greatest first; above zero it counts as a signal.
        HySime: power in that direction minus twice the noise there. HFC: difference of
        the eigenvalues of correlation and covariance minus its threshold.
    """

    n: int
    method: str
    evidence: np.ndarray


def signal_dimension(
    cube: xr.DataArray,
    *,
    method: str = "hysime",
    false_alarm: float = 1e-3,
    statistics: SceneStatistics | None = None,
) -> SignalDimension:
    """
    Number of independent signals in a scene.

    Parameters
    ----------
    cube : DataArray
        (wavelength, y, x), lazy or not, or a library. Read once, for its statistics.
    method : {"hysime", "hfc", "nwhfc"}
        HySime: the directions whose signal is worth its noise, in mean squared error;
        the noise comes from a regression of each band on the others, or from
        `statistics` where they tell it. HFC: eigenvalues that differ between
        correlation and covariance, at a false-alarm rate; it wants noise that is alike
        in all bands: with noise rising tenfold from the first band to the last it told
        15 signals for 4. NWHFC: after whitening the noise, which it takes from
        differences of neighbours.
    false_alarm : float
        Probability that HFC takes noise for a signal, for each direction.
    statistics : SceneStatistics, optional
        Of the cube, if already computed.

    Returns
    -------
    SignalDimension
        With `n`, the number.

    Raises
    ------
    ValueError
        If the method is not known, the rate is none, or a covariance is singular.

    References
    ----------
    Bioucas-Dias, J. M., Nascimento, J. M. P. (2008). Hyperspectral subspace
    identification. IEEE TGRS 46(8), 2435-2445.
    Chang, C.-I., Du, Q. (2004). Estimation of number of spectrally distinct signal
    sources in hyperspectral imagery. IEEE TGRS 42(3), 608-619.

    Examples
    --------
    >>> import xarray as xr
    >>> rng = np.random.default_rng(0)
    >>> spectra, shares = rng.random((30, 4)), rng.dirichlet(np.ones(4), 2500).T
    >>> cube = xr.DataArray(
    ...     (spectra @ shares + 0.001 * rng.standard_normal((30, 2500))).reshape(30, 50, 50),
    ...     dims=("wavelength", "y", "x"),
    ...     coords={"wavelength": np.linspace(2000, 2400, 30)},
    ... )
    >>> signal_dimension(cube).n
    4
    """  # noqa: E501
    check_cube(cube)
    if method not in METHODS:
        raise ValueError(f"method='{method}' is not known. Use one of {METHODS}.")
    if not 0 < false_alarm < 0.5:
        raise ValueError(
            f"false_alarm={false_alarm}: a probability between 0 and 0.5, such as 1e-3."
        )
    if statistics is None:
        noise = "difference" if method == "nwhfc" else None
        statistics = scene_statistics(cube, noise=noise)
    statistics = statistics_on(statistics, cube, noise=method == "nwhfc")
    if method == "hysime":
        evidence = _hysime(statistics)
    else:
        evidence = _hfc(statistics, false_alarm, whiten=method == "nwhfc")
    return SignalDimension(int((evidence > 0).sum()), method, evidence)


def _hysime(statistics: SceneStatistics) -> np.ndarray:
    power = statistics.second_moment
    if statistics.noise_covariance is not None:
        noise = statistics.noise_covariance
        signal = power - noise
    else:
        check_regular(
            power, statistics.wavelength, role="the correlation", n=statistics.n
        )
        noise = np.diag(regression_variance(power))
        # the signal is what the other bands predict: y - noise @ inverse @ y
        keep = np.eye(len(power)) - noise @ np.linalg.inv(power)
        signal = keep @ power @ keep.T
    _, vectors = eigenvectors(signal)
    power_there, noise_there = (
        np.einsum("ib,bc,ic->i", vectors, matrix, vectors) for matrix in (power, noise)
    )
    return np.sort(power_there - 2 * noise_there)[::-1]


def _hfc(
    statistics: SceneStatistics, false_alarm: float, *, whiten: bool
) -> np.ndarray:
    covariance = statistics.covariance
    power = covariance + np.outer(statistics.mean, statistics.mean)
    if whiten:
        noise = statistics.noise_covariance
        check_regular(
            noise,
            statistics.wavelength,
            role="the noise covariance",
            n=statistics.noise_n,
        )
        values, vectors = eigenvectors(noise)
        white = vectors / np.sqrt(values)[:, None]
        covariance, power = white @ covariance @ white.T, white @ power @ white.T
    one, other = eigenvectors(power)[0], eigenvectors(covariance)[0]
    spread = np.sqrt(2 * (one**2 + other**2) / statistics.n)
    return np.sort(one - other + spread * scipy.special.ndtri(false_alarm))[::-1]
