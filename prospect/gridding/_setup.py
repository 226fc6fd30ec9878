"""All that kriging needs before a cell is estimated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import scipy.linalg

from ._covariance import covariance_matrix
from ._drift import Drift, trend_design
from ._fit import fit_variogram
from ._lags import N_LAGS, make_lags, make_table
from ._models import VariogramModel, search_metric
from ._neighbours import Neighbourhood, Search, make_buckets
from ._samples import kurtosis_of
from ._solve import QUADRATIC, SIMPLE, Aim, Samples
from ._tiles import MOST, Tiling, add_dual, run_jobs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from odc.geo.geobox import GeoBox

    from ._covariance import Packed
    from ._neighbours import Buckets
    from ._samples import Places
    from ._tiles import Cells, Jobs

WHOLE = 4000  # so many places at most are used all together
NEAREST = 64
FEW = 128  # up to so many are used all together for the variance too


class Dual(NamedTuple):
    """Weights of the samples' covariances and of the drift, the same for all cells."""

    weight: NDArray[np.float64]
    slope: NDArray[np.float64]
    scale: float


@dataclass(frozen=True)
class Setup:
    """Samples, model and search as machine code takes them."""

    origin: NDArray
    packed: Packed
    samples: Samples
    buckets: Buckets
    search: Search
    aim: Aim
    drift: Drift
    dual: Dual | None

    def run(self, cells: Cells, jobs: Jobs, step: float) -> NDArray:
        """
        Estimates, kriging variance, spread lost, number of samples.

        Shape (realisations + 3, rows, columns).
        """
        if self.dual is not None and not self.aim.spread:
            estimate = self._from_all(cells)
            rest = np.full((3, *cells.x.shape), float(len(self.samples.x)))
            return np.concatenate([estimate + self.drift.mean, rest])
        out = run_jobs(
            self.packed, self.samples, self.buckets, self.search, self.aim, cells, jobs,
            step,
        )  # fmt: skip
        if self.dual is not None:
            out = np.concatenate([self._from_all(cells), out])
            out[:-3, np.isnan(out[-1])] = np.nan
        n_values = len(out) - 3
        out[:n_values] += self.drift.mean
        return out

    def _from_all(self, cells: Cells) -> NDArray:
        """Estimates from all samples."""
        weight, slope, scale = self.dual
        out = np.zeros((weight.shape[1], *cells.x.shape))
        add_dual(self.packed, self.samples, weight, self.aim, cells, out)
        functions = _functions(self.drift.code, cells.x / scale, cells.y / scale)
        for row, function in zip(slope, [*functions, *cells.drift], strict=True):
            out += row[:, None, None] * function
        return out


def make_setup(
    places: Places,
    model: VariogramModel,
    values: NDArray,
    *,
    drift: Drift,
    hood: Neighbourhood,
    geobox: GeoBox | None = None,
    part: NDArray | None = None,
    spread: bool = True,
) -> Setup:
    """
    Prepare kriging of `values` (places, realisations) with a model.

    `part` (q, 2) are the points of a block; without `spread` variances are left out.
    """
    _check_model(model, drift)
    ceiling = _ceiling(places, model, geobox)
    packed = model.pack(ceiling=ceiling)
    aim = _aim(model, drift, part, ceiling, spread=spread)
    n = len(places.x)
    whole = hood == Neighbourhood() and n <= WHOLE and values.shape[1] > 0
    samples = Samples(
        places.x,
        places.y,
        np.zeros(n, np.int64),
        np.ascontiguousarray(values - drift.mean),
        places.noise,
        drift.known,
        np.full(n, -2),
    )
    k = hood.neighbours or (FEW if n <= FEW else NEAREST)
    reach = np.inf if hood.max_distance is None else hood.max_distance**2
    search = Search(np.array([min(k, n)]), hood.sectors, float(reach))
    dual = _dual(packed, samples, drift) if whole else None
    if whole:
        samples = samples._replace(values=np.zeros((n, 0)))
    metric = search_metric(model.structures)
    buckets = make_buckets(places.x, places.y, metric)
    return Setup(places.origin, packed, samples, buckets, search, aim, drift, dual)


def read_variogram(
    variogram: VariogramModel | Mapping[str, Any] | str,
    places: Places,
    drift: Drift,
    *,
    column: str,
) -> VariogramModel:
    """Model that is given, or fitted to the samples less their drift."""
    if isinstance(variogram, VariogramModel):
        return variogram
    if not isinstance(variogram, str):
        return VariogramModel.from_dict(variogram)
    if variogram != "auto":
        raise ValueError(
            f"variogram must be 'auto', a VariogramModel or its table. Got "
            f"{variogram!r} instead."
        )
    values = places.value
    design = trend_design(drift, places)
    if design.shape[1] > 1:
        values = values - design @ np.linalg.lstsq(design, values, rcond=None)[0]
    lags = make_lags(places, None, N_LAGS, azimuth=None, tolerance=22.5)
    try:
        table, _ = make_table(places, values, values, lags, "matheron")
        table.attrs["kurtosis"] = kurtosis_of(values)
        return fit_variogram(table)
    except ValueError as error:
        raise ValueError(
            f"no variogram could be fitted to '{column}' by itself: {error}"
        ) from error


