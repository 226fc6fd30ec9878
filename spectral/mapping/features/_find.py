"""All absorption features of spectra, as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ._nested import COLUMNS, nested
from ._windows import bands_of, read_window

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd
    import xarray as xr


def find_features(
    spectra: xr.DataArray,
    *,
    min_depth: float = 0.01,
    window: Sequence[float] | None = None,
) -> pd.DataFrame:
    """
    Table of the absorption features of spectra, features within features too.

    The upper hull is laid over each spectrum; in each stretch between two of its
    vertices the deepest place is a feature of level 1. Other minima of that stretch,
    parted from deeper ones by a rise of at least half of `min_depth`, are features of
    level 2, each measured below a hull of its own from rise to rise: the lesser member
    of a doublet, a band on the flank of a broad one.

    Parameters
    ----------
    spectra : DataArray
        Library, one spectrum or cube: reflectance, dimension wavelength in nm. Lazy
        ones are computed. Gaps are left out, spectrum by spectrum, and so are bad
        bands.
    min_depth : float
        Least depth below the local continuum. Noise makes features too: set it above.
    window : (low, high), optional
        Part of the spectrum, nm; the whole when not given.

    Returns
    -------
    DataFrame
        One row a feature, by spectrum, deepest first. Columns: ``spectrum`` (of a cube
        ``y`` and ``x``), ``order`` (1 the deepest of its spectrum), ``position``,
        ``depth``, ``width``, ``area``, ``asymmetry``, ``left``, ``right`` as in
        `feature_parameters`, of level 2 below their own hull but at the position where
        the spectrum below the one hull is lowest; ``level``; ``missing``: number of
        bands left out between its shoulders, whose values may hide its true shape.
        ``attrs["notes"]`` say which spectra could not be searched, and why.

    Raises
    ------
    ValueError
        If the window holds fewer than three good bands, or a number makes no sense.

    See Also
    --------
    feature_parameters : One window, all pixels of a lazy cube.

    References
    ----------
    Clark, R. N., King, T. V. V. and Gorelick, N. S. (1987). Automatic continuum
    analysis of reflectance spectra. Proc. 3rd Airborne Imaging Spectrometer Data
    Analysis Workshop, JPL Publication 87-30, 138-142.

    Examples
    --------
    >>> import xarray as xr
    >>> waves = np.arange(2100.0, 2301, 5)
    >>> def dip(centre, width, depth):
    ...     return 1 - depth * np.exp(-(((waves - centre) / width) ** 2))
    >>> spectrum = xr.DataArray(
    ...     0.5 * dip(2206, 13, 0.36) * dip(2165, 11, 0.20), {"wavelength": waves}
    ... )
    >>> table = find_features(spectrum)
    >>> table[["order", "position", "depth", "level"]].round(2)
       order  position  depth  level
    0      1   2205.94   0.36      1
    1      2   2165.00   0.18      2
    """
    import pandas as pd

    if not 0 < min_depth < 1:
        raise ValueError(f"min_depth lies between 0 and 1. Got {min_depth}.")
    bands = bands_of(spectra, read_window(window, method="hull"), method="hull")
    good = spectra.isel(wavelength=bands.span).isel(wavelength=bands.good)
    others = [dim for dim in good.dims if dim != "wavelength"]
    names = _names(good, others)
    values = good.transpose(*others, "wavelength").to_numpy().astype("float64")
    tables, notes, rows = (
        [],
        {"short": [], "dark": []},
        np.empty((bands.x.size, len(COLUMNS))),
    )
    numbers = bands.good.astype(np.int64)
    for name, y in zip(
        _each(names, others), values.reshape(-1, bands.x.size), strict=True
    ):
        known = np.flatnonzero(np.isfinite(y))
        n = -2
        if known.size >= 3:
            n = nested(y[known], bands.x[known], numbers[known], min_depth, rows)
        if n < 0:
            notes["dark" if n == -1 else "short"].append(name)
            continue
        order = np.lexsort((rows[:n, 0], -rows[:n, 1]))
        tables.append((name, rows[:n][order]))
    counts = [len(part) for _, part in tables]
    found = pd.DataFrame(
        np.concatenate([part for _, part in tables] or [rows[:0]]),
        columns=list(COLUMNS),
    )
    found.insert(
        0, "order", np.concatenate([np.arange(1, n + 1) for n in counts] or [[]])
    )
    for place, dim in enumerate(others):
        labels = [name[place] for name, _ in tables]
        found.insert(place, dim, [
            label for label, n in zip(labels, counts, strict=True) for _ in range(n)
        ])  # fmt: skip
    found = found.astype({"order": int, "level": int, "missing": int})
    found.attrs["notes"] = _notes(notes)
    return found


def _names(spectra: xr.DataArray, others: list[str]) -> list[list]:
    return [
        spectra[dim].to_numpy().tolist()
        if dim in spectra.coords
        else range(spectra.sizes[dim])
        for dim in others
    ]


def _each(names: list[list], others: list[str]) -> Iterator[tuple]:
    """Labels of the spectra in the order of their values."""
    from itertools import product

    return product(*names) if others else iter([()])


def _notes(left_out: dict[str, list[tuple]]) -> list[str]:
    """What could not be searched."""
    whys = {
        "short": "have fewer than three values",
        "dark": "have no continuum above zero",
    }
    notes = []
    for key, why in whys.items():
        names = left_out[key]
        if names:
            told = ", ".join("/".join(str(part) for part in name) for name in names[:5])
            more = ", …" if len(names) > 5 else ""
            notes.append(f"{len(names)} spectra {why} and were left out: {told}{more}")
    return notes
