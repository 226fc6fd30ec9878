"""How a library is asked: by words, spectrum, feature, taxonomy and SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import _queries
from ._search import View, positions_of, run, search

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd
    import xarray as xr


class Searching:
    """The questions of `SpectralLibrary`."""

    _folders: list[Path]
    _cache: _queries.Cache

    def _view(self) -> View:
        raise NotImplementedError

    def search(
        self,
        *,
        words: str = "",
        mineral: str | Sequence[str] | None = None,
        group: str | Sequence[str] | None = None,
        instrument: str | Sequence[str] | None = None,
        source: str | Sequence[str] | None = None,
        where: str | None = None,
    ) -> pd.DataFrame:
        """
        Search by words and taxonomy; all that is given must hold.

        Parameters
        ----------
        words : str
            Each must occur in a name, description, synonym, group, locality … of the
            spectrum, in English or Chinese, upper or lower case.
        mineral : str or sequence of str, optional
            Mineral by any of its names; one of several.
        group : str or sequence of str, optional
            Group or class by key or name: "white_mica", "carbonates", "云母".
        instrument, source : str or sequence of str, optional
            As the spectra have them.
        where : str, optional
            Condition in DuckDB's SQL on the columns: ``"grain_size like '%um%'"``.

        Returns
        -------
        DataFrame
            One spectrum a row: spectrum_id, name, mineral, group, sample_id, … , the
            range with values, the version that brought it. Spectra of the mineral that
            the words name come first.

        Raises
        ------
        KeyError
            If a mineral, group, instrument or source is unknown: with those there are.
        ValueError
            If `where` is no condition.
        """
        return search(
            self._view(),
            words,
            mineral=mineral,
            group=group,
            instrument=instrument,
            source=source,
            where=where,
        )

    def match(
        self,
        spectrum: xr.DataArray,
        *,
        n: int = 10,
        metric: str = "angle",
        window: tuple[float, float] | Sequence[tuple[float, float]] | None = None,
        min_coverage: float = 0.9,
    ) -> pd.DataFrame:
        """
        Search by spectrum: the nearest of all.

        Parameters
        ----------
        spectrum : DataArray
            (wavelength,), or a library: then ``query`` tells its spectra apart.
        n : int
            How many.
        metric : {"angle", "correlation", "rms"}
            Spectral angle (rad), Pearson's correlation, or root mean square difference
            of reflectance.
        window : (float, float), or several, optional
            nm; only these channels count.
        min_coverage : float
            Least share of the query's channels that a spectrum must have, 0 to 1. What
            has less is not ranked, since a short overlap is matched easily, but
            counted in ``attrs["notes"]``; what is ranked tells its ``coverage``.

        Returns
        -------
        DataFrame
            Best first: spectrum_id, name, mineral, group, the metric, ``coverage``,
            ``shared`` channels, instrument, source, …

        Raises
        ------
        ValueError
            If the library is empty, the metric unknown, or query and window have fewer
            than three channels.

        Notes
        -----
        All spectra stand, resampled once at import, on channels every 10 nm from 350
        to 2000 nm, 5 nm to 2500 nm and 50 nm to 15000 nm; the metric is taken over
        those that query and spectrum both have, in float64 for all that float32 leaves
        in doubt. Queries with bands broader than 2.5 such channels (multispectral
        ones) are compared on their own bands instead. Spectra whose own channels are
        broader than 8 such channels are not ranked.

        References
        ----------
        Kruse, F. A. et al. (1993). The spectral image processing system (SIPS).
        Remote Sensing of Environment 44, 145-163.
        """
        return _queries.match(
            self._view(),
            self._folders,
            self._cache,
            spectrum,
            n=n,
            metric=metric,
            window=window,
            min_coverage=min_coverage,
        )

    def find_features(
        self,
        position: tuple[float, float] | Sequence[tuple[float, float]],
        *,
        depth: float | tuple[float, float] = 0.02,
        width: tuple[float, float] | None = None,
    ) -> pd.DataFrame:
        """
        Search by absorption features.

        Parameters
        ----------
        position : (float, float), or several
            nm, from and to; of several every one must hold a feature.
        depth : float or (float, float)
            Least depth, or least and largest, 0 to 1, of the spectrum divided by the
            upper hull of its whole range.
        width : (float, float), optional
            Full width at half of the depth, nm.

        Returns
        -------
        DataFrame
            One spectrum a row, deepest first: ``position``, ``depth`` and ``width`` of
            its deepest feature within; of several positions ``position_2`` and so on.

        Raises
        ------
        ValueError
            If a range is none.

        References
        ----------
        Clark, R. N., Roush, T. L. (1984). Reflectance spectroscopy. Journal of
        Geophysical Research 89, 6329-6340.
        """
        view = self._view()
        self._cache.features(view, self._folders)
        return _queries.find_features(view, position=position, depth=depth, width=width)

    def replicates(self, spectrum_id: str) -> pd.DataFrame:
        """
        All spectra of the same physical sample.

        Parameters
        ----------
        spectrum_id : str
            One of them.

        Returns
        -------
        DataFrame
            As `search` gives it; that one alone if its sample is not known.
        """
        view = self._view()
        row = view.spectra.iloc[positions_of(view, [spectrum_id])[0]]
        if not isinstance(row["sample_id"], str):
            return search(view, "", spectrum_id=spectrum_id)
        same = search(view, "", sample_id=row["sample_id"])
        return same[same["sample_id"] == row["sample_id"]].reset_index(drop=True)

    def taxonomy(self) -> pd.DataFrame:
        """
        Minerals that the library has, with the number of spectra and samples.

        Returns
        -------
        DataFrame
            ``mineral_class``, ``group``, ``mineral``, ``zh``, ``formula``,
            ``spectra``, ``samples``; spectra of no single mineral last.
        """
        return _queries.taxonomy(self._view())

    def query(self, sql: str) -> pd.DataFrame:
        """
        Table that a DuckDB query gives.

        Parameters
        ----------
        sql : str
            On the tables ``spectra`` (the columns of the records) and ``features``
            (spectrum_id, position, depth, width, start, stop).

        Returns
        -------
        DataFrame

        Raises
        ------
        ValueError
            If DuckDB refuses it.
        """
        view = self._view()
        if "features" in sql:
            self._cache.features(view, self._folders)
        return run(view, sql)
