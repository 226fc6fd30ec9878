"""Probabilities moved from the prior of a sample to that of the map."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, logit

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def correct_prior(
    probability: ArrayLike,
    *,
    sampled_prior: float,
    prior: float,
    std: ArrayLike | None = None,
) -> NDArray[np.float64] | tuple[NDArray[np.float64], NDArray[np.float64]]:
    """
    Probability at another share of deposits than the model was trained with.

    Adds the difference of the logits of both priors; the order of cells stays.

    Parameters
    ----------
    probability : array
        Probability of a deposit, 0 to 1; NaN stays NaN.
    sampled_prior : float
        Share of deposits in the training rows, between 0 and 1.
    prior : float
        True share: deposits per unit cell.
    std : array, optional
        Standard deviation of `probability`.

    Returns
    -------
    array, or two arrays if `std` is given
        Corrected probability, and half the distance between the corrected ends of
        probability ± `std`. For a small `std` that is the slope times `std` (delta
        method); unlike it, it never exceeds 0.5, the most a probability can vary.

    Raises
    ------
    ValueError
        If a prior is not between 0 and 1 or a probability not within 0 to 1.

    References
    ----------
    King, G. & Zeng, L. (2001). Logistic regression in rare events data. Political
    Analysis 9, 137-163.

    Examples
    --------
    >>> correct_prior([0.0, 0.5, 0.9], sampled_prior=0.5, prior=0.01).round(4)
    array([0.    , 0.01  , 0.0833])
    """
    for name, value in (("sampled_prior", sampled_prior), ("prior", prior)):
        if not 0 < value < 1:
            raise ValueError(f"{name} must lie between 0 and 1; got {value}")
    probability = np.asarray(probability, dtype=float)
    wrong = (probability < 0) | (probability > 1)
    if wrong.any():
        raise ValueError(
            f"probabilities must lie within 0 to 1; got {probability[wrong].flat[0]}"
        )
    shift = logit(prior) - logit(sampled_prior)
    corrected = expit(logit(probability) + shift)
    if std is None:
        return corrected
    low, high = (
        expit(logit(np.clip(probability + side * np.asarray(std), 0, 1)) + shift)
        for side in (-1, 1)
    )
    return corrected, (high - low) / 2
