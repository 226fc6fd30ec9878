"""Delimited files and workbooks, cell by cell."""

import pandas as pd
import pytest

from survey import DataProblems, read_samples
from survey._tables import read_table


def write(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(
    "text",
    [
        "ID;X;Y;Cu(ppm)\nA;500000,5;4400000,5;<0,5\nB;500100;4400100;12,25\n",
        "ID\tX\tY\tCu(ppm)\nA\t500000,5\t4400000,5\t<0,5\nB\t500100\t4400100\t12,25\n",
        'ID,X,Y,Cu(ppm)\nA,"500000,5","4400000,5","<0,5"\nB,500100,4400100,"12,25"\n',
        "ID X Y Cu(ppm)\nA 500000.5 4400000.5 <0.5\nB 500100 4400100 12.25\n",
        "ID|X|Y|Cu(ppm)\r\nA|500000.5|4400000.5|<0.5\r\nB|500100|4400100|12.25\r\n",
    ],
)
def test_delimiters_and_decimal_commas(tmp_path, text):
    samples = read_samples(write(tmp_path / "a.txt", text), crs=32650)
    assert samples.geometry.x.tolist() == [500000.5, 500100]
    assert samples["Cu_ppm"].tolist() == [0.5, 12.25]


def test_workbook(tmp_path):
    path = tmp_path / "a.xlsx"
    table = pd.DataFrame(
        {"样号": ["S1", 2], "lon": [118.5, 118.6], "lat": [34, 35.5]}
        | {"Cu(ppm)": ["<0.5", 12], "date": pd.to_datetime(["2020-01-02"] * 2)}
    )
    with pd.ExcelWriter(path) as book:
        title = pd.DataFrame([["土壤测量结果", None]])
        title.to_excel(book, sheet_name="数据", index=False, header=False)
        table.to_excel(book, sheet_name="数据", index=False, startrow=1)
        pd.DataFrame({"note": ["x"]}).to_excel(book, sheet_name="readme", index=False)
    samples = read_samples(path, crs=4326)
    assert samples["sample_id"].tolist() == ["S1", "2"]
    assert samples["Cu_ppm"].tolist() == [0.5, 12]
    assert samples["date"].tolist() == ["2020-01-02"] * 2
    notes = " ".join(samples.attrs["notes"])
    assert "土壤测量结果" in notes
    assert "readme" in notes
    with pytest.raises(DataProblems, match=r"no sheet 'soil'.*数据, readme"):
        read_samples(path, crs=4326, layer="soil")
    (tmp_path / "b.xlsx").write_bytes(b"not a workbook")
    with pytest.raises(DataProblems, match="not a readable workbook"):
        read_samples(tmp_path / "b.xlsx", crs=4326)


def test_damaged_tables(tmp_path):
    with pytest.raises(DataProblems, match="row 2, value '9': 5 cells under a header"):
        read_samples(
            write(tmp_path / "a.csv", "ID,lon,lat,Cu\nA,1,2,3\nB,1,2,3,9\n"), crs=4326
        )
    with pytest.raises(DataProblems, match="quotes that do not close"):
        read_samples(write(tmp_path / "b.csv", 'ID,lon\nA,"1\nB,2\n'), crs=4326)
    with pytest.raises(DataProblems, match="the table is empty"):
        read_samples(write(tmp_path / "c.csv", ""), crs=4326)
    with pytest.raises(FileNotFoundError, match="there is no file"):
        read_samples(tmp_path / "d.csv", crs=4326)
    short = write(tmp_path / "e.csv", "ID,lon,lat,Cu\nA,118.5,34.2\n")
    notes = read_samples(short, crs=4326).attrs["notes"]
    assert any("fewer cells" in note for note in notes)


def test_cells_are_left_as_they_are(tmp_path):
    text = ' a ,"b,""c""\n d"\n01,"x\ny"\n,\n<5,1e3\n'
    table = read_table(write(tmp_path / "a.csv", text))
    assert table.cells.columns.tolist() == ["a", 'b,"c"\n d']
    assert table.cells.to_numpy().tolist() == [["01", "x\ny"], ["<5", "1e3"]]
    assert table.rows == [1, 3]
    assert table.dropped == {"empty rows": 1}


def test_a_space_before_a_quote(tmp_path):
    table = read_table(write(tmp_path / "a.csv", 'a, b\n1, "x, y"\n'))
    assert table.cells.to_numpy().tolist() == [["1", "x, y"]]


def test_names_are_made_unique_and_noted(tmp_path):
    table = read_table(write(tmp_path / "a.csv", "n,,n,,\n1,2,3,,\n"))
    assert table.cells.columns.tolist() == ["n", "column_2", "n_2"]
    assert any("repeats 'n'" in note for note in table.notes)


def test_equal_to_pandas(real_data):
    folder = real_data("mpm/australia_deposits")
    path = folder / "deposit_locations.csv"
    raw = pd.read_csv(path, dtype=str, keep_default_na=False)
    cells = read_table(path).cells
    assert cells.shape == raw.shape
    assert (cells.to_numpy() == raw.to_numpy()).all()


def test_blocks_join_to_the_same_table(tmp_path, monkeypatch):
    rows = "".join(f"{i},{i}\n" for i in range(50))
    path = write(tmp_path / "a.csv", "a,b\n" + rows)
    whole = read_table(path).cells
    monkeypatch.setattr("survey._tables._BLOCK", 7)
    pd.testing.assert_frame_equal(read_table(path).cells, whole)


def test_old_workbooks_are_sent_to_the_new_format(tmp_path):
    (tmp_path / "a.xls").write_bytes(b"\xd0\xcf\x11\xe0")
    with pytest.raises(DataProblems, match=r"save it as .xlsx"):
        read_samples(tmp_path / "a.xls", crs=4326)


def test_formulas_without_results_are_refused(tmp_path):
    import openpyxl

    book = openpyxl.Workbook()
    book.active.append(["ID", "lon", "lat", "Cu_ppm"])
    book.active.append(["A", 118, 34, "=1+1"])
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(DataProblems, match=r"row 1, column 'Cu_ppm', value '=1\+1'"):
        read_samples(tmp_path / "a.xlsx", crs=4326)
