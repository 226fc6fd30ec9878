"""Batches against all their reference materials at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from ._robust import holm

if TYPE_CHECKING:
    import pandas as pd

    from ._rules import QualityRules

KEYS = ["lab_batch", "laboratory", "analyte"]
BIAS = (
    "bias_pct",
    "bias_low_pct",
    "bias_high_pct",
    "bias_p",
    "bias_p_adjusted",
    "detectable_bias_pct",
)
_POWER = 0.8


def batch_bias(
    references: pd.DataFrame, rules: QualityRules, confidence: float
) -> pd.DataFrame:
    """
    Bias of each batch and analyte over all its reference materials.

    Mean of value / certified value - 1, weighted by the inverse of its variance, with
    Student's interval; p adjusted by Holm's rule over all batches and analytes, and the
    bias that the rule would find four times out of five (with Bonferroni's share of its
    alpha, the least favourable case). Columns `BIAS` and ``n_bias``, index `KEYS`.
    """
    seen = references[references["bias_pct"].notna() & references["sd"].gt(0)]
    relative = 100 * seen["sd"] / seen["certified_value"]
    weight = 1 / relative**2
    seen = seen[[*KEYS, "material", "sd_n"]].assign(
        weight=weight, weighted=weight * seen["bias_pct"]
    )
    groups = seen.groupby(KEYS, sort=True)
    found = groups[["weight", "weighted"]].sum()
    found["n_bias"] = groups.size()
    found["bias_pct"] = found["weighted"] / found["weight"]
    error = 1 / np.sqrt(found["weight"].to_numpy())
    # an sd from results has their degrees of freedom, one from a certificate is known
    once = seen.drop_duplicates([*KEYS, "material"])
    own = once["sd_n"].sub(1.0).where(once["sd_n"].gt(0), np.inf)
    degrees = own.groupby([once[name] for name in KEYS]).sum().reindex(found.index)
    degrees = degrees.to_numpy()
    reach = stats.t.ppf((1 + confidence) / 2, degrees) * error
    found["bias_low_pct"] = found["bias_pct"] - reach
    found["bias_high_pct"] = found["bias_pct"] + reach
    found["bias_p"] = 2 * stats.t.sf(found["bias_pct"].abs() / error, degrees)
    found["bias_p_adjusted"] = holm(found["bias_p"])
    alpha = rules["batch_bias"].numbers["alpha"] / max(1, len(found))
    power = stats.t.isf(alpha / 2, degrees) + stats.norm.ppf(_POWER)
    limit = rules["batch_bias"].numbers["limit"]
    found["detectable_bias_pct"] = np.maximum(limit, power * error)
    return found[[*BIAS, "n_bias"]]
