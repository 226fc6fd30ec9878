"""Models fitted to experimental variograms."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.optimize import minimize, nnls

from survey import check_columns

from .._note import Note
from ._models import KINDS, Structure, VariogramModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

WEIGHTS = ("pairs_lag2", "pairs", "cressie", "equal")
FEWEST_PAIRS = 30
FEWEST_LAGS = 4
N_RANGES = {1: 60, 2: 20}
RATIOS = (1.0, 0.7, 0.5, 0.35, 0.25, 0.15)
CHANCE = 12.0  # chi-square of the model's three numbers, p = 0.007


class _Points(NamedTuple):
    """Lags with enough pairs."""

    lag: NDArray
    gamma: NDArray
    pairs: NDArray
    azimuth: NDArray


class _Fit(NamedTuple):
    misfit: float
    nugget: float
    structures: tuple[Structure, ...]


def fit_variogram(
    experimental: pd.DataFrame,
    *,
    models: Sequence[str] = ("spherical", "exponential"),
    weights: str = "pairs_lag2",
) -> VariogramModel:
    """
    Model that comes nearest to an experimental variogram.

    Nugget and sills follow from least squares that keeps them at zero or above, for
    each of many ranges; the best is then refined. Where the table has several azimuths,
    the ratio and azimuth of a geometric anisotropy are sought too.

    Parameters
    ----------
    experimental : DataFrame
        Columns `lag`, `gamma`, `n_pairs`, and `azimuth` if there are several
        directions, as `experimental_variogram` gives. Classes of fewer than 30 pairs
        are left out, which the notes say.
    models : sequence of str
        Shapes to try, of `Structure`; two nested ones are joined by a plus:
        "spherical+spherical". The one with the least misfit is kept.
    weights : {"pairs_lag2", "pairs", "cressie", "equal"}
        Weight of a class: pairs over squared distance, pairs, pairs over squared
        modelled semivariance, or one.

    Returns
    -------
    VariogramModel
        With `notes` on what is remarkable: no sill within the lags, classes left out.

    Raises
    ------
    ValueError
        If no model can be fitted, with the reason and its remedy: too few classes with
        pairs, a flat variogram (nothing but nugget), one that falls with distance, or a
        madogram, which has no sill.

    See Also
    --------
    prospect.report.figure_variogram : Picture of the fit.

    References
    ----------
    Cressie, N. (1985). Fitting variogram models by weighted least squares. Mathematical
    Geology 17, 563-586.

    Examples
    --------
    >>> import pandas as pd
    >>> truth = VariogramModel(1.0, [Structure("spherical", 3.0, 500)])
    >>> lag = np.arange(50.0, 1000, 50)
    >>> table = pd.DataFrame({"lag": lag, "gamma": truth(lag), "n_pairs": 100})
    >>> fit_variogram(table, models=["spherical"])
    VariogramModel(1, [Structure('spherical', sill=3, range=500)])
    """
    check_columns(experimental, ["lag", "gamma", "n_pairs"])
    if experimental.attrs.get("estimator") == "madogram":
        raise ValueError(
            "a madogram has no sill: it shows ranges only. Fit a variogram of the "
            "estimator 'matheron', 'cressie' or 'dowd'."
        )
    if weights not in WEIGHTS:
        raise ValueError(f"weights must be one of {WEIGHTS}. Got {weights!r} instead.")
    names = [models] if isinstance(models, str) else list(models)
    if not names:
        raise ValueError(f"models names no model to fit: choose among {KINDS}")
    kinds = [each for name in names for each in _parse(name)]
    points, notes = _points(experimental)
    fits = [_fit(points, kind, weights) for kind in kinds]
    best = min(fits, key=lambda fit: fit.misfit)
    nearest = best
    if weights != "pairs":
        by_pairs = [_fit(points, kind, "pairs") for kind in kinds]
        nearest = min(by_pairs, key=lambda fit: fit.misfit)
    kurtosis = experimental.attrs.get("kurtosis", 3.0)
    _check_rise(points, best, nearest, kurtosis=kurtosis)
    longest = points.lag.max()
    if any(s.range > 1.5 * longest and s.kind != "linear" for s in best.structures):
        notes.append(Note("variogram_no_sill", longest=round(float(longest))))
    return VariogramModel(best.nugget, best.structures, tuple(notes))


def _parse(name: str) -> list[list[tuple[str, float | None]]]:
    """Kinds of the nested structures of a model, one list for each smoothness."""
    parts = [part.strip() for part in str(name).split("+")]
    if not all(part in KINDS for part in parts) or len(parts) > 2:
        raise ValueError(
            f"models must be among {KINDS}, or two of them joined by a plus. Got "
            f"{name!r} instead."
        )
    smoothness = (1.5, 2.5) if "matern" in parts else (None,)
    return [
        [(part, smooth if part == "matern" else None) for part in parts]
        for smooth in smoothness
    ]


def _points(table: pd.DataFrame) -> tuple[_Points, list[str]]:
    azimuth = table["azimuth"] if "azimuth" in table else np.nan * table["lag"]
    values = [table["lag"], table["gamma"], table["n_pairs"], azimuth]
    lag, gamma, pairs, azimuth = (column.to_numpy(float) for column in values)
    enough = (pairs >= FEWEST_PAIRS) & np.isfinite(gamma) & (lag > 0)
    if len(np.unique(np.round(lag[enough], 6))) < FEWEST_LAGS:
        raise ValueError(
            f"{enough.sum()} of {len(table)} classes of distance have "
            f"{FEWEST_PAIRS} pairs; a fit needs {FEWEST_LAGS}. Take wider classes "
            "(lag=) or all directions together, or state the variogram yourself."
        )
    if not gamma[enough].any():
        raise ValueError(
            "the variogram is zero at all distances: the samples have one value. "
            "Nothing is to be kriged; check the column."
        )
    lost = int(len(table) - enough.sum())
    notes = [Note("variogram_few_pairs", n=lost, fewest=FEWEST_PAIRS)] * (lost > 0)
    return _Points(*(v[enough] for v in (lag, gamma, pairs, azimuth))), notes


def _weights(points: _Points, kind: str, modelled: NDArray | None) -> NDArray:
    if kind == "pairs":
        return points.pairs
    if kind == "cressie":
        gamma = points.gamma if modelled is None else modelled
        return points.pairs / np.maximum(gamma, 1e-12 * points.gamma.max()) ** 2
    return points.pairs / points.lag**2 if kind == "pairs_lag2" else np.ones(
        len(points.lag)
    )  # fmt: skip


def _fit(points: _Points, kinds: list, weights: str) -> _Fit:
    """Best fit of one kind of model; Cressie's weights follow the model."""
    modelled = None
    for _ in range(3 if weights == "cressie" else 1):
        weight = _weights(points, weights, modelled)
        theta = _search(points, kinds, weight)
        fit = _solve(points, kinds, weight, theta)
        modelled = np.full(len(points.lag), fit.nugget)
        for each in fit.structures:
            modelled = modelled + each.sill * _shape(points, each)
    # misfits of different kinds are compared with the same weights
    fair = _weights(points, weights, None)
    return fit._replace(misfit=float(np.sum(fair * (modelled - points.gamma) ** 2)))


