"""ENVI libraries: what is a spectrum, what belongs to one, what is the grid."""

import numpy as np
import pytest

from spectral.library import RecordProblems, read_envi_library
from spectral.library._usgs import parse_usgs_name

FILL = -1.23e34
NAMES = [
    "Wavelengths in microns 5ch      ",
    "Resolution  in microns 5ch      ",
    "Albite HS66.3B Plagioclase    BECKc AREF",
    "  error bars to preceding     ",
    "Albite HS66.3B Plagioclase  NIC4bbb RREF",
    "Kaolinite+Smect H89-FR-5    ASDFRa AREF",
]
WAVES = [0.40, 0.50, 0.60, 0.55, 0.70]
ROWS = [
    WAVES,
    [0.01] * 5,
    [0.1, 0.2, 0.3, 0.25, 0.4],
    [0.01, FILL, -0.001, 0.02, -8.14e29],
    [FILL, FILL, 0.3, 0.25, -2.1e33],
    [0.5] * 5,
]


def write(folder, rows=ROWS, names=NAMES, **entries):
    rows = np.array(rows, "f4")
    header = {
        "samples": rows.shape[1],
        "lines": rows.shape[0],
        "bands": 1,
        "header offset": 0,
        "file type": "ENVI Spectral Library",
        "data type": 4,
        "interleave": "bsq",
        "byte order": 0,
        "wavelength units": "Micrometers",
        "data ignore value": "-1.23000002e+034",
        "wavelength": "{" + ", ".join(map(str, WAVES)) + "}",
        "fwhm": "{0.01, 0.01, 0.01, 0.01, 0.01}",
    } | {name.replace("_", " "): value for name, value in entries.items()}
    lines = [f"{key} = {value}" for key, value in header.items() if value is not None]
    if names:
        lines.append("spectra names = {\n " + ",\n ".join(names) + "}")
    rows.tofile(folder / "lib.sli")
    (folder / "lib.hdr").write_text("ENVI\n" + "\n".join(lines) + "\n")
    return folder / "lib.sli"


def test_everything_goes_where_it_belongs(tmp_path):
    found = read_envi_library(write(tmp_path))
    assert list(found["spectrum_id"]) == [
        "Albite_HS66.3B_Plagioclase_BECKc_AREF",
        "Albite_HS66.3B_Plagioclase_NIC4bbb_RREF",
        "Kaolinite+Smect_H89-FR-5_ASDFRa_AREF",
    ]
    np.testing.assert_allclose(found["wavelength"][0], [400, 500, 550, 600, 700])
    np.testing.assert_allclose(found["reflectance"][0], [0.1, 0.2, 0.25, 0.3, 0.4])
    np.testing.assert_allclose(
        found["uncertainty"][0], [0.01, np.nan, 0.02, np.nan, np.nan]
    )
    assert found["uncertainty"][1] is None
    np.testing.assert_allclose(
        found["reflectance"][1], [np.nan, np.nan, 0.25, 0.3, np.nan]
    )
    np.testing.assert_allclose(found["fwhm"][0], 10)
    assert list(found["mineral"].fillna("")) == ["albite", "albite", ""]
    assert found["sample_id"][0] == found["sample_id"][1] == "Albite HS66.3B"
    assert list(found["instrument"]) == ["BECK", "NIC4", "ASDFR"]
    assert list(found["purity"]) == ["c", "bbb", "a"]
    assert found.attrs["notes"] == [
        "1 record(s) of wavelength are the grid, not a spectrum",
        "1 record(s) of fwhm are the grid, not a spectrum",
        "3 values of -1.23e+34 in 2 records are missing (NaN)",
        "2 values beyond 1e6 in 2 records, fill values mixed in by resampling, "
        "are missing (NaN)",
        "1 records of error bars became uncertainty",
        "1 uncertainties below zero in 1 spectra are missing (NaN)",
        "the channels step back in 1 place(s): they were sorted",
    ]
    assert found.attrs["provenance"]["file"] == "lib.sli"
    assert len(found.attrs["provenance"]["sha256"]) == 64


def test_grid_from_the_records_when_the_header_has_none(tmp_path):
    found = read_envi_library(write(tmp_path, wavelength=None, fwhm=None))
    np.testing.assert_allclose(found["wavelength"][0], [400, 500, 550, 600, 700])
    assert "wavelength was taken from record 1" in found.attrs["notes"]


def test_header_opens_it_too_and_types_differ(tmp_path):
    path = write(tmp_path, reflectance_scale_factor="2.0")
    np.fromfile(path, "<f4").astype(">f8").tofile(path)
    header = path.with_suffix(".hdr")
    text = header.read_text().replace("data type = 4", "data type = 5")
    header.write_text(text.replace("byte order = 0", "byte order = 1"))
    found = read_envi_library(header)
    assert found["reflectance"][2].dtype == np.float64
    np.testing.assert_allclose(found["reflectance"][2], 0.25)
    assert "values were divided by 2, the stated scale" in found.attrs["notes"]


