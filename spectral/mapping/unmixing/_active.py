"""Least squares under constraints, exactly: an active set for each pixel."""

from __future__ import annotations

import numpy as np
from numba import njit

EPS = 2.220446049250313e-16
FREE, INSIDE, REFUSED = 0, 1, 2
DEPENDENT = 1e-14  # share of an endmember's square that others leave unexplained


@njit(nogil=True, cache=True)
def active_sets(
    gram: np.ndarray, products: np.ndarray, guess: np.ndarray, sum_to_one: bool
) -> tuple[np.ndarray, np.ndarray]:
    """
    Minimum of a'Ga / 2 - c'a over a >= 0, where wanted with sum(a) = 1, a pixel a time.

    Parameters
    ----------
    gram : ndarray, shape (q, q)
        G, symmetric, positive semidefinite.
    products : ndarray, shape (q, n_pixels)
        c of each pixel.
    guess : ndarray, shape (q, q + 1) or (0, 0)
        Matrix and, in its last column, shift that give from c the shares without
        a >= 0: those above zero are where the search begins. Empty: it begins anew.
    sum_to_one : bool
        Whether the shares of a pixel sum to one.

    Returns
    -------
    shares : ndarray, shape (q, n_pixels)
        NaN where c holds one; exactly zero where the constraint holds them.
    done : ndarray of bool, shape (n_pixels,)
        False where the steps ran out before the conditions of the minimum were met.
    """
    q, n_pixels = products.shape
    shares = np.empty((q, n_pixels))
    done = np.ones(n_pixels, np.bool_)
    c, a = np.empty(q), np.empty(q)
    passive, inside = np.empty(q, np.int64), np.empty(q, np.int8)
    factor, sides = np.empty((q, q)), np.empty((5, q))
    for p in range(n_pixels):
        total = 0.0
        for i in range(q):
            c[i] = products[i, p]
            total += c[i]
        if np.isfinite(total):
            done[p] = _minimise(
                gram, c, guess, sum_to_one, a, passive, inside, factor, sides
            )
            shares[:, p] = a
        else:
            shares[:, p] = np.nan
    return shares, done


@njit(nogil=True, cache=True)
def _minimise(gram, c, guess, sum_to_one, a, passive, inside, factor, sides):  # noqa: ANN001, ANN202, PLR0913, PLR0917
    """Lawson and Hanson's steps; `a` holds the result."""
    q = c.size
    a[:] = 0.0
    inside[:] = FREE
    k = _begin(gram, c, guess, sum_to_one, passive, factor, sides)
    offset = _solve(k, factor, sides, sum_to_one)
    for t in range(k):
        inside[passive[t]] = INSIDE
        a[passive[t]] = sides[2, t]
    for _ in range(10 * q + 10):
        new = _steepest(gram, c, a, passive, k, inside, offset, sides)
        if new < 0:
            return True
        grown = _append(gram, c, new, k, passive, factor, sides)
        inside[new] = REFUSED if grown == k else INSIDE
        if grown == k:
            continue
        k, first_try = grown, True
        while True:
            offset = _solve(k, factor, sides, sum_to_one)
            if first_try and sides[2, k - 1] <= 0:
                # rounding alone let it in: it stays out until something else moves
                k -= 1
                inside[new] = REFUSED
                offset = _solve(k, factor, sides, sum_to_one)
                break
            first_try = False
            k, whole = _step(gram, c, a, passive, k, inside, factor, sides)
            if whole:
                inside[inside == REFUSED] = FREE
                break
    return False


@njit(nogil=True, cache=True)
def _begin(gram, c, guess, sum_to_one, passive, factor, sides):  # noqa: ANN001, ANN202
    """Passive set whose own solution is above zero: what the guess leaves, or least."""
    k = 0
    for i in range(guess.shape[0]):
        value = guess[i, c.size]
        for j in range(c.size):
            value += guess[i, j] * c[j]
        if value > 0:
            k = _append(gram, c, i, k, passive, factor, sides)
    while k > 0:
        _solve(k, factor, sides, sum_to_one)
        kept = 0
        for t in range(k):
            if sides[2, t] > 0 and kept == t:
                kept += 1
            elif sides[2, t] > 0:
                kept = _append(gram, c, passive[t], kept, passive, factor, sides)
        if kept == k:
            return k
        k = kept
    if not sum_to_one:
        return 0
    return _append(gram, c, _nearest(gram, c), 0, passive, factor, sides)


