"""Tables of problems for people, and the bar they watch."""

import io

import pytest
from rich.console import Console

from prospect._note import Note
from prospect.cli import _progress, _shared
from survey import Problem


def terminal():
    return Console(file=io.StringIO(), force_terminal=True, width=100, no_color=True)


def test_the_table_for_people_keeps_every_word():
    console = terminal()
    problem = Problem(
        "a [bold]bad[/] value", "mend it", file="a.csv", row=3, value="[x]"
    )
    _shared.show_problems([problem], console=console)
    text = console.file.getvalue()
    for part in ("a.csv", "row 3", "'[x]'", "a [bold]bad[/] value", "mend it"):
        assert part in text


def test_the_chinese_table_names_place_and_remedy_in_chinese():
    console = terminal()
    problem = Problem(
        Note("layer_constant"), Note("layer_constant_remedy"), layer="mag", value="2.0"
    )
    _shared.show_problems([problem], console=console, lang=_shared.Language.zh)
    text = console.file.getvalue()
    for part in ("位置", "处理办法", "图层“mag”，值“2.0”", "该图层处处取同一值"):
        assert part in text


def test_the_bar_shows_the_step(monkeypatch):
    console = terminal()
    monkeypatch.setattr(_progress, "err", console)
    with _progress.follow(quiet=False) as report:
        report("fit:[random_forest]", 1, 4)
    assert "fit:[random_forest]" in console.file.getvalue()
    assert "1/4" in console.file.getvalue()


def test_the_bar_is_taken_down_when_the_job_fails(monkeypatch):
    console = terminal()
    monkeypatch.setattr(_progress, "err", console)
    with pytest.raises(ValueError, match="bad"), _progress.follow(quiet=False):
        raise ValueError("bad")
    assert "\x1b[?25h" in console.file.getvalue()


def test_both_languages_have_every_phrase():
    english, chinese = _shared.TEXT.values()
    assert set(english) == set(chinese)
