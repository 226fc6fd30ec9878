"""Importers: each format on a file of its published layout, real where at hand."""

import struct
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral.library import check_records, read_spectra
from spectral.library.importers._clean import Tally, clean_spectrum

WAVES = np.arange(350.0, 2501.0)
VALUES = 0.4 - 0.1 * np.exp(-(((WAVES - 2200) / 20) ** 2))


def notes(records):
    return " | ".join(records.attrs["notes"])


# -- ASD ------------------------------------------------------------------------------


def asd(values, *, kind=1, reference=None, magic=b"as7", data_format=2):
    header = bytearray(484)
    header[:3] = magic
    header[3:12] = b"a comment"
    struct.pack_into("<B", header, 186, kind)
    struct.pack_into("<ff", header, 191, 350.0, 1.0)
    struct.pack_into("<B", header, 199, data_format)
    struct.pack_into("<H", header, 204, len(values))
    struct.pack_into("<H", header, 400, 1234)
    header[431] = 4
    dtype = {0: "<f4", 1: "<i4", 2: "<f8"}[data_format]
    body = np.asarray(values, dtype).tobytes()
    if reference is not None:
        words = b"spectralon"
        body += struct.pack("<H8x8xH", 1, len(words)) + words
        body += np.asarray(reference, dtype).tobytes()
    return bytes(header) + body


@pytest.mark.parametrize("data_format", [0, 2])
def test_asd_reflectance(tmp_path, data_format):
    path = tmp_path / "k1.asd"
    path.write_bytes(asd(VALUES, data_format=data_format, magic=b"asd"))
    records = read_spectra(path)
    row = records.iloc[0]
    np.testing.assert_array_equal(row["wavelength"], WAVES)
    np.testing.assert_allclose(row["reflectance"], VALUES, rtol=1e-6)
    assert row["instrument"] == "ASD FSFR 1234"
    assert row["description"] == "a comment"
    assert records.attrs["provenance"]["format"] == "asd"


def test_asd_target_over_reference(tmp_path):
    reference = 20_000 + 30 * (WAVES - 350)
    path = tmp_path / "k1.asd"
    path.write_bytes(asd(VALUES * reference, kind=0, reference=reference))
    records = read_spectra(path)
    np.testing.assert_allclose(records.loc[0, "reflectance"], VALUES)
    assert "1 spectra are target over white reference" in notes(records)


def test_asd_errors(tmp_path):
    path = tmp_path / "k1.asd"
    path.write_bytes(asd(VALUES * 30_000, kind=0))
    with pytest.raises(ValueError, match="raw without a white reference"):
        read_spectra(path)
    path.write_bytes(asd(VALUES)[:2000])
    with pytest.raises(ValueError, match="announces 2151 channels and ends"):
        read_spectra(path)
    path.write_bytes(asd(VALUES)[:300])
    with pytest.raises(ValueError, match="300 bytes"):
        read_spectra(path)


# -- SPECPR ---------------------------------------------------------------------------


def specpr_record(flag, title=b"", values=(), pointer=0, channels=None):
    record = bytearray(1536)
    struct.pack_into(">i", record, 0, flag)
    record[4 : 4 + len(title)] = title
    struct.pack_into(">i", record, 80, len(values) if channels is None else channels)
    struct.pack_into(">i", record, 100, pointer)
    first = np.asarray(values[:256], ">f4").tobytes()
    record[512 : 512 + len(first)] = first
    out, rest = [bytes(record)], values[256:]
    while len(rest):
        more = bytearray(1536)
        struct.pack_into(">i", more, 0, flag | 1)
        part = np.asarray(rest[:383], ">f4").tobytes()
        more[4 : 4 + len(part)] = part
        out.append(bytes(more))
        rest = rest[383:]
    return b"".join(out)


