"""The commands of the data group."""

import io

import pandas as pd
import pytest
from rich.console import Console
from typer.testing import CliRunner

import prospect
from prospect.cli import _data
from prospect.cli._app import app

TABLE = pd.DataFrame(
    {
        "name": ["mpm/one"],
        "topic": ["mpm"],
        "title": ["One [set]"],
        "title_zh": ["数据一"],
        "size_MB": [1.5],
        "licence": ["CC BY 4.0"],
        "download": [True],
    }
)


@pytest.fixture
def call(monkeypatch):
    """Runs a command after replacing public functions."""

    def invoke(*arguments, **functions):
        for name, function in functions.items():
            monkeypatch.setitem(vars(prospect), name, function)
        return CliRunner().invoke(app, ["data", *map(str, arguments)])

    return invoke


def test_list_for_scripts_has_every_column(call):
    done = call("list", list_data=lambda **_: TABLE)
    assert done.exit_code == 0
    read = pd.read_csv(io.StringIO(done.stdout), sep="\t")
    pd.testing.assert_frame_equal(read, TABLE)


@pytest.mark.parametrize(("lang", "title"), [("en", "One [set]"), ("zh", "数据一")])
def test_list_for_people(call, monkeypatch, lang, title):
    console = Console(file=io.StringIO(), force_terminal=True, width=120, no_color=True)
    monkeypatch.setattr(_data, "out", console)
    call("list", "--lang", lang, list_data=lambda **_: TABLE)
    assert title in console.file.getvalue()


def test_list_of_one_topic(call):
    asked = []

    def list_data(*, topic):
        asked.append(topic)
        raise KeyError("no topic 'x'; there are ['mpm']")

    done = call("list", "--topic", "x", list_data=list_data)
    assert (asked, done.exit_code) == (["x"], 1)
    assert "there are ['mpm']" in done.stderr


def test_fetch_prints_where_it_is(call, tmp_path):
    def fetch_data(name, *, folder):
        return folder / name

    done = call("fetch", "mpm/one", "--folder", tmp_path, fetch_data=fetch_data)
    assert (done.exit_code, done.stdout) == (0, f"{tmp_path / 'mpm/one'}\n")


def test_fetch_without_a_network(call):
    def fetch_data(name, *, folder):
        raise ConnectionError(f"cannot download {name}")

    done = call("fetch", "mpm/one", fetch_data=fetch_data)
    assert done.exit_code == 1
    assert done.stderr == "cannot download mpm/one\n"


def test_sample_says_how_to_go_on(call, tmp_path):
    done = call("sample", tmp_path / "a b", sample_district=lambda folder: folder)
    assert done.exit_code == 0
    assert done.stdout == f"prospect run '{tmp_path / 'a b' / 'district.toml'}'\n"
