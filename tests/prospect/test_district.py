"""The district file: defaults, names of files, every fault of the file at once."""

from pathlib import Path

import pytest

from prospect import District, read_district
from survey import DataProblems

LEAST = """\
[district]
name = "least"
crs = "EPSG:32754"
resolution = 100

[[evidence]]
name = "mag"
file = "mag.tif"
treatment = "as_is"

[deposits]
file = "deposits.gpkg"

[[model]]
kind = "random_forest"
"""


def write(folder, text):
    path = folder / "district.toml"
    path.write_text(text, encoding="utf-8")
    return path


def problems(folder, old, new):
    assert old in LEAST
    with pytest.raises(DataProblems) as caught:
        read_district(write(folder, LEAST.replace(old, new)))
    return [
        str(problem).partition("district.toml")[2] for problem in caught.value.problems
    ]


def test_least_file_has_the_documented_defaults(tmp_path):
    district = read_district(write(tmp_path, LEAST))
    assert district.folder == tmp_path
    assert district.region is None
    assert district.unit_cell_area == 1
    assert district.random_state == 0
    assert district.background.method == "random"
    assert district.background.n == 10_000
    assert district.validation.folds == 5
    assert district.validation.block_size == district.validation.buffer == "auto"
    assert district.targets.area_share == "auto"
    assert district.model[0].key == "random_forest"


def test_keys_may_stand_without_the_head(tmp_path):
    plain = read_district(write(tmp_path, LEAST.replace("[district]\n", "")))
    assert plain == read_district(write(tmp_path, LEAST))


def test_byte_order_mark_and_chinese(tmp_path):
    text = LEAST.replace('"least"', '"铜矿区"').replace('"mag"', '"磁异常"')
    path = tmp_path / "district.toml"
    path.write_text(text, encoding="utf-8-sig")
    district = read_district(path)
    assert district.name == "铜矿区"
    assert district.evidence[0].name == "磁异常"


def test_names_start_from_the_folder_of_the_file(tmp_path, monkeypatch):
    district = read_district(write(tmp_path, LEAST))
    assert district.path(district.deposits) == tmp_path / "deposits.gpkg"
    monkeypatch.chdir(tmp_path)
    near = read_district("district.toml")
    assert near.path(near.deposits) == Path("deposits.gpkg")
    whole = LEAST.replace('"deposits.gpkg"', f'"{tmp_path}/a/d.gpkg"')
    far = read_district(write(tmp_path, whole))
    assert far.path(far.deposits) == tmp_path / "a" / "d.gpkg"


def test_sources_are_all_that_is_read(tmp_path):
    more = """
    [mask]
    file = "licence.gpkg"
    [background]
    method = "bias_aware"
    effort = { file = "drilled.csv" }
    others = { file = "others.csv" }
    [scene]
    elevation = { file = "dem.tif" }
    """
    frame = LEAST.replace("resolution", 'region_from = "frame.gpkg"\nresolution')
    names = "mag.tif deposits.gpkg licence.gpkg drilled.csv others.csv dem.tif"
    district = read_district(write(tmp_path, LEAST + more))
    assert [source.file for source in district.sources] == names.split()
    district = read_district(write(tmp_path, frame + more))
    assert district.sources[-1].file == "frame.gpkg"
    named = frame.replace("frame.gpkg", "mag")
    district = read_district(write(tmp_path, named + more))
    assert [source.file for source in district.sources] == names.split()


def test_a_district_does_not_change(tmp_path):
    district = read_district(write(tmp_path, LEAST))
    with pytest.raises(ValueError, match="frozen"):
        district.name = "other"
    assert District(**district.model_dump()) == district


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('kind = "random_forest"', 'kind = "forest"', "model 1 'forest', kind"),
        ("resolution = 100", "resolution = 0", "resolution: Input should be greater"),
        ("resolution = 100", "resolution = nan", "value 'nan': resolution"),
        ("resolution = 100", "resolution = inf", "value 'inf': resolution"),
        ("resolution = 100", 'resolution = "fine"', "value 'fine': resolution"),
        ("resolution = 100", "", "resolution: this key is missing. Remedy: add this"),
        (
            "[district]",
            "[district]\nregion = [1, 2, 3]",
            "region 4: this key is missing",
        ),
        ('"as_is"', '"buffer"', "evidence 1 'mag', treatment"),
        ('name = "mag"', 'name = "a/b"', "evidence 1 'a/b', name"),
        ('name = "mag"', 'name = "../b"', "evidence 1 '../b', name"),
        ("[deposits]", "[deposit]", "did you mean 'deposits'?"),
        ("[[model]]", "[validation]\nfolds = 1\n[[model]]", "validation, folds"),
        ("[[model]]", "[model]", "model"),
        ('[[model]]\nkind = "random_forest"', "model = []", "model"),
        ("[district]", '[district]\nfolder = "/etc"', "folder: no such key"),
        ("[district]", 'district = "a"\n[more]', "district is no table"),
    ],
)
def test_faults_name_the_key(old, new, words, tmp_path):
    assert any(words in line for line in problems(tmp_path, old, new))


def test_all_faults_are_told_together(tmp_path):
    new = 'treatment = "buffer"\nunit = "nT"\nband = "first"'
    found = problems(tmp_path, 'treatment = "as_is"', new)
    assert len(found) == 3
    assert sum("did you mean 'units'?" in line for line in found) == 1


def test_models_of_one_kind_need_names(tmp_path):
    two = 'kind = "random_forest"\n[[model]]\nkind = "random_forest"'
    (line,) = problems(tmp_path, 'kind = "random_forest"', two)
    assert "model names must be unique; twice: ['random_forest']" in line
    named = two + '\nname = "other"'
    text = LEAST.replace('kind = "random_forest"', named)
    district = read_district(write(tmp_path, text))
    assert [model.key for model in district.model] == ["random_forest", "other"]


def test_file_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_district(tmp_path / "nowhere.toml")
