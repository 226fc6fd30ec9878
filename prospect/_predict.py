"""The bridge from a model on tables to a map."""

from __future__ import annotations

import contextlib
import threading
import uuid
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from numpy.typing import NDArray
    from sklearn.base import BaseEstimator

# Cells that go through the model together: bounds the memory of a worker.
SLAB = 2**17
# Cells looked at before deciding whether alike cells are worth finding.
PROBE = 4096
# Tiles of the files written: blocks are cut between them.
TILE = 256


def predict_map(
    model: BaseEstimator,
    stack: xr.Dataset,
    *,
    prior: float | None = None,
    sampled_prior: float | None = None,
) -> xr.Dataset:
    """
    Probability of a deposit in every cell, and its standard deviation.

    Each block is read, predicted and dropped in one task; cells with the same evidence
    are predicted once.

    Parameters
    ----------
    model : classifier
        Fitted. `predict_with_std` is used where it has one, else `predict_proba` and
        `predict_std`; without either the uncertainty is NaN.
    stack : Dataset, dims (y, x)
        A variable a layer, named as in the training table; more may be there. NaN is
        missing.
    prior : float, optional
        Deposits per unit cell. Probabilities are moved to it from `sampled_prior`.
    sampled_prior : float, optional
        Share of deposits the model was trained with, by default its `prior_`.

    Returns
    -------
    Dataset
        `score`, probability per unit cell, and `uncertainty`, its standard deviation;
        float32, NaN where all evidence is missing; lazy where the stack is.

    Raises
    ------
    ValueError
        If a layer the model needs is not in the stack, the stack holds no layer, or a
        prior is given for a model whose own is not known.

    See Also
    --------
    prospect.models.correct_prior : How probabilities are moved.

    Examples
    --------
    >>> from prospect.models import make_model
    >>> X = pd.DataFrame({"fault_km": [1.0, 1, 1, 9, 9, 9, 9, 9]})
    >>> model = make_model("weights_of_evidence", params={"smoothing": 0})
    >>> model = model.fit(X, [1, 1, 0, 1, 0, 0, 0, 0])
    >>> stack = xr.Dataset({"fault_km": (("y", "x"), [[1.0, 9.0, np.nan]])})
    >>> predict_map(model, stack).score.values.round(2)
    array([[0.67, 0.2 ,  nan]], dtype=float32)
    """
    names = _layers_of(model, stack)
    grids = [stack[name].transpose("y", "x") for name in names]
    sampled_prior = (
        getattr(model, "prior_", None) if sampled_prior is None else sampled_prior
    )
    if prior is not None and sampled_prior is None:
        raise ValueError(
            f"prior={prior} is given, but {type(model).__name__} does not say what "
            "share of deposits it was trained with: give sampled_prior as well"
        )
    block = partial(
        _predict_block,
        model=model,
        names=names,
        prior=prior,
        sampled_prior=sampled_prior,
    )
    maps = _apply(block, [grid.data for grid in grids])
    return _wrap(maps, grids[0])


def _layers_of(model: BaseEstimator, stack: xr.Dataset) -> list[str]:
    present = [str(name) for name in stack.data_vars]
    named = getattr(model, "feature_names_in_", None)
    names = present if named is None else [str(name) for name in named]
    missing = [name for name in names if name not in present]
    if missing:
        raise ValueError(
            f"the model needs layers {missing}, which the stack does not hold; it has "
            f"{present}. Name the stack's variables as in the training table."
        )
    expected = getattr(model, "n_features_in_", len(names))
    if not names or len(names) != expected:
        raise ValueError(
            f"the model was trained with {expected} layers, the stack has {len(names)}"
        )
    return names


def _apply(block: partial, arrays: list) -> Any:  # noqa: ANN401
    import dask.array as da

    lazy = [a for a in arrays if hasattr(a, "dask")]
    if not lazy:
        return block(*(np.asarray(a) for a in arrays))
    chunks = _spread(lazy[0]).chunks
    arrays = [
        a.rechunk(chunks) if hasattr(a, "dask") else da.from_array(a, chunks=chunks)
        for a in arrays
    ]
    return da.map_blocks(
        block,
        *arrays,
        name=f"predict-{uuid.uuid4().hex}",
        new_axis=0,
        chunks=((2,), *chunks),
        dtype=np.float32,
        meta=np.empty((0, 0, 0), dtype=np.float32),
    )


