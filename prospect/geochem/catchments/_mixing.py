"""Mixing down the catchment tree: misfit, the best sources, what the data tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.sparse import csc_array, dia_array
from scipy.sparse.linalg import splu

from ._tree import sum_down

if TYPE_CHECKING:
    from scipy.sparse.linalg import SuperLU

    from ._tree import Tree

MOST_STEPS = 200
BLOCK = 256
SYMMETRIC = {
    "permc_spec": "MMD_AT_PLUS_A",
    "diag_pivot_thresh": 0.0,
    "options": {"SymmetricMode": True},
}
ENOUGH = 1e-11  # expected gain, relative to the objective


class Observed(NamedTuple):
    """
    What was measured at the outlets.

    `node` is the outlet of each value, `log` its natural logarithm, `kind` 0 for a
    measured value, -1 for an upper bound (censored), 1 for a lower bound (over range).
    """

    node: np.ndarray
    log: np.ndarray
    kind: np.ndarray

    def part(self, kept: np.ndarray) -> Observed:
        """Return some of the values."""
        return Observed(self.node[kept], self.log[kept], self.kind[kept])


def mix(sources: np.ndarray, tree: Tree) -> np.ndarray:
    """Area-weighted mean of the sources above each outlet."""
    flux = (tree.own_km2 * sources)[:, None]
    sum_down(flux, tree.below, tree.order)
    return flux[:, 0] / tree.area_km2


def ratio_misfit(ratio: np.ndarray, kind: np.ndarray | int = 0) -> np.ndarray:
    """(x + 1/x)/2 - 1 of x = predicted/observed; bounds count beyond them only."""
    value = 0.5 * (ratio - 1) ** 2 / ratio  # without cancellation
    return np.where(_kept(ratio, kind), 0.0, value)


def solve(
    tree: Tree,
    observed: Observed,
    reference: float,
    smoothing: float,
    *,
    start: np.ndarray | None = None,
) -> np.ndarray:
    """
    Sources with the smallest misfit + smoothing × departure from the reference.

    Newton's method on the fluxes through the outlets, in which the problem is convex
    and each term holds one outlet or one outlet and those next upstream: the matrix is
    as sparse as the tree.
    """
    problem = _Problem(tree, observed, reference, smoothing)
    now = np.ones(len(tree.below)) if start is None else start / reference
    value = problem.value(now)
    for _ in range(MOST_STEPS):
        step, gain = problem.newton(now)
        if gain <= ENOUGH * value + 1e-15:
            return now * reference
        shrink = (step < 0) & (step < -now)
        size = 0.9 * (now[shrink] / -step[shrink]).min() if shrink.any() else 1.0
        new = problem.value(now + size * step)
        while not new <= value - 1e-4 * size * gain:
            size *= 0.5
            if size < 1e-12:
                return now * reference  # as near as rounding lets it come
            new = problem.value(now + size * step)
        now, value = now + size * step, new
    raise RuntimeError(
        f"unmixing did not converge in {MOST_STEPS} steps: use a larger smoothing, or "
        "look for contents that are wrong by orders of magnitude"
    )


class _Problem:
    """Value and Newton step of one unmixing; sources are relative to the reference."""

    def __init__(
        self, tree: Tree, observed: Observed, reference: float, smoothing: float
    ) -> None:
        self.tree, self.smoothing = tree, smoothing
        self.node, self.kind = observed.node, observed.kind
        self.relative = np.exp(observed.log) / reference
        # (taken @ mean content at the outlets) = content of the own areas
        n = len(tree.below)
        inner = np.flatnonzero(tree.below >= 0)
        rows = np.concatenate([np.arange(n), tree.below[inner]])
        columns = np.concatenate([np.arange(n), inner])
        area = tree.area_km2
        values = np.concatenate([area, -area[inner]]) / tree.own_km2[rows]
        self.taken = csc_array((values, (rows, columns)), shape=(n, n))

    def value(self, sources: np.ndarray) -> float:
        """Objective."""
        ratio = mix(sources, self.tree)[self.node] / self.relative
        told = ratio_misfit(ratio, self.kind).sum()
        return float(told + self.smoothing * ratio_misfit(sources).sum())

    def factor(self, data: np.ndarray, stiff: np.ndarray) -> SuperLU:
        """Solver of the curvature in the fluxes, from that of data and sources."""
        n = len(data)
        inner, outer = (dia_array((d[None], [0]), shape=(n, n)) for d in (stiff, data))
        matrix = csc_array(outer + self.taken.T @ (inner @ self.taken))
        return splu(matrix, **SYMMETRIC)

    def newton(self, sources: np.ndarray) -> tuple[np.ndarray, float]:
        """Step of the sources, and how much it should gain."""
        ratio = mix(sources, self.tree)[self.node] / self.relative
        kept = _kept(ratio, self.kind)
        slope = np.where(kept, 0.0, 0.5 * (1 - ratio**-2.0)) / self.relative
        bend = np.where(kept, 0.0, ratio**-3.0) / self.relative**2
        n = len(sources)
        gradient = np.bincount(self.node, slope, n)
        gradient += self.smoothing * (self.taken.T @ (0.5 * (1 - sources**-2.0)))
        data = np.bincount(self.node, bend, n)
        solved = self.factor(data, self.smoothing * sources**-3.0).solve(gradient)
        return -(self.taken @ solved), float(gradient @ solved)


def resolution(
    sources: np.ndarray,
    tree: Tree,
    observed: Observed,
    reference: float,
    smoothing: float,
) -> np.ndarray:
    """
    How far each source rests on the data: 1 wholly, 0 on the reference alone.

    Diagonal of (J'WJ + λS)⁻¹ J'WJ for logarithms at the solution, W and S being the
    curvatures cosh(ln x) of misfit and departure. The inverse is found column by column
    in the fluxes, where the matrix is sparse.
    """
    problem = _Problem(tree, observed, reference, smoothing)
    now, n = sources / reference, len(sources)
    mixed = mix(now, tree)
    ratio = mixed[problem.node] / problem.relative
    bend = np.where(_kept(ratio, problem.kind), 0.0, 0.5 * (ratio + 1 / ratio))
    stiff = smoothing * 0.5 * (now + 1 / now)
    data = np.bincount(problem.node, bend, n) / mixed**2
    solver = problem.factor(data, stiff / now**2)
    rows = problem.taken.T.tocsc()
    spread = np.empty(n)
    for first in range(0, n, BLOCK):
        part = rows[:, first : first + BLOCK].toarray()
        spread[first : first + BLOCK] = (part * solver.solve(part)).sum(axis=0)
    return np.clip(1 - stiff * spread / now**2, 0, 1)


def _kept(ratio: np.ndarray, kind: np.ndarray | int) -> np.ndarray:
    """Bounds that the prediction keeps."""
    kind = np.asarray(kind)
    return ((kind < 0) & (ratio < 1)) | ((kind > 0) & (ratio > 1))
