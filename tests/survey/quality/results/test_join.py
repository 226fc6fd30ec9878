import pandas as pd
import pytest

from survey import DataProblems
from survey.quality import join_assays, read_assays


def table(folder, name, text):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return read_assays(path)


def test_batches_join_with_counts_and_sources(tmp_path):
    one = table(tmp_path, "a.csv", "id,batch,Cu_ppm\nS1,B1,<0.5\nS2,B1,3\n")
    two = table(tmp_path, "b.csv", "id,batch,Cu_ppm,Zn_ppm,qc_type\nS3,B2,<1,0,blank\n")
    before = one.copy()
    joined = join_assays(one, two)
    assert list(joined["sample_id"]) == ["S1", "S2", "S3", "S3"]
    assert list(joined["lab_batch"]) == ["B1", "B1", "B2", "B2"]
    assert list(joined["detection_limit"].fillna(0)) == [0.5, 0, 1, 0]
    assert list(joined["qc_type"]) == ["", "", "blank", "blank"]
    assert joined.attrs["censored"] == {"Cu_ppm": 2}
    assert joined.attrs["zero"] == {"Zn_ppm": 1}
    assert joined.attrs["sources"] == ["a.csv", "b.csv"]
    assert list(joined["source"]) == ["a.csv", "a.csv", "b.csv", "b.csv"]
    pd.testing.assert_frame_equal(one, before)


def test_repeated_results_are_kept_and_counted(tmp_path):
    one = table(tmp_path, "a.csv", "id,Cu_ppm\nS1,2\n")
    joined = join_assays(one, one)
    assert len(joined) == 2
    assert joined.attrs["repeated"] == 1


def test_several_units(tmp_path):
    one = table(tmp_path, "a.csv", "id,Au_ppb\nS1,2\n")
    two = table(tmp_path, "b.csv", "id,Au (g/t)\nS2,<0.01\n")
    with pytest.raises(
        DataProblems, match="Au stands in several units: Au_ppb, Au_ppm"
    ):
        join_assays(one, two)
    kept = join_assays(one, two, units="keep")
    assert list(kept["analyte"]) == ["Au_ppb", "Au_ppm"]
    first = join_assays(one, two, units="first")
    assert list(first["analyte"]) == ["Au_ppb", "Au_ppb"]
    assert list(first["value"]) == [2, 10]
    assert list(first["detection_limit"])[1] == 10
    assert "1 results of Au_ppm converted to Au_ppb" in first.attrs["notes"]


def test_refusals():
    with pytest.raises(ValueError, match="no table"):
        join_assays()
    with pytest.raises(ValueError, match="units must be"):
        join_assays(pd.DataFrame(), units="any")
    with pytest.raises(ValueError, match="no column 'sample_id'"):
        join_assays(pd.DataFrame({"analyte": [], "value": []}))