def side_of(setup: Setup, geobox: GeoBox) -> Tiling:
    """Squares somewhat wider than samples are apart."""
    dx, dy = geobox.affine.a, geobox.affine.e
    metric = setup.buckets.metric.reshape(2, 2)
    diagonals = metric @ np.array([[dx, dx], [dy, -dy]])
    step = float(np.hypot(*diagonals).max())
    area = np.ptp(setup.buckets.u) * np.ptp(setup.buckets.v)
    spacing = np.sqrt(area / len(setup.buckets.u))
    if setup.search.neighbours.min() >= len(setup.samples.x):
        # all samples are neighbours everywhere: one neighbourhood
        return Tiling(MOST, len(setup.samples.x), step, alike=True)
    # about a quarter of the neighbours lie within the squares about a corner
    k = int(setup.search.neighbours.min())
    cells = spacing * np.sqrt(k / (10 * np.pi)) * np.sqrt(2) / step
    side = min(MOST, 2 ** round(np.log2(max(cells, 1.0))))
    crowd = 3 * k // 4
    return Tiling(side, crowd, step)


def _aim(
    model: VariogramModel,
    drift: Drift,
    part: NDArray | None,
    ceiling: float,
    *,
    spread: bool,
) -> Aim:
    """Say what is estimated, and how much that varies; a block has no nugget."""
    above = [ceiling - 1 if s.kind == "linear" else 0.0 for s in model.structures]
    if part is None:
        sills = (s.sill * (1 + a) for s, a in zip(model.structures, above, strict=True))
        return Aim(drift.code, model.nugget + sum(sills), np.zeros((1, 2)), spread)
    east, north = (part[:, None, i] - part[None, :, i] for i in (0, 1))
    total = 0.0
    for each, more in zip(model.structures, above, strict=True):
        a, b, c, d = each.matrix()
        r = np.hypot(a * east + b * north, c * east + d * north)
        total += each.sill * (each.correlation(r).mean() + more)
    return Aim(drift.code, float(total), part, spread)


def _check_model(model: VariogramModel, drift: Drift) -> None:
    if not model.is_bounded and drift.code == SIMPLE:
        raise ValueError(
            "a linear variogram has no sill and does not go with a known mean (or "
            "normal scores): leave the drift out, or take a model with a sill."
        )


def _ceiling(places: Places, model: VariogramModel, geobox: GeoBox | None) -> float:
    """Ranges from which a linear structure falls: beyond any distance that occurs."""
    if model.is_bounded:
        return 1.0
    x, y = places.x, places.y
    if geobox is not None:
        west, south, east, north = geobox.boundingbox.bbox
        x = np.append(x, np.array([west, east]) - places.origin[0])
        y = np.append(y, np.array([south, north]) - places.origin[1])
    diagonal = np.hypot(np.ptp(x), np.ptp(y))
    shortest = min(s.range * s.ratio for s in model.structures)
    return float(4 * diagonal / shortest + 1)


def _functions(code: int, x: NDArray, y: NDArray) -> list[NDArray]:
    if code == SIMPLE:
        return []
    found = [np.ones(x.shape)]
    found += [x, y] if code > 1 else []
    return found + ([x * x, y * y, x * y] if code == QUADRATIC else [])


def _dual(packed: Packed, samples: Samples, drift: Drift) -> Dual:
    """Solve the kriging equations of all samples once, for all targets."""
    n = len(samples.x)
    scale = float(max(np.abs(samples.x).max(), np.abs(samples.y).max(), 1.0))
    functions = _functions(drift.code, samples.x / scale, samples.y / scale)
    functions += list(samples.external.T) if drift.code != SIMPLE else []
    design = np.column_stack([np.zeros((n, 0)), *functions])
    root = _root(packed, samples)
    white = scipy.linalg.solve_triangular(
        root, np.column_stack([design, samples.values]), lower=True
    )
    p = design.shape[1]
    slope = np.zeros((p, samples.values.shape[1]))
    rest = white[:, p:]
    if p:
        slope = np.linalg.lstsq(white[:, :p], rest, rcond=1e-10)[0]
        rest = rest - white[:, :p] @ slope
    weight = scipy.linalg.solve_triangular(root, rest, lower=True, trans="T")
    return Dual(np.ascontiguousarray(weight), slope, scale)


def _root(packed: Packed, samples: Samples) -> NDArray:
    """Root of the covariance of all samples, with noise where rounding spoils it."""
    n = len(samples.x)
    matrix, extra = np.zeros((n, n)), 0.0
    while True:
        covariance_matrix(
            packed,
            samples.x,
            samples.y,
            samples.variable,
            samples.noise + extra,
            matrix,
        )
        try:
            # its transpose is what LAPACK works on in place
            return scipy.linalg.cholesky(
                matrix.T, lower=False, overwrite_a=True, check_finite=False
            ).T
        except np.linalg.LinAlgError:
            extra = max(10 * extra, 1e-10 * np.diag(matrix).max())
