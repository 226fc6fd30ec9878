"""The check finds each fault, says it in both languages, and passes the template."""

import json
import re

import pytest

from prospect.notebooks import build_notebooks, check_notebook, new_notebook

STEP = "samples[element].describe().to_frame()\n"


def codes(path):
    return [problem.what.code for problem in check_notebook(path)]


@pytest.fixture
def text(tmp_path):
    return new_notebook(tmp_path / "20_gold.py", title="Gold")


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("suffix", ["py", "ipynb"])
def test_the_template_passes(tmp_path, lang, suffix):
    path = new_notebook(tmp_path / f"20_gold.{suffix}", title="Gold", lang=lang)
    assert check_notebook(path) == []
    assert "# Gold" in path.read_text(encoding="utf-8")
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("#     minutes: 1\n", "", "header_missing"),
        ("#     minutes: 1\n", "#     minutes: 1\n#     hours: 2\n", "header_unknown"),
        ("minutes: 1", "minutes: -1", "header_number"),
        ("minutes: 1", "minutes: soon", "header_number"),
        ("minutes: 1", "minutes: true", "header_number"),
        ("minutes: 1", "minutes: 3", "needs_differ"),
        ("1 GB of memory", "some memory", "needs_differ"),
        ("tasks: [geochemistry]", "tasks: geochemistry", "header_list"),
        ("tasks: [geochemistry]", "tasks: []", "header_list"),
        ("minerals: [copper]", "minerals: [1]", "header_list"),
        ("language: en", "language: fr", "header_language"),
        (
            "#     minutes: 1\n",
            "#     minutes: 1\n#     test_parameters: {seed: 1}\n",
            "header_test",
        ),
        ("name: python3", "name: julia", "kernel_other"),
        ("# # Gold\n", "# Gold\n", "title_missing"),
        ("# | For | whom this is written for |\n", "", "row_missing"),
        ("| For | whom this is written for |", "| For | |", "row_missing"),
        (" (Apache-2.0)", "", "licence_missing"),
        ("`synthetic_district` ", "", "data_unnamed"),
        ("data: [synthetic_district]", "data: []", "data_unstated"),
        (
            "data: [synthetic_district]",
            "data: [synthetic_district, geochem/none]",
            "data_unknown",
        ),
        (
            "data: [synthetic_district]",
            "data: [synthetic_district, geology/hamersley]",
            "data_unused",
        ),
        (STEP, STEP + "\n# %%\n", "cell_empty"),
        (STEP, STEP + "\n# %%\n1\n\n# %%\n2\n", "why_missing"),
        (STEP, STEP + "import json\n", "import_unused"),
        (STEP, STEP + "samples._data\n", "name_private"),
        (STEP, STEP + "from survey._io import x\nx\n", "name_private"),
        (STEP, STEP + 'open("/data/ana/gold.csv")\n', "path_absolute"),
        (STEP, STEP + r'open(r"C:\data\gold.csv")' + "\n", "path_absolute"),
        (STEP, STEP + "!pip install gold\n", "code_syntax"),
        (STEP, STEP + "%matplotlib inline\n", "code_syntax"),
        (STEP, STEP + "x = (\n", "code_syntax"),
        (STEP, STEP + 'api_key = "0123456789"\n', "secret"),
        (STEP, STEP + f"# {'ghp_' + 'a' * 36}\n", "secret"),
        (STEP, "def f():\n" + "    x = 1\n" * 11 + "    return x\n", "helper_long"),
        ("report.figure_dis", "figure = report.figure_dis", "figure_hidden"),
        ("lang=lang)", "lang=lang);", "figure_hidden"),
        ("# Say why each", "# See [one](06_gold.ipynb). Why each", "link_relative"),
        ("# Say why each", "# See [one](https://a.org). Why each", None),
        ("# ## Limits\n", "", "section_missing"),
        (
            "# - Authors (year), title, journal: the source of each method.\n",
            "",
            "section_missing",
        ),
        (' tags=["parameters"]', "", "parameters_cell"),
        ("# element that is looked at, in ppm\n", "", "parameter_bare"),
    ],
)
def test_each_fault_is_found(text, old, new, code):
    content = text.read_text(encoding="utf-8")
    assert old in content
    text.write_text(content.replace(old, new, 1), encoding="utf-8")
    found = check_notebook(text)
    codes_found = {problem.what.code for problem in found}
    assert code in codes_found if code else not found
    for problem in found:
        assert problem.file == "20_gold.py"
        assert problem.what.say("zh") != problem.what
        assert problem.remedy.say("zh") != problem.remedy


def test_all_faults_come_together(text):
    content = text.read_text(encoding="utf-8")
    content = content.replace("minutes: 1", "minutes: 0")
    content = content.replace("## References", "## Books")
    text.write_text(content, encoding="utf-8")
    assert codes(text) == ["header_number", "needs_differ", "section_missing"]


def test_names_of_files_are_held_to_a_form(tmp_path):
    path = new_notebook(tmp_path / "Gold in streams.py", title="Gold")
    assert codes(path) == ["name_form"]


def test_stored_outputs_are_found(text):
    path = build_notebooks(text.parent).files[0]
    content = json.loads(path.read_text(encoding="utf-8"))
    content["cells"][1]["execution_count"] = 3
    path.write_text(json.dumps(content), encoding="utf-8")
    assert codes(path) == ["output_stored"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("format: 1", "format: 2", r"newer version of the workbench \(format 2\)"),
        ("format: 1", "format: one", "no notebook that can be read"),
        ("format: 1", 'format: 1\n#     needs_version: "99.1"', "it needs 99.1"),
    ],
)
def test_a_notebook_from_a_newer_version_is_refused(text, old, new, said):
    content = text.read_text(encoding="utf-8").replace(old, new, 1)
    text.write_text(content, encoding="utf-8")
    (problem,) = check_notebook(text)
    assert re.search(said, problem.what)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        check_notebook(tmp_path / "20_none.py")


@pytest.mark.parametrize(
    ("name", "title", "lang", "said"),
    [
        ("20_gold.txt", "Gold", "en", "name it with .py or .ipynb"),
        ("20_gold.py", " ", "en", "give one line"),
        ("20_gold.py", "a\nb", "en", "give one line"),
        ("20_gold.py", "Gold", "fr", "lang='fr' is unknown"),
    ],
)
def test_what_cannot_be_made_new(tmp_path, name, title, lang, said):
    with pytest.raises(ValueError, match=said):
        new_notebook(tmp_path / name, title=title, lang=lang)
    assert not list(tmp_path.iterdir())


def test_nothing_is_replaced(text):
    before = text.read_bytes()
    with pytest.raises(FileExistsError, match="is there already"):
        new_notebook(text, title="Other")
    assert text.read_bytes() == before