def specpr_file():
    label = b"SPECPR_FS=2.0\nRECORD_BYTES=1536\nLABEL_RECORDS=1\n".ljust(1536, b"\0")
    waves, values = WAVES[::3], VALUES[::3].copy()
    values[5] = -1.23e34
    records = [
        specpr_record(0, b"Wavelengths in microns 717 ch", waves / 1000),
        specpr_record(2, b"a text"),
    ]
    third = 1 + sum(len(r) // 1536 for r in records)
    records.append(specpr_record(0, b"Kaolinite CM9", values, pointer=1))
    records.append(specpr_record(4, b"errors to previous", values * 0.01, pointer=1))
    records.append(specpr_record(0, b"lost", values[:10], pointer=99))
    return label + b"".join(records), waves, values, third


def test_specpr_with_error_bars_and_fill(tmp_path):
    content, waves, values, number = specpr_file()
    path = tmp_path / "lib.spd"
    path.write_bytes(content)
    records = read_spectra(path)
    assert list(records["spectrum_id"]) == [f"lib {number}"]
    row = records.iloc[0]
    np.testing.assert_allclose(row["wavelength"], waves, rtol=1e-6)
    assert np.isnan(row["reflectance"][5])
    np.testing.assert_allclose(
        np.delete(row["reflectance"], 5), np.delete(values, 5), rtol=1e-6
    )
    assert np.nanmax(row["uncertainty"]) == pytest.approx(0.004, rel=1e-5)
    told = notes(records)
    assert "1 values were empty or a fill value" in told
    assert "1 records of error bars became" in told
    assert "no wavelengths of their length" in told


def test_specpr_cut(tmp_path):
    content, *_ = specpr_file()
    path = tmp_path / "lib.spd"
    path.write_bytes(content[:-700])
    with pytest.raises(ValueError, match="not a multiple of 1536"):
        read_spectra(path)
    path.write_bytes(content[: 1536 * 2])
    with pytest.raises(ValueError, match="announces 717 channels"):
        read_spectra(path)


# -- splib07 text ---------------------------------------------------------------------


@pytest.fixture
def splib(tmp_path):
    folder = tmp_path / "ASCIIdata_splib07a"
    (folder / "ChapterM_Minerals").mkdir(parents=True)
    (folder / "errorbars").mkdir()
    waves, values = WAVES[::5] / 1000, VALUES[::5].copy()
    values[:3] = -1.23e34

    def write(name, title, column):
        text = f" splib07a Record=9443: {title}\n"
        text += "".join(f" {value:14.7e}\n" for value in column)
        (folder / name).write_text(text, "ascii")

    write(
        "splib07a_Wavelengths_BECK_Beckman_0.2-3.0_microns.txt",
        "Wavelengths BECK Beckman",
        waves,
    )
    write(
        "splib07a_Wavelengths_NIC4_Nicolet_1.12-216microns.txt",
        "Wavelengths NIC4",
        waves[:50] + 1,
    )
    write(
        "splib07a_Bandpass_(FWHM)_BECK_Beckman_in_microns.txt",
        "Bandpass BECK",
        np.full_like(waves, 0.005),
    )
    stem = "splib07a_Kaolinite_CM9_BECKb_AREF.txt"
    write(f"ChapterM_Minerals/{stem}", "Kaolinite CM9  BECKb AREF", values)
    write(f"errorbars/errorbars_for_{stem}", "error Kaolinite CM9", values * 0 + 0.002)
    write("ChapterM_Minerals/splib07a_Odd_AREF.txt", "Odd ASDFRa AREF", values[:7])
    return folder, stem, waves * 1000, values


@pytest.mark.parametrize("form", ["folder", "zip", "file"])
def test_splib(splib, tmp_path, form):
    folder, stem, waves, values = splib
    path = {
        "folder": folder,
        "zip": tmp_path / "all.zip",
        "file": folder / "ChapterM_Minerals" / stem,
    }[form]
    if form == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            for file in folder.rglob("*.txt"):
                archive.write(file, file.relative_to(folder).as_posix())
    records = read_spectra(path)
    assert len(records) == 1
    row = records.iloc[0]
    np.testing.assert_allclose(row["wavelength"], waves, rtol=1e-6)
    assert np.isnan(row["reflectance"][:3]).all()
    np.testing.assert_allclose(row["reflectance"][3:], values[3:], rtol=1e-6)
    assert row["mineral"] == "kaolinite"
    assert (row["instrument"], row["purity"], row["measurement"]) == (
        "BECK",
        "b",
        "AREF",
    )
    np.testing.assert_allclose(row["fwhm"], 5.0)
    if form != "file":
        np.testing.assert_allclose(row["uncertainty"][3:], 0.002)
        assert "no wavelengths of their length" in notes(records)


# -- ECOSTRESS, real ------------------------------------------------------------------


def test_real_ecostress_and_aster(real_data):
    records = read_spectra(real_data("spectral/aster_library_ascii"))
    assert len(records) == 3
    rows = {name.split()[0]: row for name, row in records.set_index("name").iterrows()}
    prehnite = rows["Prehnite"]
    assert prehnite["mineral"] == "prehnite"
    assert prehnite["wavelength"][0] == pytest.approx(2000.32)
    assert prehnite["wavelength"][-1] == pytest.approx(15385.3)
    assert prehnite["reflectance"][-1] == pytest.approx(0.0236346)
    assert prehnite["grain_size"] == "125-500um"
    assert rows["Conifer"]["mineral"] is None
    assert rows["Conifer"]["wavelength"].size == 550
    assert rows["Rhyolite"]["wavelength"].size == 2530
    assert "3 spectra were in percent" in notes(records)
    assert "2 spectra ran from long to short" in notes(records)
    assert "1 files or records were no spectra" in notes(records), "SOURCE.md"


def test_ecostress_cut(real_data, tmp_path):
    (file,) = real_data("spectral/aster_library_ascii").glob("jpl*.txt")
    text = file.read_text("latin-1").splitlines()
    path = tmp_path / file.name
    path.write_text("\n".join(text[:-40]), "latin-1")
    with pytest.raises(ValueError, match="announces 2256 values and holds"):
        read_spectra(path)
    path.write_text("\n".join([*text[:40], "2.3  percent", *text[41:]]), "latin-1")
    with pytest.raises(ValueError, match=r"line 41: '2.3  percent'"):
        read_spectra(path)


# -- field instruments ----------------------------------------------------------------


def test_svc_with_overlapping_detectors(tmp_path):
    waves = np.r_[340:1000:1.5, 980:1900:3.6, 1890:2510:2.4]
    values = np.interp(waves, WAVES, VALUES)
    lines = ["/*** Spectra Vista SIG Data ***/", "name= rock 7", "instrument= HR: 1042",
             "longitude= , 10200.00E", "latitude= , 3000.00N", "comm= fresh face",
             "data="]  # fmt: skip
    lines += [
        f"{w:.1f}  9.1 4.2 {100 * v:.4f}" for w, v in zip(waves, values, strict=True)
    ]
    path = tmp_path / "rock.sig"
    path.write_text("\n".join(lines))
    records = read_spectra(path)
    row = records.iloc[0]
    assert row["name"] == "rock 7"
    assert (np.diff(row["wavelength"]) > 0).all()
    np.testing.assert_allclose(
        row["reflectance"], np.interp(row["wavelength"], WAVES, VALUES), atol=2e-6
    )
    dropped = waves.size - row["wavelength"].size
    assert f"{dropped} values measured twice by overlapping detectors" in notes(records)


def test_spectral_evolution(tmp_path):
    lines = ["Comment: ridge", "Instrument: PSR+3500_SN1508[3]",
             "Measurement: REFLECTANCE", "Latitude: n/a", "Columns [4]:", "Data:",
             "Wvl\tRad. (Ref.)\tRad. (Target)\tReflect. %"]  # fmt: skip
    lines += [
        f"{w:.1f}\t1\t1\t{100 * v:.5f}"
        for w, v in zip(WAVES[::10], VALUES[::10], strict=True)
    ]
    path = tmp_path / "a.sed"
    path.write_text("\n".join(lines))
    row = read_spectra(path).iloc[0]
    np.testing.assert_allclose(row["reflectance"], VALUES[::10], atol=1e-6)
    assert row["instrument"] == "PSR+3500_SN1508[3]"
    path.write_text("\n".join(lines).replace("Reflect. %", "DN"))
    with pytest.raises(ValueError, match="none of reflectance"):
        read_spectra(path)


def test_relab(tmp_path):
    path = tmp_path / "c1ab01.txt"
    rows = [
        f"{w / 1000:.4f} {v:.6f} 0.001"
        for w, v in zip(WAVES[::10], VALUES[::10], strict=True)
    ]
    path.write_text("\n".join([str(len(rows)), *rows]))
    records = read_spectra(path)
    row = records.iloc[0]
    np.testing.assert_allclose(row["wavelength"], WAVES[::10])
    np.testing.assert_allclose(row["uncertainty"], 0.001)
    assert "read as micrometres, from their range" in notes(records)
    path.write_text("\n".join(["300", *rows]))
    with pytest.raises(ValueError, match="announces 300 values"):
        read_spectra(path)


# -- tables ---------------------------------------------------------------------------


def test_ecosis_table_with_metadata_and_chinese(tmp_path):
    path = tmp_path / "ecosis.csv"
    path.write_bytes(
        "样品编号,矿物,地点,350,351,352,353\nA1,高岭石,碧溪,0.1,0.2,0.3,0.4\n"
        "A2,绢云母,碧溪,0.2,,0.3,0.4\n".encode("gb18030")
    )
    records = read_spectra(path)
    assert list(records["spectrum_id"]) == ["A1", "A2"]
    assert list(records["mineral"]) == ["kaolinite", "muscovite"]
    assert np.isnan(records.loc[1, "reflectance"][1])


def test_hylogger_columns(tmp_path):
    path = tmp_path / "tsg.csv"
    path.write_text(
        "Index,Hole ID,Depth (m),Min1 TSAS,2190nm,2194nm,2198nm,2202nm\n"
        "1,DD01,12.5,Kaolinite,0.31,0.30,0.29,0.28\n"
    )
    row = read_spectra(path).iloc[0]
    assert row["mineral"] == "kaolinite"
    assert row["sample_id"] == "DD01"
    assert "Depth (m): 12.5" in row["description"]
    np.testing.assert_array_equal(row["wavelength"], [2190, 2194, 2198, 2202])


def test_a_column_a_spectrum(tmp_path):
    path = tmp_path / "long.csv"
    path.write_text("Wavelength (um);mica;clay\n2.1;30;40\n2.2;20;35\n2.3;28;\n")
    with pytest.raises(ValueError, match="divide by 100"):
        read_spectra(path)
    records = read_spectra(path, scale=100)
    assert list(records["name"]) == ["mica", "clay"]
    np.testing.assert_allclose(records.loc[0, "wavelength"], [2100, 2200, 2300])
    np.testing.assert_allclose(records.loc[1, "reflectance"], [0.40, 0.35, np.nan])


def test_real_endmembers_of_emit(real_data):
    path = real_data("spectral/emit_10x10") / "basic_endmember_library.csv"
    with pytest.raises(ValueError, match="divide by 10000"):
        read_spectra(path)
    records = read_spectra(path, scale=10_000)
    assert len(records) == 5
    assert "overlapping detectors" in notes(records)
    for row in records.itertuples():
        assert (np.diff(row.wavelength) > 0).all()
        assert 0.2 < np.nanmax(row.reflectance) < 1


def test_tables_refused(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,2\n")
    (tmp_path / "empty.csv").touch()
    with pytest.raises(ValueError, match=r"empty\.csv is empty"):
        read_spectra(tmp_path / "empty.csv")
    with pytest.raises(ValueError, match="no spectra of a known format"):
        read_spectra(path)
    with pytest.raises(ValueError, match="neither wavelengths in a header"):
        read_spectra(path, format="csv")
    path.write_text("name,2150,2200,2250,2300\nk,0.5,x,0.5,0.5\n")
    with pytest.raises(ValueError, match="row 2: 'x' stands where a value should"):
        read_spectra(path)
    path.write_text("name,2150,2200,2250,2300\nk,0.5,0.1,0.5,0.5,0.6\n")
    with pytest.raises(ValueError, match="row 1: 6 cells under 5 columns"):
        read_spectra(path)


def test_choices_and_absent_files(tmp_path):
    with pytest.raises(FileNotFoundError, match="no file or folder"):
        read_spectra(tmp_path / "none")
    (tmp_path / "a.zip").write_bytes(b"PK no zip")
    with pytest.raises(ValueError, match="no whole zip archive"):
        read_spectra(tmp_path / "a.zip")
    with pytest.raises(ValueError, match="format must be one of"):
        read_spectra(tmp_path / "a.zip", format="xyz")


def test_same_names_are_numbered(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("name,2150,2200,2250,2300\n" + "k,0.5,0.4,0.5,0.5\n" * 2)
    records = read_spectra(path)
    assert list(records["spectrum_id"]) == ["k", "k (2)"]
    assert "1 spectra shared a name" in notes(records)
    check_records(records)


# -- laws -----------------------------------------------------------------------------


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(300, 2500), st.integers(3, 40), st.floats(1, 12)),
        min_size=1,
        max_size=3,
    )
)
def test_any_detectors_become_one_ascending_grid(parts):
    parts = sorted(parts)
    waves = np.concatenate([start + step * np.arange(n) for start, n, step in parts])
    tally = Tally()
    found = clean_spectrum(
        {"wavelength": waves, "reflectance": waves / 1e4}, tally, unit="nm"
    )
    assert (np.diff(found["wavelength"]) > 0).all()
    np.testing.assert_array_equal(found["reflectance"], found["wavelength"] / 1e4)
    kinds = ("overlap", "equal")
    dropped = sum(n for (kind, _), n in tally.counts.items() if kind in kinds)
    assert found["wavelength"].size + dropped == waves.size


