"""Built notebooks and catalogues are in step with the texts; no output is stored."""

import shutil
from pathlib import Path

import pytest

from prospect.notebooks import build_notebooks, check_notebook, update_catalogue

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("[0-9]*.py"))
HINT = "run: make notebooks"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The notebooks, built anew from copies of texts and catalogues."""
    folder = tmp_path_factory.mktemp("built") / "notebooks"
    for path in [*NOTEBOOKS, *FOLDER.glob("*/[0-9]*.po")]:
        target = folder / path.relative_to(FOLDER)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    return folder, build_notebooks(folder)


def test_every_built_notebook_is_up_to_date(built):
    folder, done = built
    names = {path.relative_to(folder) for path in done.files}
    there = {p.relative_to(FOLDER) for p in FOLDER.rglob("[0-9]*.ipynb")}
    assert there == names, HINT
    for name in sorted(names):
        assert (FOLDER / name).read_bytes() == (folder / name).read_bytes(), HINT


def test_nothing_is_missing_in_the_catalogues(built):
    _, done = built
    stale = [p for p in done.problems if p.what.values.get("stale")]
    assert [str(problem) for problem in stale] == [], HINT


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_catalogue_has_the_paragraphs_of_the_text(built, path):
    folder, _ = built
    other = next(folder.glob(f"*/{path.stem}.po"))
    before = other.read_text(encoding="utf-8").replace("\n", "")
    update_catalogue(folder / path.name)
    after = other.read_text(encoding="utf-8").replace("\n", "")
    assert after.split("Generated-By")[1] == before.split("Generated-By")[1], HINT


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_built_as_written_keeps_to_the_anatomy(path):
    assert check_notebook(path.with_suffix(".ipynb")) == []
