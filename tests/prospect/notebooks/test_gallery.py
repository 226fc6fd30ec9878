"""The gallery reads headers only, and lists also what cannot be opened."""

import subprocess
import sys

import pytest

from prospect.notebooks import list_notebooks, notebooks_folder


def test_lists_titles_languages_and_header(shelf):
    first, second = list_notebooks(folder=shelf)
    assert (first.name, first.title) == ("01_start", {"en": "Start", "zh": "开始"})
    assert first.summary["en"] == "Where to look? First words."
    assert first.files["zh"] == shelf / "zh" / "01_start.ipynb"
    assert (first.minutes, first.memory_gb) == (1.0, 0.5)
    assert (first.tasks, first.minerals) == (("prospectivity",), ("gold",))
    assert first.thumbnail == shelf / "thumbnails" / "01_start.png"
    assert (second.language, second.thumbnail) == ("zh", None)
    assert second.say_title("en") == "区域化探"
    assert second.file("en") == shelf / "07_china.ipynb"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "no notebook that can be read"),
        ("[]", "no notebook that can be read"),
        ('{"cells": 3, "nbformat": 4, "metadata": {}}', "no notebook that can"),
        ('{"cells": [], "nbformat": 3, "metadata": {}}', "nbformat 3"),
        ('{"cells": [], "nbformat": 9, "metadata": {}}', "newer version"),
        (
            '{"cells": [], "nbformat": 4, "metadata": {"workbench": {"format": 2}}}',
            "newer version",
        ),
        (
            '{"cells": [], "nbformat": 4, "metadata": {"workbench": {"format": "x"}}}',
            "no notebook that can be read",
        ),
        ('{"cells": [3], "nbformat": 4, "metadata": {}}', "no notebook that can"),
    ],
)
def test_what_cannot_be_opened_is_listed_and_says_why(shelf, text, said):
    (shelf / "02_bad.ipynb").write_text(text, encoding="utf-8")
    books = {book.name: book for book in list_notebooks(folder=shelf)}
    assert said in books["02_bad"].problem.what
    assert books["02_bad"].title == {"en": "02_bad"}
    assert books["01_start"].problem is None


def test_a_broken_translation_falls_back_to_the_source(shelf):
    (shelf / "zh" / "01_start.ipynb").write_text("{", encoding="utf-8")
    assert list_notebooks(folder=shelf)[0].say_title("zh") == "Start"


def test_odd_headers_do_not_hide_the_notebook(shelf, write):
    write(shelf / "03_odd.ipynb", tasks="mapping", minutes="one", language="fr")
    book = next(b for b in list_notebooks(folder=shelf) if b.name == "03_odd")
    assert (book.tasks, book.minutes, book.language) == ((), 0.0, "en")


def test_folder_by_environment(shelf, monkeypatch):
    monkeypatch.setenv("PROSPECT_NOTEBOOKS_DIR", str(shelf))
    assert notebooks_folder() == shelf
    monkeypatch.setenv("PROSPECT_NOTEBOOKS_DIR", str(shelf / "none"))
    with pytest.raises(FileNotFoundError, match="PROSPECT_NOTEBOOKS_DIR is"):
        notebooks_folder()


def test_folder_must_be_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="is no folder"):
        list_notebooks(folder=tmp_path / "none")


def test_reading_headers_is_light():
    code = (
        "import sys; from prospect.notebooks import list_notebooks; list_notebooks();"
        "print(*{m.split('.')[0] for m in sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    heavy = {"numpy", "pandas", "jupytext", "nbformat", "babel", "papermill"}
    assert not set(done.stdout.split()) & heavy
