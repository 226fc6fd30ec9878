"""Catalogues lose nothing; built notebooks differ in words, never in code."""

import ast
import json

import pytest
from babel.messages.pofile import read_po, write_po
from hypothesis import given
from hypothesis import strategies as st

from prospect.notebooks import (
    build_notebooks,
    check_notebook,
    new_notebook,
    read_source,
    update_catalogue,
)
from prospect.notebooks._messages import _pieces, messages_of, translate_cell
from survey import DataProblems

MARKDOWN = """# A title

A paragraph that
is wrapped, with `code`.

| | |
|---|---|
| For | people \\| others |
| n | 12 |

- one
  goes on
- two
1. three

> quoted
> twice

```python
x = 1  # stays
```

$$
a = b
$$

    code by indentation
"""


def markdown(text):
    return {"cell_type": "markdown", "metadata": {}, "source": text}


def code(text, *tags):
    return {"cell_type": "code", "metadata": {"tags": list(tags)}, "source": text}


def said(cell):
    return [piece.message for piece in messages_of(cell)]


@pytest.fixture
def text(tmp_path):
    return new_notebook(tmp_path / "20_gold.py", title="Gold")


def edit(path, old, new):
    content = path.read_text(encoding="utf-8")
    assert old in content
    path.write_text(content.replace(old, new), encoding="utf-8")


def translate(path, **strings):
    """Fill a catalogue: by beginning of the message, or all with a mark."""
    catalog = read_po(path.open("rb"))
    for message in catalog:
        if message.id:
            message.string = strings.get(message.id, f"译 {message.id}")
    with path.open("wb") as handle:
        write_po(handle, catalog)


def messages(path):
    return {m.id: m for m in read_po(path.open("rb")) if m.id}


def test_paragraphs_cells_of_tables_and_items_are_messages():
    assert said(markdown(MARKDOWN)) == [
        "A title",
        "A paragraph that is wrapped, with `code`.",
        "For",
        r"people \| others",
        "n",
        "one goes on",
        "two",
        "three",
        "quoted twice",
    ]


def test_chinese_lines_are_joined_without_a_space():
    assert said(markdown("第一行，\n第二行。")) == ["第一行，第二行。"]


def test_forced_breaks_stay():
    assert said(markdown("one  \ntwo\nthree")) == ["one  \ntwo three"]


def test_comments_that_fill_a_line_and_titles_are_messages():
    cell = code(
        "# why we\n# do it\nx = 1  # stays\ns = '''\n# no comment\n'''\n"
        "if x:\n    # inside\n    plot(s, title='A \"map\"')\n# noqa: X\n"
    )
    assert said(cell) == ["why we do it", "inside", 'A "map"']
    done = translate_cell(cell, lambda m: f"译{m}", lang="zh")["source"]
    assert "# 译why we do it\nx = 1  # stays" in done
    assert "    # 译inside\n" in done
    assert 'title="译A \\"map\\""' in done
    assert "\n# no comment\n" in done


def test_tables_survive_what_a_translator_writes():
    cell = markdown("| a | b |\n|---|---|\n| c | d |")
    done = translate_cell(cell, lambda m: f"{m}|\n{m}", lang="zh")["source"]
    rows = done.splitlines()
    assert [row.replace(r"\|", "").count("|") for row in rows] == [3, 3, 3]


def test_only_the_parameter_lang_is_set():
    cell = code('lang = "en"\nlanguage = "en"', "parameters")
    done = translate_cell(cell, lambda _: None, lang="zh")["source"]
    assert done == 'lang = "zh"\nlanguage = "en"'
    plain = code('lang = "en"')
    assert translate_cell(plain, lambda _: None, lang="zh") == plain


@given(st.text("#|-*>` \n$1.ab文，\\", max_size=60))
def test_what_is_not_translated_is_kept_letter_by_letter(text):
    for cell in (markdown(text), code(text)):
        assert "".join(piece.text for piece in _pieces(cell)) == text


def test_catalogue_is_extracted_once_and_then_left(text):
    counts = update_catalogue(text)
    assert counts.path == text.parent / "zh" / "20_gold.po"
    assert counts.missing == counts.messages > 20
    before = counts.path.read_bytes()
    assert update_catalogue(text) == counts
    assert counts.path.read_bytes() == before


def test_a_changed_paragraph_is_fuzzy_and_comes_back_whole(text):
    path = update_catalogue(text).path
    translate(path)
    edit(text, "A few high values, many low ones", "A few high values, many lower ones")
    counts = update_catalogue(text)
    assert (counts.missing, counts.fuzzy, counts.obsolete) == (0, 1, 1)
    changed = "A few high values, many lower ones: is that one population?"
    assert messages(path)[changed].fuzzy
    assert "#| msgid" in path.read_text(encoding="utf-8")
    assert update_catalogue(text) == counts  # and again nothing is lost
    assert "#| msgid" in path.read_text(encoding="utf-8")
    edit(text, "many lower ones", "many low ones")
    counts = update_catalogue(text)
    assert (counts.missing, counts.fuzzy) == (0, 0)


