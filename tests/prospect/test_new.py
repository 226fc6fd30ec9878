"""A first district file: what is guessed, what is left to a person."""

import shutil
import tomllib

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
from shapely.geometry import box

from prospect import check_district, new_district, read_district
from survey import DataProblems

CRS = "EPSG:32754"


@pytest.fixture
def folder(tiny_source, tmp_path):
    """Maps and tables as people have them."""
    folder = tmp_path / "工区 maps"
    (folder / "地质").mkdir(parents=True)
    shutil.copy(tiny_source / "mag.tif", folder)
    shutil.copy(tiny_source / "deposits.gpkg", folder / "gold_deposits.gpkg")
    with rasterio.open(tiny_source / "mag.tif") as source:
        values, profile = source.read(), source.profile
    with rasterio.open(folder / "gravity.tif", "w", **profile | {"crs": None}) as bare:
        bare.write(values)
    lines = gpd.read_file(tiny_source / "faults.geojson").set_crs(CRS, allow_override=1)
    lines.to_file(folder / "地质" / "faults.shp")
    halves = [box(4e5 + x, 7.595e6, 4e5 + x + 3000, 7.6e6) for x in (0, 3000)]
    units = {"unit": ["granite", "schist"], "id": [1, 2]}
    gpd.GeoDataFrame(units, geometry=halves, crs=CRS).to_file(
        folder / "地质/geology.gpkg"
    )
    soil = pd.read_csv(tiny_source / "soil.csv")
    soil["岩性"] = "花岗岩"
    soil.to_csv(folder / "soil.csv", index=False, encoding="gbk")
    (folder / "readme.txt").write_text("about these files")
    (folder / ".hidden.tif").write_bytes(b"")
    return folder


def by_name(path):
    content = tomllib.loads(path.read_text("utf-8"))
    return {layer["name"]: layer for layer in content["evidence"]}, content


def fill_in(path, crs):
    """Decide as a person would; the notes above are left as they are."""
    lines = path.read_text("utf-8").splitlines()
    said = [x if x.startswith("#") else x.replace("DECIDE", crs) for x in lines]
    path.write_text("\n".join(said), encoding="utf-8")


def test_every_kind_of_file_finds_its_treatment(folder):
    new = new_district(folder)
    assert new.path == folder / "district.toml"
    layers, content = by_name(new.path)
    found = {name: layer["treatment"] for name, layer in layers.items()}
    assert found == {
        "As_ppm": "interpolated",
        "faults_distance": "distance_to",
        "geology": "categorical",
        "gravity": "as_is",
        "mag": "as_is",
    }
    assert layers["geology"]["column"] == "unit"
    assert layers["faults_distance"]["file"] == "地质/faults.shp"
    assert content["deposits"]["file"] == "gold_deposits.gpkg"
    assert content["district"]["crs"] == CRS
    assert content["district"]["resolution"] == 100
    assert content["district"]["region_from"] == "mag"


def test_guesses_and_decisions_are_said_and_written_down(folder):
    new = new_district(folder)
    decisions, guesses = "\n".join(new.decisions), "\n".join(new.guesses)
    assert "gravity.tif declares no CRS" in decisions
    assert "soil.csv: in which CRS" in decisions
    assert "地质/geology.gpkg: which column" in decisions
    assert "faults.shp: lines, taken as distance" in guesses
    assert "its 40 points are the known deposits" in guesses
    text = new.path.read_text("utf-8")
    assert all(note in text for note in [*new.guesses, *new.decisions])
    layers, _ = by_name(new.path)
    undecided = {name for name, layer in layers.items() if layer.get("crs") == "DECIDE"}
    assert undecided == {"gravity", "As_ppm"}


def test_check_tells_what_is_undecided_and_passes_when_it_is_decided(folder):
    path = new_district(folder).path
    problems = check_district(path)
    assert {problem.layer for problem in problems} == {"gravity", "As_ppm", None}
    undecided = [problem for problem in problems if "'DECIDE'" in problem.what]
    assert len(undecided) == 2
    fill_in(path, CRS)
    left = [str(problem) for problem in check_district(path)]
    assert len(left) == 1
    assert "unit cells" in left[0]
    text = path.read_text("utf-8").replace(
        "[district]", "[district]\nunit_cell_area=0.1"
    )
    path.write_text(text, encoding="utf-8")
    assert check_district(path) == []


@pytest.mark.parametrize("place", ["beside/a.toml", "工区 maps/地质/a.toml", "a.toml"])
def test_names_are_right_wherever_the_file_is_written(place, folder, tmp_path):
    out = tmp_path / place
    path = new_district(folder, out=out).path
    assert path == out
    district = read_district(path)
    for source in district.sources:
        assert not source.file.startswith("/")
        assert district.path(source).exists(), source.file


def test_names_far_away_are_whole(folder):
    from prospect._new import _way

    assert _way(folder / "here", folder).as_posix() == ".."
    assert _way(folder.anchor / folder.relative_to("/").parents[0], folder) != folder
    elsewhere = type(folder)("/elsewhere/districts")
    assert _way(elsewhere, folder) == folder.resolve()