def _spread(array: Any) -> Any:  # noqa: ANN401
    """Blocks enough for all threads: a small map often comes as a single one."""
    rows = -(-array.shape[0] // (4 * TILE)) * TILE
    few = array.npartitions < 4 and array.size > SLAB
    return array.rechunk({0: min(rows, array.chunks[0][0])}) if few else array


def _wrap(maps: Any, like: xr.DataArray) -> xr.Dataset:  # noqa: ANN401
    titles = {
        "score": ("probability of a deposit", "probability per unit cell"),
        "uncertainty": (
            "standard deviation of the probability of a deposit",
            "probability per unit cell",
        ),
    }
    return xr.Dataset(
        {
            name: xr.DataArray(
                data,
                dims=("y", "x"),
                coords=like.coords,
                attrs={"long_name": title, "units": units, "kind": "continuous"},
            )
            for data, (name, (title, units)) in zip(maps, titles.items(), strict=True)
        }
    )


def _predict_block(
    *layers: NDArray,
    model: BaseEstimator,
    names: list[str],
    prior: float | None,
    sampled_prior: float | None,
) -> NDArray[np.float32]:
    """Score and uncertainty of one block, shape (2, height, width)."""
    shape = layers[0].shape
    flat = [np.asarray(layer).reshape(-1) for layer in layers]
    out = np.full((2, flat[0].size), np.nan, dtype=np.float32)
    with _one_thread():
        for at in range(0, flat[0].size, SLAB):
            cells = slice(at, at + SLAB)
            table = np.stack([layer[cells] for layer in flat], axis=1).astype(float)
            finite = np.isfinite(table)
            known = finite.any(axis=1)
            if not finite.all():
                table[~finite] = np.nan  # an infinite value is no measurement
            if known.any():
                rows = table if known.all() else table[known]
                out[:, cells][:, known] = _predict_rows(
                    rows, model, names, prior, sampled_prior
                )
    return out.reshape(2, *shape)


def _predict_rows(
    rows: NDArray,
    model: BaseEstimator,
    names: list[str],
    prior: float | None,
    sampled_prior: float | None,
) -> NDArray[np.float64]:
    first, group = _alike(rows)
    different = rows if first is None else rows[first]
    score, std = _ask(model, pd.DataFrame(different, columns=names))
    if prior is not None and prior != sampled_prior:
        from .models import correct_prior

        score, std = correct_prior(
            score, sampled_prior=sampled_prior, prior=prior, std=std
        )
    result = np.stack([score, std])
    return result if first is None else result[:, group]


def _alike(rows: NDArray) -> tuple[NDArray | None, NDArray | None]:
    """First row of each group of equal rows and the group of each, if that pays."""
    from .models._kernels import group_rows

    words = np.ascontiguousarray(rows + 0.0).view(np.uint64)
    if len(rows) > PROBE:
        probe = words[:: max(1, len(words) // PROBE)]
        whole_run = words[: len(probe)]
        few = min(len(group_rows(part)[0]) for part in (probe, whole_run))
        if few > 0.9 * len(probe):
            return None, None
    return group_rows(words)


def _ask(model: BaseEstimator, X: pd.DataFrame) -> tuple[NDArray, NDArray]:
    if not hasattr(model, "feature_names_in_"):
        X = X.to_numpy()
    if hasattr(model, "predict_with_std"):
        return model.predict_with_std(X)
    score = model.predict_proba(X)[:, 1]
    if hasattr(model, "predict_std"):
        return score, model.predict_std(X)
    return score, np.full(len(score), np.nan)


_guard = threading.Lock()
_limits: dict[str, Any] = {"users": 0, "limiter": None}


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Linear algebra on one thread while a block is at work: Dask runs the threads."""
    from threadpoolctl import threadpool_limits

    with _guard:
        if not _limits["users"]:
            _limits["limiter"] = threadpool_limits(limits=1)
        _limits["users"] += 1
    try:
        yield
    finally:
        with _guard:
            _limits["users"] -= 1
            if not _limits["users"]:
                _limits["limiter"].restore_original_limits()
