import logging

import numpy as np
import pandas as pd
import pytest
from openpyxl import Workbook

from survey import DataProblems
from survey.quality import read_assays

DISTRICT = "data_samples/synthetic_district/geochemistry"


def write(folder, text, name="lab.csv", encoding="utf-8"):
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def rows_of(assays, *names):
    shown = assays[list(names)] if names else assays
    return [tuple(row) for row in shown.itertuples(index=False)]


def test_wide_table_with_unit_method_and_limit_rows(tmp_path):
    path = write(
        tmp_path,
        "sample_id,Cu,Au,Au\n,ppm,ppb,ppm\n,ICP-MS,FA,GRAV\n,0.5,1,0.05\n"
        "S1,<0.5,3,\nS2,12,>1000,1.2\n",
    )
    assays = read_assays(path)
    assert rows_of(assays, "sample_id", "analyte", "value", "method", "row") == [
        ("S1", "Cu_ppm", 0.5, "ICP-MS", 1),
        ("S1", "Au_ppb", 3.0, "FA", 1),
        ("S2", "Cu_ppm", 12.0, "ICP-MS", 2),
        ("S2", "Au_ppb", 1000.0, "FA", 2),
        ("S2", "Au_ppm", 1.2, "GRAV", 2),
    ]
    assert list(assays["detection_limit"]) == [0.5, 1, 0.5, 1, 0.05]
    assert list(assays["censored"]) == [True, False, False, False, False]
    assert list(assays["over_range"]) == [False, False, False, True, False]
    assert assays.attrs["over_range"] == {"Au_ppb": 1}
    assert list(assays.columns) == [
        "sample_id", "analyte", "value", "censored", "over_range", "detection_limit",
        "unit", "method", "lab_batch", "laboratory", "source", "row",
    ]  # fmt: skip


def test_header_as_commercial_laboratories_write_it(tmp_path):
    path = write(
        tmp_path,
        "Certificate BR24001234\nCLIENT,A company\nSAMPLE,ME-MS61,ME-MS61,Au-AA23\n"
        "DESCRIPTION,Cu,Fe,Au\n,ppm,%,ppm\nLDL,0.2,0.01,0.005\nUDL,10000,50,10\n"
        "A-1,15.2,3.1,<0.005\nA-2,>10000,4.2,0.013\n",
    )
    assays = read_assays(path, constants={"lab_batch": "BR24001234"})
    assert set(assays["method"]) == {"ME-MS61", "Au-AA23"}
    assert list(assays["analyte"][:3]) == ["Cu_ppm", "Fe_pct", "Au_ppm"]
    assert list(assays["detection_limit"][:3]) == [0.2, 0.01, 0.005]
    assert set(assays["lab_batch"]) == {"BR24001234"}
    assert assays.loc[assays["over_range"], "value"].tolist() == [10000]


def test_chinese_certificate_in_gbk(tmp_path):
    path = write(
        tmp_path,
        "样品编号,批次,铜,金,氧化钙\n单位,,μg/g,10-9,%\n分析方法,,ICP-MS,火试金,XRF\n"
        "检出限,,0.5,0.2,0.05\nS1,B1,未检出,1.3,2.1\nS2,B1,21,<0.2,未分析\n",
        encoding="gbk",
    )
    assays = read_assays(path)
    assert rows_of(assays, "sample_id", "analyte", "value", "censored", "method") == [
        ("S1", "Cu_ppm", 0.5, True, "ICP-MS"),
        ("S1", "Au_ppb", 1.3, False, "火试金"),
        ("S1", "CaO_pct", 2.1, False, "XRF"),
        ("S2", "Cu_ppm", 21.0, False, "ICP-MS"),
        ("S2", "Au_ppb", 0.2, True, "火试金"),
    ]
    assert set(assays["lab_batch"]) == {"B1"}
    assert assays.attrs["notes"][0] == "read as gb18030"


