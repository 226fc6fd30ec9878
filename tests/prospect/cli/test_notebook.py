"""The commands on notebooks, from the template to the gallery."""

import json

import pytest
from typer.testing import CliRunner

from prospect.cli._app import app


def call(*arguments):
    return CliRunner().invoke(app, ["notebook", *map(str, arguments)])


@pytest.fixture
def shelf(tmp_path):
    folder = tmp_path / "notebooks"
    done = call("new", folder / "20_gold.py", "--title", "Gold in streams")
    assert done.exit_code == 0, done.output
    assert call("translate", folder / "20_gold.py").exit_code == 0
    assert call("build", folder).exit_code == 0
    return folder


def test_from_the_template_to_a_copy_of_mine(shelf, tmp_path):
    rows = call("list", "--folder", shelf).stdout.splitlines()
    assert rows[0] == "name\tminutes\tmemory_gb\tlanguages\ttitle"
    assert rows[1] == "20_gold\t1\t1\ten+zh\tGold in streams"
    mine = tmp_path / "mine"
    options = ("--to", mine, "--folder", shelf)
    assert call("copy", "20", *options).stdout.startswith("Copied: ")
    assert (mine / "20_gold.ipynb").exists()
    assert "as it is" in call("copy", "20_gold", *options).stdout
    again = call("copy", "20", "--reset", "--lang", "zh", *options)
    assert again.stdout.startswith("已复制")
    assert (mine / "20_gold_zh.ipynb").exists()
    reset = call("copy", "20", "--reset", *options).stdout.splitlines()
    assert reset[0].startswith("The original again; what was there is kept as: ")
    assert reset[1] == str(mine / "20_gold.ipynb")
    assert len(list(mine.iterdir())) == 3


def test_problems_are_told_and_set_the_exit_code(shelf):
    good = shelf / "20_gold.py"
    assert call("check", good).stdout == "1 notebooks, no problems found.\n"
    text = good.read_text(encoding="utf-8").replace("minutes: 1", "minutes: 0")
    good.write_text(text, encoding="utf-8")
    for lang, said in (("en", "is no positive number"), ("zh", "发现错误 2 个")):
        done = call("check", good, "--lang", lang)
        assert done.exit_code == 3
        assert said in done.output


def test_what_is_not_translated_is_counted(shelf):
    done = call("build", shelf, "--strict", "--lang", "zh")
    assert done.exit_code == 3
    assert "警告 1 个" in done.stderr
    assert "have no translation" in done.stderr
    assert "已生成: 2" in done.stdout
    assert "missing" in call("translate", shelf / "20_gold.py").stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("copy", "99"), "No notebook is called 99. There are: 20_gold"),
        (("copy", "99", "--lang", "zh"), "没有名为 99 的笔记本"),
    ],
)
def test_unknown_names_are_refused(shelf, tmp_path, arguments, said):
    done = call(*arguments, "--folder", shelf, "--to", tmp_path / "mine")
    assert done.exit_code == 1
    assert said in done.stderr
    assert not (tmp_path / "mine").exists()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("element", "-p element: write it as name=value"),
        ("metal=Au_ppb", "no parameter metal; "),
    ],
)
def test_parameters_are_checked_before_the_run(shelf, tmp_path, given, said):
    done = call("run", shelf / "20_gold.py", "--out", tmp_path / "out", "-p", given)
    assert done.exit_code == 1
    assert said in done.stderr
    assert not (tmp_path / "out").exists()


def test_the_template_runs_and_gives_a_picture(shelf, tmp_path):
    options = ("--out", tmp_path / "out", "--in", "zh", "--thumbnail", shelf)
    done = call("run", shelf / "20_gold.py", "-p", "element=Zn_ppm", *options)
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[-1] == str(shelf / "thumbnails" / "20_gold.png")
    assert lines[-2].endswith(" GB")
    content = json.loads((tmp_path / "out" / "20_gold.ipynb").read_text("utf-8"))
    assert content["metadata"]["workbench"]["run"]["minutes"] > 0


def test_a_notebook_from_a_newer_version_is_listed_and_refused(shelf, tmp_path):
    path = shelf / "20_gold.ipynb"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["metadata"]["workbench"]["format"] = 9
    path.write_text(json.dumps(content), encoding="utf-8")
    listed = call("list", "--folder", shelf)
    assert listed.exit_code == 0
    assert "newer version of the workbench" in listed.stderr
    done = call("copy", "20", "--folder", shelf, "--to", tmp_path / "mine")
    assert done.exit_code == 3
    assert "update the workbench" in done.stderr
