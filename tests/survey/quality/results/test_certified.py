import numpy as np
import pytest

from survey import DataProblems
from survey.quality import read_certified


def write(folder, text):
    path = folder / "materials.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_wide_and_long_tell_the_same(tmp_path):
    wide = read_certified(
        write(tmp_path, "标准物质,Cu_ppm,Cu_ppm_sd,Au_ppb\nRM,21,1,3\n")
    )
    long = read_certified(
        write(
            tmp_path,
            "material,element,unit,标准值,SD\nRM,Cu,10-6,21,1\nRM,Au,ng/g,3,\n",
        )
    )
    for table in (wide, long):
        assert list(table["analyte"]) == ["Cu_ppm", "Au_ppb"]
        assert list(table["certified_value"]) == [21, 3]
        np.testing.assert_array_equal(table["certified_sd"], [1, np.nan])
        assert table.attrs["notes"] == [
            "1 of 2 certified contents come without a standard deviation"
        ]


def test_district():
    folder = "data_samples/synthetic_district/geochemistry"
    table = read_certified(f"{folder}/reference_materials.csv")
    assert len(table) == 21
    assert (
        table.set_index(["material", "analyte"]).loc[("RM-2", "Zn_ppm")].iloc[0] == 140
    )


def test_all_wrong_cells_are_listed(tmp_path):
    text = "material,Cu_ppm,Zn_ppm\nRM,-1,<5\nRM2,x,0\nRM3,,3\nRM3,4,3\n"
    with pytest.raises(DataProblems) as caught:
        read_certified(write(tmp_path, text))
    found = [(p.row, p.value) for p in caught.value.problems]
    assert found == [(1, "-1"), (2, "x"), (1, "<5"), (2, "0"), (4, "3")]


@pytest.mark.parametrize(
    ("text", "match"),
    [("id,Cu_ppm\nRM,3\n", "no column names the material"),
     ("material,colour\nRM,red\n", "certifies no content")],
)  # fmt: skip
def test_tables_that_certify_nothing(tmp_path, text, match):
    with pytest.raises(DataProblems, match=match):
        read_certified(write(tmp_path, text))