def _search(points: _Points, kinds: list, weight: NDArray) -> NDArray:
    """Ranges (log), log ratio and azimuth with the least misfit."""

    def misfit(theta: NDArray) -> float:
        return _solve(points, kinds, weight, theta).misfit

    shortest, longest = points.lag.min(), points.lag.max()
    ranges = np.log(np.geomspace(1.05 * shortest, 3 * longest, N_RANGES[len(kinds)]))
    if len(kinds) == 1:
        starts = [[r] for r in ranges]
    else:
        starts = [[r, s] for r in ranges for s in ranges if s > r]
    best = np.array(min(starts, key=misfit))
    several = len(np.unique(points.azimuth[np.isfinite(points.azimuth)])) > 1
    if several:
        turned = [
            [*(best - 0.5 * np.log(ratio)), np.log(ratio), azimuth]
            for ratio in RATIOS
            for azimuth in (range(0, 180, 10) if ratio < 1 else (0,))
        ]
        best = np.array(min(turned, key=misfit))
    done = minimize(
        misfit, best, method="Nelder-Mead",
        options={"xatol": 1e-7, "fatol": 1e-12, "maxiter": 2000},
    )  # fmt: skip
    return done.x


def _structures(kinds: list, theta: NDArray, longest: float) -> list[Structure]:
    """Structures of unit sill."""
    ratio, azimuth = 1.0, 0.0
    if len(theta) > len(kinds):
        ratio, azimuth = np.exp(theta[-2]), theta[-1]
    ranges = np.exp(np.clip(theta[: len(kinds)], -50, 50))
    if ratio > 1:
        ranges, ratio, azimuth = ranges * ratio, 1 / ratio, azimuth + 90
    return [
        Structure(
            kind, 1.0, longest if kind == "linear" else reach, max(ratio, 1e-3),
            azimuth % 180, smooth,
        )
        for (kind, smooth), reach in zip(kinds, ranges, strict=True)
    ]  # fmt: skip


