"""Groups of samples that are alike (Q-mode), and how far to trust them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from sklearn.metrics import adjusted_rand_score, silhouette_score
from sklearn.utils import check_random_state
from threadpoolctl import threadpool_limits

from ..._note import Note
from ._grouping import METHODS, Grouping, group
from ._multivariate import Ratios, centred_ratios

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.random import RandomState
    from numpy.typing import NDArray

MAX_ROWS = 1500
BOOTSTRAP_ROWS = 500
SHAKY, WEAK = 0.6, 0.25


class SampleClusters(NamedTuple):
    """
    Groups of samples.

    `labels` are 1 to n, the largest group first; `table` compares numbers of groups
    (index n_clusters: silhouette, bic, agreement, agreement_low); `groups` describes
    the chosen ones (index cluster: n, share, stability, then the geometric mean of each
    analyte). `labels.attrs` carry method, notes and shares.
    """

    labels: pd.Series
    table: pd.DataFrame
    groups: pd.DataFrame


def cluster_samples(
    samples: pd.DataFrame,
    *,
    columns: Sequence[str] | None = None,
    n_clusters: int | Iterable[int] = range(2, 9),
    method: str = "kmedoids",
    n_bootstrap: int = 20,
    censored: str = "refuse",
    max_rows: int = MAX_ROWS,
    random_state: int | RandomState | None = None,
) -> SampleClusters:
    """
    Groups of samples that are alike, and how well they hold under resampling.

    Parameters
    ----------
    samples : DataFrame
        Contents; positive, complete, values below detection imputed.
    columns : sequence of str, optional
        Analytes; by default all columns named by symbol and unit.
    n_clusters : int or iterable of int
        Number of groups, or numbers to choose from: by BIC for "mixture", by
        silhouette for the others.
    method : {"kmedoids", "ward", "mixture"}
        Medoids of Aitchison distances, Ward's tree, or a mixture of normals on
        the leading principal coordinates, at most 8, of isometric log-ratios (its
        covariances one a group or shared, by BIC).
    n_bootstrap : int
        Resamples; 0 leaves stability untold.
    censored : {"refuse", "limit"}
        Values below detection that are not imputed are refused, or taken at the limit
        and counted.
    max_rows : int
        Groups of larger tables are found on so many rows drawn at random; the others
        go to the nearest medoid or centre, or the most likely normal.
    random_state : int, RandomState or None
        Seed of all draws.

    Returns
    -------
    SampleClusters
        ``table``: silhouette (-1 to 1, in Aitchison distances), bic (low is good; for
        "mixture"), agreement (mean adjusted Rand index between the groups and those of
        resamples; 1 is the same, 0 is chance) and agreement_low (their 10 % quantile).
        ``groups.stability``: mean Jaccard similarity of each group with its best
        match in the resamples; below 0.6 doubt that the group exists.

    Raises
    ------
    DataProblems
        Values that are missing, zero, negative, or below detection and not imputed.
    ValueError
        If an option is unknown or there are fewer samples than groups ask for.

    References
    ----------
    Templ, M., Filzmoser, P. & Reimann, C. (2008). Cluster analysis applied to regional
    geochemical data: problems and possibilities. Applied Geochemistry 23, 2198-2213.

    Hennig, C. (2007). Cluster-wise assessment of cluster stability. Computational
    Statistics & Data Analysis 52, 258-271.

    Examples
    --------
    >>> random = np.random.default_rng(0)
    >>> logs = random.normal(size=(90, 3)) + np.repeat([[0, 0, 0], [0, 6, 0]], 45, 0)
    >>> table = pd.DataFrame(np.exp(logs), columns=["Cu_ppm", "Zn_ppm", "Pb_ppm"])
    >>> found = cluster_samples(table, n_clusters=[2, 3], random_state=0)
    >>> found.labels.value_counts().to_dict()
    {1: 45, 2: 45}
    >>> print(found.table.round(2))
                silhouette  bic  agreement  agreement_low
    n_clusters
    2                 0.65  NaN       1.00           1.00
    3                 0.46  NaN       0.58           0.46
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {list(METHODS)}. Got {method!r}.")
    numbers = _numbers(n_clusters)
    ratios = centred_ratios(samples, columns, censored=censored)
    coordinates, n = ratios.coordinates, len(ratios.clr)
    if numbers[-1] >= n or n < 4:
        raise ValueError(f"{n} samples cannot make {numbers[-1]} groups: ask for fewer")
    random = check_random_state(random_state)
    drawn = np.arange(n)
    if n > max_rows:
        drawn = np.sort(random.permutation(n)[: max(max_rows, 2 * numbers[-1])])
    rows = coordinates[drawn]
    found, lines, overlap = {}, {}, {}
    # many small matrices: threads of the libraries would wait for each other
    with threadpool_limits(1):
        for number in numbers:
            found[number] = group(rows, number, method, random)
            agreement, overlap[number] = _resampled(
                rows, found[number], n_bootstrap, method, random
            )
            lines[number] = _line(rows, found[number], agreement)
    table = pd.DataFrame.from_dict(lines, orient="index").rename_axis("n_clusters")
    best = (
        table["bic"].idxmin() if method == "mixture" else table["silhouette"].idxmax()
    )
    chosen: Grouping = found[int(best)]
    labels = chosen.assign(coordinates)
    labels[drawn] = chosen.labels
    notes = _notes(table.loc[best], n, len(drawn))
    return _named(ratios, samples, labels, overlap[int(best)], table, method, notes)


