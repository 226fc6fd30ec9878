import ast
import re
import string
from pathlib import Path

import pytest

import prospect.report
from prospect._wording import read_wording
from prospect.report import Words
from prospect.report._words import FOLDER, table

PACKAGE = Path(prospect.report.__file__).parents[1]
PREFIXES = (
    "kind",
    "fold",
    "metric",
    "treatment",
    "background",
    "curve",
    "map",
    "dropped",
    "register",
    "column",
    "method",
    "zone",
    "view",
)
BY_SECTION = {
    "answer", "quality", "evidence", "labels", "weights", "targets", "limits",
    "provenance",
}  # fmt: skip


def used_keys():
    """Keys of templates and modules, with the names of the values they fill in."""
    files = [*FOLDER.glob("*.j2"), *PACKAGE.rglob("*.py")]
    for file in files:
        text = file.read_text(encoding="utf-8")
        yield from re.findall(r"\b(?:t|words|drawn)\(\s*[\"'](\w+)[\"']", text)


def test_every_entry_has_both_languages_and_nothing_else():
    for key, entry in table().items():
        assert set(entry) == {"en", "zh"}, key
        assert all(text.strip() for text in entry.values()), key


def test_both_languages_fill_in_the_same_values():
    for key, entry in table().items():
        names = [
            {name for _, name, _, _ in string.Formatter().parse(text) if name}
            for text in entry.values()
        ]
        assert names[0] == names[1], key


def test_only_known_keys_are_used_and_every_key_is_used():
    used = set(used_keys())
    assert used
    assert used <= set(table())
    literals = set()
    for file in PACKAGE.rglob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        constants = (n.value for n in ast.walk(tree) if isinstance(n, ast.Constant))
        literals |= {value for value in constants if isinstance(value, str)}
    composed = {k for k in table() if k.split("_")[0] in PREFIXES}
    assert not set(table()) - used - literals - composed - BY_SECTION


def test_chinese_is_chinese():
    exempt = {
        "lang", "comma", "colon", "semicolon", "stop", "fact_score", "reason_layer",
        "view_overlay",
    }  # fmt: skip
    for key, entry in table().items():
        if key not in exempt:
            assert any("\u4e00" <= c <= "\u9fff" for c in entry["zh"]), key
            assert entry["en"].replace("\n", "").isprintable(), key


def test_unknown_name_is_shown_as_it_is():
    assert Words("zh").name("metric", "kappa_score") == "kappa score"
    assert Words("zh").name("fold", "random") == "随机分组"


def test_unknown_language_is_refused():
    with pytest.raises(ValueError, match="lang='fr' is not a language"):
        Words("fr")


def test_a_key_in_two_files_is_refused(tmp_path):
    for name in ("words.toml", "words_more.toml"):
        (tmp_path / name).write_text("[map]\nen = 'map'\nzh = '图'\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"words_more.toml says again: \['map'\]"):
        read_wording(tmp_path, "words")
