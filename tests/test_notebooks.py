"""The curated notebooks keep to the anatomy and run, in both languages."""

import json
from pathlib import Path

import pytest
import yaml

from prospect.notebooks import check_notebook, list_notebooks, run_notebook

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9]*.py"))
MOST_GB = 2.0


def header(path):
    """What the header says under `workbench`."""
    lines = path.read_text(encoding="utf-8").split("# ---\n")[1].splitlines()
    text = "\n".join(line.removeprefix("#")[1:] for line in lines)
    return yaml.safe_load(text)["jupyter"]["workbench"]


def test_there_are_notebooks():
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_form(path):
    assert [str(problem) for problem in check_notebook(path)] == []


def test_gallery_has_all_of_them_with_pictures():
    books = list_notebooks(folder=ROOT / "notebooks")
    assert [book.name for book in books] == [path.stem for path in NOTEBOOKS]
    for book in books:
        assert book.problem is None
        assert set(book.files) == {"en", "zh"}
        assert book.thumbnail is not None
        assert book.thumbnail.stat().st_size <= 80_000


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_runs_from_first_cell_to_last(path, tmp_path, monkeypatch, real_data):
    """In English here; the text as it was written is run in the slow tests."""
    run(path, tmp_path, monkeypatch, real_data, header(path), lang="en")


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_runs_whole_in_chinese_within_what_it_states(
    path, tmp_path, monkeypatch, real_data
):
    stated = header(path) | {"test_parameters": {}}
    done = run(path, tmp_path, monkeypatch, real_data, stated, lang="zh")
    assert done.memory_gb <= 1.5 * stated["memory_gb"]


def run(path, tmp_path, monkeypatch, real_data, stated, *, lang):
    for name in stated["data"]:
        if name != "synthetic_district":
            base = real_data(name).parents[name.count("/")]
            monkeypatch.setenv("PROSPECT_DATA_DIR", str(base))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    parameters = stated.get("test_parameters") or {}
    done = run_notebook(path, out=tmp_path, parameters=parameters, lang=lang)
    cells = json.loads(done.path.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert all(cell["execution_count"] for cell in code)
    outputs = [output for cell in code for output in cell["outputs"]]
    said = [o["text"] for o in outputs if o.get("name") == "stderr"]
    assert not said, "".join("".join(text) for text in said)
    assert any("image/png" in output.get("data", {}) for output in outputs)
    assert 0 < done.memory_gb <= MOST_GB
    return done