def _shape(points: _Points, structure: Structure) -> NDArray:
    """Semivariance of a structure of unit sill at the points."""
    a, b, c, d = structure.matrix()
    angle = np.radians(np.nan_to_num(points.azimuth))
    east, north = points.lag * np.sin(angle), points.lag * np.cos(angle)
    return 1 - structure.correlation(
        np.hypot(a * east + b * north, c * east + d * north)
    )


def _solve(points: _Points, kinds: list, weight: NDArray, theta: NDArray) -> _Fit:
    """Nugget and sills for given ranges."""
    structures = _structures(kinds, theta, points.lag.max())
    root = np.sqrt(weight)
    design = [root] + [root * _shape(points, each) for each in structures]
    # scaled, so that the solver's tolerance does not depend on units
    scale = points.gamma.max() * root.max()
    sills, residual = nnls(
        np.column_stack(design) / root.max(), root * points.gamma / scale
    )
    sills *= points.gamma.max()
    made = [
        Structure(s.kind, sill, s.range, s.ratio, s.azimuth, s.smoothness)
        for s, sill in zip(structures, sills[1:], strict=True)
        if sill > 1e-9 * sills.sum()
    ]
    return _Fit(float(residual) ** 2, float(sills[0]), tuple(made))


def _check_rise(points: _Points, best: _Fit, nearest: _Fit, *, kurtosis: float) -> None:
    """
    Raise unless the semivariance changes more than it does by chance.

    Of values that are not alike it has the variance (kurtosis + 1) / 2 gamma² / pairs.
    What is explained is told by the fit that weighs by pairs: what other weights
    neglect, such as a rise at long distances, is no scatter.
    """
    tails = max((kurtosis + 1) / 4, 1.0)
    weight = points.pairs
    mean = np.sum(weight * points.gamma) / weight.sum()
    modelled = np.full(len(points.lag), nearest.nugget)
    for each in nearest.structures:
        modelled = modelled + each.sill * _shape(points, each)
    flat, rest = (
        np.sum(weight * (points.gamma - each) ** 2) / (2 * mean**2)
        for each in (mean, modelled)
    )
    sill = sum(each.sill for each in best.structures)
    if sill > 0.05 * (sill + best.nugget) and flat - rest > CHANCE * tails:
        return
    first, last = points.gamma[points.lag.argmin()], points.gamma[points.lag.argmax()]
    falls = flat > 0 and np.corrcoef(points.lag, points.gamma)[0, 1] < -0.5
    if falls and first - last > 0.1 * mean:
        raise ValueError(
            f"the variogram falls with distance, from {first:.4g} to {last:.4g}: a "
            "hole, which no model of these can follow. Take shorter distances (lag=, "
            "n_lags=), look for samples clustered on high values, or state the "
            "variogram yourself."
        )
    raise ValueError(
        f"the variogram is flat, about {mean:.4g} from {points.lag.min():.4g} to "
        f"{points.lag.max():.4g} m: samples that far apart are not alike, and kriging "
        "them gives little more than their mean. Take shorter distances (lag=), a "
        "transform or a robust estimator against outliers, or state the variogram "
        f"yourself, VariogramModel(nugget={mean:.4g}) for a pure nugget."
    )
