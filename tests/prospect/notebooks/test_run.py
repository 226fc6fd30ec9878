"""Runs are measured and compared with the header; failures keep what there is."""

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from prospect.notebooks import NotebookRun, make_thumbnail, run_notebook
from survey import DataProblems

TEXT = """# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
#   workbench:
#     format: 1
#     language: en
#     minutes: 0.001
#     memory_gb: 50
# ---

# %% [markdown]
# # Small

# %% tags=["parameters"]
# how many
n = 3
# language
lang = "en"

# %%
import subprocess, sys
code = "import time; x = bytearray(300_000_000); time.sleep(1.5)"
subprocess.run([sys.executable, "-c", code], check=True)
print(f"n={n} {lang}")

# %%
1 / n
"""


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "20_small.py"
    path.write_text(TEXT, encoding="utf-8")
    return path


def printed(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", ())]
    return "".join("".join(output.get("text", "")) for output in outputs)


def test_time_and_memory_of_all_processes_are_measured(text, tmp_path):
    done = run_notebook(text, out=tmp_path / "out")
    assert printed(done.path).strip() == "n=3 en"
    assert done.html.read_text(encoding="utf-8").count("n=3 en") >= 1
    assert 0.3 < done.memory_gb < 1.5  # what a child of the kernel took is in it
    assert [p.what.values["key"] for p in done.problems] == ["minutes"]
    assert done.problems[0].what.say("zh").startswith("头部的 minutes 为")
    content = json.loads(done.path.read_text(encoding="utf-8"))
    assert content["metadata"]["workbench"]["run"]["memory_gb"] > 0.3
    assert str(tmp_path) not in done.path.read_text(encoding="utf-8")
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["20_small.html", "20_small.ipynb"]


def test_parameters_and_language_are_set_and_failures_kept(text, tmp_path):
    out = tmp_path / "out"
    with pytest.raises(RuntimeError, match=r"20_small failed with ZeroDivisionError"):
        run_notebook(text, out=out, parameters={"n": 0}, lang="zh")
    assert [path.name for path in out.iterdir()] == ["20_small.failed.ipynb"]
    assert printed(out / "20_small.failed.ipynb").startswith("n=0 zh")


def test_unknown_parameters_and_languages_are_refused(text, tmp_path):
    with pytest.raises(ValueError, match=r"no parameter lan; did you mean lang\?"):
        run_notebook(text, out=tmp_path / "out", parameters={"lan": 1})
    with pytest.raises(ValueError, match="lang='fr' is unknown"):
        run_notebook(text, out=tmp_path / "out", lang="fr")
    assert not (tmp_path / "out").exists()


def test_what_is_no_notebook_is_refused(tmp_path):
    path = tmp_path / "20_bad.ipynb"
    path.write_text("{", encoding="utf-8")
    with pytest.raises(DataProblems, match="no notebook that can be read"):
        run_notebook(path, out=tmp_path / "out")


def picture(width, height, seed):
    values = np.random.default_rng(seed).integers(0, 255, (height, width, 3), "uint8")
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


@pytest.fixture
def ran(tmp_path):
    """A run with a small picture that is tagged and a large one that is not."""

    def make(*pictures):
        cells = [
            {
                "cell_type": "code",
                "metadata": {"tags": tags},
                "source": "",
                "outputs": [{"output_type": "display_data", "data": {"image/png": p}}],
            }
            for p, tags in pictures
        ]
        path = tmp_path / "20_small.ipynb"
        path.write_text(json.dumps({"cells": cells}), encoding="utf-8")
        return NotebookRun(1.0, 1.0, path, path)

    return make


def test_thumbnail_is_the_tagged_picture_or_the_largest(ran, tmp_path):
    small, large = picture(200, 100, 1), picture(300, 200, 2)
    tagged = make_thumbnail(ran((small, ["thumbnail"]), (large, [])), folder=tmp_path)
    assert tagged == tmp_path / "thumbnails" / "20_small.png"
    assert Image.open(tagged).size == (200, 100)
    largest = make_thumbnail(ran((small, []), (large, [])), folder=tmp_path)
    assert Image.open(largest).size == (300, 200)


def test_thumbnail_keeps_to_its_size(ran, tmp_path):
    path = make_thumbnail(ran((picture(1200, 900, 3), [])), folder=tmp_path)
    assert Image.open(path).width <= 640
    assert path.stat().st_size <= 80_000


def test_no_picture_is_told(ran, tmp_path):
    with pytest.raises(ValueError, match="shows no picture"):
        make_thumbnail(ran(), folder=tmp_path)
