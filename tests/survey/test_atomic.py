"""A file appears whole or not at all."""

import pytest

from survey import atomic_path, write_bytes, write_text


def test_written_whole(tmp_path):
    path = write_text(tmp_path / "new" / "度.txt", "铜\r\n")
    assert path.read_bytes() == "铜\r\n".encode()
    write_bytes(path, b"\x00\xff")
    assert path.read_bytes() == b"\x00\xff"
    assert [each.name for each in path.parent.iterdir()] == ["度.txt"]


def test_a_failure_leaves_what_was_there(tmp_path):
    path = write_text(tmp_path / "a.gpkg", "before")

    def fail():
        with atomic_path(path) as part:
            part.write_text("half")
            part.with_name(f"{part.name}-journal").write_text("x")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert path.read_text() == "before"
    assert [each.name for each in tmp_path.iterdir()] == ["a.gpkg"]


def test_the_temporary_name_keeps_folder_and_suffix(tmp_path):
    with atomic_path(tmp_path / "map.tif") as part:
        assert (part.parent, part.suffix) == (tmp_path, ".tif")
        assert part.name.startswith(".")
        part.write_bytes(b"")


def test_folders_are_replaced(tmp_path):
    path = tmp_path / "grid.zarr"
    for content in ("old", "new"):
        with atomic_path(path) as part:
            part.mkdir()
            (part / content).write_text(content)
    assert [each.name for each in path.iterdir()] == ["new"]


def test_nothing_written_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError), atomic_path(tmp_path / "a.txt"):
        pass
    assert list(tmp_path.iterdir()) == []
