"""Rubin's rules."""

import numpy as np
import pandas as pd
import pytest

from prospect.geochem import impute_censored, impute_many, pool_imputations


def test_by_hand():
    found = pool_imputations([[10, 1], [11, 1], [12, 1.0]], np.ones((3, 2))).round(6)
    first, second = found.iloc[0], found.iloc[1]
    assert first["standard_error"] == pytest.approx(np.sqrt(1 + 4 / 3), abs=1e-6)
    assert first["degrees_of_freedom"] == pytest.approx(2 * (7 / 4) ** 2)
    assert first["missing_information"] == pytest.approx(4 / 7, abs=1e-6)
    assert second["standard_error"] == 1
    assert second["missing_information"] == 0
    assert second["high"] == pytest.approx(1 + 1.959964, abs=1e-5)


def test_interval_is_wider_than_that_of_one_table_and_covers_the_truth():
    covered, narrow = 0, 0
    for seed in range(25):
        random = np.random.default_rng(seed)
        logs = random.normal([0, 1, 2], size=(60, 3))
        table = pd.DataFrame(np.exp(logs), columns=["As_ppm", "Cu_ppm", "Zn_ppm"])
        table["As_ppm_censored"] = logs[:, 0] < -0.2
        table["As_ppm"] = table["As_ppm"].clip(lower=np.exp(-0.2))
        options = {"burn_in": 30, "apart": 10, "random_state": seed}
        many = list(impute_many(table, count=8, **options))
        means = [np.log(each["As_ppm"]).mean() for each in many]
        errors = [np.log(each["As_ppm"]).var() / 60 for each in many]
        pooled = pool_imputations(means, errors).iloc[0]
        covered += pooled["low"] <= 0 <= pooled["high"]
        single = np.log(impute_censored(table)["As_ppm"])
        narrow += single.std() / np.sqrt(60) < pooled["standard_error"]
    assert covered >= 22
    assert narrow == 25


def test_refusals():
    with pytest.raises(ValueError, match=r"two tables or more.*\(1,\)"):
        pool_imputations([1.0], [1.0])
    with pytest.raises(ValueError, match="a variance is negative"):
        pool_imputations([1.0, 2], [1.0, -1])
    with pytest.raises(ValueError, match="confidence=95"):
        pool_imputations([1.0, 2], [1.0, 1], confidence=95)
