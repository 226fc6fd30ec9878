"""Shares of a tile that vary little between neighbours, or use few spectra."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.fft import dctn, idctn

from ._active import active_sets

MOST_STEPS = 3000
BALANCE = 10.0  # ratio of the residuals at which the step is changed
AXES = (1, 2)


class Penalties(NamedTuple):
    """What is added to half the squared misfit, and when to stop."""

    l1: float
    tv: float
    collaborative: float
    tolerance: float


class State(NamedTuple):
    """Copies of the shares, their differences, and the scaled multipliers of both."""

    bounded: np.ndarray
    spread: np.ndarray
    slopes: np.ndarray
    dual_bounded: np.ndarray
    dual_spread: np.ndarray
    dual_slopes: np.ndarray


def smooth_shares(
    gram: np.ndarray, sides: np.ndarray, penalties: Penalties
) -> tuple[np.ndarray, bool]:
    """
    Minimum over a tile by the alternating direction method of multipliers.

    Parameters
    ----------
    gram : ndarray, shape (q, q)
        Products of the spectra.
    sides : ndarray, shape (q, height, width)
        Products of spectra and pixels; NaN where a pixel is missing.
    penalties : Penalties
        Weights of the penalties, tolerance.

    Returns
    -------
    shares : ndarray, shape (q, height, width)
        At least zero.
    done : bool
        Whether the residuals fell below the tolerance.
    """
    there = np.isfinite(sides).all(0)
    sides = np.where(there, sides, 0.0)
    values, vectors = np.linalg.eigh(gram)
    values = np.maximum(values, 0)
    waves = _frequencies(sides.shape[1:])
    step = max(float(np.mean(values)), 1e-12)
    state = _begun(gram, sides, penalties)
    for count in range(1, MOST_STEPS + 1):
        before = state
        shares = _fit(sides, state, values, vectors, step, there)
        state = _advance(shares, state, penalties, step, waves)
        primal, dual = _residuals(shares, before, state)
        if max(primal, dual) < penalties.tolerance:
            return state.bounded, True
        if count % 10 == 0 and count < MOST_STEPS // 2:
            step, state = _balanced(step, state, primal, dual)
    return state.bounded, False


def _begun(gram: np.ndarray, sides: np.ndarray, penalties: Penalties) -> State:
    """Begin with the pixels' own minima: half the steps from there."""
    flat = np.ascontiguousarray(sides.reshape(len(sides), -1) - penalties.l1)
    alone = active_sets(gram, flat, np.empty((0, 0)), False)[0].reshape(sides.shape)
    zero = np.zeros_like(sides)
    return State(alone, alone, _differences(alone), zero, zero, _differences(zero))


def _fit(
    sides: np.ndarray,
    state: State,
    values: np.ndarray,
    vectors: np.ndarray,
    step: float,
    there: np.ndarray,
) -> np.ndarray:
    """Shares that fit the pixels and stay near both copies."""
    near = (state.bounded - state.dual_bounded) + (state.spread - state.dual_spread)
    wanted = (sides + step * near).reshape(len(sides), -1)
    inverse = (vectors / (values + 2 * step)) @ vectors.T
    fitted = (inverse @ wanted).reshape(sides.shape)
    return np.where(there, fitted, near / 2)


def _advance(
    shares: np.ndarray,
    state: State,
    penalties: Penalties,
    step: float,
    waves: np.ndarray,
) -> State:
    slopes = _shrunk(
        _differences(state.spread) - state.dual_slopes, penalties.tv / step
    )
    bounded = np.maximum(shares + state.dual_bounded - penalties.l1 / step, 0)
    if penalties.collaborative:
        length = np.sqrt((bounded**2).sum(AXES, keepdims=True))
        cut = penalties.collaborative / step
        bounded = bounded * np.maximum(0, 1 - cut / np.maximum(length, 1e-300))
    right = shares + state.dual_spread + _adjoint(slopes + state.dual_slopes)
    spread = idctn(dctn(right, axes=AXES) / (1 + waves), axes=AXES)
    return State(
        bounded,
        spread,
        slopes,
        state.dual_bounded + shares - bounded,
        state.dual_spread + shares - spread,
        state.dual_slopes + slopes - _differences(spread),
    )


def _residuals(shares: np.ndarray, before: State, state: State) -> tuple[float, float]:
    """Primal and dual residual, each as a share of what it is compared with."""
    rises = _differences(state.spread)
    gaps = (shares - state.bounded, shares - state.spread, state.slopes - rises)
    sizes = (shares, shares, state.slopes)
    copies = (state.bounded, state.spread, rises)
    primal = _norm(*gaps) / max(_norm(*sizes), _norm(*copies), 1e-12)
    moved = state.spread - before.spread
    change = (state.bounded - before.bounded + moved, _differences(moved))
    duals = (state.dual_bounded + state.dual_spread, state.dual_slopes)
    return primal, _norm(*change) / max(_norm(*duals), 1e-12)


def _balanced(
    step: float, state: State, primal: float, dual: float
) -> tuple[float, State]:
    """Larger steps where the copies lag behind, smaller where they run ahead."""
    factor = 1.0
    if primal > BALANCE * dual:
        factor = 2.0
    elif dual > BALANCE * primal:
        factor = 0.5
    if factor == 1.0:
        return step, state
    duals = [part / factor for part in state[3:]]
    return step * factor, State(*state[:3], *duals)


def _norm(*parts: np.ndarray) -> float:
    return float(np.sqrt(sum(np.vdot(part, part) for part in parts)))


def _shrunk(values: np.ndarray, limit: float) -> np.ndarray:
    return np.sign(values) * np.maximum(np.abs(values) - limit, 0)


def _differences(values: np.ndarray) -> np.ndarray:
    """To the next row and column; zero at the last."""
    found = np.zeros((2, *values.shape))
    found[0, :, :-1] = np.diff(values, axis=1)
    found[1, :, :, :-1] = np.diff(values, axis=2)
    return found


def _adjoint(slopes: np.ndarray) -> np.ndarray:
    """Transpose of the differences."""
    found = np.zeros(slopes.shape[1:])
    found[:, :-1] -= slopes[0, :, :-1]
    found[:, 1:] += slopes[0, :, :-1]
    found[:, :, :-1] -= slopes[1, :, :, :-1]
    found[:, :, 1:] += slopes[1, :, :, :-1]
    return found


def _frequencies(shape: tuple[int, ...]) -> np.ndarray:
    """Eigenvalues of the differences' square in the cosine transform."""
    rows, columns = (2 - 2 * np.cos(np.pi * np.arange(size) / size) for size in shape)
    return rows[:, None] + columns
