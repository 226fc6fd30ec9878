"""Spatial U statistic: how far the neighbourhood of a sample stands above the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import geopandas as gpd
import numpy as np
from scipy import sparse
from scipy.spatial import cKDTree

from survey import check_projected

from ._background_values import check_choice, forward, read_contents

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

WEIGHTS = ("uniform", "inverse_distance")
CHUNK_PAIRS = 4_000_000  # neighbours looked at together, some 200 MB
PERMUTATIONS_AT_ONCE = 32


class _Window(NamedTuple):
    """Neighbours of some samples: a sparse matrix of weights for each ring, and n."""

    rows: NDArray[np.intp]
    rings: list[sparse.csr_array]
    n: NDArray[np.float64]
    weight: NDArray[np.float64]
    squared: NDArray[np.float64]


def spatial_u(
    samples: gpd.GeoDataFrame,
    column: str,
    *,
    radii: Sequence[float],
    weights: str = "uniform",
    transform: str | None = "log10",
    censored: str = "limit",
    n_permutations: int = 0,
    random_state: int | None = None,
) -> gpd.GeoDataFrame:
    """
    Spatial U statistic at each sample, over circular windows of several radii.

    U(r) = (x̄(r) − μ) / (σ √Σw²), with x̄(r) the weighted mean of the samples within r
    (the sample itself among them), the weights w of sum 1, and μ and σ mean and
    standard deviation (n − 1) of all samples. Of the radii the one with the largest
    absolute U is kept, so that large weak and small strong anomalies are both seen.

    Parameters
    ----------
    samples : GeoDataFrame
        Points, projected CRS in metres.
    column : str
        Analyte, such as ``Cu_ppm``.
    radii : sequence of float
        Radii of the windows, metres.
    weights : {"uniform", "inverse_distance"}, default "uniform"
        Every sample in the window counts the same, or by 1 / (distance + smallest
        radius).
    transform : {"log10", None}, default "log10"
        Whether means are taken in lg C or in C.
    censored : {"limit", "drop", "imputed"}, default "limit"
        As for `background_table`. Samples without a value get NaN and enter no window.
    n_permutations : int, default 0
        Number of times the values are dealt anew to the places.
    random_state : int, optional
        Seed of the permutations; needed where there are any.

    Returns
    -------
    GeoDataFrame
        A copy of the samples, same index and order, with ``Cu_ppm_u`` (U at the radius
        where it is furthest from 0, positive where the neighbourhood is rich),
        ``Cu_ppm_u_radius`` (m) and ``Cu_ppm_u_n`` (samples in that window). With
        permutations also ``Cu_ppm_u_p`` (share of deals whose U at this place comes as
        far from 0 at any radius; 1 / (n + 1) at least) and ``Cu_ppm_u_q`` (the same
        after Benjamini and Hochberg: the share of false ones to expect among all places
        with so small a value). Both test against values strewn at random; a regional
        trend is as significant as an anomaly.

    Raises
    ------
    DataProblems
        Naming every row with a content of 0 or less where lg is to be taken.
    ValueError
        If the CRS is not projected, a sample has no place, a radius is not above 0, the
        values do not differ, or permutations have no seed.
    TypeError
        If the samples are no points or the column does not hold numbers.

    Notes
    -----
    Among n samples the smallest ``Cu_ppm_u_q`` of m equally clear places is
    n / (m · (n_permutations + 1)): few permutations find large anomalies only.

    With uniform weights U is Getis and Ord's Gi* without its correction for a finite
    number of samples. Memory does not grow with the number of pairs: neighbours are
    looked up for some samples at a time.

    References
    ----------
    Cheng, Q., Agterberg, F. P. and Bonham-Carter, G. F. (1996). A spatial analysis
    method for geochemical anomaly separation. Journal of Geochemical Exploration 56,
    183-195.
    Benjamini, Y. and Hochberg, Y. (1995). Controlling the false discovery rate. Journal
    of the Royal Statistical Society B 57, 289-300.

    Examples
    --------
    >>> places = gpd.points_from_xy([0, 100, 200, 5000, 5100, 5200], [0] * 6)
    >>> soil = gpd.GeoDataFrame({"Cu_ppm": [10.0, 12, 11, 90, 110, 100]},
    ...                         geometry=places, crs="EPSG:32650")
    >>> found = spatial_u(soil, "Cu_ppm", radii=[50, 150, 250])
    >>> found["Cu_ppm_u"].round(2).tolist()
    [-1.58, -1.58, -1.58, 1.58, 1.58, 1.58]
    >>> found["Cu_ppm_u_n"].tolist()
    [3, 3, 3, 3, 3, 3]
    """
    check_choice("weights", weights, WEIGHTS)
    bounds = _checked(samples, radii, n_permutations, random_state)
    contents = read_contents(samples, column, censored=censored, transform=transform)
    used = contents.used
    x = forward(contents.value[used], transform)
    if len(x) < 2 or not x.std() > 0:
        raise ValueError(
            f"{column}: {len(x)} values that do not differ; U needs two that do."
        )
    x = (x - x.mean()) / x.std(ddof=1)
    places = samples.geometry.get_coordinates().to_numpy()[used]
    out = np.full((4, len(samples)), np.nan)
    at = np.flatnonzero(used)
    for window in _windows(places, bounds, weights):
        u = _u(window, x[:, None])[..., 0]
        best = np.abs(u).argmax(axis=0)
        inside = np.arange(len(best))
        rows = at[window.rows]
        out[0, rows], out[1, rows] = u[best, inside], bounds[best]
        out[2, rows] = window.n[best, inside]
        if n_permutations:
            deals = np.random.default_rng(random_state)
            out[3, rows] = _p_values(
                window, x, np.abs(out[0, rows]), n_permutations, deals
            )
    return samples.assign(**_named(column, out, n_permutations))


def _checked(
    samples: gpd.GeoDataFrame,
    radii: Sequence[float],
    n_permutations: int,
    random_state: int | None,
) -> NDArray[np.float64]:
    if not isinstance(samples, gpd.GeoDataFrame):
        raise TypeError("spatial_u needs points: give the samples as a GeoDataFrame.")
    check_projected(samples, what="spatial_u")
    empty = samples.geometry.isna() | samples.geometry.is_empty
    if empty.any() or not (samples.geom_type == "Point").all():
        n = int((empty | (samples.geom_type != "Point")).sum())
        raise ValueError(f"{n} samples are no points or have no place: leave them out.")
    bounds = np.unique(np.asarray(list(radii), dtype=float))
    if not len(bounds) or not (np.isfinite(bounds) & (bounds > 0)).all():
        raise ValueError(f"radii must be metres above 0; got {list(radii)}.")
    if n_permutations < 0 or (n_permutations and random_state is None):
        raise ValueError(
            f"n_permutations={n_permutations} needs to be 0, or more with random_state="
            " a seed."
        )
    return bounds


def _windows(
    places: NDArray[np.float64], bounds: NDArray[np.float64], weights: str
) -> Iterator[_Window]:
    """Neighbours of all samples, of so many at a time that memory is bounded."""
    tree = cKDTree(places)
    counts = tree.query_ball_point(places, bounds[-1], return_length=True)
    parts = np.cumsum(counts) // CHUNK_PAIRS
    for part in np.unique(parts):
        rows = np.flatnonzero(parts == part)
        near = cKDTree(places[rows]).sparse_distance_matrix(
            tree, bounds[-1], output_type="ndarray"
        )
        ring = np.searchsorted(bounds, near["v"], side="left")
        weight = np.ones(len(near))
        if weights == "inverse_distance":
            weight = 1 / (near["v"] + bounds[0])
        yield _window(rows, near, ring, weight, (len(bounds), len(rows), len(places)))


def _window(
    rows: NDArray[np.intp],
    near: NDArray,
    ring: NDArray[np.intp],
    weight: NDArray[np.float64],
    shape: tuple[int, int, int],
) -> _Window:
    n_rings, n_rows, n_all = shape
    place = ring * n_rows + near["i"]
    sums = [
        np.bincount(place, each, minlength=n_rings * n_rows)
        .reshape(n_rings, n_rows)
        .cumsum(axis=0)
        for each in (None, weight, weight**2)
    ]
    rings = []
    for number in range(n_rings):
        mine = ring == number
        cells = (weight[mine], (near["i"][mine], near["j"][mine]))
        rings.append(sparse.coo_array(cells, shape=(n_rows, n_all)).tocsr())
    return _Window(rows, rings, *sums)


def _u(window: _Window, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """U of standardised values, shape (n_rings, n_rows, n_deals)."""
    total = np.cumsum([ring @ x for ring in window.rings], axis=0)
    return total / np.sqrt(window.squared)[..., None]


def _p_values(
    window: _Window,
    x: NDArray[np.float64],
    seen: NDArray[np.float64],
    n_permutations: int,
    deals: np.random.Generator,
) -> NDArray[np.float64]:
    """Share of deals whose largest |U| at a place is at least the one seen."""
    reached = np.ones(len(seen))
    for first in range(0, n_permutations, PERMUTATIONS_AT_ONCE):
        number = min(PERMUTATIONS_AT_ONCE, n_permutations - first)
        dealt = np.column_stack([deals.permutation(x) for _ in range(number)])
        most = np.zeros((len(seen), number))
        total = np.zeros((len(seen), number))
        for ring, squared in zip(window.rings, window.squared, strict=True):
            total += ring @ dealt
            np.maximum(most, np.abs(total) / np.sqrt(squared)[:, None], out=most)
        reached += (most >= seen[:, None] * (1 - 1e-12)).sum(axis=1)
    return reached / (n_permutations + 1)


def _named(
    column: str, out: NDArray[np.float64], n_permutations: int
) -> dict[str, NDArray]:
    new = {f"{column}_u": out[0], f"{column}_u_radius": out[1]}
    new[f"{column}_u_n"] = np.nan_to_num(out[2]).astype(int)
    if n_permutations:
        new |= {f"{column}_u_p": out[3], f"{column}_u_q": discovery_rate(out[3])}
    return new


def discovery_rate(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """
    Benjamini and Hochberg's adjusted p-values; NaN stays NaN.

    Examples
    --------
    >>> discovery_rate(np.array([0.01, 0.04, np.nan, 0.03]))
    array([0.03, 0.04,  nan, 0.04])
    """
    q = np.full(len(p), np.nan)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    rank = np.arange(1, len(order) + 1)
    scaled = p[order] * len(order) / rank
    q[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1)
    return q
