"""Steps are done once, again when what they need has changed, and never half."""

import json

import pytest

from prospect.job._steps import Steps, remove_leftovers
from survey import atomic_path, write_text


def make(folder, **options):
    folder.mkdir(exist_ok=True)
    return Steps(folder, **options)


def run(steps, calls, needs, text="a"):
    target = steps.folder / "a.txt"

    def write():
        calls.append(needs)
        write_text(target, text)

    return steps.do("a", write, needs=needs, outputs=[target])


def test_second_run_on_unchanged_needs_reuses(tmp_path):
    calls = []
    first = run(make(tmp_path), calls, {"x": 1})
    second = run(make(tmp_path), calls, {"x": 1})
    assert calls == [{"x": 1}]
    assert not first.reused
    assert second.reused
    assert second.outputs == first.outputs


@pytest.mark.parametrize("change", ["needs", "output", "removed", "fresh", "record"])
def test_step_is_done_again_when_something_changed(tmp_path, change):
    calls = []
    run(make(tmp_path), calls, {"x": 1})
    if change == "output":
        (tmp_path / "a.txt").write_text("b")
    if change == "removed":
        (tmp_path / "a.txt").unlink()
    if change == "record":
        (tmp_path / "steps" / "a.json").write_text("{half")
    needs = {"x": 2} if change == "needs" else {"x": 1}
    run(make(tmp_path, fresh=change == "fresh"), calls, needs)
    assert len(calls) == 2
    assert (tmp_path / "a.txt").read_text() == "a"


def test_touched_but_unchanged_output_is_reused(tmp_path):
    calls = []
    run(make(tmp_path), calls, 1)
    (tmp_path / "a.txt").write_text("a")
    assert run(make(tmp_path), calls, 1).reused


def test_interrupted_step_leaves_no_record_and_no_file(tmp_path):
    def interrupted():
        with atomic_path(tmp_path / "a.txt") as part:
            part.write_text("half")
            raise KeyboardInterrupt

    steps = make(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        steps.do("a", interrupted, needs=1, outputs=[tmp_path / "a.txt"])
    left = [p.name for p in tmp_path.rglob("*") if p.is_file()]
    assert left == []


def test_killed_run_leaves_parts_that_the_next_run_removes(tmp_path):
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / ".score-12345678.part.tif").write_text("half")
    (tmp_path / "maps" / "score.tif").write_text("whole")
    assert remove_leftovers(tmp_path) == 1
    assert [p.name for p in (tmp_path / "maps").iterdir()] == ["score.tif"]


def test_progress_names_each_step_and_the_end(tmp_path):
    seen = []
    steps = make(tmp_path, total=1, progress=lambda *told: seen.append(told))
    run(steps, [], 1)
    steps.finish()
    assert seen == [("a", 0, 1), ("done", 1, 1)]


def test_record_names_outputs_with_their_hash(tmp_path):
    run(make(tmp_path), [], 1)
    record = json.loads((tmp_path / "steps" / "a.json").read_text())
    expected = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
    assert record["outputs"]["a.txt"][2] == expected


def test_optional_output_is_kept_when_made_and_gone_when_not(tmp_path):
    picture, said = tmp_path / "a.png", tmp_path / "said.json"

    def draw(steps, needs, make):
        def write():
            write_text(said, "[]")
            if make:
                write_text(picture, needs)

        options = {"outputs": [said], "optional": [picture]}
        return steps.do("scene", write, needs=needs, **options)

    assert set(draw(make(tmp_path), "a", True).outputs) == {"a.png", "said.json"}
    assert draw(make(tmp_path), "a", True).reused
    picture.unlink()
    assert not draw(make(tmp_path), "a", True).reused
    assert set(draw(make(tmp_path), "b", False).outputs) == {"said.json"}
    assert not picture.exists()
    assert draw(make(tmp_path), "b", False).reused
