"""Mixing down the catchment tree: misfit, the best sources, what the data tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.sparse import csc_array, dia_array
from scipy.sparse.linalg import splu

from ._tree import sum_down

if TYPE_CHECKING:
    from ._tree import Tree

MOST_STEPS = 200
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
    value = 0.5 * (ratio + 1 / ratio) - 1
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
        if gain <= ENOUGH * (value + 1e-12):
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

    def newton(self, sources: np.ndarray) -> tuple[np.ndarray, float]:
        """Step of the sources, and how much it should gain."""
        ratio = mix(sources, self.tree)[self.node] / self.relative
        kept = _kept(ratio, self.kind)
        slope = np.where(kept, 0.0, 0.5 * (1 - ratio**-2.0)) / self.relative
        bend = np.where(kept, 0.0, ratio**-3.0) / self.relative**2
        n = len(sources)
        gradient = np.bincount(self.node, slope, n)
        gradient += self.smoothing * (self.taken.T @ (0.5 * (1 - sources**-2.0)))
        stiff = dia_array((self.smoothing * sources[None] ** -3.0, [0]), shape=(n, n))
        data = dia_array((np.bincount(self.node, bend, n)[None], [0]), shape=(n, n))
        matrix = csc_array(data + self.taken.T @ (stiff @ self.taken))
        solved = splu(matrix, permc_spec="MMD_AT_PLUS_A").solve(gradient)
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

    Diagonal of (J'WJ + λS)⁻¹ J'WJ for logarithms at the solution, one river system at
    a time; W and S are the curvatures of misfit and departure, cosh(ln x).
    """
    mixed = mix(sources, tree)
    ratio = mixed[observed.node] / np.exp(observed.log)
    bend = np.where(_kept(ratio, observed.kind), 0.0, 0.5 * (ratio + 1 / ratio))
    weight = np.bincount(observed.node, bend, len(sources))
    away = sources / reference
    stiff = smoothing * 0.5 * (away + 1 / away)
    share, through = tree.own_km2 * sources, tree.area_km2 * mixed
    known = np.zeros(len(sources))
    place = np.full(len(sources) + 1, -1)
    for members in river_systems(tree):
        place[members] = np.arange(len(members))
        jacobian = np.diag(share[members])
        sum_down(jacobian, place[tree.below[members]], np.arange(len(members)))
        jacobian /= through[members][:, None]
        told = jacobian.T @ (weight[members][:, None] * jacobian)
        whole = told + np.diag(stiff[members])
        known[members] = np.diag(np.linalg.solve(whole, told))
        place[members] = -1
    return known


def river_systems(tree: Tree) -> list[np.ndarray]:
    """Outlets of each river system, from the headwaters down."""
    root = np.arange(len(tree.below))
    for here in tree.order[::-1]:
        if tree.below[here] >= 0:
            root[here] = root[tree.below[here]]
    in_order = root[tree.order]
    grouped = np.argsort(in_order, kind="stable")
    cuts = np.flatnonzero(np.diff(in_order[grouped])) + 1
    return np.split(tree.order[grouped], cuts)


def _kept(ratio: np.ndarray, kind: np.ndarray | int) -> np.ndarray:
    """Bounds that the prediction keeps."""
    kind = np.asarray(kind)
    return ((kind < 0) & (ratio < 1)) | ((kind > 0) & (ratio > 1))
