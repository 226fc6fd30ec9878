"""Spectra of a file or a library folder, as one library on the bands wanted."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .._check import good_bands
from ._batch import MARK
from ._stack import stack_spectra
from ._store import SpectralLibrary, open_library
from .importers._read import read_spectra

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    import xarray as xr


def load_library(
    path: str | Path | SpectralLibrary,
    *,
    like: xr.DataArray | None = None,
    spectra: Sequence[str] | None = None,
    scale: float | None = None,
) -> xr.DataArray:
    r"""
    Library from a file, a folder of files, or a spectral library.

    Parameters
    ----------
    path : path or SpectralLibrary
        What `read_spectra` reads, or the folder of `open_library`, or what it opened.
    like : DataArray, optional
        Cube whose bands are wanted; the spectra are resampled to them, and those that
        lack a good band of it are left out, counted in the notes.
    spectra : sequence of str, optional
        Of the spectra wanted: their ids, else names, else minerals, else a part of
        their names. All spectra where nothing is said.
    scale : float, optional
        Divisor that makes reflectance 0 to 1, for tables that do not state it.

    Returns
    -------
    DataArray, dims ("spectrum", "wavelength")
        With the texts of the records along ``spectrum`` and ``attrs["notes"]``.

    Raises
    ------
    FileNotFoundError
        If there is no such path.
    KeyError
        If a spectrum is not there: with the nearest names.
    ValueError
        If the file cannot be read, spectra stand on several grids and no `like` is
        given, or none covers the bands of `like`.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "field.csv"
    >>> _ = file.write_text("name,2150nm,2200nm,2250nm,2300nm\nmica,0.5,0.4,0.5,0.5\n")
    >>> load_library(file).sel(spectrum="mica", wavelength=2200).item()
    0.4
    """
    if isinstance(path, SpectralLibrary):
        records, name = path.records(), "the library"
    elif (Path(path) / MARK).is_file():
        records, name = open_library(path).records(), Path(path).name
    else:
        records, name = read_spectra(path, scale=scale), Path(path).name
    if spectra is not None:
        records = records.loc[_chosen(records, list(spectra), name)]
    library = stack_spectra(records, like=like)
    return library if like is None else _covering(library, like, name)


def _chosen(records: pd.DataFrame, wanted: list[str], source: str) -> list[int]:
    columns = [c for c in ("spectrum_id", "name", "mineral") if c in records.columns]
    rows: list[int] = []
    for one in wanted:
        hits: list[int] = []
        for column in columns:
            texts = records[column].astype(str).str.casefold()
            hits = list(records.index[texts == one.casefold()])
            if hits:
                break
        if not hits:
            names = records["name"].astype(str).str.casefold()
            hits = list(records.index[names.str.contains(one.casefold(), regex=False)])
        if not hits:
            known = [str(name) for name in records["spectrum_id"]]
            near = difflib.get_close_matches(one, known, n=3, cutoff=0.4)
            told = f" Near it: {', '.join(near)}." if near else ""
            raise KeyError(
                f"{source} has no spectrum or mineral '{one}' among {len(known)}.{told}"
            )
        rows += [row for row in hits if row not in rows]
    return rows


def _covering(library: xr.DataArray, like: xr.DataArray, source: str) -> xr.DataArray:
    if "bad_bands" in like.coords:
        library = library.assign_coords(
            bad_bands=("wavelength", like["bad_bands"].data)
        )
    whole = np.isfinite(good_bands(library).data).all(axis=1)
    if not whole.any():
        low, high = (float(like["wavelength"][i]) for i in (0, -1))
        raise ValueError(
            f"none of the {len(whole)} spectra of {source} covers the good bands of "
            f"the cube, {low:.0f}-{high:.0f} nm. Choose spectra of that range, or mark "
            "bands bad."
        )
    if whole.all():
        return library
    names = [str(name) for name in library["spectrum"].data[~whole]]
    more = "" if len(names) <= 5 else f" and {len(names) - 5} more"
    note = (
        f"{len(names)} of {len(whole)} spectra lack good bands of the cube and were "
        f"left out: {', '.join(names[:5])}{more}"
    )
    notes = [*library.attrs.get("notes", []), note]
    return library.isel(spectrum=whole).assign_attrs(notes=notes)
