"""Records on many grids, and the library on one: there and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from .._check import check_cube
from ._schema import ARRAYS, REQUIRED, check_records, is_missing

if TYPE_CHECKING:
    from numpy.typing import NDArray

SAME = 1e-6  # relative difference of wavelengths that is rounding, not another grid


def stack_spectra(
    records: pd.DataFrame,
    *,
    like: xr.DataArray | None = None,
    sensor: str | None = None,
) -> xr.DataArray:
    """
    Library of records, on one grid.

    Parameters
    ----------
    records : DataFrame
        As `check_records` wants them.
    like : DataArray, optional
        Cube or library whose wavelengths are wanted (`spectral.resample`).
    sensor : str, optional
        Sensor whose bands are wanted, from `spectral.list_sensors`. Without either all
        records must share their grid.

    Returns
    -------
    DataArray, dims ("spectrum", "wavelength")
        float32, or float64 if any record is. ``spectrum`` holds the ids, every other
        column of single values becomes a coordinate along it; ``fwhm`` where all share
        it, ``uncertainty`` (one standard deviation) where any record has one, NaN for
        the others. ``attrs["notes"]`` go on, with what was resampled.

    Raises
    ------
    ValueError
        If the grids differ and no target is given: the grids are named; if records are
        not sound (`RecordProblems`), or both targets are given.

    See Also
    --------
    split_spectra : Back to records.

    Examples
    --------
    >>> records = pd.DataFrame({
    ...     "spectrum_id": ["k1"], "name": ["Kaolinite"], "mineral": ["kaolinite"],
    ...     "wavelength": [[2160.0, 2200.0]], "reflectance": [[0.55, 0.40]]})
    >>> library = stack_spectra(records)
    >>> print(library.sel(spectrum="k1", wavelength=2200).item())
    0.4
    """
    check_records(records)
    grids, codes = _grids_of(records)
    if like is not None and sensor is not None:
        raise ValueError("give like= or sensor=, not both")
    if like is None and sensor is None:
        if len(grids) > 1:
            raise ValueError(_differ(grids, codes))
        return _stacked(records, *grids[0])
    if like is not None:
        check_cube(like)
    from ..sensors._resample import resample

    parts: list[xr.DataArray | None] = [None] * len(records)
    notes: list[str] = list(records.attrs.get("notes", ()))
    for code, (waves, fwhm) in enumerate(grids):
        rows = np.flatnonzero(codes == code)
        part = _stacked(records.iloc[rows], waves, fwhm)
        found = resample(part.assign_attrs(notes=[]), like=like, sensor=sensor)
        notes += [f"{len(rows)} spectra: {note}" for note in found.attrs["notes"]]
        for place, row in enumerate(rows):
            parts[row] = found[place : place + 1]
    library = xr.concat(
        _alike(parts), dim="spectrum", coords="different", compat="equals", join="exact"
    )
    return library.rename("reflectance").assign_attrs(_attrs(records), notes=notes)


def split_spectra(library: xr.DataArray) -> pd.DataFrame:
    """
    Records of a library, each on the channels where the library has its grid.

    Parameters
    ----------
    library : DataArray
        (spectrum, wavelength), or (wavelength,) for one. Coordinates along
        ``spectrum`` become columns, ``fwhm`` and ``uncertainty`` object columns.
        Bad bands are left out, with a note.

    Returns
    -------
    DataFrame
        As `check_records` wants them.

    Raises
    ------
    ValueError
        If it is no library.

    See Also
    --------
    stack_spectra : Back to a library.

    Examples
    --------
    >>> library = xr.DataArray(
    ...     [[0.55, 0.40]], {"spectrum": ["k1"], "wavelength": [2160.0, 2200.0]},
    ...     ("spectrum", "wavelength"))
    >>> records = split_spectra(library)
    >>> print(records.loc[0, "spectrum_id"], records.loc[0, "reflectance"])
    k1 [0.55 0.4 ]
    """
    check_cube(library)
    if library.ndim == 1:
        library = library.expand_dims(spectrum=[str(library.name or "spectrum")])
    if set(library.dims) != {"spectrum", "wavelength"}:
        raise ValueError(
            "a library has the dimensions ('spectrum', 'wavelength'). Got "
            f"{library.dims}; take means of regions of a cube: spectral.mean_spectra"
        )
    notes = list(library.attrs.get("notes", ()))
    library = library.transpose("spectrum", "wavelength")
    if "bad_bands" in library.coords and library["bad_bands"].any():
        bad = np.asarray(library["bad_bands"].values, bool)
        notes.append(f"{bad.sum()} bad bands were left out")
        library = library.isel(wavelength=np.flatnonzero(~bad))
    return _as_records(library, notes)


def _as_records(library: xr.DataArray, notes: list[str]) -> pd.DataFrame:
    count = library.sizes["spectrum"]
    waves = np.asarray(library["wavelength"].values, float)
    columns: dict[str, Any] = {
        str(name): list(coord.values)
        for name, coord in library.coords.items()
        if coord.dims == ("spectrum",) and name != "spectrum"
    }
    columns["spectrum_id"] = (
        [str(name) for name in library["spectrum"].to_numpy()]
        if "spectrum" in library.coords
        else [f"spectrum {number}" for number in range(1, count + 1)]
    )
    columns.setdefault("name", columns["spectrum_id"])
    columns["wavelength"] = _objects([waves] * count)
    columns["reflectance"] = _objects(list(np.asarray(library.values)))
    if "fwhm" in library.coords:
        widths = np.asarray(library["fwhm"].values, float)
        columns["fwhm"] = _objects([widths] * count)
    if "uncertainty" in library.coords:
        error = library["uncertainty"].transpose("spectrum", "wavelength")
        columns["uncertainty"] = _objects(
            [None if np.isnan(row).all() else row for row in error.to_numpy()]
        )
    first = [name for name in REQUIRED if name in columns]
    rest = [name for name in columns if name not in first]
    records = pd.DataFrame({name: columns[name] for name in (*first, *rest)})
    quantity = library.attrs.get("quantity")
    if quantity not in (None, "reflectance") and "quantity" not in records:
        records["quantity"] = quantity
    records.attrs = {"notes": notes}
    return records


def _grids_of(
    records: pd.DataFrame,
) -> tuple[list[tuple[NDArray, NDArray | None]], NDArray]:
    """Different pairs (wavelength, fwhm), and which of them each record has."""
    grids: list[tuple[NDArray, NDArray | None]] = []
    known: dict[tuple[int, int], int] = {}
    codes = []
    widths = records.get("fwhm", pd.Series([None] * len(records)))
    for given, width in zip(records["wavelength"], widths, strict=True):
        key = (id(given), id(width))
        if key not in known:
            pair = (
                np.asarray(given, float),
                None if is_missing(width) else np.asarray(width, float),
            )
            same = [i for i, grid in enumerate(grids) if _same(grid, pair)]
            known[key] = same[0] if same else len(grids)
            if not same:
                grids.append(pair)
        codes.append(known[key])
    return grids, np.array(codes)


def _same(
    one: tuple[NDArray, NDArray | None], other: tuple[NDArray, NDArray | None]
) -> bool:
    if (one[1] is None) != (other[1] is None):
        return False
    return all(
        a is None or (a.shape == b.shape and np.allclose(a, b, rtol=SAME, atol=0))
        for a, b in zip(one, other, strict=True)
    )


def _differ(grids: list[tuple[NDArray, NDArray | None]], codes: NDArray) -> str:
    told = "; ".join(
        f"{(codes == i).sum()} spectra with {waves.size} channels of {waves[0]:g}-"
        f"{waves[-1]:g} nm{'' if fwhm is None else ' with band widths'}"
        for i, (waves, fwhm) in enumerate(grids[:8])
    )
    more = f" and {len(grids) - 8} more grids" if len(grids) > 8 else ""
    return (
        f"the spectra stand on {len(grids)} grids: {told}{more}. Bring them to one: "
        "stack_spectra(records, like=cube), or sensor='emit'"
    )


def _stacked(
    records: pd.DataFrame, waves: NDArray, fwhm: NDArray | None
) -> xr.DataArray:
    values = np.stack([np.asarray(row) for row in records["reflectance"]])
    if values.dtype not in (np.float32, np.float64):
        values = values.astype("float64")
    coords: dict[str, Any] = {
        "spectrum": [str(name) for name in records["spectrum_id"]],
        "wavelength": waves,
    }
    for name in records.columns:
        if name not in (*ARRAYS, "spectrum_id"):
            coords[name] = ("spectrum", _plain(records[name]))
    if fwhm is not None:
        coords["fwhm"] = ("wavelength", fwhm)
    if "uncertainty" in records and not all(map(is_missing, records["uncertainty"])):
        empty = np.full(waves.size, np.nan, values.dtype)
        rows = [empty if is_missing(r) else r for r in records["uncertainty"]]
        error = np.stack(rows).astype(values.dtype)
        coords["uncertainty"] = (("spectrum", "wavelength"), error)
    library = xr.DataArray(
        values, dims=("spectrum", "wavelength"), coords=coords, name="reflectance"
    )
    return library.assign_attrs(
        _attrs(records), notes=list(records.attrs.get("notes", ()))
    )


def _attrs(records: pd.DataFrame) -> dict[str, Any]:
    kinds = {str(q) for q in records.get("quantity", ()) if isinstance(q, str) and q}
    quantity = kinds.pop() if len(kinds) == 1 else "reflectance"
    return {"units": "1", "long_name": quantity, "quantity": quantity}


def _plain(column: pd.Series) -> NDArray:
    """Values for a coordinate: texts as objects with "" where missing."""
    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        return column.to_numpy()
    return column.astype(object).where(column.notna(), "").to_numpy()


def _objects(rows: list[Any]) -> NDArray:
    column = np.empty(len(rows), object)
    column[:] = rows
    return column


def _alike(parts: list[xr.DataArray]) -> list[xr.DataArray]:
    """Parts with the same coordinates: what some lack is NaN there."""
    shape = ("spectrum", "wavelength")
    lacking = {
        name
        for name in ("uncertainty", "coverage")
        if any(name in part.coords and part[name].dims == shape for part in parts)
    }
    return [
        part.assign_coords({name: (shape, _wide(part, name)) for name in lacking})
        for part in parts
    ]


def _wide(part: xr.DataArray, name: str) -> NDArray:
    """A coordinate as one value a spectrum and wavelength."""
    if name not in part.coords:
        return np.full(part.shape, np.nan)
    return np.broadcast_to(part[name].to_numpy(), part.shape).copy()
