"""How far evidence resembles itself: variograms of the layers of a stack."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from survey import check_projected, geobox_of

from .._stream import centres_of, read_cells

if TYPE_CHECKING:
    from collections.abc import Mapping

    import xarray as xr
    from numpy.typing import NDArray

N_LAGS = 25
FEWEST_PAIRS = 30
N_CLASSES = 3
COLUMNS = ["kind", "model", "range", "nugget_share", "capped", "note"]


class Autocorrelation(NamedTuple):
    """
    Ranges of autocorrelation and the block size that follows from them.

    Parameters
    ----------
    table : DataFrame, index layer
        `kind`, `model` ("spherical" or "exponential"), `range` (practical range,
        metres; NaN where none was found), `nugget_share` (0 to 1), `capped` and `note`.
    block_size : float
        Median of the ranges, metres.
    limit : float
        Longest range that can be told: half the shorter side of the region, metres.
    """

    table: pd.DataFrame
    block_size: float
    limit: float


def autocorrelation_range(
    stack: xr.Dataset, *, random_state: int, n: int = 2000
) -> Autocorrelation:
    """
    Distance beyond which the evidence at two places is no longer alike.

    The experimental variogram of each layer (Matheron's estimator) is taken over random
    cells, a spherical and an exponential model with nugget are fitted by weighted least
    squares (weights: pairs over squared lag) and the better one is kept. Continuous
    layers enter as ranks, which neither outliers nor a change of scale can move; for
    categorical layers it is the median over the indicators of the three largest
    classes. The practical range is where the model reaches its sill (spherical) or 95 %
    of it (exponential). No range beyond half the shorter side of the region can be
    told: longer ones are capped, and the table says so.

    Parameters
    ----------
    stack : Dataset
        Evidence layers on one grid, projected CRS in metres.
    random_state : int
        Seed.
    n : int, default 2000
        Number of cells. Only the blocks that hold one are read.

    Returns
    -------
    Autocorrelation
        `table`, `block_size`, `limit`.

    Raises
    ------
    ValueError
        If the CRS is not projected or fewer than 30 cells have a value.

    References
    ----------
    Journel, A. G. and Deutsch, C. V. (1997). Rank order geostatistics. In:
    Geostatistics Wollongong '96, 174-187.

    Roberts, D. R. et al. (2017). Cross-validation strategies for data with temporal,
    spatial, hierarchical, or phylogenetic structure. doi 10.1111/ecog.02881

    Examples
    --------
    >>> from odc.geo.geobox import GeoBox
    >>> from odc.geo.xr import wrap_xr
    >>> box = GeoBox.from_bbox((0, 0, 10000, 8000), "EPSG:32654", resolution=100)
    >>> waves = np.sin(np.arange(100) / 3) + np.sin(np.arange(80) / 3)[:, None]
    >>> stack = wrap_xr(waves, box).to_dataset(name="waves")
    >>> bool(200 < autocorrelation_range(stack, random_state=0).block_size < 2000)
    True
    """
    box = geobox_of(stack)
    check_projected(box, what="autocorrelation_range")
    shape = tuple(box.shape)
    rng = np.random.default_rng(random_state)
    flat = rng.choice(shape[0] * shape[1], min(n, shape[0] * shape[1]), replace=False)
    row, col = np.divmod(np.sort(flat).astype(np.int64), shape[1])
    grids = [stack[name] for name in stack]
    values = pd.DataFrame(read_cells(grids, row, col), columns=list(stack.data_vars))
    kinds = {name: stack[name].attrs.get("kind", "continuous") for name in stack}
    places = np.column_stack(centres_of(box.affine, row, col))
    sides = np.hypot(box.affine.a, box.affine.d), np.hypot(box.affine.b, box.affine.e)
    limit = min(sides[0] * shape[1], sides[1] * shape[0]) / 2
    return ranges_of(values, places, kinds=kinds, limit=limit)


def ranges_of(
    values: pd.DataFrame, places: NDArray, *, kinds: Mapping[str, str], limit: float
) -> Autocorrelation:
    """Return ranges of the columns of a table whose rows lie at `places` (metres)."""
    if values.notna().any(axis=1).sum() < FEWEST_PAIRS:
        raise ValueError(
            f"{values.notna().any(axis=1).sum()} of {len(values)} cells drawn have a "
            f"value: the range of autocorrelation needs {FEWEST_PAIRS}; raise n= or "
            "state block_size= yourself"
        )
    pairs = _Pairs(places, limit)
    rows = {
        name: _layer_range(column.to_numpy(float), pairs, kinds.get(name, "continuous"))
        for name, column in values.items()
    }
    table = pd.DataFrame.from_dict(rows, orient="index", columns=COLUMNS)
    table.index.name = "layer"
    found = table["range"].dropna()
    size = found.median() if len(found) else pairs.edges[1]
    return Autocorrelation(table, float(size), float(limit))


class _Pairs:
    """Pairs of places within the limit, by lag class; classes widen with distance."""

    def __init__(self, places: NDArray, limit: float) -> None:
        from scipy.spatial.distance import pdist

        first, second = np.triu_indices(len(places), 1)
        apart = pdist(places)
        near = (apart <= limit) & (apart > 0)
        self.first, self.second = first[near], second[near]
        self.limit = limit
        self.edges = limit * np.linspace(0, 1, N_LAGS + 1) ** 1.5
        self.lag = np.digitize(apart[near], self.edges[1:-1])
        self.apart = apart[near]


def experimental_variogram(
    values: NDArray, pairs: _Pairs
) -> tuple[NDArray, NDArray, NDArray]:
    """Return mean lag, semivariance and number of pairs, classes with enough pairs."""
    squared = (values[pairs.first] - values[pairs.second]) ** 2
    known = np.isfinite(squared)
    lag, squared, apart = pairs.lag[known], squared[known], pairs.apart[known]
    count = np.bincount(lag, minlength=N_LAGS)
    enough = count >= FEWEST_PAIRS
    total, length = (np.bincount(lag, w, N_LAGS)[enough] for w in (squared, apart))
    return length / count[enough], total / count[enough] / 2, count[enough]


def fit_variogram(
    lag: NDArray, gamma: NDArray, count: NDArray, *, longest: float
) -> tuple[str, float, float]:
    """
    Return the better model, its practical range and the nugget's share of the sill.

    For each of many ranges up to `longest` the best nugget and sill, neither negative,
    follow from linear least squares; the range with the smallest residual wins.
    """
    from scipy.optimize import nnls

    root = np.sqrt(count) / lag
    best = (np.inf, "spherical", np.nan, 1.0)
    for practical in np.geomspace(lag[0], longest, 200):
        h = lag / practical
        shapes = {
            "spherical": np.where(h < 1, 1.5 * h - 0.5 * h**3, 1.0),
            "exponential": 1 - np.exp(-3 * h),
        }
        for name, shape in shapes.items():
            design = np.column_stack([root, root * shape])
            (nugget, sill), residual = nnls(design, root * gamma)
            if residual < best[0] * (1 - 1e-9):
                share = nugget / (nugget + sill) if nugget + sill > 0 else 1.0
                best = (residual, name, practical, share)
    return best[1:]


def _layer_range(values: NDArray, pairs: _Pairs, kind: str) -> list:
    known = np.isfinite(values)
    codes, counts = np.unique(values[known], return_counts=True)
    if len(codes) < 2:
        return [
            kind,
            None,
            np.nan,
            np.nan,
            False,
            "one value or none at the cells drawn",
        ]
    if kind == "categorical":
        largest = codes[np.argsort(-counts, kind="stable")[:N_CLASSES]]
        variables = [np.where(known, values == code, np.nan) for code in largest]
    else:
        variables = [pd.Series(values).rank().to_numpy() / known.sum()]
    fits = [fit for v in variables if (fit := _fit(v, pairs)) is not None]
    if not fits:
        return [kind, None, np.nan, 1.0, False, "no autocorrelation at the lags seen"]
    fits.sort(key=lambda fit: fit[1])
    model, reach, nugget = fits[(len(fits) - 1) // 2]
    capped = reach > pairs.limit
    note = "longer than half the shorter side of the region: capped" if capped else ""
    return [kind, model, min(reach, pairs.limit), nugget, bool(capped), note]


def _fit(values: NDArray, pairs: _Pairs) -> tuple[str, float, float] | None:
    lag, gamma, count = experimental_variogram(values, pairs)
    if len(lag) < 5 or not gamma.any():
        return None
    model, reach, nugget = fit_variogram(lag, gamma, count, longest=2 * pairs.limit)
    return None if nugget > 0.95 else (model, reach, nugget)
