"""Reasons: each constraint told with its value and bound, in two languages."""

import numpy as np
import pytest
import xarray as xr

from spectral.mapping import explain_spectrum, identify_minerals, read_mineral_rules
from spectral.mapping.minerals._wording import sentences

from .conftest import made_spectra

WAVE = np.arange(2000.0, 2500.0, 5.0)


def spectrum(*dips, level=0.4):
    values = np.full(WAVE.size, level)
    for centre, width, depth in dips:
        values *= 1 - depth * np.exp(-4 * np.log(2) * ((WAVE - centre) / width) ** 2)
    return xr.DataArray(values, {"wavelength": WAVE}, dims="wavelength")


KAOLINITE = spectrum((2207, 30, 0.3), (2165, 45, 0.2))


def test_winner_comes_first_with_its_features():
    table = explain_spectrum(KAOLINITE, read_mineral_rules(), candidates=4)
    assert table["rank"].is_monotonic_increasing
    assert table["rank"].max() == 4
    head = table.iloc[0]
    assert head["outcome"] == "winner"
    assert head["group"] == "kaolin"
    assert head["verdict"] == "for"
    assert 2202 < head["position"] < 2212
    assert "depth" in head["reason"]
    assert set(table["verdict"]) <= {"for", "against", "silent", "passed", "veto"}
    assert table["reason"].str.len().min() > 10
    assert "illite" in table.attrs["not_covered"]


def test_the_constraint_that_rejects_is_told_with_value_and_bound():
    rules = read_mineral_rules().select(["pyrophyllite"])
    row = explain_spectrum(KAOLINITE, rules).iloc[0]
    assert row["verdict"] == "against"
    assert row["criterion"] == "position"
    assert (row["low"], row["high"]) == (2161, 2172)
    assert row["value"] == pytest.approx(row["position"])
    assert "is not at 2161-2172 nm" in row["reason"]


def test_a_veto_names_what_is_there():
    mixed = spectrum((2209, 54, 0.2), (2345, 55, 0.1))
    rules = read_mineral_rules().select(["montmorillonite"])
    table = explain_spectrum(mixed, rules)
    veto = table[table["verdict"] == "veto"].iloc[0]
    assert veto["part"] == "not 1"
    assert veto["value"] > veto["high"]
    assert "speaks against" in veto["reason"]
    assert table["outcome"].iloc[0] == "rejected"


def test_chinese_reasons_hold_the_same_numbers():
    rules = read_mineral_rules()
    english = explain_spectrum(KAOLINITE, rules)
    chinese = explain_spectrum(KAOLINITE, rules, lang="zh")
    numbers = ["rank", "fit", "depth", "value", "verdict", "rule"]
    assert english[numbers].equals(chinese[numbers])
    assert chinese["mineral"][0].startswith("高岭石")
    assert "拟合度" in chinese["reason"][0]


def test_every_sentence_stands_in_both_languages():
    fields = {}
    for key, entry in sentences().items():
        assert set(entry) == {"en", "zh"}, key
        fields[key] = {
            lang: sorted(part for part in text.split("{")[1:])
            for lang, text in entry.items()
        }
        left, right = (
            {part.split("}")[0] for part in found} for found in fields[key].values()
        )
        assert left == right, key


def test_position_that_decides_within_a_family_is_told(splib, mica_rules, mica_library):
    spectra = xr.DataArray(
        made_spectra(splib[1])[0]["mixed"],
        {"wavelength": mica_library["wavelength"]},
        dims=("spectrum", "wavelength"),
    )
    found = identify_minerals(spectra, mica_rules, library=mica_library)
    behind = np.flatnonzero(found["margin"].values < 0)
    assert behind.size
    table = explain_spectrum(
        spectra[int(behind[0])], mica_rules, library=mica_library, candidates=2
    )
    row = table[table["part"] == "arbiter"].iloc[0]
    assert row["low"] <= row["value"] < row["high"]
    assert "decides among close relatives" in row["reason"]
    fits = table.drop_duplicates("rank")["rule_fit"]
    assert fits.iloc[0] < fits.iloc[1]


def test_errors():
    rules = read_mineral_rules()
    two = xr.concat([KAOLINITE, KAOLINITE], "spectrum")
    with pytest.raises(ValueError, match=r"Take one: cube\.sel"):
        explain_spectrum(two, rules)
    with pytest.raises(ValueError, match="1 of 100 good bands have no value"):
        explain_spectrum(KAOLINITE.where(WAVE != 2100), rules)
    with pytest.raises(ValueError, match="zero throughout"):
        explain_spectrum(0 * KAOLINITE, rules)
    with pytest.raises(ValueError, match="lang='fr'"):
        explain_spectrum(KAOLINITE, rules, lang="fr")
    with pytest.raises(ValueError, match="candidates=0"):
        explain_spectrum(KAOLINITE, rules, candidates=0)