def test_long_table_with_limits_methods_and_signs(tmp_path):
    path = write(
        tmp_path,
        "sample,element,sign,result,unit,method,DL,batch\n"
        "S1,Cu,<,0.5,ppm,ICP,0.5,B1\nS1,Au,,3.5,ng/g,FA,1,B1\n"
        "S2,Cu,>,1,%,ICP,,B2\nS2,Zn,,-9999,mg/kg,ICP,2,B2\nS2,As,,<2,g/t,ICP,,B2\n",
    )
    assays = read_assays(path)
    names = ("analyte", "value", "censored", "over_range", "detection_limit", "unit")
    expected = pd.DataFrame(
        {
            "analyte": ["Cu_ppm", "Au_ppb", "Cu_pct", "As_ppm"],
            "value": [0.5, 3.5, 1.0, 2.0],
            "censored": [True, False, False, True],
            "over_range": [False, False, True, False],
            "detection_limit": [0.5, 1.0, np.nan, 2.0],
            "unit": ["ppm", "ppb", "pct", "ppm"],
        }
    )
    shown = assays[list(names)].astype({"analyte": "str", "unit": "str"})
    pd.testing.assert_frame_equal(shown, expected)
    assert assays.attrs["missing"] == {"Zn_ppm": 1}
    assert list(assays["row"]) == [1, 2, 3, 5]


def test_wide_and_long_tell_the_same(tmp_path):
    wide = write(tmp_path, "id,Cu (ppm),Zn (ppm)\nS1,1,<2\nS2,3,4\n", "wide.csv")
    long = write(
        tmp_path,
        "id,analyte,value,unit\nS1,Cu,1,ppm\nS1,Zn,<2,ppm\nS2,Cu,3,ppm\nS2,Zn,4,ppm\n",
        "long.csv",
    )
    names = ["sample_id", "analyte", "value", "censored", "detection_limit", "unit"]
    one, two = (read_assays(path)[names].astype({"analyte": "str", "unit": "str"})
                for path in (wide, long))  # fmt: skip
    pd.testing.assert_frame_equal(one, two)


def test_workbook_equals_csv(tmp_path):
    text = "id,Cu,Au\n单位,ppm,ppb\nS1,1.5,<2\n"
    book = Workbook()
    for line in text.splitlines():
        book.active.append(line.split(","))
    book.save(tmp_path / "lab.xlsx")
    one = read_assays(write(tmp_path, text)).drop(columns="source")
    two = read_assays(tmp_path / "lab.xlsx").drop(columns="source")
    pd.testing.assert_frame_equal(one, two)


def test_columns_carries_along_and_names_roles(tmp_path):
    path = write(tmp_path, "hole,no,Cu_ppm,depth\nH1,S1,3,1.5\nH2,S2,4,2.5\n")
    columns = {"sample_id": "no", "hole_id": "hole"}
    assays = read_assays(path, columns=columns)
    assert rows_of(assays, "sample_id", "hole_id", "value") == [
        ("S1", "H1", 3.0),
        ("S2", "H2", 4.0),
    ]
    assert assays.attrs["left_out"] == ["depth"]


def test_constants_fill_what_is_not_told(tmp_path):
    path = write(tmp_path, "id,Cu,method\nS1,3,XRF\nS2,4,\n")
    assays = read_assays(path, constants={"unit": "mg/kg", "method": "ICP"})
    assert list(assays["analyte"]) == ["Cu_ppm", "Cu_ppm"]
    assert list(assays["method"]) == ["XRF", "ICP"]


def test_element_without_unit_keeps_its_symbol(tmp_path):
    assays = read_assays(write(tmp_path, "id,Cu,Ag_INAA\nS1,3,5\n"))
    assert rows_of(assays, "analyte", "unit", "method") == [
        ("Cu", "", ""),
        ("Ag", "", "INAA"),
    ]


def test_unknown_analyte_with_a_unit_is_kept(tmp_path):
    assays = read_assays(write(tmp_path, "id,Cu,Xx\n,ppm,ppm\nS1,3,5\n"))
    assert list(assays["analyte"]) == ["Cu_ppm", "Xx_ppm"]


def test_samples_without_results_are_named(tmp_path):
    assays = read_assays(write(tmp_path, "id,Cu_ppm\nS1,3\nS2,\nS3,-9999\n"))
    assert assays.attrs["without_results"] == ["S2", "S3"]
    assert assays.attrs["missing"] == {"Cu_ppm": 1}
    assert any("2 samples have no result" in note for note in assays.attrs["notes"])


def test_companions_written_by_spread_are_read_again(tmp_path):
    text = (
        "sample_id,Cu_ppm,Cu_ppm_censored,Cu_ppm_detection_limit,Cu_ppm_method,"
        "Cu_ppm_lab_batch,Cu_ppm_imputed\nS1,0.3,True,0.5,ICP,B1,True\n"
        "S2,9,False,0.5,XRF,B2,False\n"
    )
    assays = read_assays(write(tmp_path, text))
    assert list(assays["analyte"]) == ["Cu_ppm", "Cu_ppm"]
    assert list(assays["method"]) == ["ICP", "XRF"]
    assert list(assays["lab_batch"]) == ["B1", "B2"]
    assert list(assays["imputed"]) == [True, False]


