"""What a reader of scores has to know, in notes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .._note import Note

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from ._scores import Difference

FEW_CLUSTERS = 10
FLATTERY = 0.02


def notes_on(
    scores: pd.DataFrame,
    beats: Difference,
    cluster: NDArray[np.intp],
    reach: float,
) -> list[Note]:
    """Return notes on random folds, the null model and independent deposits."""
    notes = [*_on_flattery(scores), _on_null(beats)]
    n, total = int(cluster.max()) + 1, len(cluster)
    reach_km = float(reach) / 1000
    if n == 1:
        notes.append(Note("one_cluster", n=total, reach_km=reach_km))
    else:
        notes.append(Note("clusters", n=total, n_independent=n, reach_km=reach_km))
    if 1 < n < FEW_CLUSTERS:
        notes.append(Note("few_clusters", n=n))
    return notes


def _on_flattery(scores: pd.DataFrame) -> list[Note]:
    model = scores[scores["model"].eq("model")]
    auc = model[model["score"].eq("auc")].set_index("folds")["pooled"]
    if auc.empty:
        return []
    random, spatial = float(auc["random"]), float(min(auc["blocks"], auc["buffered"]))
    gap = random - spatial
    if gap < FLATTERY:
        return []
    return [Note("random_flatters", gap=gap, random=random, spatial=spatial)]


def _on_null(beats: Difference) -> Note:
    value, low, high = beats
    if np.isnan(low):
        return Note("null_higher" if value > 0 else "null_not_higher", value=value)
    sure = "null_beaten" if low > 0 else "null_perhaps"
    return Note(sure if value > 0 else "null_unbeaten", value=value, low=low, high=high)
