"""Search by spectrum: one pass over all spectra, the best again in double precision."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from numba import njit

from .._check import check_cube, good_bands
from .._threads import workers
from ._index import BLOCKS, steps_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from ._index import Derived

METRICS = {
    "angle": "rad, 0 is the same shape",
    "correlation": "1 is the same shape",
    "rms": "reflectance, 0 is the same spectrum",
}
LEAST = 0.9  # of a channel's response, for a value on the index
ROUNDING = 1e-6
FEWEST = 3  # channels; fewer say nothing
BROAD = 2.5  # index steps a band is wide: broader bands are compared as bands
FLAT = 1e-11  # of the squares: a smaller variance is rounding, not a shape
SLACK = 1e-5  # of a cosine in float32: nearer ones are decided in float64
GRID = np.concatenate(list(BLOCKS.values()))
Pair = tuple[np.ndarray, np.ndarray]  # spectra (n, channels), query (channels,)


class Query(NamedTuple):
    """
    A spectrum as it is compared.

    Parameters
    ----------
    spectrum : ndarray, shape (n_channels,)
        On the index or on its own bands; NaN where it says nothing.
    bands : DataArray or None
        Its own broad bands; None on the index.
    """

    spectrum: NDArray
    bands: xr.DataArray | None


def prepare(spectrum: xr.DataArray, windows: Sequence[tuple[float, float]]) -> Query:
    """One spectrum (wavelength,) on the index, or as bands where it is coarser."""
    spectrum = spectrum.drop_vars("uncertainty", errors="ignore").astype("float64")
    known = good_bands(spectrum)
    known = known.isel(wavelength=np.flatnonzero(np.isfinite(known.to_numpy())))
    waves = known["wavelength"].to_numpy().astype(float)
    if waves.size < FEWEST:
        raise ValueError(
            f"the spectrum has {waves.size} channels with values; a search needs at "
            f"least {FEWEST}"
        )
    widths = known["fwhm"].to_numpy() if "fwhm" in known.coords else np.gradient(waves)
    if np.median(widths / steps_of(waves)) > BROAD:
        bands = xr.DataArray(
            np.zeros(waves.size), dims="wavelength", coords={"wavelength": waves}
        ).assign_coords(fwhm=("wavelength", np.asarray(widths, float)))
        values, grid = known.to_numpy(), waves
    else:
        bands, values, grid = None, _on_index(spectrum), GRID
    if windows:
        wanted = np.zeros(grid.size, bool)
        for low, high in windows:
            wanted |= (grid >= low) & (grid <= high)
        values = np.where(wanted, values, np.nan)
    if np.isfinite(values).sum() < FEWEST:
        told = ", ".join(f"{low:g}-{high:g} nm" for low, high in windows)
        raise ValueError(
            f"the spectrum ({waves[0]:g}-{waves[-1]:g} nm) has fewer than {FEWEST} "
            f"channels {f'in the window {told}' if windows else 'on the index'}. Widen "
            "the window or take a spectrum of that range."
        )
    return Query(values, bands)


def _on_index(spectrum: xr.DataArray) -> NDArray:
    """As `spectral.resample` brought the library there, without its companions."""
    from ..sensors._plan import good_channels, plan_resampling

    kept = {"fwhm", "bad_bands"} & set(spectrum.coords)
    bare = xr.DataArray(
        spectrum.to_numpy(),
        dims="wavelength",
        coords={"wavelength": spectrum["wavelength"].to_numpy()},
    ).assign_coords({k: ("wavelength", spectrum[k].to_numpy()) for k in kept})
    waves, values = bare["wavelength"].to_numpy(), bare.to_numpy()[good_channels(bare)]
    there = np.isfinite(values)
    parts = []
    for channels in BLOCKS.values():
        part = np.full(channels.size, np.nan)
        if ((waves >= channels[0]) & (waves <= channels[-1])).sum() > 1:
            with contextlib.suppress(ValueError):  # none of its channels is covered
                fwhm = np.gradient(channels)
                plan = plan_resampling(
                    bare,
                    LEAST,
                    like=None,
                    sensor=None,
                    wavelength=channels,
                    fwhm=fwhm,
                    responses=None,
                )
                share = plan.weights @ there.astype(float)
                enough = plan.enough & (share >= LEAST - ROUNDING)
                total = plan.weights @ np.where(there, values, 0.0)
                part[enough] = total[enough] / share[enough]
        parts.append(part)
    return np.concatenate(parts)


def check_windows(
    window: tuple[float, float] | Sequence[tuple[float, float]] | None,
) -> list[tuple[float, float]]:
    """Windows as a list; ValueError if one is none."""
    if window is None:
        return []
    pairs = [window] if np.ndim(window) == 1 else list(window)
    for pair in pairs:
        if np.size(pair) != 2 or not pair[0] < pair[1]:
            raise ValueError(f"a window is (from, to) in nm, not {pair}")
    return [(float(low), float(high)) for low, high in pairs]


def check_query(spectrum: xr.DataArray) -> list[tuple[str, xr.DataArray]]:
    """Names and spectra of a single spectrum or a library."""
    check_cube(spectrum)
    if spectrum.ndim == 1:
        return [(str(spectrum.name or "spectrum"), spectrum)]
    if set(spectrum.dims) != {"spectrum", "wavelength"}:
        raise ValueError(
            f"search with one spectrum or a library, not with {spectrum.dims}. One "
            "pixel of a cube: cube.sel(y=…, x=…, method='nearest')"
        )
    names = (
        [str(name) for name in spectrum["spectrum"].to_numpy()]
        if "spectrum" in spectrum.coords
        else [str(i) for i in range(1, spectrum.sizes["spectrum"] + 1)]
    )
    return [(name, spectrum.isel(spectrum=i)) for i, name in enumerate(names)]


def on_bands(part: Derived, bands: xr.DataArray) -> NDArray:
    """A batch as broad bands see it."""
    from ..sensors._resample import resample

    count = max((values.shape[0] for values in part.blocks.values()), default=0)
    out = np.full((count, bands.size), np.nan, "float32")
    for start in range(0, count, 8192):
        rows = slice(start, start + 8192)
        values = [values[rows] for values in part.blocks.values()]
        grid = np.concatenate([BLOCKS[name] for name in part.blocks])
        spectra = xr.DataArray(
            np.concatenate(values, axis=1),
            dims=("spectrum", "wavelength"),
            coords={"wavelength": grid},
        )
        try:
            out[rows] = resample(spectra, like=bands).to_numpy()
        except ValueError:  # the batch does not reach the bands
            break
    return out


def blocks_of(part: Derived, query: Query, banded: Callable[[], NDArray]) -> list[Pair]:
    """Pairs of values (n_spectra, n_channels) and the query's on the same channels."""
    wanted = query.spectrum
    if query.bands is not None:
        return [(banded(), wanted)]
    found, start = [], 0
    for name, channels in BLOCKS.items():
        values = wanted[start : start + channels.size]
        start += channels.size
        there = np.flatnonzero(np.isfinite(values))
        if name in part.blocks and there.size:
            span = slice(there[0], there[-1] + 1)
            found.append((part.blocks[name][:, span], values[span]))
    return found