@pytest.mark.parametrize(
    "limits",
    [
        {"Cu_ppm": 0.5, "B2": {"Cu_ppm": 2.0}},
        pd.DataFrame({
            "analyte": ["Cu", "Cu"], "unit": ["ppm", "ppm"], "batch": ["", "B2"],
            "detection_limit": [0.5, 2.0],
        }),
        pd.DataFrame({"batch": ["", "B2"], "Cu_ppm": [0.5, 2.0]}),
    ],
)  # fmt: skip
def test_limits_per_element_and_batch(tmp_path, limits):
    path = write(tmp_path, "id,batch,Cu_ppm\nS1,B1,nd\nS2,B2,7\nS3,B2,<1\n")
    assays = read_assays(path, limits=limits)
    assert list(assays["detection_limit"]) == [0.5, 2.0, 1.0]
    assert list(assays["value"]) == [0.5, 7.0, 1.0]
    assert any("take the one stated" in note for note in assays.attrs["notes"])


def test_limits_of_a_file(tmp_path):
    path = write(tmp_path, "id,batch,Cu_ppm\nS1,B1,3\nS2,B2,7\n")
    limits = write(
        tmp_path, "批次,元素,单位,检出限\nB1,铜,10-6,0.5\nB2,Cu,g/t,1\n", "l.csv"
    )
    assert list(read_assays(path, limits=limits)["detection_limit"]) == [0.5, 1.0]


def test_limits_from_values(tmp_path):
    path = write(tmp_path, "id,batch,Cu_ppm\nS1,B1,<0.5\nS2,B1,3\nS3,B2,4\n")
    assays = read_assays(path, limits="from_values")
    np.testing.assert_array_equal(assays["detection_limit"], [0.5, 0.5, np.nan])
    assert any("1 results take the limit" in note for note in assays.attrs["notes"])


def test_limits_that_are_no_limits_are_listed(tmp_path):
    path = write(tmp_path, "id,Cu_ppm\nS1,3\n")
    limits = pd.DataFrame(
        {"analyte": ["Cu_ppm", "Zn_ppm", "Zn_ppm"], "dl": ["0", "2", "3"]}
    )
    with pytest.raises(DataProblems, match="not positive") as caught:
        read_assays(path, limits=limits)
    assert [p.row for p in caught.value.problems] == [1, 3]
    with pytest.raises(FileNotFoundError, match="no such file of limits"):
        read_assays(path, limits=tmp_path / "none.csv")


def test_all_bad_cells_are_listed_with_row_and_remedy(tmp_path):
    path = write(tmp_path, "id,Cu_ppm,Au_ppb\nS1,3,4\nS2,x,5\n,6,7\nS4,8,y?\n")
    with pytest.raises(DataProblems) as caught:
        read_assays(path)
    found = [(p.row, p.column, p.value) for p in caught.value.problems]
    assert found == [(2, "Cu_ppm", "x"), (4, "Au_ppb", "y?")]
    path = write(tmp_path, "id,Cu_ppm,Au_ppb\nS1,3,4\n,6,7\n")
    with pytest.raises(DataProblems, match=r"row 2.*without a sample"):
        read_assays(path)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("id,Cu_ppm\nunit,ppb\nS1,3\n", "the header says ppm, the row of units"),
        (
            "id,Cu,Zn,As,Pb,Ni\nunit,ppm,ppm,ppm,ppm,furlong\nS1,3,3,3,3,3\n",
            "not known",
        ),
        ("id,element,value,unit\nS1,Cu,3,furlong\n", "unit of 'Cu' is not known"),
        ("id,element,value,unit\nS1,Cu_ppm,3,ppb\n", "'Cu_ppm' says ppm, its unit"),
        ("id,element,value,unit\nS1,,3,ppb\n", "names no analyte"),
        ("id,colour\nS1,red\n", "no column holds contents"),
    ],
)
def test_contradictions_are_refused(tmp_path, text, match):
    with pytest.raises(DataProblems, match=match):
        read_assays(write(tmp_path, text))


