"""The commands of the main job: arguments, output, exit codes."""

import errno
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

import prospect
from prospect._note import Note
from prospect.cli._app import app
from prospect.cli._progress import STEPS
from survey import DataProblems, Problem

PROBLEM = Problem(
    "not a number",
    "write 12.5 or nd",
    file="a[1].csv",
    row=3,
    column="Cu_ppm",
    value="x",
)
WARNING = Problem("constant", "leave it out", file="b.tif", severity="warning")


@pytest.fixture
def district(tmp_path):
    path = tmp_path / "区 district.toml"
    path.write_text("")
    return path


@pytest.fixture
def call():
    runner = CliRunner()
    return lambda *arguments: runner.invoke(app, [str(each) for each in arguments])


@pytest.fixture
def job(monkeypatch):
    """Replaces run_district; records the call, does what `does` says."""
    record = SimpleNamespace(calls=[], does=lambda **_: None)

    def run_district(path, **options):
        record.calls.append((path, options))
        record.does(**options)
        folder = Path(options["out"])
        return SimpleNamespace(
            folder=folder,
            maps={"woe": folder / "maps/woe.tif"},
            targets=folder / "targets.gpkg",
            report=folder / "report.html",
            scene=None,
            manifest=folder / "manifest.json",
            steps=[],
            notes=["a note with [brackets]"],
        )

    monkeypatch.setitem(vars(prospect), "run_district", run_district)
    return record


def raises(error):
    def does(**_):
        raise error

    return does


def test_run_passes_the_options_on(call, job, district, tmp_path):
    out = tmp_path / "here"
    done = call(
        "run",
        district,
        "--out",
        out,
        "--lang",
        "zh",
        "--fresh",
        "--no-scene",
        "--jobs",
        3,
    )
    assert done.exit_code == 0
    [(path, options)] = job.calls
    assert path == district
    assert options.pop("progress") is not None
    assert options == {
        "out": out, "lang": "zh", "fresh": True, "scene": False, "n_jobs": 3
    }  # fmt: skip


def test_run_defaults(call, job, district):
    done = call("run", district)
    [(_, options)] = job.calls
    options.pop("progress")
    assert options == {
        "out": district.parent / "result", "lang": "en", "fresh": False, "scene": True,
        "n_jobs": 2,
    }  # fmt: skip
    for product in ("maps/woe.tif", "targets.gpkg", "report.html", "not made"):
        assert product in done.stdout
    assert "a note with [brackets]" in done.stdout


def test_progress_is_a_line_a_step_on_stderr(call, job, district):
    def does(progress, **_):
        progress("evidence:[geology]", 0, 2)
        progress("training", 1, 2)
        progress("done", 2, 2)

    job.does = does
    done = call("run", district)
    lines = [line.split("] ", 1)[1] for line in done.stderr.splitlines()]
    assert lines == ["1/2 evidence:[geology]", "2/2 training", "done"]


def test_quiet_says_nothing(call, job, district):
    done = call("run", district, "--quiet")
    assert (done.exit_code, done.output) == (0, "")
    assert job.calls[0][1]["progress"] is None


