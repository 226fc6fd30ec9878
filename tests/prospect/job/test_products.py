"""Tables for spreadsheets hold values, never formulas."""

import io

import numpy as np
import pandas as pd

from prospect.job._products import spreadsheet


def test_text_that_looks_like_a_formula_is_text():
    labels = ["=HYPERLINK(1)", "+1", "-x", "@a", "granite", "花岗岩"]
    table = pd.DataFrame({"label": labels, "contrast": [-1.5, 0, np.nan, 1, 2, 3]})
    before = table.copy()
    back = pd.read_csv(io.StringIO(spreadsheet(table)))
    expected = ["'=HYPERLINK(1)", "'+1", "'-x", "'@a", "granite", "花岗岩"]
    assert back["label"].tolist() == expected
    np.testing.assert_array_equal(back["contrast"], table["contrast"])
    pd.testing.assert_frame_equal(table, before)
