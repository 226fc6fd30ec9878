"""Mixture models of one spectrum a group: listed, inverted, tried on pixels."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from collections.abc import Sequence

BLOCK = 256
MOST_MODELS = 1_000_000
COLLINEAR = 1e4  # condition number of the members of a model


class Models(NamedTuple):
    """
    Models with the same number of members.

    Shares are inverse @ c + shift, the squared misfit is
    y - c' inverse c - 2 shift' c + constant, for c and y about the origin.
    """

    members: np.ndarray
    inverse: np.ndarray
    shift: np.ndarray
    constant: np.ndarray


def list_models(
    groups: Sequence[str], spectra: np.ndarray, size: int, *, sum_to_one: bool
) -> tuple[Models, int]:
    """All models of `size` groups, and how many were left out as collinear."""
    names = list(dict.fromkeys(groups))
    rows = [[i for i, group in enumerate(groups) if group == name] for name in names]
    picks = [
        pick
        for chosen in itertools.combinations(rows, size)
        for pick in itertools.product(*chosen)
    ]
    members = np.array(picks, "int64").reshape(-1, size)
    gram = spectra @ spectra.T
    parts = gram[members[:, :, None], members[:, None, :]]
    if sum_to_one:
        inverse, shift, condition = _summed(parts)
    else:
        values = np.linalg.eigvalsh(parts)
        condition = values[:, -1] / np.maximum(values[:, 0], 1e-300)
        regular = condition < COLLINEAR**2
        inverse = np.zeros_like(parts)
        inverse[regular] = np.linalg.inv(parts[regular])
        shift = np.zeros(members.shape)
    constant = np.einsum("mi,mij,mj->m", shift, parts, shift)
    kept = condition < COLLINEAR**2
    found = Models(members, inverse, shift, constant)
    return Models(*(np.ascontiguousarray(part[kept]) for part in found)), int(
        (~kept).sum()
    )


def count_models(groups: Sequence[str], sizes: Sequence[int]) -> int:
    """How many models there are, without listing them."""
    numbers = [list(groups).count(name) for name in dict.fromkeys(groups)]
    return sum(
        int(np.prod(chosen))
        for size in sizes
        for chosen in itertools.combinations(numbers, size)
    )


def _summed(parts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Inverse and shift for shares that sum to one, from differences to the last."""
    n, k, _ = parts.shape
    base = np.vstack([np.eye(k - 1), -np.ones(k - 1)])
    last = np.zeros(k)
    last[-1] = 1.0
    free = base.T @ parts @ base
    values = np.linalg.eigvalsh(free) if k > 1 else np.ones((n, 1))
    # against the members' own size: two members have one difference
    size = np.maximum(values[:, -1], np.trace(parts, axis1=1, axis2=2))
    condition = size / np.maximum(values[:, 0], 1e-300)
    if k == 1:
        condition = np.ones(n)
    regular = condition < COLLINEAR**2
    inside = np.zeros_like(free)
    inside[regular] = np.linalg.inv(free[regular])
    inverse = base @ inside @ base.T
    return inverse, last - inverse @ parts @ last, condition


@njit(nogil=True, cache=True)
def try_models(products, squares, models, bounds, limit, best) -> None:  # noqa: ANN001
    """
    Model with the least squared misfit below `limit`, its shares within bounds.

    `products` (n_spectra, n_pixels) and `squares` (n_pixels,) are about the origin;
    `bounds` are the least and largest share and 1 where the rest is shade; `limit`
    (n_pixels,) falls to the misfit found, `best` (n_pixels,) holds the model's number.
    """
    members, inverse, shift, constant = models
    n_models = len(members)
    misfit = np.empty(BLOCK)
    for start in range(0, squares.size, BLOCK):
        size = min(BLOCK, squares.size - start)
        if not (limit[start : start + size] > 0).any():
            continue
        for m in range(n_models):
            _misfits(
                products,
                squares,
                start,
                size,
                (members[m], inverse[m], shift[m], constant[m]),
                misfit,
            )
            for p in range(size):
                if misfit[p] < limit[start + p] and _within(
                    products, start + p, members[m], inverse[m], shift[m], bounds
                ):
                    limit[start + p] = max(misfit[p], 0.0)
                    best[start + p] = m


@njit(nogil=True, cache=True)
def _misfits(products, squares, start, size, model, misfit):  # noqa: ANN001, ANN202
    members, inverse, shift, constant = model
    for p in range(size):
        misfit[p] = squares[start + p] + constant
    for i in range(members.size):
        one = products[members[i], start : start + size]
        own, moved = inverse[i, i], 2.0 * shift[i]
        for p in range(size):
            misfit[p] -= one[p] * (own * one[p] + moved)
        for j in range(i):
            other, both = (
                products[members[j], start : start + size],
                2.0 * inverse[i, j],
            )
            for p in range(size):
                misfit[p] -= both * one[p] * other[p]


@njit(nogil=True, cache=True)
def _within(products, p, members, inverse, shift, bounds):  # noqa: ANN001, ANN202
    total = 0.0
    for i in range(members.size):
        share = shift[i]
        for j in range(members.size):
            share += inverse[i, j] * products[members[j], p]
        if share < bounds[0] or share > bounds[1]:
            return False
        total += share
    return bounds[2] == 0 or bounds[0] <= 1.0 - total <= bounds[1]