@njit(nogil=True, cache=True)
def _nearest(gram, c):  # noqa: ANN001, ANN202
    """Endmember nearest to the pixel."""
    best, at = np.inf, 0
    for i in range(c.size):
        value = 0.5 * gram[i, i] - c[i]
        if value < best:
            best, at = value, i
    return at


@njit(nogil=True, cache=True)
def _steepest(gram, c, a, passive, k, inside, offset, sides):  # noqa: ANN001, ANN202
    """Endmember whose share lowers the misfit fastest; -1 when none does."""
    fall, size = sides[3], sides[4]
    for i in range(c.size):
        fall[i] = c[i] + offset
        size[i] = abs(c[i]) + abs(offset)
    for t in range(k):
        row, share = gram[passive[t]], a[passive[t]]
        for i in range(c.size):
            part = row[i] * share
            fall[i] -= part
            size[i] += abs(part)
    best, new = 0.0, -1
    for i in range(c.size):
        if inside[i] != FREE or fall[i] <= 4.0 * (k + 4) * EPS * size[i]:
            continue
        rate = fall[i] / np.sqrt(gram[i, i]) if gram[i, i] > 0 else 0.0
        if rate > best:
            best, new = rate, i
    return new


@njit(nogil=True, cache=True)
def _append(gram, c, new, k, passive, factor, sides):  # noqa: ANN001, ANN202
    """Cholesky factor with one more row; as it was when the row depends on others."""
    left = gram[new, new]
    y, one = c[new], 1.0
    for t in range(k):
        value = gram[new, passive[t]]
        for s in range(t):
            value -= factor[k, s] * factor[t, s]
        value /= factor[t, t]
        factor[k, t] = value
        left -= value * value
        y -= value * sides[0, t]
        one -= value * sides[1, t]
    if left <= DEPENDENT * gram[new, new]:
        return k
    root = np.sqrt(left)
    factor[k, k] = root
    sides[0, k], sides[1, k] = y / root, one / root
    passive[k] = new
    return k + 1


@njit(nogil=True, cache=True)
def _solve(k, factor, sides, sum_to_one):  # noqa: ANN001, ANN202
    """Shares of the passive set alone, into sides[2]; gives the sum's multiplier."""
    offset = 0.0
    if sum_to_one:
        ones, both = 0.0, 0.0
        for t in range(k):
            ones += sides[1, t] * sides[1, t]
            both += sides[0, t] * sides[1, t]
        offset = (1.0 - both) / ones
    for t in range(k - 1, -1, -1):
        value = sides[0, t] + offset * sides[1, t]
        for s in range(t + 1, k):
            value -= factor[s, t] * sides[2, s]
        sides[2, t] = value / factor[t, t]
    return offset


@njit(nogil=True, cache=True)
def _step(gram, c, a, passive, k, inside, factor, sides):  # noqa: ANN001, ANN202
    """To the solution of the passive set, or as far as all shares stay above zero."""
    length, worst = 1.0, -1
    for t in range(k):
        if sides[2, t] <= 0:
            held = a[passive[t]]
            part = held / (held - sides[2, t])
            if worst < 0 or part < length:
                length, worst = part, t
    for t in range(k):
        j = passive[t]
        a[j] += length * (sides[2, t] - a[j])
    if worst < 0:
        return k, True
    a[passive[worst]] = 0.0
    kept = 0
    for t in range(k):
        j = passive[t]
        # rows before the first that leaves are what they were
        after = kept + 1 if kept == t else kept
        if a[j] > 0 and kept != t:
            after = _append(gram, c, j, kept, passive, factor, sides)
        if a[j] <= 0 or after == kept:
            a[j] = 0.0
            inside[j] = FREE
        else:
            kept = after
    return kept, False
