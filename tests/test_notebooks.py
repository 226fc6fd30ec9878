"""Notebooks run from the first cell to the last, and keep to public names."""

import ast
import os
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9]*.py"))
MINUTES = 10


def cells(path):
    """Kind and source of each cell of a percent notebook."""
    text = path.read_text(encoding="utf-8")
    parts = re.split(r"^# %%(.*)$", text, flags=re.MULTILINE)[1:]
    for head, body in zip(parts[::2], parts[1::2], strict=True):
        yield ("text" if "[markdown]" in head else "code"), body.strip()


def test_there_are_notebooks():
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_form(path):
    kinds = list(cells(path))
    kind, first = kinds[0]
    assert kind == "text"
    assert first.startswith("# # "), "the first cell is the title"
    code = "\n".join(body for kind, body in kinds if kind == "code")
    tree = ast.parse(code)
    names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    private = {name for name in names if name.startswith("_")}
    assert not private - {"_asdict", "_replace"}, "public names only"
    assert "Limits" in kinds[-1][1] or "limits" in kinds[-1][1], "limits are stated"
    helpers = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    assert all(len(node.body) <= 10 for node in helpers), "helpers go into the library"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_runs_from_first_cell_to_last(path, tmp_path, monkeypatch, real_data):
    import jupytext
    from nbclient import NotebookClient

    for name in re.findall(
        r'fetch_data\("([^"]+)"\)', path.read_text(encoding="utf-8")
    ):
        base = real_data(name).parents[name.count("/")]
        monkeypatch.setenv("PROSPECT_DATA_DIR", str(base))
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("MPLBACKEND", "agg")
    search = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, search)))
    client = NotebookClient(
        jupytext.read(path),
        timeout=MINUTES * 60,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
    )
    done = client.execute()
    code = [cell for cell in done.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in code)
    said = [
        output
        for cell in code
        for output in cell.outputs
        if output.output_type == "stream" and output.name == "stderr"
    ]
    assert not said, "".join(output.text for output in said)