def test_input_is_not_changed():
    waves, values = WAVES[::-1].copy(), VALUES.copy()
    clean_spectrum({"wavelength": waves, "reflectance": values}, Tally(), scale=100)
    np.testing.assert_array_equal(waves, WAVES[::-1])
    np.testing.assert_array_equal(values, VALUES)


# -- folders and archives --------------------------------------------------------------


def sli_pair(folder, **entries):
    np.array([[0.5, 0.4, 0.5], [0.3, 0.2, 0.1]], "<f4").tofile(folder / "lib.sli")
    lines = {
        "samples": 3, "lines": 2, "bands": 1, "data type": 4, "byte order": 0,
        "file type": "ENVI Spectral Library", "wavelength": "{2100, 2200, 2300}",
        "wavelength units": "Nanometers", "spectra names": "{clay, mica}",
    }  # fmt: skip
    text = "\n".join(f"{key} = {value}" for key, value in (lines | entries).items())
    (folder / "lib.hdr").write_text(f"ENVI\n{text}\n")


def test_folder_and_archive_with_a_library_an_image_and_papers(tmp_path):
    folder = tmp_path / "delivery"
    folder.mkdir()
    sli_pair(folder)
    (folder / "k1.asd").write_bytes(asd(VALUES))
    (folder / "SOURCE.md").write_text("rows, 350nm, 351nm, 352nm, 353nm\n77 x 2151\n")
    (folder / "scene.hdr").write_text("ENVI\nfile type = ENVI Standard\nbands = 4\n")
    (folder / "scene").write_bytes(b"\0" * 400)
    records = read_spectra(folder)
    assert sorted(records["spectrum_id"]) == ["clay", "k1", "mica"]
    mica = records.set_index("spectrum_id").loc["mica", "reflectance"]
    np.testing.assert_allclose(mica, [0.3, 0.2, 0.1], rtol=1e-6)
    assert "3 files or records were no spectra" in notes(records)
    assert records.attrs["provenance"]["format"] == "asd, envi"
    archive = tmp_path / "delivery.zip"
    with zipfile.ZipFile(archive, "w") as made:
        for file in sorted(folder.iterdir()):
            made.write(file, f"delivery/{file.name}")
    again = read_spectra(archive)
    assert sorted(again["spectrum_id"]) == ["clay", "k1", "mica"]
    assert again.attrs["notes"] == records.attrs["notes"]
    same = records.attrs["provenance"]["sha256"]
    assert again.attrs["provenance"]["sha256"] == same