def test_arguments_are_checked(tmp_path):
    path = write(tmp_path, "id,Cu_ppm\nS1,3\n")
    with pytest.raises(ValueError, match="layout must be one of"):
        read_assays(path, layout="tall")
    with pytest.raises(ValueError, match="constants may name"):
        read_assays(path, constants={"colour": "red"})
    with pytest.raises(ValueError, match="'furlong' is not known"):
        read_assays(path, constants={"unit": "furlong"})
    with pytest.raises(ValueError, match="did you mean 'Cu_ppm'"):
        read_assays(path, columns={"value": "Cu_ppb"})
    with pytest.raises(DataProblems, match="no column for analyte and value"):
        read_assays(path, layout="long")
    with pytest.raises(FileNotFoundError):
        read_assays(tmp_path / "none.csv")


def test_same_id_in_all_rows_is_no_id(tmp_path):
    with pytest.raises(DataProblems, match="no column names the samples"):
        read_assays(write(tmp_path, "what,Cu_ppm\nx,3\nx,4\nx,4\n"))


def test_notes_are_logged(tmp_path, caplog):
    with caplog.at_level(logging.INFO, logger="survey.quality.results._assays"):
        read_assays(write(tmp_path, "id,Cu_ppm\nS1,0\n"))
    assert "1 contents are exactly 0" in caplog.text


def test_control_samples_of_the_district():
    controls = read_assays(f"{DISTRICT}/quality_control.csv", limits="from_values")
    assert set(controls["qc_type"]) == {
        "field duplicate",
        "reference material",
        "blank",
    }
    assert set(controls["lab_batch"]) == {f"S{i}" for i in range(1, 6)} | {
        f"T{i}" for i in range(1, 5)
    }
    one = controls[controls["sample_id"] == "BXQ003"].set_index("analyte")
    assert one.loc["Au_ppb", "censored"]
    assert set(one["original_id"]) == {"BXS0048"}
    assert one.loc["Cu_ppm", "detection_limit"] == 2
    assert len(controls) == 178 * 7


def test_stream_sediments_of_the_district():
    assays = read_assays(f"{DISTRICT}/stream_sediments_gbk.csv")
    cells = pd.read_csv(
        f"{DISTRICT}/stream_sediments_gbk.csv", encoding="gbk", dtype=str
    )
    contents = cells.filter(regex="10-")
    assert len(assays) == (~contents.isin(["未分析"]) & contents.notna()).sum().sum()
    assert assays["censored"].sum() == (
        contents.apply(lambda c: c.str.startswith("<") | (c == "未检出")).sum().sum()
    )
    assert set(assays["laboratory"]) == {"A", "B"}


def test_gswa_mixed_methods_and_codes(real_data):
    path = real_data("geochem/gswa_stream_sediment_au") / "sediment_samples.csv"
    assays = read_assays(path, columns={"lab_batch": "WAMEX_A_NO"})
    raw = pd.read_csv(path)
    numbers = raw.filter(regex="_(ppm|ppb|pct)$")
    assert assays["censored"].sum() == ((numbers < 0) & (numbers > -9000)).sum().sum()
    assert sum(assays.attrs["missing"].values()) == (numbers == -9999).sum().sum()
    assert assays.attrs["zero"]["Au_ppm"] == 154
    assert len(assays) == (numbers.notna() & (numbers != -9999)).sum().sum()
    assert "Y" not in set(assays["analyte"])


def test_gtk_till_with_flag_columns(real_data):
    folder = real_data("geochem/gtk_till_central_lapland")
    assays = read_assays(folder / "IOCG_CLB_Till_Geochem_reg_511p.gpkg")
    assert {"511", "511P"} <= set(assays["method"])
    assert assays.attrs["censored"]["Zr_ppm"] == 166


def test_rgr_reference_materials(real_data):
    path = real_data("qaqc/rgr_quality_control") / "crm.test.csv"
    assays = read_assays(path, constants={"unit": "ppm"})
    assert len(assays) == 97
    assert set(assays["analyte"]) == {"Cu_ppm"}
    assert {"STSD-2", "X", "Y", "Z"} <= set(assays["material"])


def test_kola_standard_by_several_methods(real_data):
    path = real_data("qaqc/kola_quality_control") / "CHorSTANDARD.csv"
    assays = read_assays(path, columns={"sample_id": "X.Loc"})
    assert set(assays["method"]) >= {"", "INAA"}
    assert (assays["analyte"] == "Ba").sum() == 104
