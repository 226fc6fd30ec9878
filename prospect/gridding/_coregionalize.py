"""Several variables that share structures: the linear model of coregionalisation."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from ._fit import FEWEST_LAGS, FEWEST_PAIRS
from ._models import Structure, VariogramModel
from ._variogram import cross_variogram, experimental_variogram

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

N_DIRECTIONS = 36
N_ROUNDS = 500


@dataclass(frozen=True)
class Coregionalization:
    """
    Linear model of coregionalisation: a matrix of sills for each structure.

    Parameters
    ----------
    columns : sequence of str
        Variables, in the order of the matrices.
    nugget : array-like, shape (n, n)
        Symmetric, no negative eigenvalue; in products of the units.
    structures : sequence of Structure
        Shapes; their own sills do not count. "linear" is not among them.
    sills : array-like, shape (n_structures, n, n)
        A matrix for each structure, as for the nugget.

    Raises
    ------
    ValueError
        If shapes do not fit, or a matrix is not symmetric or has a negative eigenvalue.

    Examples
    --------
    >>> model = Coregionalization(
    ...     ["Ni", "Co"], [[1, 0.2], [0.2, 1]],
    ...     [Structure("spherical", 1, 500)], [[[8, 4], [4, 3]]])
    >>> model.model("Ni", "Co")
    VariogramModel(0.2, [Structure('spherical', sill=4, range=500)])
    """

    columns: tuple[str, ...]
    nugget: NDArray
    structures: tuple[Structure, ...]
    sills: NDArray

    def __post_init__(self) -> None:
        columns, structures = tuple(self.columns), tuple(self.structures)
        n = len(columns)
        nugget = _matrices(self.nugget, (n, n), "nugget")
        sills = _matrices(self.sills, (len(structures), n, n), "sills")
        if any(each.kind == "linear" for each in structures):
            raise ValueError("a linear structure has no sill: take another kind.")
        for name, made in zip(
            ("columns", "nugget", "structures", "sills"),
            (columns, nugget, structures, sills),
            strict=True,
        ):
            object.__setattr__(self, name, made)

    def model(self, first: str, second: str) -> VariogramModel:
        """
        Return the variogram of a variable, or the cross-variogram of two.

        Parameters
        ----------
        first, second : str
            Variables.

        Returns
        -------
        VariogramModel

        Raises
        ------
        ValueError
            If the cross-variogram falls: such a model has negative sills.
        """
        i, j = self.columns.index(first), self.columns.index(second)
        made = [
            Structure(s.kind, sill[i, j], s.range, s.ratio, s.azimuth, s.smoothness)
            for s, sill in zip(self.structures, self.sills, strict=True)
        ]
        return VariogramModel(self.nugget[i, j], tuple(made))

    def stacked(self) -> NDArray:
        """Nugget and sills in one array (1 + n_structures, n, n)."""
        return np.concatenate([self.nugget[None], self.sills])


def fit_coregionalization(
    samples: gpd.GeoDataFrame,
    columns: Sequence[str],
    *,
    structures: Sequence[Structure],
    lag: float | None = None,
    n_lags: int = 15,
    transform: str | None = None,
) -> Coregionalization:
    """
    Fit the matrices of sills to all variograms and cross-variograms.

    Parameters
    ----------
    samples : GeoDataFrame
        Points in a projected CRS in metres.
    columns : sequence of str
        Numeric columns, two or more.
    structures : sequence of Structure
        Shapes that all share, for example those fitted to the first variable. A nugget
        is always added. The variograms are those of all directions together, so of an
        anisotropic shape its mean over all directions counts.
    lag : float, optional
        Width of a class of distances in metres, as for `experimental_variogram`; by
        default that of the first variable, for all of them.
    n_lags : int, default 15
        Number of classes.
    transform : {"log10", "normal_score"}, optional
        Applied to all beforehand.

    Returns
    -------
    Coregionalization
        The least squares (weights: pairs over squared distance) among models whose
        matrices have no negative eigenvalue, each variable counting in units of its
        standard deviation.

    Raises
    ------
    ValueError
        If too few classes have 30 pairs with all variables, or as for
        `experimental_variogram`.

    References
    ----------
    Goulard, M. and Voltz, M. (1992). Linear coregionalization model: tools for
    estimation and choice of cross-variogram matrix. Mathematical Geology 24, 269-286.

    Examples
    --------
    >>> import geopandas as gpd
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.uniform(0, 1000, (2, 200))
    >>> wave = np.sin(x / 150)
    >>> soil = gpd.GeoDataFrame(
    ...     {"Ni": wave, "Co": 2 * wave + 1},
    ...     geometry=gpd.points_from_xy(x, y), crs="EPSG:32633")
    >>> shape = [Structure("gaussian", 1, 400)]
    >>> found = fit_coregionalization(soil, ["Ni", "Co"], structures=shape)
    >>> (found.sills[0] / found.sills[0, 0, 0]).round(2).tolist()
    [[1.0, 2.0], [2.0, 4.0]]
    """
    columns = list(columns)
    options = {"lag": lag, "n_lags": n_lags, "transform": transform}
    tables = {(0, 0): experimental_variogram(samples, columns[0], **options)}
    # variables sampled on ground of different size must share their classes
    options["lag"] = tables[0, 0].attrs["lag_width"]
    for i, name in enumerate(columns[1:], 1):
        tables[i, i] = experimental_variogram(samples, name, **options)
    for i, j in combinations(range(len(columns)), 2):
        pair = [columns[i], columns[j]]
        tables[i, j] = cross_variogram(samples, pair, **options)
    sd = np.sqrt([tables[i, i].attrs["variance"] for i in range(len(columns))])
    if not (sd > 0).all():
        names = [c for c, s in zip(columns, sd, strict=True) if not s > 0]
        raise ValueError(f"{names} have one value only: leave them out.")
    lags, weight, gamma = _common(tables, len(columns))
    gamma = gamma / np.outer(sd, sd)
    shapes = [np.ones(len(lags)), *(_all_round(each, lags) for each in structures)]
    sills = _goulard(gamma, np.array(shapes), weight) * np.outer(sd, sd)
    return Coregionalization(columns, sills[0], structures, sills[1:])


def _all_round(structure: Structure, lags: NDArray) -> NDArray:
    """Semivariance of unit sill at distances, the mean of all directions."""
    a, b, c, d = structure.matrix()
    angle = np.radians(np.arange(0, 180, 180 / N_DIRECTIONS))
    east, north = np.sin(angle), np.cos(angle)
    per_metre = np.hypot(a * east + b * north, c * east + d * north)
    return 1 - structure.correlation(np.outer(lags, per_metre)).mean(axis=1)


def _common(
    tables: dict[tuple[int, int], pd.DataFrame], n: int
) -> tuple[NDArray, NDArray, NDArray]:
    """Classes that all tables have, with weights and matrices of semivariance."""
    width = tables[0, 0].attrs["lag_width"]
    classes = {
        key: table[table["n_pairs"] >= FEWEST_PAIRS].set_index(
            np.ceil(table.loc[table["n_pairs"] >= FEWEST_PAIRS, "lag"] / width)
        )
        for key, table in tables.items()
    }
    shared = sorted(set.intersection(*(set(t.index) for t in classes.values())))
    if len(shared) < FEWEST_LAGS:
        raise ValueError(
            f"{len(shared)} classes of distance have {FEWEST_PAIRS} pairs with all "
            f"variables; a fit needs {FEWEST_LAGS}. Take wider classes (lag=), or "
            "state the model."
        )
    gamma = np.empty((len(shared), n, n))
    for (i, j), table in classes.items():
        gamma[:, i, j] = gamma[:, j, i] = table.loc[shared, "gamma"]
    first = classes[0, 0].loc[shared]
    lags = first["lag"].to_numpy()
    return lags, first["n_pairs"].to_numpy() / lags**2, gamma


def _goulard(gamma: NDArray, shapes: NDArray, weight: NDArray) -> NDArray:
    """Matrices without negative eigenvalues, one after another until they settle."""
    n = gamma.shape[1]
    sills = np.zeros((len(shapes), n, n))
    scale = np.einsum("k,sk,sk->s", weight, shapes, shapes)
    for _ in range(N_ROUNDS):
        before = sills.copy()
        for s, shape in enumerate(shapes):
            rest = gamma - np.einsum("tij,tk->kij", sills, shapes)
            rest += sills[s] * shape[:, None, None]
            best = np.einsum("k,kij->ij", weight * shape, rest) / scale[s]
            values, vectors = np.linalg.eigh((best + best.T) / 2)
            sills[s] = (vectors * np.maximum(values, 0)) @ vectors.T
        if np.abs(sills - before).max() < 1e-8:
            break
    return sills


def _matrices(given: ArrayLike, shape: tuple[int, ...], name: str) -> NDArray:
    made = np.asarray(given, dtype=float)
    if made.shape != shape or not np.isfinite(made).all():
        raise ValueError(
            f"{name} must be finite and have the shape {shape}. Got {made.shape}."
        )
    if not np.allclose(made, made.swapaxes(-1, -2), rtol=1e-9, atol=1e-12):
        raise ValueError(f"{name} must be symmetric: the order of variables is none.")
    lowest = np.linalg.eigvalsh(made).min() if made.size else 0.0
    if lowest < -1e-9 * max(np.abs(made).max(), 1e-300):
        raise ValueError(
            f"{name} has the negative eigenvalue {lowest:.4g}: some mixture of the "
            "variables would have a negative variance. Lower the other terms, or "
            "use fit_coregionalization."
        )
    return made