def test_problems_in_the_input_are_a_table_and_code_3(call, job, district):
    job.does = raises(DataProblems([PROBLEM, WARNING]))
    done = call("run", district)
    assert done.exit_code == 3
    header, first, second = done.stderr.splitlines()
    assert header.split("\t")[:2] == ["severity", "file"]
    assert first.split("\t") == [
        "error", "a[1].csv", "", "3", "Cu_ppm", "x", "not a number", "write 12.5 or nd"
    ]  # fmt: skip
    assert second.startswith("warning\tb.tif")


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (ValueError("5 folds need 5 deposits"), 1, "5 folds need 5 deposits"),
        (KeyError("no layer 'x'"), 1, "no layer 'x'"),
        (RuntimeError("another run is working in out"), 1, "another run"),
        (OSError(errno.ENOSPC, "No space left on device"), 1, "The disk is full"),
        (MemoryError(), 1, "--jobs 1"),
        (KeyboardInterrupt(), 130, "goes on"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_errors_are_plain_messages(call, job, district, error, code, text):
    job.does = raises(error)
    done = call("run", district)
    assert done.exit_code == code
    assert text in done.stderr
    assert "Traceback" not in done.output


def test_debug_shows_the_traceback(call, job, district):
    job.does = raises(ValueError("5 folds need 5 deposits"))
    done = call("run", district, "--debug")
    assert done.exit_code == 1
    assert "Traceback" in done.stderr


@pytest.mark.parametrize(
    "arguments", [[], ["--lang", "fr"], ["--jobs", "0"], ["--no-such-option"]]
)
def test_wrong_usage_is_code_2(call, job, district, arguments):
    done = call("run", *([district] if arguments else ["missing.toml"]), *arguments)
    assert done.exit_code == 2
    assert not job.calls


@pytest.mark.parametrize(
    ("problems", "code"), [([], 0), ([WARNING], 0), ([WARNING, PROBLEM], 3)]
)
def test_check_lists_and_says_so_by_its_code(
    monkeypatch, call, district, problems, code
):
    monkeypatch.setitem(vars(prospect), "check_district", lambda _: problems)
    done = call("check", district)
    assert done.exit_code == code
    assert len(done.stdout.splitlines()) == (len(problems) + 1 if problems else 1)


def test_chinese_run_speaks_chinese(call, job, district):
    def does(progress, **_):
        progress("evidence:geology", 0, 2)
        progress("done", 2, 2)

    job.does = does
    done = call("run", district, "--lang", "zh")
    assert done.stdout.splitlines()[1].startswith("靶区：")
    assert "注意（英文）：a note with [brackets]" in done.stdout
    assert [line.split("] ", 1)[1] for line in done.stderr.splitlines()] == [
        "1/2 证据图层：geology",
        "完成",
    ]


def test_notes_are_said_in_the_language_asked_for(call, job, district, monkeypatch):
    def run_district(path, **options):
        made = job.run(path, **options)
        made.notes = [Note("scene_unasked")]
        return made

    job.run = prospect.run_district
    monkeypatch.setitem(vars(prospect), "run_district", run_district)
    assert "Note: the 3D scene was not asked for" in call("run", district).stdout
    done = call("run", district, "--lang", "zh")
    assert "注意：本次未要求绘制三维场景" in done.stdout


def test_every_step_of_a_run_has_a_chinese_name():
    folder = Path(prospect.__file__).parent / "job"
    text = "".join(file.read_text("utf-8") for file in folder.glob("*.py"))
    steps = set(re.findall(r"steps\.do\(\s*f?\"(\w+)", text))
    assert len(steps) > 8
    assert steps | {"done"} == set(STEPS)


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "磁盘已满"),
        (MemoryError(), "内存不足"),
        (KeyboardInterrupt(), "已中断"),
        (DataProblems([PROBLEM, WARNING]), "错误 1 个（须改正）、警告 1 个"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_chinese_endings(call, job, district, error, says):
    job.does = raises(error)
    assert says in call("run", district, "--lang", "zh").stderr


def test_scripts_find_the_same_columns_in_every_language(monkeypatch, call, district):
    monkeypatch.setitem(vars(prospect), "check_district", lambda _: [PROBLEM])
    tables = [call("check", district, "--lang", lang).stdout for lang in ("en", "zh")]
    assert tables[0] == tables[1]


def test_new_says_what_was_guessed_and_what_to_decide(monkeypatch, call, tmp_path):
    def new_district(folder, *, out, lang):
        assert (folder, lang) == (tmp_path, "en")
        return SimpleNamespace(
            path=out, guesses=["geology is categorical"], decisions=["which CRS"]
        )

    monkeypatch.setitem(vars(prospect), "new_district", new_district)
    done = call("new", tmp_path, "--out", tmp_path / "d.toml")
    assert done.exit_code == 0
    for text in ("d.toml", "geology is categorical", "which CRS", "prospect check"):
        assert text in done.stdout
    assert call("new", tmp_path / "none").exit_code == 2