def test_provenance_has_the_date_of_the_file(tmp_path):
    import os

    path = tmp_path / "k1.asd"
    path.write_bytes(asd(VALUES))
    os.utime(path, (1_000_000_000, 1_000_000_000))
    assert read_spectra(path).attrs["provenance"]["date"] == "2001-09-09T01:46:40Z"
    os.utime(path, (2_000_000_000, 2_000_000_000))
    assert read_spectra(tmp_path).attrs["provenance"]["date"] == "2033-05-18T03:33:20Z"


def test_tables_without_a_column_called_name(tmp_path):
    path = tmp_path / "rules.csv"
    path.write_text(
        "rule,record,2150,2200,2250,2300\n"
        "kaolinite_wxl,Kaolinite_CM9_NIC4bbb_RREF,0.5,0.4,0.5,0.5\n"
        "mixed,Kaolin_Smect_H89-FR-2_.5Kao_NIC4bb_RREF,0.5,0.4,0.5,0.5\n"
    )
    records = read_spectra(path)
    assert list(records["spectrum_id"]) == ["kaolinite_wxl", "mixed"]
    assert list(records["mineral"]) == ["kaolinite", None]
    assert list(records["sample_id"]) == ["Kaolinite CM9", "Kaolin_Smect H89-FR-2"]
    assert list(records["instrument"]) == ["NIC4", "NIC4"]
    assert "2 spectra carry a name of the USGS library" in notes(records)
    path.write_text("depth,2150,2200,2250,2300\n1.5,0.5,0.4,0.5,0.5\n")
    assert list(read_spectra(path)["spectrum_id"]) == ["rules 1"]