def _numbers(n_clusters: int | Iterable[int]) -> list[int]:
    asked = [n_clusters] if isinstance(n_clusters, int) else sorted(set(n_clusters))
    if not asked or asked[0] < 2:
        raise ValueError(f"n_clusters={n_clusters!r}: ask for 2 groups or more")
    return [int(number) for number in asked]


def _line(
    rows: NDArray[np.float64], found: Grouping, agreement: NDArray[np.float64]
) -> dict[str, float]:
    alone = len(np.unique(found.labels)) < 2
    told = len(agreement) > 0
    return {
        "silhouette": np.nan if alone else float(silhouette_score(rows, found.labels)),
        "bic": found.bic,
        "agreement": float(agreement.mean()) if told else np.nan,
        "agreement_low": float(np.quantile(agreement, 0.1)) if told else np.nan,
    }


def _resampled(
    rows: NDArray[np.float64],
    found: Grouping,
    times: int,
    method: str,
    random: RandomState,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rand index of each resample, and Jaccard similarity of each group."""
    number = int(found.labels.max()) + 1
    ours = np.eye(number)[found.labels]
    agreement, overlap = [], []
    size = min(len(rows), BOOTSTRAP_ROWS)
    for _ in range(times):
        again = rows[random.randint(len(rows), size=size)]
        theirs = group(np.unique(again, axis=0), number, method, random, like=found)
        labels = theirs.assign(rows)
        agreement.append(adjusted_rand_score(found.labels, labels))
        other = np.eye(number)[labels]
        common = ours.T @ other
        union = ours.sum(axis=0)[:, None] + other.sum(axis=0) - common
        overlap.append((common / np.maximum(union, 1)).max(axis=1))
    mean = np.mean(overlap, axis=0) if times else np.full(number, np.nan)
    return np.asarray(agreement), mean


def _notes(line: pd.Series, n: int, drawn: int) -> list[Note]:
    notes = []
    if drawn < n:
        notes.append(Note("clusters_on_subset", n=drawn, total=n))
    if line["silhouette"] < WEAK:
        notes.append(Note("clusters_weak", silhouette=float(line["silhouette"])))
    if line["agreement"] < SHAKY:
        notes.append(Note("clusters_shaky", agreement=float(line["agreement"])))
    return notes


def _named(
    ratios: Ratios,
    samples: pd.DataFrame,
    labels: NDArray[np.intp],
    stability: NDArray[np.float64],
    table: pd.DataFrame,
    method: str,
    notes: list[Note],
) -> SampleClusters:
    """Groups numbered by falling size, described by their geometric means."""
    size = np.bincount(labels, minlength=len(stability))
    order = np.argsort(-size, kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(1, len(order) + 1)
    named = pd.Series(place[labels], index=samples.index, name="cluster")
    named.attrs = ratios.attrs | {"method": method, "n_clusters": len(order)}
    named.attrs["notes"] = [*named.attrs["notes"], *notes]
    logs = np.log(samples[ratios.names].astype(float))
    means = np.exp(logs.groupby(named).mean()).reindex(range(1, len(order) + 1))
    groups = pd.DataFrame(
        {
            "n": size[order],
            "share": size[order] / len(labels),
            "stability": stability[order],
        },
        index=pd.RangeIndex(1, len(order) + 1, name="cluster"),
    )
    return SampleClusters(named, table, groups.join(means))
