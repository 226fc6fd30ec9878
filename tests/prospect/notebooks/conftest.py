"""A folder of small notebooks in two languages."""

import json

import nbformat
import pytest

HEADER = {
    "format": 1,
    "language": "en",
    "tasks": ["prospectivity"],
    "minerals": ["gold"],
    "sensors": [],
    "data": ["synthetic_district"],
    "minutes": 1,
    "memory_gb": 0.5,
}


@pytest.fixture
def write():
    """Write a small notebook: path, title, further cells, header."""

    def writer(path, *, title="Start", code=("x = 1",), **header):
        text = f"# {title}\n\n**Where to look?** First *words*.\n\nMore."
        cells = [nbformat.v4.new_markdown_cell(text, id="title")]
        cells += [
            nbformat.v4.new_code_cell(source, id=f"code-{number}")
            for number, source in enumerate(code)
        ]
        notebook = nbformat.v4.new_notebook(
            cells=cells, metadata={"workbench": HEADER | header}
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(notebook, ensure_ascii=False), encoding="utf-8")
        return path

    return writer


@pytest.fixture
def shelf(tmp_path, write):
    folder = tmp_path / "notebooks"
    write(folder / "01_start.ipynb")
    write(folder / "zh" / "01_start.ipynb", title="开始")
    write(folder / "07_china.ipynb", title="区域化探", language="zh")
    (folder / "thumbnails").mkdir()
    (folder / "thumbnails" / "01_start.png").write_bytes(b"png")
    return folder
