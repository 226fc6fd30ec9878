"""What a reader of scores has to know, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

FEW_CLUSTERS = 10
FLATTERY = 0.02


def notes_on(
    scores: pd.DataFrame,
    beats: tuple[float, float, float],
    cluster: NDArray[np.intp],
    reach: float,
) -> list[str]:
    """Return sentences on random folds, the null model and independent deposits."""
    notes = [*_on_flattery(scores), _on_null(beats)]
    n, total = int(cluster.max()) + 1, len(cluster)
    width = f"{reach / 1000:.3g} km, the range over which they depend on each other"
    if n == 1:
        notes.append(
            f"all {total} deposits lie within {width}: they count as one and no "
            "interval can be given"
        )
    else:
        notes.append(
            f"{total} deposits form at most {n} independent clusters, none wider than "
            f"{width}"
        )
    if 1 < n < FEW_CLUSTERS:
        notes.append(f"intervals rest on {n} clusters only and are too narrow")
    return notes


def _on_flattery(scores: pd.DataFrame) -> list[str]:
    model = scores[scores["model"].eq("model")]
    auc = model[model["score"].eq("auc")].set_index("folds")["pooled"]
    if auc.empty:
        return []
    spatial = min(auc["blocks"], auc["buffered"])
    gap = auc["random"] - spatial
    if gap < FLATTERY:
        return []
    return [
        f"random folds flatter this model by {gap:.2f} AUC ({auc['random']:.2f}, but "
        f"{spatial:.2f} on spatial folds)"
    ]


def _on_null(beats: tuple[float, float, float]) -> str:
    difference, low, high = beats
    spread = "" if np.isnan(low) else f", 95 % interval {low:+.2f} to {high:+.2f}"
    gained = f"({difference:+.2f} AUC on blocks{spread})"
    if difference <= 0:
        return f"the model does not beat the distance to known deposits {gained}"
    if np.isnan(low) or low > 0:
        return f"the model beats the distance to known deposits {gained}"
    return (
        "the model beats the distance to known deposits, but the deposits do not "
        f"suffice to be sure {gained}"
    )
