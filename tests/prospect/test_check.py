"""All problems of a district at once; each fault by itself is in job/test_bad_input."""

import hashlib
import os
from pathlib import Path

import geopandas as gpd
import pytest
from shapely.geometry import box

from prospect import check_district
from prospect._listing import listing
from survey import DataProblems, Problem


def change(path, old, new):
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def content(folder):
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir()
    }


def test_good_district_has_no_problem_and_nothing_is_written(tiny):
    before = content(tiny.parent)
    assert check_district(tiny) == []
    assert check_district(str(tiny)) == []
    assert content(tiny.parent) == before


def test_from_its_own_folder_and_as_relative_path(tiny, monkeypatch):
    monkeypatch.chdir(tiny.parent)
    assert check_district("district.toml") == []
    monkeypatch.chdir(tiny.parents[1])
    assert check_district(Path("district") / "district.toml") == []


def test_no_such_file_and_a_folder(tmp_path):
    (problem,) = check_district(tmp_path / "nowhere.toml")
    assert problem.file == str(tmp_path / "nowhere.toml")
    assert "prospect new" in problem.remedy
    (problem,) = check_district(tmp_path)
    assert "cannot be read" in problem.what


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_file_that_may_not_be_read(tiny):
    (tiny.parent / "mag.tif").chmod(0)
    (problem,) = check_district(tiny)
    assert problem.layer == "mag"


def test_mask_background_and_elevation_are_looked_into(tiny):
    folder = tiny.parent
    inside = gpd.GeoDataFrame(
        {"n": [1]}, geometry=[box(4e5, 7.595e6, 4.03e5, 7.6e6)], crs="EPSG:32754"
    )
    inside.to_file(folder / "licence.geojson")
    inside.translate(100_000, 0).to_file(folder / "away.geojson")
    change(tiny, "[deposits]", '[mask]\nfile = "licence.geojson"\n\n[deposits]')
    effort = 'method = "bias_aware"\neffort = { file = "soil.csv", crs = "EPSG:32754" }'
    change(tiny, 'method = "random"', effort)
    with tiny.open("a") as file:
        file.write('\n[scene.elevation]\nfile = "mag.tif"\n')
    assert check_district(tiny) == []
    change(tiny, "licence.geojson", "away.geojson")
    change(tiny, '"soil.csv", crs', '"soil.csv", x = "y", y = "x", crs')
    change(
        tiny,
        '[scene.elevation]\nfile = "mag.tif"',
        '[scene.elevation]\nfile = "faults.geojson"',
    )
    found = {problem.layer: problem for problem in check_district(tiny)}
    assert "does not overlap" in found["mask"].what
    assert found["background.effort"].file == str(folder / "soil.csv")
    assert found["scene.elevation"].file == str(folder / "faults.geojson")


def test_region_from_a_layer_is_told_once(tiny):
    change(tiny, "region = [400000, 406000, 7595000, 7600000]", 'region_from = "mag"')
    assert check_district(tiny) == []
    (tiny.parent / "mag.tif").write_bytes(b"II*\0")
    (problem,) = check_district(tiny)
    assert problem.layer == "mag"
    (tiny.parent / "mag.tif").unlink()
    (problem,) = check_district(tiny)
    assert problem.what == "there is no such file"


def test_region_from_a_file_that_is_no_layer(tiny):
    new = 'region_from = "frame.geojson"'
    change(tiny, "region = [400000, 406000, 7595000, 7600000]", new)
    frame = gpd.GeoSeries([box(4e5, 7.595e6, 4.06e5, 7.6e6)], crs="EPSG:32754")
    frame.to_file(tiny.parent / "frame.geojson")
    assert check_district(tiny) == []


def test_registered_data_are_found(tiny, real_data, monkeypatch):
    folder = real_data("mpm/murchison_gold")
    monkeypatch.setenv("PROSPECT_DATA_DIR", str(folder.parents[1]))
    change(
        tiny,
        'file = "faults.geojson"',
        'file = "data:mpm/murchison_gold/greenstone.gpkg"\ncrs = "EPSG:32750"',
    )
    problems = check_district(tiny)
    assert [problem.layer for problem in problems] == ["fault_distance"]
    assert "does not overlap" in problems[0].what


@pytest.mark.parametrize(
    ("error", "what", "remedy"),
    [
        (ValueError("a.csv: not so. Do it this way."), "not so", "do it this way"),
        (ValueError("one of (1, 2). Got 3 instead."), "one of (1, 2). Got 3", "mend"),
        (KeyError("no data set 'x'"), "no data set 'x'", "mend the input"),
        (OSError(), "OSError", "mend the input"),
    ],
)
def test_what_readers_raise_becomes_problems(error, what, remedy):
    problems = []
    with listing(problems, "a.csv", "soil"):
        raise error
    (problem,) = problems
    assert (problem.file, problem.layer) == ("a.csv", "soil")
    assert problem.what.startswith(what)
    assert problem.remedy.startswith(remedy)


def test_problems_keep_their_own_place():
    problems = []
    with listing(problems, "a.csv", "soil"):
        raise DataProblems([Problem("x", "y", file="b.csv"), Problem("z", "y", row=3)])
    assert [(p.file, p.layer, p.row) for p in problems] == [
        ("b.csv", "soil", None),
        ("a.csv", "soil", 3),
    ]


def test_faults_of_the_program_are_not_hidden():
    with pytest.raises(AttributeError), listing([], "a.csv"):
        raise AttributeError
