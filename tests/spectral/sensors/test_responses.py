"""Response files in their many headings; real curves against scipy and splib07."""

import re

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.integrate import simpson

from spectral import read_responses, resample

ROWS = "{0} 0.0\n{1} 1.0\n{2} 0.5\n{3} 0.0\n"
NM = ROWS.format(500, 510, 520, 530)
UM = ROWS.format(0.5, 0.51, 0.52, 0.53)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("band_3", "4 tm5:Band7\n" + UM),
        ("band_3", "# 4\tband_3\n" + NM),
        ("band_3", "4 B3 \n" + NM),
        ("B3.txt", NM),
        ("B3.csv", "wavelength (nm),response\n" + NM.replace(" ", ",")),
        ("B3.csv", "Wavelength_um;RSR\n" + UM.replace(" ", ";").replace(".", ",")),
        ("srf.csv", "\ufeffSR_WL,S2A_SR_AV_B3\n" + NM.replace(" ", ",")),
        ("B3.tsv", "波长 µm\tB3\n" + UM.replace(" ", "\t")),
    ],
)
def test_headings_of_one_band(name, text, tmp_path):
    (tmp_path / name).write_text(text, encoding="utf-8")
    found = read_responses(tmp_path / name)
    assert found.dims == ("band", "wavelength")
    assert list(found["band"].to_numpy()) == ["B3"]
    np.testing.assert_allclose(found["wavelength"], [500, 510, 520, 530])
    np.testing.assert_allclose(found[0], [0, 1, 0.5, 0])
    # by hand: areas 5, 7.5, 2.5 about 506.67, 514.44, 523.33
    centre = (5 * 506.6667 + 7.5 * 514.4444 + 2.5 * 523.3333) / 15
    assert found["centre"].item() == pytest.approx(centre, abs=1e-3)
    assert found["width"].item() == pytest.approx(15)


def test_table_of_bands_and_folder_of_files(tmp_path):
    table = "wavelength,S2A_B1,S2A_B8A,S2A_B8A_std\n440,0,,\n450,1,0,9\n460,0,1,9\n"
    (tmp_path / "all.csv").write_text(table + "470,,0,9\n")
    found = read_responses(tmp_path / "all.csv")
    assert list(found["band"].to_numpy()) == ["B1", "B8A"]
    np.testing.assert_array_equal(found[0], [0, 1, 0, np.nan])
    np.testing.assert_array_equal(found[1], [np.nan, 0, 1, 0])
    folder = tmp_path / "MSI"
    folder.mkdir()
    for band, start in (("10", 1300), ("2", 490), ("8A", 850)):
        text = f"3 any\n{start} 0\n{start + 10} 1\n{start + 20} 0\n"
        (folder / f"band_{band}").write_text(text)
    (folder / "reference").write_text("URL: somewhere\n")
    found = read_responses(folder)
    assert list(found["band"].to_numpy()) == ["B2", "B8A", "B10"]
    assert found["wavelength"].size == 9


def test_sheets_of_a_workbook(tmp_path):
    path = tmp_path / "rsr.xlsx"
    x = [0.5, 0.51, 0.52]
    with pd.ExcelWriter(path) as book:
        pd.DataFrame({"about": ["responses"]}).to_excel(book, sheet_name="Read me")
        for band in ("Band1", "Band2"):
            columns = {"Wavelength": x, "BA RSR": [0, 1, 0], "StdDev": [1, 1, 1]}
            pd.DataFrame(columns).to_excel(book, sheet_name=band, index=False)
    found = read_responses(path)
    assert list(found["band"].to_numpy()) == ["B1", "B2"]
    np.testing.assert_allclose(found["wavelength"], [500, 510, 520])


def test_what_is_repaired_is_told(tmp_path):
    (tmp_path / "B1").write_text("0.53 0\n0.52 0.9\n0.51 1\n0.50 -0.02\n")
    found = read_responses(tmp_path / "B1")
    np.testing.assert_allclose(found["wavelength"], [500, 510, 520, 530])
    assert float(found.min()) == 0
    assert found.attrs["notes"] == [
        "wavelengths up to 0.53 were taken as micrometres: B1",
        "B1: 4 rows turned round",
        "B1: 1 responses below zero, down to -0.02, were set to zero",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hello\nworld\n", "no response curve"),
        ("wavelength,B1\n500,0\n500,1\n510,0\n", "500 nm stands twice"),
        ("wavelength nm,B1\n0.5,0\n0.51,1\n", "heading says nm, but wavelengths"),
        ("wavelength,B1,B2\n500,0,1\nsome words\n", "row 3: 'some words' is no row"),
        ("500,0,1\n510,1\n", "row 2: [2, 3] columns"),
    ],
)
def test_errors(text, message, tmp_path):
    (tmp_path / "B1.csv").write_text(text)
    with pytest.raises(ValueError, match=re.escape(message)):
        read_responses(tmp_path / "B1.csv")


def test_missing_files(tmp_path):
    with pytest.raises(FileNotFoundError, match="no file or folder"):
        read_responses(tmp_path / "none")
    with pytest.raises(ValueError, match="no response file in the folder"):
        read_responses(tmp_path)