def test_error_bars_without_a_spectrum_are_counted(tmp_path):
    rows = [ROWS[3], ROWS[5], ROWS[3], ROWS[3]]
    names = ["error bars to preceding", "Talc x", *["error bars to preceding"] * 2]
    found = read_envi_library(write(tmp_path, rows, names))
    assert len(found) == 1
    assert found["uncertainty"][0] is not None
    told = "2 records of error bars follow no spectrum and were left out (record 1, 4)"
    assert told in found.attrs["notes"]


def test_equal_names_empty_spectra_and_equal_channels(tmp_path):
    rows = [[0.1, 0.2, 0.3, 0.4, 0.5], [0.5] * 5, [FILL] * 5]
    found = read_envi_library(
        write(tmp_path, rows, ["a", "a", "b"], wavelength="{0.4, 0.5, 0.6, 0.5, 0.7}")
    )
    assert list(found["spectrum_id"]) == ["a", "a_2"]
    np.testing.assert_allclose(found["reflectance"][0], [0.1, 0.2, 0.3, 0.5])
    notes = " ".join(found.attrs["notes"])
    assert "1 channels at the wavelength of another were left out" in notes
    assert "1 spectra without a single value were left out" in notes


def test_units(tmp_path):
    found = read_envi_library(write(tmp_path, wavelength_units="Unknown"))
    assert "the wavelengths have no unit; micrometres by their size" in " ".join(
        found.attrs["notes"]
    )
    with pytest.raises(ValueError, match="units 'Wavenumber' are not known"):
        read_envi_library(write(tmp_path, wavelength_units="Wavenumber"))


def test_bad_files(tmp_path):
    with pytest.raises(FileNotFoundError, match="is not there"):
        read_envi_library(tmp_path / "none.sli")
    path = write(tmp_path)
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(ValueError, match=r"117 bytes.*6 spectra.*cut off"):
        read_envi_library(path)
    with pytest.raises(ValueError, match="2 spectra names for 6 spectra"):
        read_envi_library(write(tmp_path, names=["a", "b"]))
    with pytest.raises(ValueError, match=r"Open images with spectral\.open_cube"):
        read_envi_library(write(tmp_path, file_type="ENVI Standard"))
    with pytest.raises(ValueError, match="2 values of 'fwhm' for 5 channels"):
        read_envi_library(write(tmp_path, fwhm="{1, 2}"))
    with pytest.raises(ValueError, match="states no wavelengths"):
        read_envi_library(write(tmp_path, ROWS[2:], NAMES[2:], wavelength=None))
    percent = [[55.0, 40, 30, 20, 10]]
    with pytest.raises(RecordProblems, match="divide by 100"):
        read_envi_library(write(tmp_path, percent, ["a"]))
    path.with_suffix(".hdr").unlink()
    with pytest.raises(FileNotFoundError, match="no companion"):
        read_envi_library(path)


def test_usgs_names():
    parts = parse_usgs_name("Kaolinite_KGa-2_(pxl)_NIC4bbb_RREF")
    assert parts["mineral"] == "kaolinite"
    assert parts["sample_id"] == "Kaolinite KGa-2"
    assert parse_usgs_name("Mylar_1-way_trans BECKa TRAN")["quantity"] == (
        "transmittance"
    )
    own = parse_usgs_name("my sample 7")
    assert own["instrument"] is None
    assert own["sample_id"] is None


def test_whole_splib07(real_data):
    path = real_data("spectral/usgs_splib07_aviris95") / "s07_AV95_envi.sli"
    found = read_envi_library(path)
    assert len(found) == 3139 - 680 - 2
    assert found["uncertainty"].notna().sum() == 680
    values = np.stack(found["reflectance"])
    raw = np.fromfile(path, "<f4").reshape(3139, 224)
    names = path.with_suffix(".hdr").read_text().split("spectra names")[1].split(",")
    is_error = np.array(["error bars" in name for name in names[:3139]])
    spectra = raw[2:][~is_error[2:]]
    waves = np.array(found["wavelength"][0])
    assert (np.diff(waves) > 0).all()
    # 664.3-687 and 1252.36-1268.99 nm are measured twice: cut at the middle of each
    cut = [30, 31, 32, 33, 95, 96]
    spectra = np.delete(spectra, cut, axis=1)
    raw = np.delete(raw, cut, axis=1)
    assert np.isnan(values).sum() == (spectra < -1e6).sum()
    known = spectra > -1e6
    assert np.nansum(values, dtype="f8") == pytest.approx(
        spectra[known].sum(dtype="f8")
    )
    assert np.nanmax(values) < 1.3
    # an error bar follows its spectrum in the file: the same place here
    at = np.flatnonzero(is_error)[100]
    row = int(np.cumsum(~is_error)[at - 1] - 1 - 2)
    error = found["uncertainty"][row]
    given = raw[at]
    assert np.nansum(error) == pytest.approx(given[given > 0].sum(), rel=1e-5)
    told = "6 channels measured twice by overlapping detectors (664.3-687 nm, 1252.36-"
    assert sum(told in note for note in found.attrs["notes"]) == 1
    assert found["mineral"].notna().sum() > 1300
