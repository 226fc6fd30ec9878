"""The spectral library: a folder of Parquet files that only grows."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import xarray as xr

from . import _add, _queries
from ._batch import (
    batch_numbers,
    check_version,
    make_store,
    verify_batch,
    versions_of,
)
from ._schema import REQUIRED, TEXTS
from ._search import View, open_view, positions_of, with_extra
from ._searching import Searching
from ._stack import stack_spectra

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike


def open_library(
    folder: str | Path | Sequence[str | Path],
    *,
    create: bool = False,
    as_of: int | Sequence[int] | None = None,
) -> SpectralLibrary:
    """
    Spectral library in a folder, or in several opened as one.

    Parameters
    ----------
    folder : path, or sequence of path
        Of several, say one shared by all and one's own, the last is written to; ids of
        a later folder hide equal ones of an earlier. Folders that are only read may be
        read-only.
    create : bool
        Make the (last) folder a library if it is none yet.
    as_of : int, or one int a folder, optional
        Version to see, as `SpectralLibrary.history` lists them; such a library is not
        written to. Default: the latest, and what comes while it is open.

    Returns
    -------
    SpectralLibrary

    Raises
    ------
    FileNotFoundError
        If a folder is not there or no library, and `create` is False.
    ValueError
        If a folder holds other things, was written by a later release, or never had
        the version.

    Notes
    -----
    ``batches/000001/`` and so on hold one import each: ``spectra.parquet`` (names,
    taxonomy, instrument …), ``values.parquet``, ``grids.parquet`` (every grid once)
    and ``batch.json`` (source file, sha256, format, date, who, licence, citation, what
    was cleaned, size and sha256 of the other files). A batch appears whole, by one
    rename, and is never changed: any number of readers and writers may work at once;
    of two writers that add the same spectrum, the second is told so. ``index/`` is
    derived and may be deleted. A damaged batch is named in a warning and in
    `SpectralLibrary.damaged`; the others are read.

    Examples
    --------
    >>> import tempfile
    >>> library = open_library(tempfile.mkdtemp(), create=True)
    >>> library.version, len(library)
    (0, 0)
    """
    single = isinstance(folder, (str, Path))
    folders = [Path(folder)] if single else [Path(one) for one in folder]  # type: ignore[arg-type]
    if not folders:
        raise ValueError("no folder is given: open_library('library', create=True)")
    upto = versions_of(as_of, len(folders))
    for one in folders:
        make_store(one, create=create and one is folders[-1])
    for one, last in zip(folders, upto, strict=True):
        check_version(one, last)
    return SpectralLibrary(folders, upto)


class SpectralLibrary(Searching):
    """
    Reference spectra, searched by words, spectrum, feature and taxonomy.

    Made by `open_library`.

    Parameters
    ----------
    folders : list of Path
        Opened together; the last is written to.
    upto : list of int or None
        Version of each to see, None for the latest.

    Attributes
    ----------
    version : int or tuple of int
        Version seen, one a folder.
    damaged : list of str
        Batches that cannot be read, with their fault.
    """

    def __init__(self, folders: list[Path], upto: list[int | None]) -> None:
        self._folders = folders
        self._upto = upto
        self._seen: tuple[Any, ...] = ()
        self._state: View | None = None
        self._told: set[str] = set()
        self._cache = _queries.Cache()
        self._view()

    def __len__(self) -> int:
        """Number of living spectra."""
        return len(self._view().spectra)

    def __contains__(self, spectrum_id: object) -> bool:
        """Whether a spectrum of that id lives."""
        return bool((self._view().spectra["spectrum_id"] == spectrum_id).any())

    def __repr__(self) -> str:
        """Folders, version and size."""
        where = " + ".join(str(folder) for folder in self._folders)
        return f"<SpectralLibrary {where}: {len(self)} spectra, version {self.version}>"

    @property
    def version(self) -> int | tuple[int, ...]:
        """Version seen, one a folder."""
        numbers = []
        for layer in range(len(self._folders)):
            mine = [b.number for b in self._view().batches if b.layer == layer]
            numbers.append(max(mine, default=0))
        return numbers[0] if len(numbers) == 1 else tuple(numbers)

    @property
    def damaged(self) -> list[str]:
        """Batches that cannot be read, with their fault."""
        return [b.damage for b in self._view().batches if b.damage is not None]

    def add(
        self,
        records: pd.DataFrame | xr.DataArray,
        *,
        replace: bool = False,
        prefix: str = "",
        provenance: dict[str, str] | None = None,
    ) -> int:
        """
        Add spectra: one new version, whole or not at all.

        Parameters
        ----------
        records : DataFrame or DataArray
            Records as `check_records` wants them, or a library. Mineral names are
            brought to the taxonomy's, groups and classes filled in from it; counted in
            the batch's notes.
        replace : bool
            Whether ids that live already get a new version; the old one stays in the
            history.
        prefix : str
            Put before every id, such as "mine2024:".
        provenance : dict, optional
            Any of file, sha256, format, date (ISO), who, licence, citation, note; they
            go before those that the reader left in ``records.attrs["provenance"]``. A
            ``file`` that exists gives sha256 and date (its own) where they are not
            given. Nothing else tells the time: same input, same bytes.

        Returns
        -------
        int
            The new version.

        Raises
        ------
        ValueError
            If records are not sound (`RecordProblems`), ids live already, or the
            library was opened at a version.
        OSError
            If it cannot be written; nothing was added then.
        """
        self._writable()
        batch = _add.prepare(records, prefix=prefix, provenance=provenance)
        return _add.store(self._folders[-1], batch, self._view, replace=replace)

    def remove(
        self, ids: str | Sequence[str], *, reason: str, who: str | None = None
    ) -> int:
        """
        Take spectra out: a new version; older ones still have them.

        Parameters
        ----------
        ids : str or sequence of str
            Spectra that live.
        reason : str
            Why; kept in the history.
        who : str, optional
            Who decided.

        Returns
        -------
        int
            The new version.

        Raises
        ------
        KeyError
            If an id is unknown.
        """
        self._writable()
        names = _queries.ids_in(ids)
        return _add.remove(self._folders[-1], names, self._view, reason=reason, who=who)

    def records(
        self, ids: str | Sequence[str] | pd.DataFrame | None = None, /
    ) -> pd.DataFrame:
        """
        Spectra as records, each on its own grid.

        Parameters
        ----------
        ids : str, sequence of str or DataFrame, optional
            Spectra, in this order; or a table that `search`, `match` or
            `find_features` gave. All, if none are given.

        Returns
        -------
        DataFrame
            As `check_records` wants them, with the source's own columns, ``version``
            and ``folder``.

        Raises
        ------
        KeyError
            If an id is unknown: with the nearest ones.
        """
        view = self._view()
        chosen = view.spectra if ids is None else ids
        positions = positions_of(view, _queries.ids_in(chosen))
        rows = view.spectra.iloc[positions].reset_index(drop=True)
        values = _queries.values_at(view, rows)
        found = with_extra(rows)
        for place, (name, column) in enumerate(values.items()):
            found.insert(2 + place, name, column)
        optional = [*(n for n in TEXTS if n not in REQUIRED), "fwhm", "uncertainty"]
        empty = [name for name in optional if found[name].isna().all()]
        cards = ["first_nm", "last_nm", "channels", "has_uncertainty"]
        return found.drop(columns=[*cards, *empty])

    def read(
        self,
        ids: str | Sequence[str] | pd.DataFrame,
        *,
        like: xr.DataArray | None = None,
        sensor: str | None = None,
        wavelength: ArrayLike | None = None,
    ) -> xr.DataArray:
        """
        Spectra as a library, on one grid.

        Parameters
        ----------
        ids : str, sequence of str or DataFrame
            As in `records`.
        like : DataArray, optional
            Cube or library whose bands are wanted (`spectral.resample`).
        sensor : str, optional
            Sensor whose bands are wanted, from `spectral.list_sensors`.
        wavelength : array-like, optional
            Band centres wanted, nm; each as wide as their spacing.

        Returns
        -------
        DataArray, dims ("spectrum", "wavelength")
            As `stack_spectra` gives it.

        Raises
        ------
        ValueError
            If the grids differ and none is given, or more than one is; KeyError if an
            id is unknown.
        """
        if sum(target is not None for target in (like, sensor, wavelength)) > 1:
            raise ValueError("give one of like=, sensor= and wavelength=")
        if wavelength is not None:
            like = _queries.bands_at(wavelength)
        records = self.records(ids)
        if not len(records):
            raise ValueError("no spectrum is chosen: the search found none")
        return stack_spectra(records, like=like, sensor=sensor)

    def history(self, *, spectrum_id: str | None = None) -> pd.DataFrame:
        """
        Versions of the library, or of one spectrum.

        Parameters
        ----------
        spectrum_id : str, optional
            Only versions that brought or removed it.

        Returns
        -------
        DataFrame
            One version a row: ``version``, ``folder``, ``kind`` ("add" or "remove"),
            ``spectra``, ``replaced``, the provenance, ``notes``, ``damage``.
        """
        return _queries.history(self._view(), self._folders, spectrum_id)

    def export(
        self,
        ids: str | Sequence[str] | pd.DataFrame,
        path: str | Path,
        *,
        like: xr.DataArray | None = None,
        sensor: str | None = None,
    ) -> list[Path]:
        """
        Write spectra as an ENVI library or as CSV.

        Parameters
        ----------
        ids : str, sequence of str or DataFrame
            As in `records`.
        path : path
            ``.sli`` (with its .hdr) or ``.csv``.
        like : DataArray, optional
            Bands wanted; these or a sensor are needed where the grids differ.
        sensor : str, optional
            Sensor whose bands are wanted, from `spectral.list_sensors`.

        Returns
        -------
        list of Path
            Files written. `read_envi_library` reads the first back.

        Raises
        ------
        ValueError
            If the grids differ and no target is given, or the suffix is another.
        """
        from ._export import save_spectra

        return save_spectra(self.read(ids, like=like, sensor=sensor), path)

    def verify(self) -> list[str]:
        """
        Read every file and compare it with what was written.

        Returns
        -------
        list of str
            Files that are missing, cut off or changed; empty if all is well.
        """
        return [line for batch in self._view().batches for line in verify_batch(batch)]

    def _view(self) -> View:
        """The state as it is now; read anew when batches have come."""
        seen = tuple(
            tuple(n for n in batch_numbers(folder) if last is None or n <= last)
            for folder, last in zip(self._folders, self._upto, strict=True)
        )
        if self._state is None or seen != self._seen:
            self._state, self._seen = open_view(self._folders, self._upto), seen
            self._warn(self._state)
        return self._state

    def _warn(self, view: View) -> None:
        for batch in view.batches:
            if batch.damage is not None and batch.damage not in self._told:
                self._told.add(batch.damage)
                warnings.warn(
                    f"{batch.damage}. Version {batch.number} is left out: its spectra "
                    "are missing, and what it replaced or removed shows again. Put the "
                    "file back from a copy, or import its source anew.",
                    stacklevel=5,
                )

    def _writable(self) -> None:
        if any(last is not None for last in self._upto):
            raise ValueError(
                "this library was opened at a version: open it without as_of= to write"
            )