@pytest.fixture(scope="module")
def splib(real_data):
    folder = real_data("spectral/usgs_splib07_1nm_rules")
    table = pd.read_csv(folder / "splib07_77_reference_spectra_1nm.csv")
    return xr.DataArray(
        table.iloc[:, 2:].to_numpy(float),
        dims=("spectrum", "wavelength"),
        coords={
            "spectrum": table["rule"].to_numpy(object),
            "record": ("spectrum", table["splib07_record"].to_numpy(object)),
            "wavelength": [float(name[:-2]) for name in table.columns[2:]],
        },
    )


def test_real_curves_on_real_spectra_against_scipy(splib, real_data):
    folder = real_data("spectral/sensor_responses") / "pyrsr"
    whole = splib[~np.isnan(splib.to_numpy()).any(1)]
    assert whole.sizes["spectrum"] >= 20
    for name in ("Sentinel-2A/MSI", "Landsat-8/OLI_TIRS"):
        curves = read_responses(folder / name)
        curves = curves[curves["centre"].to_numpy() < 2300]
        found = resample(whole, responses=curves).swap_dims(wavelength="band")
        for band in curves["band"].to_numpy():
            row = curves.sel(band=band).dropna("wavelength")
            x = np.arange(row["wavelength"][0], row["wavelength"][-1], 0.05)
            response = np.interp(x, row["wavelength"], row)
            values = np.array(
                [np.interp(x, whole["wavelength"], each) for each in whole.to_numpy()]
            )
            expected = simpson(response * values, x=x) / simpson(response, x=x)
            np.testing.assert_allclose(found.sel(band=band), expected, atol=2e-5)


def test_boxes_stand_for_the_curves_better_than_gaussians(splib, real_data):
    folder = real_data("spectral/sensor_responses") / "pyrsr"
    curves = read_responses(folder / "Sentinel-2A" / "MSI")
    exact = resample(splib, responses=curves)
    box = resample(splib, sensor="sentinel2a")
    fwhm = exact["fwhm"].to_numpy()
    gauss = resample(splib, wavelength=exact["wavelength"].to_numpy(), fwhm=fwhm)
    np.testing.assert_allclose(box["wavelength"], exact["wavelength"], atol=0.051)
    error = [
        float(np.sqrt(np.nanmean((v - exact.to_numpy()) ** 2))) for v in (box, gauss)
    ]
    assert error[0] < 0.0006
    assert error[1] > 3 * error[0]


def test_splib07_at_aviris_as_usgs_convolved_it(splib, real_data):
    folder = real_data("spectral/usgs_splib07_aviris95")
    header = (folder / "s07_AV95_envi.hdr").read_text()
    names = re.search(r"spectra names = \{([^}]*)\}", header)[1].split(",")
    rows = np.fromfile(folder / "s07_AV95_envi.sli", "<f4").reshape(-1, 224)
    rows = np.where(rows < -1e30, np.nan, rows).astype(float)

    def key(name):
        return re.sub(r"[^a-z0-9.]", "", name.lower())

    known = {key(name): row for name, row in zip(names, rows, strict=True)}
    order = np.argsort(rows[0])
    target = {"wavelength": rows[0][order] * 1000, "fwhm": rows[1][order] * 1000}
    same = [
        i for i, name in enumerate(splib["record"].to_numpy()) if key(name) in known
    ]
    assert len(same) == 52
    found = resample(splib[same], **target)
    theirs = [known[key(name)][order] for name in splib["record"].to_numpy()[same]]
    difference = np.abs(found.to_numpy() - np.array(theirs))
    assert np.isfinite(difference).sum() > 8000
    assert np.nanmedian(difference) < 5e-5
    assert np.sqrt(np.nanmean(difference**2)) < 0.0015


def test_endmembers_of_emit_on_the_image(real_data):
    folder = real_data("spectral/emit_10x10")
    header = (folder / "emit20250324t221005_jpl_unmix_ex.hdr").read_text()

    def listed(key):
        text = re.search(rf"\n{key} = \{{([^}}]*)\}}", header)[1]
        return np.array([float(part) for part in text.split(",")])

    table = pd.read_csv(folder / "basic_endmember_library.csv", encoding="utf-8-sig")
    x = np.array([float(name) for name in table.columns[1:]])
    values = table.iloc[:, 1:].to_numpy(float) / 10_000
    values[values == 0] = np.nan
    library = xr.DataArray(
        values, dims=("spectrum", "wavelength"), coords={"wavelength": x}
    )
    cube = xr.DataArray(
        np.zeros(285, "float32"),
        dims="wavelength",
        coords={
            "wavelength": listed("wavelength"),
            "fwhm": ("wavelength", listed("fwhm")),
            "bad_bands": ("wavelength", listed("bbl") == 0),
        },
    )
    with pytest.raises(ValueError, match="do not ascend"):
        resample(library, like=cube)  # detectors overlap near 654 nm
    found = resample(library.sortby("wavelength"), like=cube)
    assert found.dims == ("spectrum", "wavelength")
    np.testing.assert_array_equal(found["wavelength"], cube["wavelength"])
    assert found["bad_bands"].to_numpy()[cube["bad_bands"].to_numpy()].all()
    notes = " ".join(found.attrs["notes"])
    assert "holes, not bridged: 1344-1433 nm" in notes or "holes" in notes
    assert float(found.min()) >= float(library.min())
    assert float(found.max()) <= float(library.max())
