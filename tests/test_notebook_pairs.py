"""Each notebook is kept twice, as text for review and as .ipynb to open: in step."""

from pathlib import Path

import jupytext
import nbformat
import pytest

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("[0-9]*.py"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_ipynb_holds_the_cells_of_the_text_and_no_output(path):
    text = jupytext.read(path)
    notebook = nbformat.read(path.with_suffix(".ipynb"), as_version=4)
    hint = "run: make notebooks"
    assert [c.source for c in notebook.cells] == [c.source for c in text.cells], hint
    assert all(not c.get("outputs") for c in notebook.cells), hint
