"""Batches against all their reference materials at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from ._robust import holm

if TYPE_CHECKING:
    from ._rules import QualityRules

KEYS = ["lab_batch", "laboratory", "analyte"]
_POWER = 0.8


def batch_bias(
    references: pd.DataFrame, rules: QualityRules, confidence: float
) -> pd.DataFrame:
    """
    Bias of each batch and analyte over all its reference materials.

    Mean of value / certified value - 1, weighted by the inverse of its variance, with
    Student's interval; p adjusted by Holm's rule over all batches and analytes, and the
    bias that the rule would find four times out of five (with Bonferroni's share of its
    alpha, the least favourable case).
    """
    seen = references[references["bias_pct"].notna() & references["sd"].gt(0)]
    rows = []
    for key, group in seen.groupby(KEYS, sort=True):
        row = dict(zip(KEYS, key, strict=True))
        rows.append(row | _mean_bias(group, confidence))
    names = [*KEYS, "bias_pct", "bias_low_pct", "bias_high_pct", "bias_p"]
    found = pd.DataFrame(rows, columns=[*names, "error_pct", "degrees"])
    found["bias_p_adjusted"] = holm(found["bias_p"])
    alpha = rules["batch_bias"].numbers["alpha"] / max(1, len(found))
    degrees = found["degrees"].to_numpy(dtype=float)
    reach = stats.t.isf(alpha / 2, degrees) + stats.norm.ppf(_POWER)
    limit = rules["batch_bias"].numbers["limit"]
    found["detectable_bias_pct"] = np.maximum(limit, reach * found["error_pct"])
    return found


def _mean_bias(group: pd.DataFrame, confidence: float) -> dict[str, float]:
    relative = 100 * group["sd"] / group["certified_value"]
    weight = 1 / relative**2
    bias = float((weight * group["bias_pct"]).sum() / weight.sum())
    error = float(1 / np.sqrt(weight.sum()))
    # an sd from results has their degrees of freedom, one from a certificate is known
    once = group.drop_duplicates("material")
    known = once["sd_n"].eq(0).any()
    degrees = np.inf if known else float((once["sd_n"] - 1).sum())
    reach = stats.t.ppf((1 + confidence) / 2, degrees) * error
    return {
        "bias_pct": bias,
        "bias_low_pct": bias - float(reach),
        "bias_high_pct": bias + float(reach),
        "bias_p": float(2 * stats.t.sf(abs(bias) / error, degrees)),
        "error_pct": error,
        "degrees": degrees,
    }
