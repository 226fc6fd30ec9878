"""Kernels of one's own: on top of the workbench, without a trace when they fail."""

import shutil
import sys
import zipfile
from pathlib import Path

import pytest

from prospect.lab import list_kernels, new_kernel, remove_kernel
from survey import DataProblems

pytest.importorskip("ipykernel")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A home of its own, whatever this machine's settings."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for name in ("XDG_DATA_HOME", "JUPYTER_DATA_DIR", "JUPYTER_PATH"):
        monkeypatch.delenv(name, raising=False)
    return home


def wheel(folder, name="oredemo", version="1.2"):
    """Build a wheel of one module by hand."""
    path = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    tag = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\n"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}.py", f"version = {version!r}\n")
        meta = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        archive.writestr(f"{info}/METADATA", meta)
        archive.writestr(f"{info}/WHEEL", tag + "Tag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


def everything_below(home):
    return sorted(each for each in home.rglob("*") if not each.is_dir())


def test_kernel_sees_the_workbench_and_its_own_packages(tmp_path, home):
    before = set(Path(sys.prefix, "lib").glob("python*/site-packages/*"))
    made = new_kernel("field-2026", packages=[str(wheel(tmp_path))])
    assert made.folder.is_relative_to(home)
    assert made.problem is None
    assert made.differing == ()
    assert list_kernels() == [made]

    from jupyter_client import KernelManager

    manager = KernelManager(kernel_name="field-2026")
    manager.start_kernel()
    client = manager.client()
    try:
        client.start_channels()
        client.wait_for_ready(timeout=45)
        code = "import oredemo, survey, numpy; print(oredemo.version, numpy.__file__)"
        said = []
        answer = client.execute_interactive(
            code, timeout=45, output_hook=lambda m: said.append(m["content"])
        )
        assert answer["content"]["status"] == "ok", said
        text = "".join(each.get("text", "") for each in said)
        assert text.startswith("1.2 ")
        assert str(home) not in text, "numpy is the workbench's"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)

    assert set(Path(sys.prefix, "lib").glob("python*/site-packages/*")) == before
    remove_kernel("field-2026")
    assert not list_kernels()
    assert not everything_below(home / ".local")


def test_other_versions_and_broken_environments_are_said(tmp_path):
    made = new_kernel("old", packages=[str(wheel(tmp_path, "lazy_loader", "0.1"))])
    (note,) = made.differing
    assert note.startswith("lazy-loader: 0.1 here,")
    assert "工作台为" in note.say("zh")

    shutil.rmtree(made.folder)
    (broken,) = list_kernels()
    assert "has changed" in broken.problem.what
    assert "prospect kernel new old --packages" in broken.problem.remedy
    remove_kernel("old")


@pytest.mark.parametrize(
    "name", ["Field", "../up", "a" * 41, "", "-x", "a b", "金矿", "a/b"]
)
def test_bad_names(name, home):
    with pytest.raises(DataProblems, match="cannot have this name"):
        new_kernel(name)
    with pytest.raises(DataProblems, match="no kernel of this name"):
        remove_kernel(name)
    assert not everything_below(home)


def test_taken_names_and_kernels_of_others():
    new_kernel("twice")
    with pytest.raises(DataProblems, match=r"already.*prospect kernel remove twice"):
        new_kernel("twice")
    with pytest.raises(DataProblems, match="kernel of this name already"):
        new_kernel("python3")
    with pytest.raises(DataProblems, match="left alone"):
        remove_kernel("python3")


def test_all_problems_at_once_and_nothing_is_left(tmp_path, home):
    with pytest.raises(DataProblems) as caught:
        new_kernel("X", packages=["--find-links=elsewhere", " -r", "", "lasio"])
    assert len(caught.value.problems) == 4
    missing = str(tmp_path / "absent-1.0-py3-none-any.whl")
    with pytest.raises(DataProblems, match=r"no kernel was made.*absent"):
        new_kernel("gone", packages=[missing])
    assert not everything_below(home / ".local")


def test_what_was_cut_off_is_made_anew(home):
    rest = home / ".local/share/prospect-workbench/kernels/half/bin"
    rest.mkdir(parents=True)
    assert new_kernel("half").problem is None
