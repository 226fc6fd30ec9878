"""Log-ratios of grids, block by block: a dataset, or a stack along a dimension."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from ._logratio import log_ratios, parts_of
from ._parts import Parts, Plan, find_parts, refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    Work = Callable[[Sequence[NDArray]], NDArray[np.float64]]

SHARES = ("censored_share", "imputed_share")


def dataset_ratios(
    grids: xr.Dataset, plan: Callable[[Parts], Plan], columns: Iterable[str] | None
) -> xr.Dataset:
    """Log-ratios of the grids of a dataset."""
    names = [columns] if isinstance(columns, str) else list(columns or grids.data_vars)
    unknown = [name for name in names if name not in grids.data_vars]
    if unknown:
        raise ValueError(f"no grids {unknown}. There are: {list(grids.data_vars)}.")
    units = {name: grids[name].attrs.get("units") for name in names}
    parts = find_parts(names, units)
    what = plan(parts)
    chosen = [grids[name] for name in names]
    made = _each(chosen, len(what.names), _ratios_of(parts, what))
    attrs = {"units": "1", "kind": "continuous"}
    found = {
        name: grid.assign_attrs(attrs | {"long_name": name} | _shares(chosen, what, i))
        for i, (name, grid) in enumerate(zip(what.names, made, strict=True))
    }
    said = {"composition": parts.attrs | what.said}
    said["notes"] = [*grids.attrs.get("notes", ()), *parts.notes]
    return xr.Dataset(found, attrs=grids.attrs | said)


def dataset_parts(ratios: xr.Dataset, what: Plan, total: float) -> xr.Dataset:
    """Parts of the log-ratios of a dataset."""
    grids = list(ratios.data_vars.values())
    made = _each(
        grids, len(what.names), lambda c: parts_of(c, what.matrix, total=total)
    )
    attrs = {"units": what.said["unit"] or "1", "kind": "continuous"}
    shares = _shares(grids, None, 0)
    found = {
        name: grid.assign_attrs(attrs | {"long_name": name} | shares)
        for name, grid in zip(what.names, made, strict=True)
    }
    return xr.Dataset(found, attrs=ratios.attrs)


def stack_ratios(
    stack: xr.DataArray,
    plan: Callable[[Parts], Plan],
    columns: Iterable[str] | None,
    dim: str | None,
) -> xr.DataArray:
    """Log-ratios of a stack with a dimension of parts."""
    dim = stack_dim(stack, dim)
    if columns is not None:
        stack = stack.sel({dim: list(columns)})
    names = [str(name) for name in stack[dim].to_numpy()]
    parts = find_parts(names, dict.fromkeys(names, stack.attrs.get("units")))
    what = plan(parts)
    notes = [*stack.attrs.get("notes", ()), *parts.notes]
    said = {"composition": parts.attrs | what.said, "notes": notes}
    return _along(stack, dim, what.names, _ratios_of(parts, what)).assign_attrs(
        said, units="1", kind="continuous"
    )


def stack_parts(
    stack: xr.DataArray, dim: str, what: Plan, total: float
) -> xr.DataArray:
    """Parts of the log-ratios of a stack."""
    found = _along(
        stack, dim, what.names, lambda c: parts_of(c, what.matrix, total=total)
    )
    return found.assign_attrs(units=what.said["unit"] or "1", kind="continuous")


def stack_dim(stack: xr.DataArray, dim: str | None) -> str:
    """Dimension of the parts: the one that is not of the map."""
    others = [str(name) for name in stack.dims if name not in {"y", "x"}]
    if dim is None and len(others) == 1:
        return others[0]
    if dim not in stack.dims:
        raise ValueError(
            f"dim={dim!r}: name the dimension of the parts, one of {list(stack.dims)}"
        )
    return dim


def _ratios_of(parts: Parts, what: Plan) -> Work:
    def work(cells: Sequence[NDArray]) -> NDArray[np.float64]:
        found, fine = log_ratios(cells, shifts=parts.shifts, matrix=what.matrix)
        if not fine:
            index = pd.RangeIndex(len(cells[0]))
            refuse(cells, parts.columns, index, "nan", found)
        return found

    return work


def _each(
    grids: Sequence[xr.DataArray], count: int, work: Work
) -> tuple[xr.DataArray, ...]:
    """`count` grids made of grids, lazily."""
    kind = _float(*grids)

    def block(*cells: NDArray) -> Any:  # noqa: ANN401
        found = work([np.asarray(grid, dtype=float).ravel() for grid in cells])
        made = tuple(each.reshape(cells[0].shape).astype(kind) for each in found)
        return made if count > 1 else made[0]

    made = xr.apply_ufunc(
        block,
        *grids,
        output_core_dims=[[]] * count,
        dask="parallelized",
        output_dtypes=[kind] * count,
        join="exact",
    )
    return made if isinstance(made, tuple) else (made,)


def _along(stack: xr.DataArray, dim: str, names: list[str], work: Work) -> xr.DataArray:
    """Stack of other layers made of a stack, lazily."""
    kind = _float(stack)
    stack = stack.chunk({dim: -1}) if stack.chunks is not None else stack

    def block(cells: NDArray) -> NDArray:
        flat = cells.reshape(-1, cells.shape[-1]).astype(float)
        found = work(list(flat.T))
        return found.T.reshape(*cells.shape[:-1], len(found)).astype(kind)

    found = xr.apply_ufunc(
        block,
        stack,
        input_core_dims=[[dim]],
        output_core_dims=[[dim]],
        exclude_dims={dim},
        dask="parallelized",
        output_dtypes=[kind],
        dask_gufunc_kwargs={"output_sizes": {dim: len(names)}},
        keep_attrs=True,
    )
    return found.transpose(*stack.dims).assign_coords({dim: names})


def _float(*grids: xr.DataArray) -> np.dtype:
    return np.result_type(np.float32, *(grid.dtype for grid in grids))


def _shares(
    grids: Sequence[xr.DataArray], what: Plan | None, at: int
) -> Mapping[str, float]:
    """Largest share censored or imputed among the parts that go into a ratio."""
    weights = None if what is None or what.matrix is None else what.matrix[at]
    used = [g for i, g in enumerate(grids) if weights is None or weights[i]]
    told = {
        share: [g.attrs[share] for g in used if share in g.attrs] for share in SHARES
    }
    return {share: max(values) for share, values in told.items() if values}
