"""Registered data sets: what there is, where it comes from, is it unchanged."""

from __future__ import annotations

import difflib
import functools
import hashlib
import logging
import os
import shutil
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from survey import atomic_path

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

MIRROR = "PROSPECT_DATA_DIR"


def list_data(*, topic: str | None = None) -> pd.DataFrame:
    """
    Registered real data sets.

    Parameters
    ----------
    topic : str, optional
        Only sets of this topic, such as ``"mpm"`` or ``"geochem"``.

    Returns
    -------
    DataFrame, shape (n_sets, 11)
        `name`, `topic`, `title`, `title_zh`, `files` (how many), `size_MB`, `crs`,
        `licence`, `citation`, `reader` (the public call that opens it) and
        `download` (False where a set comes only from a local copy).

    Raises
    ------
    KeyError
        If there is no such topic; the topics there are, are named.

    See Also
    --------
    fetch_data : Get one of them.

    Examples
    --------
    >>> list_data(topic="geology")["name"].to_list()
    ['geology/hamersley', 'geology/sandstone_greenstone']
    """
    import pandas as pd

    rows = [_row(entry) for entry in _registry().values()]
    table = pd.DataFrame(rows)
    if topic is None:
        return table
    if topic not in set(table["topic"]):
        raise KeyError(f"no topic {topic!r}; there are {sorted(set(table['topic']))}")
    return table[table["topic"] == topic].reset_index(drop=True)


def fetch_data(name: str, *, folder: str | Path | None = None) -> Path:
    """
    Folder with the files of a registered data set, each checked by its hash.

    A local copy comes first: where the environment variable `PROSPECT_DATA_DIR` names
    a folder with the set in it, that is checked and returned. Otherwise the files are
    downloaded from their public origin, once.

    Parameters
    ----------
    name : str
        Name such as ``"mpm/cloncurry_iocg"``, see `list_data`.
    folder : path, optional
        Where downloads are kept, under the set's name; the user's cache if it is not
        given.

    Returns
    -------
    Path
        The set's folder. It may be shared: do not write into it.

    Raises
    ------
    KeyError
        If the set is not registered; near names are told.
    FileNotFoundError
        If a file is missing in the local copy, or the set can come only from a local
        copy and there is none.
    ValueError
        If a file differs from the registered one: the file and both hashes are named.
    ConnectionError
        If a file cannot be downloaded.

    Examples
    --------
    >>> fetch_data("cloncurry")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    KeyError: "no data set 'cloncurry'; did you mean 'mpm/cloncurry_iocg'...
    """
    entry = _find(name)
    mirror = os.environ.get(MIRROR)
    if mirror and (Path(mirror) / name).is_dir():
        return _check_copy(entry, Path(mirror) / name)
    if entry.get("converted"):
        raise FileNotFoundError(
            f"{name} cannot be downloaded as it is used here: {entry['how']}. Origin: "
            f"{entry['repository']}. {_mirror_remedy(mirror, name)}"
        )
    home = _cache() if folder is None else Path(folder)
    for file in entry["files"]:
        _download(entry, file, home / name)
    return home / name


def sample_district(folder: str | Path) -> Path:
    """
    Copy of the synthetic sample district in a folder of your own.

    The district was made from a geological story, so the answer is known: `README.md`
    tells the story, `truth/` has the answer.

    Parameters
    ----------
    folder : path
        Folder to make. It must not exist, or be empty.

    Returns
    -------
    Path
        `folder`; the district file in it is `district.toml`.

    Raises
    ------
    FileExistsError
        If there is something in the folder.
    FileNotFoundError
        If the sample district is not part of this installation.

    Examples
    --------
    >>> import tempfile
    >>> folder = sample_district(Path(tempfile.mkdtemp()) / "bixi")
    >>> (folder / "district.toml").exists()
    True
    """
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileExistsError(
            f"{folder} is there already and not empty: name a new folder, so that "
            "nothing of yours is replaced"
        )
    source = _embedded("synthetic_district")
    with atomic_path(folder) as part:
        shutil.copytree(source, part, ignore=shutil.ignore_patterns("results*", ".*"))
    return folder


