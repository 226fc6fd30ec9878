"""Copies of curated notebooks: nothing of a person is ever overwritten."""

import json

import pytest

from prospect.notebooks import copy_notebook, list_notebooks
from survey import DataProblems


def edit(path, change):
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content), encoding="utf-8")


def add_line(content):
    content["cells"][1]["source"] = "x = 2  # mine"


def run(content):
    output = {"output_type": "stream", "name": "stdout", "text": "1"}
    content["cells"][1]["outputs"] = [output]


def test_new_then_yours(shelf, tmp_path):
    book = list_notebooks(folder=shelf)[0]
    made = copy_notebook(book, tmp_path / "mine")
    assert (made.state, made.path.name) == ("new", "01_start.ipynb")
    edit(made.path, add_line)
    before = made.path.read_bytes()
    again = copy_notebook(book, tmp_path / "mine")
    assert (again.state, again.path, again.beside) == ("yours", made.path, None)
    assert made.path.read_bytes() == before
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["01_start.ipynb"]


def test_each_language_is_a_copy_of_its_own(shelf, tmp_path):
    first, second = list_notebooks(folder=shelf)
    assert copy_notebook(first, tmp_path, lang="zh").path.name == "01_start_zh.ipynb"
    # what has no translation comes as it was written
    assert copy_notebook(second, tmp_path, lang="en").path.name == "07_china.ipynb"


def test_new_version_replaces_only_what_was_neither_edited_nor_run(
    shelf, tmp_path, write
):
    book = list_notebooks(folder=shelf)[0]
    copy = copy_notebook(book, tmp_path).path
    write(shelf / "01_start.ipynb", code=("x = 10",))
    assert copy_notebook(book, tmp_path).state == "updated"
    assert "x = 10" in copy.read_text(encoding="utf-8")


@pytest.mark.parametrize("change", [add_line, run])
def test_new_version_lands_beside_what_was_edited_or_run(
    shelf, tmp_path, write, change
):
    book = list_notebooks(folder=shelf)[0]
    copy = copy_notebook(book, tmp_path).path
    edit(copy, change)
    before = copy.read_bytes()
    write(shelf / "01_start.ipynb", code=("x = 10",))
    done = copy_notebook(book, tmp_path)
    assert (done.state, done.path) == ("beside", copy)
    assert "x = 10" in done.beside.read_text(encoding="utf-8")
    assert copy.read_bytes() == before
    # asked again, the same one is named, and no other is made
    assert copy_notebook(book, tmp_path).beside == done.beside
    edit(done.beside, add_line)
    assert copy_notebook(book, tmp_path).beside == done.beside
    write(shelf / "01_start.ipynb", code=("x = 11",))
    third = copy_notebook(book, tmp_path).beside
    assert third != done.beside
    assert "# mine" in done.beside.read_text(encoding="utf-8")


def test_reset_keeps_what_was_there(shelf, tmp_path):
    book = list_notebooks(folder=shelf)[0]
    copy = copy_notebook(book, tmp_path).path
    edit(copy, add_line)
    first = copy_notebook(book, tmp_path, reset=True)
    second = copy_notebook(book, tmp_path, reset=True)
    assert (first.state, first.path) == ("reset", copy)
    assert "# mine" in first.beside.read_text(encoding="utf-8")
    assert first.beside != second.beside
    assert "# mine" not in copy.read_text(encoding="utf-8")


def test_what_is_no_notebook_of_ours_is_left_alone(shelf, tmp_path):
    book = list_notebooks(folder=shelf)[0]
    (tmp_path / "01_start.ipynb").write_text("my notes")
    done = copy_notebook(book, tmp_path)
    assert done.state == "beside"
    assert (tmp_path / "01_start.ipynb").read_text() == "my notes"


def test_a_folder_of_the_name_is_refused(shelf, tmp_path):
    (tmp_path / "01_start.ipynb").mkdir()
    with pytest.raises(FileExistsError, match="is no file: rename it"):
        copy_notebook(list_notebooks(folder=shelf)[0], tmp_path)


def test_a_notebook_from_a_newer_version_is_refused(shelf, tmp_path, write):
    write(shelf / "01_start.ipynb", format=2)
    book = list_notebooks(folder=shelf)[0]
    with pytest.raises(DataProblems, match="newer version of the workbench"):
        copy_notebook(book, tmp_path)
    assert "更新版本" in book.problem.what.say("zh")


def test_a_newer_copy_of_mine_is_kept(shelf, tmp_path):
    book = list_notebooks(folder=shelf)[0]
    copy = copy_notebook(book, tmp_path).path
    edit(copy, lambda content: content["metadata"]["workbench"].update(format=2))
    assert copy_notebook(book, tmp_path).state == "beside"


def test_a_copy_says_what_its_kernel_says(shelf, tmp_path):
    # JupyterLab shows a notebook as changed when the kernel's words differ
    kernel = pytest.importorskip("ipykernel.ipkernel").IPythonKernel
    made = copy_notebook(list_notebooks(folder=shelf)[0], tmp_path)
    content = json.loads(made.path.read_text(encoding="utf-8"))
    assert content["metadata"]["language_info"] == kernel.language_info
