"""Tables for spreadsheets hold values, never formulas; the same bytes every time."""

import time

import numpy as np
import openpyxl
import pandas as pd
import pytest

from survey import save_table

LABELS = ["=HYPERLINK(1)", "+1", "-x", "@a", "granite", "花岗岩"]


@pytest.fixture
def table():
    contrast = [-1.5, 0, np.nan, 1, 2, 3]
    return pd.DataFrame({"label": LABELS, "contrast": contrast, "ok": [True] * 6})


def test_csv_keeps_numbers_and_defuses_text(tmp_path, table):
    before = table.copy()
    path = save_table(table, tmp_path / "t.csv")
    back = pd.read_csv(path, encoding="utf-8-sig")
    expected = ["'=HYPERLINK(1)", "'+1", "'-x", "'@a", "granite", "花岗岩"]
    assert back["label"].tolist() == expected
    np.testing.assert_array_equal(back["contrast"], table["contrast"])
    pd.testing.assert_frame_equal(table, before)


def test_chinese_is_marked_as_utf_8_and_ascii_is_not(tmp_path, table):
    assert save_table(table, tmp_path / "t.csv").read_bytes()[:3] == b"\xef\xbb\xbf"
    plain = save_table(table[["contrast"]], tmp_path / "p.csv")
    assert plain.read_bytes().startswith(b"contrast\n-1.5\n")


def test_workbook_stores_text_as_text_and_gaps_as_gaps(tmp_path, table):
    path = save_table(table, tmp_path / "t.xlsx")
    sheet = openpyxl.load_workbook(path).active
    rows = list(sheet.iter_rows(min_row=2))
    assert [row[0].value for row in rows] == LABELS
    assert {row[0].data_type for row in rows} == {"s"}
    assert [row[1].value for row in rows] == [-1.5, 0, None, 1, 2, 3]


@pytest.mark.parametrize("suffix", ["csv", "xlsx", "parquet"])
def test_same_bytes_every_time(tmp_path, table, suffix):
    first = save_table(table, tmp_path / f"a.{suffix}").read_bytes()
    if suffix == "xlsx":
        time.sleep(1.1)  # its clock counts seconds
    assert save_table(table, tmp_path / f"b.{suffix}").read_bytes() == first


def test_parquet_comes_back_as_it_was(tmp_path, table):
    path = save_table(table, tmp_path / "t.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(path), table)


def test_another_suffix_is_refused(tmp_path, table):
    with pytest.raises(ValueError, match=r"t\.doc: tables are saved as one of"):
        save_table(table, tmp_path / "t.doc")