@functools.cache
def _registry() -> dict[str, dict[str, Any]]:
    """Entries of the registry by their names."""
    text = _embedded("registry.toml").read_text(encoding="utf-8")
    return {entry["name"]: entry for entry in tomllib.loads(text)["dataset"]}


def _embedded(name: str) -> Path:
    """File or folder of the sample data, in an installation or in a checkout."""
    package = Path(str(files(__package__)))
    places = [package / "data" / name, package.parent / "data_samples" / name]
    for place in places:
        if place.exists():
            return place
    raise FileNotFoundError(
        f"{name} is neither at {places[0]} nor at {places[1]}: install "
        "prospect-workbench again, or work in a checkout of it"
    )


def _row(entry: dict[str, Any]) -> dict[str, Any]:
    size = sum(file["size"] for file in entry["files"])
    return {
        "name": entry["name"],
        "topic": entry["name"].partition("/")[0],
        "title": entry["title"],
        "title_zh": entry["title_zh"],
        "files": len(entry["files"]),
        "size_MB": round(size / 1e6, 2),
        "crs": entry["crs"],
        "licence": entry["licence"],
        "citation": entry["citation"],
        "reader": entry["reader"],
        "download": not entry.get("converted", False),
    }


def _find(name: str) -> dict[str, Any]:
    entries = _registry()
    if name in entries:
        return entries[name]
    near = difflib.get_close_matches(name, entries, n=3, cutoff=0.4)
    short = [each for each in entries if name and name in each]
    guess = " or ".join(repr(each) for each in dict.fromkeys([*short, *near][:3]))
    hint = f"did you mean {guess}? " if guess else ""
    raise KeyError(f"no data set {name!r}; {hint}prospect data list shows them all")


def _mirror_remedy(mirror: str | None, name: str) -> str:
    if mirror:
        return f"{MIRROR} is {mirror!r}, which has no folder {name!r}: put a copy there"
    return f"Set {MIRROR} to a folder that has a copy of it as {name!r}"


def _check_copy(entry: dict[str, Any], folder: Path) -> Path:
    paths = [(folder / file["path"], file) for file in entry["files"]]
    missing = [str(path) for path, _ in paths if not path.is_file()]
    if missing:
        raise FileNotFoundError(
            f"{len(missing)} of {len(paths)} files of {entry['name']} are missing in "
            f"the local copy, the first is {missing[0]}: complete the copy, or unset "
            f"{MIRROR} to download the set"
        )
    for path, file in paths:
        _check_hash(path, file["sha256"])
    return folder


def _check_hash(path: Path, expected: str) -> None:
    state = path.stat()
    found = _sha256(path, state.st_size, state.st_mtime_ns)
    if found != expected:
        raise ValueError(
            f"{path} differs from the registered file: sha256 is {found}, registered "
            f"is {expected}. Replace it by the original, or work on a copy under "
            "another name"
        )


@functools.lru_cache(maxsize=4096)
def _sha256(path: Path, size: int, changed: int) -> str:  # noqa: ARG001
    """Hash of a file; size and time of change are there to notice a new content."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _cache() -> Path:
    import pooch

    return Path(pooch.os_cache("prospect-workbench"))


def _download(entry: dict[str, Any], file: dict[str, Any], folder: Path) -> None:
    path = folder / file["path"]
    if path.is_file():
        _check_hash(path, file["sha256"])
        return
    address = _address(entry, file)
    log.info("downloading %s", address)
    with atomic_path(path) as part:
        _retrieve(address, part)
        found = hashlib.sha256(part.read_bytes()).hexdigest()
        if found != file["sha256"]:
            raise ValueError(
                f"{address} has changed: sha256 is {found}, registered is "
                f"{file['sha256']}. {_mirror_remedy(None, entry['name'])}"
            )


def _address(entry: dict[str, Any], file: dict[str, Any]) -> str:
    return f"{entry['repository']}/raw/{entry['commit']}/{quote(file['origin'])}"


def _retrieve(address: str, path: Path) -> None:
    """Download by pooch; its own hash check would hide which hash was found."""
    import pooch

    try:
        pooch.HTTPDownloader(timeout=60)(address, str(path), None)
    except OSError as error:
        raise ConnectionError(
            f"cannot download {address}: {error}. Check the connection, or set "
            f"{MIRROR} to a folder with a local copy of the data"
        ) from error