def test_result_of_a_run_and_zarr_chunks_are_not_looked_at(folder):
    (folder / "result" / "work" / "steps").mkdir(parents=True)
    shutil.copy(folder / "mag.tif", folder / "result" / "score.tif")
    (folder / "cube.zarr" / "c").mkdir(parents=True)
    (folder / "cube.zarr" / "c" / "zarr.json").write_text("{}")
    new = new_district(folder)
    said = new.path.read_text("utf-8")
    assert "score" not in said
    assert "zarr.json" not in said


def test_names_of_layers_are_told_apart(folder):
    for name in ("a/mag.tif", "b/mag.tif", "mag_2.tif"):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(folder / "mag.tif", folder / name)
    path = new_district(folder).path
    names = [layer.name for layer in read_district(path).evidence]
    assert len(names) == len(set(names)) == 8


def test_segments_and_tables_without_crs(tmp_path):
    lines = "name,x0,y0,x1,y1\nF1,401000,7595500,404500,7599500\n"
    (tmp_path / "faults.csv").write_text(lines)
    (tmp_path / "mines.csv").write_text("x,y\n401000,7596000\n402000,7597000\n")
    new = new_district(tmp_path)
    layers, content = by_name(new.path)
    assert layers["faults_distance"]["segment"] == ["x0", "y0", "x1", "y1"]
    assert layers["faults_distance"]["crs"] == "DECIDE"
    assert content["deposits"] == {"file": "mines.csv", "crs": "DECIDE"}
    assert content["district"]["crs"] == "DECIDE"
    fill_in(new.path, CRS)
    region = "[district]\nregion = [400000, 405000, 7595000, 7600000]"
    text = new.path.read_text("utf-8").replace("[district]", region)
    new.path.write_text(text.replace("folds = 5", "folds = 2"), encoding="utf-8")
    assert check_district(new.path) == []


def test_vector_without_crs_is_not_taken_for_degrees(tmp_path, tiny_source):
    table = gpd.read_file(tiny_source / "deposits.gpkg").set_crs(None, allow_override=1)
    table.to_file(tmp_path / "deposits.gpkg")
    content = tomllib.loads(new_district(tmp_path).path.read_text("utf-8"))
    assert content["deposits"] == {"file": "deposits.gpkg", "crs": "DECIDE"}
    assert content["district"]["crs"] == "DECIDE"


def test_unreadable_files_are_told_and_left_out(folder):
    (folder / "broken.tif").write_bytes((folder / "mag.tif").read_bytes()[:4])
    (folder / "broken.gpkg").write_bytes(b"not a database")
    (folder / "broken.shp").write_bytes(b"")
    (folder / "prices.csv").write_text("year,price\n2020,5\n")
    new = new_district(folder)
    for name in ("broken.tif", "broken.gpkg", "broken.shp", "prices.csv"):
        notes = [note for note in new.decisions if note.startswith(name)]
        assert len(notes) == 1, name
        assert "could not be read as it is" in notes[0]
        assert str(folder) not in notes[0]
    layers, _ = by_name(new.path)
    assert "broken" not in layers


def test_existing_file_is_kept(folder):
    (folder / "district.toml").write_text("mine")
    with pytest.raises(FileExistsError, match=r"already there: move it away .*--out"):
        new_district(folder)
    assert (folder / "district.toml").read_text() == "mine"


def test_empty_or_missing_or_unreadable_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nothing readable in .*\.csv"):
        new_district(tmp_path)
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        new_district(tmp_path / "nowhere")
    (tmp_path / "prices.csv").write_text("year,price\n2020,5\n")
    with pytest.raises(FileNotFoundError, match=r"prices.csv could not be read"):
        new_district(tmp_path)
    assert not (tmp_path / "district.toml").exists()


def test_cloncurry(real_data, tmp_path):
    new = new_district(real_data("mpm/cloncurry_iocg"), out=tmp_path / "c.toml")
    district = read_district(new.path)
    assert district.crs == "EPSG:7845"
    assert district.resolution == 100
    assert len(district.evidence) == 7
    assert check_district(new.path) == []


@pytest.mark.parametrize(
    ("name", "crs", "region"),
    [
        ("gawler_vectors", "EPSG:28353", [300000, 700000, 6400000, 6800000]),
        ("murchison_gold", "EPSG:32750", [500000, 600000, 6800000, 6900000]),
    ],
)
def test_real_folders_want_a_crs_and_then_pass(name, crs, region, real_data, tmp_path):
    new = new_district(real_data(f"mpm/{name}"), out=tmp_path / "d.toml")
    with pytest.raises(DataProblems, match="DECIDE"):
        raise DataProblems(check_district(new.path))
    fill_in(new.path, crs)
    text = new.path.read_text("utf-8")
    text = text.replace("[district]", f"[district]\nregion = {region}")
    new.path.write_text(text, encoding="utf-8")
    left = check_district(new.path)
    assert [problem for problem in left if problem.severity == "error"] == []
    assert len(left) == 1
    assert "lie outside the region" in str(left[0])
    assert np.isfinite(read_district(new.path).resolution)