def test_what_is_no_longer_said_is_kept(text):
    path = update_catalogue(text).path
    translate(path)
    edit(text, "# A few high values, many low ones: is that one population?\n", "")
    counts = update_catalogue(text)
    assert counts.obsolete == 1
    assert "#~ msgstr" in path.read_text(encoding="utf-8")
    assert "译 A few high values" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "bad", ['msgid "a\nmsgstr', "<<<<<<< mine\n", 'msgid "a"\nmsgstr "\\"\n']
)
def test_a_broken_catalogue_is_refused_and_left(text, bad):
    path = update_catalogue(text).path
    path.write_text(bad, encoding="utf-8")
    for call in (lambda: update_catalogue(text), lambda: build_notebooks(text.parent)):
        with pytest.raises(DataProblems, match="cannot be read"):
            call()
    assert path.read_text(encoding="utf-8") == bad
    assert not text.with_suffix(".ipynb").exists()


def test_build_is_the_same_every_time_and_counts_what_is_missing(text):
    update_catalogue(text)
    built = build_notebooks(text.parent)
    assert [problem.severity for problem in built.problems] == ["warning"]
    assert "have no translation" in built.problems[0].what
    first = [(path.read_bytes(), path.stat().st_mtime_ns) for path in built.files]
    again = build_notebooks(text.parent)
    assert [(p.read_bytes(), p.stat().st_mtime_ns) for p in again.files] == first


def test_stale_paragraphs_are_counted(text):
    translate(update_catalogue(text).path)
    assert build_notebooks(text.parent).problems == ()
    edit(text, "## 1. What did we measure?", "## 1. Something else, entirely new")
    found = build_notebooks(text.parent).problems
    assert "1 are not in the catalogue" in found[0].what
    assert "notebook translate" in found[0].remedy


def test_languages_differ_in_words_only(text):
    translate(update_catalogue(text).path)
    own, other = (read_source(path) for path in build_notebooks(text.parent).files)
    assert own["metadata"]["workbench"]["lang"] == "en"
    assert other["metadata"]["workbench"]["lang"] == "zh"
    for one, two in zip(own["cells"], other["cells"], strict=True):
        assert one["id"] == two["id"]
        assert one["cell_type"] == two["cell_type"]
        if one["cell_type"] == "code":
            assert shape(one) == shape(two)
    assert 'lang = "zh"' in json.dumps(other["cells"]).replace("\\", "")
    assert "译 Copper in streams" in other["cells"][-2]["source"]


def shape(cell):
    """Code without comments, titles and the parameter lang."""
    tree = ast.parse(cell["source"])
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
    return ast.dump(tree)


def test_translations_that_lose_code_are_told(text):
    path = update_catalogue(text).path
    source = "`06_geochemistry` goes from such a table to rated anomalies."
    translate(path, **{source: "接着读第六本。"})
    found = build_notebooks(text.parent).problems
    assert "`06_geochemistry`" in found[0].what
    assert found[0].what.say("zh").startswith("译文中的代码或链接")


def test_a_chinese_notebook_is_translated_to_english(tmp_path):
    text = new_notebook(tmp_path / "21_gold.py", title="金", lang="zh")
    assert update_catalogue(text).path == tmp_path / "en" / "21_gold.po"
    assert build_notebooks(tmp_path).files[1] == tmp_path / "en" / "21_gold.ipynb"


def test_leftovers_are_told(text):
    update_catalogue(text)
    build_notebooks(text.parent)
    text.rename(text.with_name("22_gold.py"))
    found = build_notebooks(text.parent).problems
    gone = [p.file for p in found if "no text" in p.what]
    assert gone == ["zh/20_gold.ipynb", "zh/20_gold.po", "20_gold.ipynb"]


def test_built_translations_pass_the_check(text):
    rows = {
        "For": "适用",
        "You will learn": "内容",
        "Needs": "需要",
        "Data and licence": "数据与许可",
        "Limits": "局限",
        "Exercises with your own data": "用自己的数据练习",
        "References": "参考文献",
        "Next": "下一步",
    }
    translate(update_catalogue(text).path, **rows)
    for path in build_notebooks(text.parent).files:
        assert check_notebook(path) == []


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="has no notebook"):
        build_notebooks(tmp_path)


def test_broken_texts_are_all_named(tmp_path, text):
    for name in ("30_a.py", "31_b.py"):
        (tmp_path / name).write_text("# ---\n# jupyter: [\n# ---\n", encoding="utf-8")
    with pytest.raises(DataProblems, match="2 problems"):
        build_notebooks(tmp_path)
