"""Headers of analytes as laboratories and journals write them."""

import pytest

from survey._headers import load_words, parse_header, unit_of


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Cu(ppm)", "Cu_ppm"),
        ("Cu_ppm", "Cu_ppm"),
        ("Cu ppm", "Cu_ppm"),
        ("CU_PPM", "Cu_ppm"),
        ("CO_PPM", "Co_ppm"),
        ("Cuppm", "Cu_ppm"),
        ("Cu..ppm.", "Cu_ppm"),
        ("Cu×10-6", "Cu_ppm"),
        ("Au/10-9", "Au_ppb"),
        ("Au（10－9）", "Au_ppb"),
        ("Au(ng/g)", "Au_ppb"),
        ("Au_ppb", "Au_ppb"),
        ("Au_g_t", "Au_ppm"),
        ("SiO2(%)", "SiO2_pct"),
        ("SIO2_PCT", "SiO2_pct"),
        ("SiO2%", "SiO2_pct"),
        ("Cu（μg/g）", "Cu_ppm"),
        ("Cu (µg/g)", "Cu_ppm"),
        ("Ag_ug_g", "Ag_ppm"),
        ("Cu/(μg·g⁻¹)", "Cu_ppm"),
        ("Cu (mg kg-1)", "Cu_ppm"),
        ("w(Cu)/10-6", "Cu_ppm"),
        ("ω(SiO2)/%", "SiO2_pct"),
        ("铜(mg/kg)", "Cu_ppm"),
        ("铜含量（ppm）", "Cu_ppm"),
        ("铜Cu(ppm)", "Cu_ppm"),
        ("金品位(g/t)", "Au_ppm"),
        ("二氧化硅（%）", "SiO2_pct"),
        ("全铁(%)", "TFe_pct"),
        ("H2O+(%)", "H2Opos_pct"),
        ("TFe2O3(%)", "TFe2O3_pct"),
        ("LOI_pct", "LOI_pct"),
        ("eTh_ppm", "eTh_ppm"),
        ("Au_ppb_FA", "Au_ppb_FA"),
        ("Cu_ICPMS_ppm", "Cu_ppm_ICPMS"),
        ("K_ppm_511P", "K_ppm_511P"),
        ("SO4 (mg/L)", "SO4_mg_L"),
    ],
)
def test_names(text, name):
    assert parse_header(text).name == name
    assert parse_header(parse_header(text).name).name == name


@pytest.mark.parametrize(
    "text",
    [
        *("Depth(%)", "Th/U", "Cu/Zn", "PctCorn", "name", "X", "备注", "坡度(%)"),
        *("Cu_ppm_censored", "Cu_ppm_over_range", "Cu_DL", "Cu_ppm_log10", "Cu__Mt_"),
        *("铜Zn(ppm)", "in", "no", "wt%", "pH", "", "Cu(unknown)", "LABnegNR_N"),
    ],
)
def test_what_is_no_analyte(text):
    assert parse_header(text) is None


def test_without_unit_only_proper_symbols_count():
    assert parse_header("Cu") == ("Cu", None, "")
    assert parse_header("Al_XRF").name == "Al_XRF"
    assert parse_header("铜").name == "Cu"
    assert parse_header("CU") is None


@pytest.mark.parametrize(
    ("texts", "unit"),
    [
        (("ppm", "mg/kg", "μg/g", "ug/g", "g/t", "10-6", "×10⁻⁶", "1e-6"), "ppm"),
        (("ppb", "ng/g", "µg/kg", "10^-9", "mg/t"), "ppb"),
        (("%", "％", "wt.%", "pct", "10-2"), "pct"),
    ],
)
def test_spellings_of_a_unit(texts, unit):
    assert {unit_of(text) for text in texts} == {unit}


def test_no_spelling_belongs_to_two_units():
    spellings = [
        s for every in load_words("units")["spellings"].values() for s in every
    ]
    assert len(spellings) == len(set(spellings))


def test_columns_of_the_western_australian_survey(real_data):
    folder = real_data("geochem/gswa_stream_sediment_au")
    header = (folder / "sediment_samples.csv").open().readline().strip().split(",")
    contents = header[6:]
    named = {text: parse_header(text) for text in contents}
    assert [text for text, found in named.items() if not found] == ["LABnegNR_N"]
    assert all(found.name == text for text, found in named.items() if found)


def test_companions_of_an_analyte_are_no_analytes():
    for ending in ("method", "lab_batch", "laboratory", "imputed", "detection_limit"):
        assert parse_header(f"Cu_ppm_{ending}") is None