def totals(blocks: list[Pair], count: int, metric: str) -> NDArray:
    """Sums over shared channels, shape (6, n): 1, s, s², q, q², sq."""
    # correlation subtracts sums from each other: only float64 leaves digits
    dtype = "float64" if metric == "correlation" else "float32"
    out = np.zeros((count, 6), dtype)
    step = max(1024, -(-count // (4 * workers())))

    def work(job: tuple[int, Pair]) -> None:
        start, (values, wanted) = job
        query = np.nan_to_num(wanted).astype(dtype)
        mask = np.isfinite(wanted).astype(dtype)
        minus = query if metric == "rms" else np.zeros_like(query)
        rows = slice(start, start + step)
        _accumulate(values[rows], query, mask, minus, out[rows])

    with ThreadPoolExecutor(workers()) as pool:
        for block in blocks:
            list(pool.map(work, [(start, block) for start in range(0, count, step)]))
    return out.T


@njit(nogil=True, cache=True, fastmath={"reassoc", "contract", "nsz"})
def _accumulate(
    values: np.ndarray,
    query: np.ndarray,
    mask: np.ndarray,
    minus: np.ndarray,
    out: np.ndarray,
) -> None:
    zero, one = query.dtype.type(0.0), query.dtype.type(1.0)
    for i in range(values.shape[0]):
        n = s = ss = q = qq = sq = zero
        row = values[i]
        for c in range(row.size):
            known = row[c] == row[c]  # not NaN
            there = mask[c] if known else zero
            v = (row[c] - minus[c]) * there if known else zero
            n += there
            s += v
            ss += v * v
            q += query[c] * there
            qq += query[c] * query[c] * there
            sq += v * query[c]
        out[i, 0] += n * one
        out[i, 1] += s
        out[i, 2] += ss
        out[i, 3] += q
        out[i, 4] += qq
        out[i, 5] += sq


def rank(sums: NDArray, metric: str) -> NDArray:
    """Score to be minimised, about 1 at most, NaN where there is none."""
    n, s, ss, q, qq, sq = sums
    with np.errstate(invalid="ignore", divide="ignore"):
        if metric == "rms":
            return np.where(n >= FEWEST, ss / n, np.nan)
        if metric == "correlation":
            over = sq - s * q / n
            own, other = ss - s * s / n, qq - q * q / n
            flat = (own < FLAT * ss) | (other < FLAT * qq)
            under = np.where(flat, 0.0, own * other)
        else:
            over, under = sq, ss * qq
        return np.where((n >= FEWEST) & (under > 0), -over / np.sqrt(under), np.nan)


def exact(values: NDArray, query: NDArray, metric: str) -> NDArray:
    """The metric in float64, shape (n,), for values (n, n_channels)."""
    s = values.astype("float64")
    there = np.isfinite(s) & np.isfinite(query)
    s = np.where(there, s, 0.0)
    q = np.where(there, np.nan_to_num(query), 0.0)
    if metric == "rms":
        return np.sqrt(((s - q) ** 2).sum(1) / there.sum(1))
    if metric == "correlation":
        n = there.sum(1, keepdims=True)
        s = np.where(there, s - s.sum(1, keepdims=True) / n, 0.0)
        q = np.where(there, q - q.sum(1, keepdims=True) / n, 0.0)
    s /= np.linalg.norm(s, axis=1, keepdims=True)
    q /= np.linalg.norm(q, axis=1, keepdims=True)
    if metric == "correlation":
        return (s * q).sum(1)
    # exact near zero, where the arc cosine is not
    return 2 * np.arctan2(np.linalg.norm(s - q, axis=1), np.linalg.norm(s + q, axis=1))


def best_rows(
    parts: list[tuple[Derived, NDArray, Callable[[], NDArray]]],
    query: Query,
    *,
    n: int,
    metric: str,
    min_coverage: float,
) -> tuple[pd.DataFrame, dict[str, int]]:
    """
    Best living rows of all batches.

    Parameters
    ----------
    parts : list of (Derived, ndarray, callable)
        A batch's derived data, the positions of its rows among the living spectra (-1
        for those that are not), and what gives it on the query's bands.
    query : Query
        What is looked for.
    n, metric, min_coverage
        As in `SpectralLibrary.match`.

    Returns
    -------
    found : DataFrame
        ``position``, the metric, ``coverage``, ``shared``; best first.
    left_out : dict of str to int
        Living spectra not ranked: "coverage", "none", "dark".
    """
    asked = int(np.isfinite(query.spectrum).sum())
    scores, shares, where = [], [], []
    sources = []
    for place, (part, positions, banded) in enumerate(parts):
        blocks = blocks_of(part, query, banded)
        sources.append(blocks)
        sums = totals(blocks, positions.size, metric)
        scores.append(rank(sums, metric))
        shares.append(sums[0])
        where.append(np.full(positions.size, place))
    score, share, place = (np.concatenate(x) for x in (scores, shares, where))
    position = np.concatenate([positions for _, positions, _ in parts])
    row = np.concatenate([np.arange(p.size) for _, p, _ in parts])
    alive = position >= 0
    enough = share >= max(FEWEST, min_coverage * asked - 1e-6)
    left_out = {
        "none": int((alive & (share == 0)).sum()),
        "coverage": int((alive & ~enough & (share > 0)).sum()),
        "dark": int((alive & enough & np.isnan(score)).sum()),
    }
    score = np.where(alive & enough, score, np.nan)
    candidates = _candidates(score, n)
    values = np.empty(candidates.size)
    for one in np.unique(place[candidates]):
        mine = np.flatnonzero(place[candidates] == one)
        rows = row[candidates[mine]]
        wide = np.concatenate([v[rows] for v, _ in sources[one]], axis=1)
        wanted = np.concatenate([q for _, q in sources[one]])
        values[mine] = exact(wide, wanted, metric)
    order = np.argsort(-values if metric == "correlation" else values, kind="stable")[
        :n
    ]
    chosen = candidates[order]
    found = pd.DataFrame(
        {
            "position": position[chosen],
            metric: values[order],
            "coverage": share[chosen] / asked,
            "shared": share[chosen].astype(int),
        }
    )
    return found, left_out


def _candidates(score: NDArray, n: int) -> NDArray:
    """Rows that may be among the n best, for all that float32 leaves open."""
    known = np.flatnonzero(~np.isnan(score))
    if known.size <= n:
        return known
    last = np.partition(score[known], n - 1)[n - 1]
    return known[score[known] <= last + SLACK]
