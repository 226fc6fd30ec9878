"""A run that is killed, stopped or starved goes on and gives the same bytes."""

import hashlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from prospect.job._publish import sole_user

ROOT = Path(__file__).parents[3]
COMMAND = [sys.executable, "-c", "from prospect.cli import main; main()"]
PATIENCE = 180


def start(path, *options, **settings):
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [*COMMAND, "run", str(path), "--no-scene", *options],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **settings,
    )


def run(path, *options, **settings):
    """Exit code, standard output and standard error of a run."""
    process = start(path, *options, **settings)
    out, err = process.communicate(timeout=PATIENCE)
    return process.returncode, out, err


def stop_at(path, step, number, *options):
    """Send signal `number` when the record of `step` appears; exit code and stderr."""
    process = start(path, *options)
    wanted = path.parent / "result" / "work" / "steps" / f"{step}.json"
    deadline = time.monotonic() + PATIENCE
    while not wanted.exists() and process.poll() is None:
        if time.monotonic() > deadline:
            process.kill()
        time.sleep(0.002)
    process.send_signal(number)
    _, err = process.communicate(timeout=PATIENCE)
    return process.returncode, err


def digests(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(
            path.read_bytes()
        ).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
        and path.relative_to(folder).parts[0] not in {"work", "timings.json", ".lock"}
    }


@pytest.fixture(scope="module")
def whole(tiny_source, tmp_path_factory):
    """Folder of a district with the result of an uninterrupted run."""
    folder = tmp_path_factory.mktemp("whole") / "a"
    shutil.copytree(tiny_source, folder)
    code, out, err = run(folder / "district.toml")
    assert code == 0, err
    assert "Report" in out
    return folder


def _same_code(one, other):
    """Whether two results come from the same code: it may be edited meanwhile."""
    keys = ("code_sha256", "code_revision")
    manifests = [
        json.loads((f / "result/manifest.json").read_text()) for f in (one, other)
    ]
    return all(manifests[0][key] == manifests[1][key] for key in keys)


def resumes(path, whole):
    """Run again to the end: bytes of an uninterrupted run, nothing half-written."""
    code, _, err = run(path)
    assert code == 0, err
    if not _same_code(path.parent, whole):
        pytest.skip("the code was changed while the test ran")
    assert digests(path.parent / "result") == digests(whole / "result")
    assert not list(path.parent.rglob(".*.part*"))
    return json.loads((path.parent / "result/timings.json").read_text())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("step", "number", "code"),
    [
        ("evidence-mag", signal.SIGKILL, -9),
        ("training", signal.SIGINT, 130),
        ("fit-weights_of_evidence", signal.SIGKILL, -9),
        ("validate-logistic_regression", signal.SIGINT, 130),
        ("targets", signal.SIGINT, 130),
        ("figures", signal.SIGKILL, -9),
    ],
)
def test_run_goes_on_where_it_was_cut_off(step, number, code, tiny, whole):
    found, err = stop_at(tiny, step, number)
    result = tiny.parent / "result"
    assert found == code, err
    if code == 130:
        assert "The same command goes on" in err
        assert "Traceback" not in err
    assert digests(result) == {}
    rows = resumes(tiny, whole)
    reused = {row["step"] for row in rows if row["reused"]}
    assert step.replace("-", ":", 1) in reused


def test_a_run_starts_no_process_of_its_own(tiny, monkeypatch):
    from joblib.externals.loky import reusable_executor

    from prospect import run_district

    def refuse(*_, **__):
        raise AssertionError("processes outlive a killed run and hold its output")

    monkeypatch.setattr(reusable_executor._ReusablePoolExecutor, "__init__", refuse)
    text = tiny.read_text().replace('kind = "logistic_regression"', 'kind = "lightgbm"')
    tiny.write_text(text)
    run_district(tiny, out=tiny.parent / "result", scene=False)


@pytest.mark.slow
def test_last_good_result_stands_when_a_run_is_stopped(tiny, whole):
    shutil.copytree(whole / "result", tiny.parent / "result")
    before = digests(tiny.parent / "result")
    tiny.write_text(tiny.read_text().replace("n = 300", "n = 250"))
    record = tiny.parent / "result/work/steps/training.json"
    record.unlink()
    found, err = stop_at(tiny, "training", signal.SIGINT)
    assert found == 130, err
    assert digests(tiny.parent / "result") == before


def test_last_good_result_stands_when_the_input_breaks(tiny):
    (tiny.parent / "result" / "maps").mkdir(parents=True)
    for name in ("maps/score.tif", "report.html", "manifest.json"):
        (tiny.parent / "result" / name).write_text("the last good one")
    before = digests(tiny.parent / "result")
    (tiny.parent / "mag.tif").write_bytes(b"not a grid")
    code, out, err = run(tiny)
    assert code == 3
    assert "mag.tif" in err
    assert "Traceback" not in err
    assert out == ""
    assert digests(tiny.parent / "result") == before


def test_two_runs_in_one_folder_are_refused(tiny):
    with sole_user(tiny.parent / "result"):
        code, _, err = run(tiny)
    assert code == 1
    assert "another run is working in" in err
    assert "--out" in err
    assert digests(tiny.parent / "result") == {}


def _limit():
    # the signal would end the process; ignored, writing fails with an error
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))


def test_file_that_cannot_grow_is_told_and_nothing_half_stays(tiny):
    code, _, err = run(tiny, preexec_fn=_limit)
    assert code == 1, err
    assert "Traceback" not in err
    assert "was not written. Free some room or save to another disk" in err
    assert digests(tiny.parent / "result") == {}
    assert not list(tiny.parent.rglob(".*.part*"))


@contextmanager
def small_disk(folder, kilobytes):
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={kilobytes}k", "none", str(folder)]
    made = subprocess.run(["mount", *options], capture_output=True, check=False)
    if made.returncode:
        pytest.skip("a small disk can only be mounted by root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.slow
@pytest.mark.parametrize("kilobytes", [40, 200, 700, 1400, 1900])
def test_full_disk_is_told_and_the_run_goes_on_when_there_is_room(
    kilobytes, tiny, whole, tmp_path
):
    with small_disk(tmp_path / "disk", kilobytes) as disk:
        result = disk / "result"
        code, _, err = run(tiny, "--out", str(result))
        assert code == 1, err
        assert "The disk is full" in err
        assert "Traceback" not in err
        assert digests(result) == {}
        assert not list(disk.rglob(".*.part*"))
        subprocess.run(["mount", "-o", "remount,size=50M", str(disk)], check=True)
        code, _, err = run(tiny, "--out", str(result))
        assert code == 0, err
        shutil.copytree(result, tiny.parent / "result")
    if not _same_code(tiny.parent, whole):
        pytest.skip("the code was changed while the test ran")
    assert digests(tiny.parent / "result") == digests(whole / "result")
