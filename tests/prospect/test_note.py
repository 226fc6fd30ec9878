"""Notes: the same finding in English, in Chinese, as JSON and back."""

import ast
import copy
import json
import pickle
import string
from pathlib import Path

import pytest

import prospect
from prospect._note import (
    PLACES,
    Note,
    coded,
    note_of,
    read_note,
    read_notes,
    say,
    table,
    write_notes,
)
from survey import Problem

PACKAGE = Path(prospect.__file__).parent
NESTED = Note("scene_failed", why=Note("draw_crashed", signal=11))
PLACED = Note(
    "problem_at",
    place=[Note("place_layer", layer="As"), Note("place_value", value="inf")],
    what=Note("layer_infinite", n=4),
    remedy=Note("layer_infinite_remedy"),
)


def codes_in_use():
    """Words of the code that name an entry; conditional ones are constants too."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
                # problems of a hub find their remedy by this name
                yield f"{node.value}_remedy"
    yield from (f"place_{name}" for name in PLACES)


def direct_calls():
    """Calls of Note with a plain code, and the names of the values they give."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Note":
                names = [keyword.arg for keyword in node.keywords]
                parts = ast.walk(node.args[0]) if node.args else ()
                for part in parts:
                    if getattr(part, "value", 0) in table() and None not in names:
                        yield part.value, set(names)


def fields(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_note_has_both_languages_with_the_same_values():
    for code, entry in table().items():
        assert set(entry) == {"en", "zh"}, code
        assert fields(entry["en"]) == fields(entry["zh"]), code


def test_chinese_is_chinese_and_english_is_not():
    for code, entry in table().items():
        bare = "".join(p for p, *_ in string.Formatter().parse(entry["zh"]))
        if bare.strip(" ：（），。"):
            assert any("\u4e00" <= c <= "\u9fff" for c in bare), code
        assert not any(c >= "\u2e80" for c in entry["en"]), code


def test_every_note_is_used_and_every_used_note_is_there():
    assert set(table()) <= set(codes_in_use())
    calls = list(direct_calls())
    assert len(calls) > 40
    for code, names in calls:
        assert names == fields(table()[code]["en"]), code


def test_text_is_english_and_chinese_is_one_call_away():
    note = Note("range_capped", layers=["mag", "As"], limit_km=2.5)
    assert note.startswith("the range of autocorrelation of mag, As is longer")
    assert note.say("en") == note
    titles = {"mag": "磁异常", "As": "砷"}
    assert note.say("zh", titles=titles).startswith("图层（磁异常、砷）的自相关")
    assert note.say("en", titles={"mag": "Magnetics"}).count("Magnetics, As") == 1


def test_notes_within_notes_are_said_too():
    assert NESTED == (
        "the 3D scene was left out: the drawing process crashed (signal 11)"
    )
    assert NESTED.say("zh") == "未绘制三维场景：绘图进程崩溃（信号 11）"


@pytest.mark.parametrize("note", [NESTED, Note("few_clusters", n=3), PLACED])
def test_note_survives_json_pickle_and_copy(note):
    text = json.dumps(note.to_dict(), allow_nan=False)
    for again in (
        read_note(json.loads(text)),
        pickle.loads(pickle.dumps(note)),
        copy.deepcopy(note),
    ):
        assert again == note
        assert again.say("zh") == note.say("zh")
        assert again.to_dict() == note.to_dict()


def test_files_of_notes_keep_plain_text_as_it_is(tmp_path):
    notes = [NESTED, "a plain sentence"]
    write_notes(tmp_path / "n.json", notes)
    again = read_notes(tmp_path / "n.json")
    assert again == notes
    assert [say(note, "zh") for note in again] == [NESTED.say("zh"), notes[1]]
    assert coded({"a": notes}) == {"a": [NESTED.to_dict(), notes[1]]}


@pytest.mark.parametrize(
    "where",
    [
        {"layer": "As"},
        {"file": "a.csv", "layer": "As", "row": 0, "column": "As_ppm", "value": ""},
        {"file": "a.csv", "row": 3, "value": "12,5x"},
        {},
    ],
)
def test_problem_reads_the_same_as_a_note(where):
    what, remedy = Note("layer_constant"), Note("layer_constant_remedy")
    problem = Problem(what, remedy, **where)
    note = note_of(problem)
    assert note == str(problem)
    assert "该图层处处取同一值" in note.say("zh", titles={"As": "砷"})
    assert ("砷" in note.say("zh", titles={"As": "砷"})) == ("layer" in where)


def test_problem_known_in_english_only_stays_as_it_is():
    problem = Problem("not a number", "write 12.5 or nd", file="a.csv", row=3)
    note = note_of(problem)
    assert note == str(problem)
    assert say(note, "zh") == str(problem)


def test_refusals():
    with pytest.raises(ValueError, match="lang='fr' is unknown"):
        NESTED.say("fr")
    with pytest.raises(KeyError, match="nothing_of_the_kind"):
        Note("nothing_of_the_kind")
    with pytest.raises(KeyError, match="signal"):
        Note("draw_crashed")
