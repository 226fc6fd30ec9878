"""What this machine offers a prospecting job, and what should be mended."""

from __future__ import annotations

import os
import platform
import sys
import tomllib
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._machine import (
    disk_speed,
    memory_limit,
    parse_lock,
    runs,
    unmet,
    usable_cores,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Found = Iterator[tuple[str, dict[str, Any]]]

ROOT = Path(__file__).parents[1]
WORDS = Path(__file__).with_name("data") / "doctor.toml"
DISTRIBUTION = "prospect-workbench"
PACKAGES = ("survey", "spectral", "prospect")
GIB = 2**30
GB = 1e9


@dataclass(frozen=True)
class Finding:
    """
    One thing `diagnose` looked at.

    Parameters
    ----------
    topic : str
        What was looked at, such as "memory".
    level : {"ok", "advice", "mend"}
        `advice`: jobs run, something could be better. `mend`: jobs will fail.
    title, message : str
        What was found, for people.
    advice : str
        What to do, in most cases a command to type; empty when all is well.

    Examples
    --------
    >>> print(Finding("disk", "advice", "Disk", "0.5 GB free here", "free some space"))
    Disk: 0.5 GB free here. What to do: free some space
    """

    topic: str
    level: str
    title: str
    message: str
    advice: str = ""

    def __str__(self) -> str:
        """Return one line: title, message, advice."""
        todo = f". What to do: {self.advice}" if self.advice else ""
        return f"{self.title}: {self.message}{todo}"


def diagnose(*, lang: str = "en", folder: str | Path = ".") -> list[Finding]:
    """
    Findings about this machine: versions, libraries, memory, disk, names, data.

    Takes a few seconds: OpenGL is tried in a process of its own, because VTK ends
    Python where the library is missing, and 64 MB are written to measure the disk.

    Parameters
    ----------
    lang : {"en", "zh"}
        Language of the messages.
    folder : path
        Where results will be written.

    Returns
    -------
    list of Finding
        At least one a topic, in a fixed order.

    Raises
    ------
    ValueError
        If `lang` is unknown.

    Examples
    --------
    >>> findings = diagnose()
    >>> findings[0].topic, findings[0].level
    ('python', 'ok')
    """
    if lang not in {"en", "zh"}:
        raise ValueError(f"lang must be 'en' or 'zh', got {lang!r}")
    words = tomllib.loads(WORDS.read_text(encoding="utf-8"))
    return [
        _say(words[topic], topic, state, fields, lang)
        for topic, check in CHECKS.items()
        for state, fields in check(Path(folder))
    ]


def _say(words: dict, topic: str, state: str, fields: dict, lang: str) -> Finding:
    entry = words[state]
    advice = entry.get("advice", {}).get(lang, "")
    return Finding(
        topic=topic,
        level=entry["level"],
        title=words["title"][lang],
        message=entry["text"][lang].format(**fields),
        advice=advice.format(**fields),
    )


def _python(_: Path) -> Found:
    fits = (3, 11) <= sys.version_info[:2] < (3, 14)
    fields = {
        "version": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
    }
    yield ("fits" if fits else "unfit"), fields


def _packages(_: Path) -> Found:
    try:
        version = metadata.version(DISTRIBUTION)
        needs = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        version, needs = "(not installed)", _declared()
    missing = unmet(needs)
    lock = ROOT / "environments" / "locks" / "core.txt"
    wanted = parse_lock(lock.read_text("utf-8")) if lock.exists() else {}
    other = [f"{name} {found} for {pin}" for name, pin, found in _differing(wanted)]
    if missing:
        yield "missing", {"n": len(missing), "names": _some(missing)}
    elif other:
        yield "different", {"n": len(other), "names": _some(other)}
    else:
        fields = {"version": version, "n": len(wanted or needs)}
        yield ("locked" if wanted else "enough"), fields


def _declared() -> list[str]:
    file = ROOT / "pyproject.toml"
    if not file.exists():
        return []
    return tomllib.loads(file.read_text("utf-8"))["project"]["dependencies"]


def _differing(wanted: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    for name, pin in wanted.items():
        try:
            found = metadata.version(name)
        except metadata.PackageNotFoundError:
            found = "missing"
        if found != pin:
            yield name, pin, found


def _some(names: list[str], most: int = 5) -> str:
    return ", ".join(names[:most]) + (" …" if len(names) > most else "")


def _names(_: Path) -> Found:
    owners = metadata.packages_distributions()
    clean = True
    for name in PACKAGES:
        strangers = sorted(set(owners.get(name, [])) - {DISTRIBUTION})
        spec = util.find_spec(name)
        where = Path(spec.origin) if spec and spec.origin else None
        if strangers:
            clean = False
            yield "shared", {"name": name, "strangers": " ".join(strangers)}
        elif where is None or where.parent.parent.resolve() != ROOT.resolve():
            clean = False
            yield "elsewhere", {"name": name, "where": where}
    if clean:
        yield "ours", {}


def _opengl(_: Path) -> Found:
    from .scene import probe_offscreen

    status = probe_offscreen()
    yield ("works" if status.ok else "missing"), {"remedy": status.remedy}


def _openmp(_: Path) -> Found:
    ok, error = runs("import lightgbm")
    yield ("works" if ok else "missing"), {"error": error}


def _memory(_: Path) -> Found:
    import psutil

    machine = psutil.virtual_memory()
    limit, used = memory_limit()
    total = min(machine.total, limit)
    free = min(machine.available, limit - used)
    capped = " (limit of this container)" if limit < machine.total else ""
    fields = {"free": free / GIB, "total": total / GIB, "limit": capped}
    state = "too_little" if free < GIB else "short" if free < 3 * GIB else "enough"
    yield state, fields


def _cores(_: Path) -> Found:
    n = usable_cores()
    yield "counted", {"n": n, "all": os.cpu_count(), "jobs": max(1, int(n))}


def _disk(folder: Path) -> Found:
    import psutil

    while not folder.exists():
        folder = folder.parent
    free = psutil.disk_usage(str(folder)).free / GB
    if free < 0.3:
        yield "full", {"free": free}
        return
    try:
        speed = disk_speed(folder)
    except OSError as error:
        yield "unwritable", {"error": error.strerror or error}
        return
    state = "short" if free < 5 else "slow" if speed < 30 else "enough"
    yield state, {"free": free, "speed": speed}


def _text(_: Path) -> Found:
    from .report._fonts import chinese_font

    encoding = sys.stdout.encoding or sys.getfilesystemencoding()
    if encoding.lower().replace("-", "") not in {"utf8", "gb18030"}:
        yield "not_unicode", {"encoding": encoding}
        return
    font = chinese_font()
    yield ("unicode" if font else "no_font"), {"font": font}


def _coordinates(_: Path) -> Found:
    # EPSG:4547 is CGCS2000 / 3-degree Gauss-Kruger CM 114E: its meridian is x = 500 km,
    # and the meridian arc of the ellipsoid from the equator to 30° N is 3 320 113.4 m
    code = (
        "import pyproj; from rasterio.warp import transform;"
        "pyproj.network.set_network_enabled(False);"
        "t = pyproj.Transformer.from_crs('EPSG:4490', 'EPSG:4547', always_xy=True);"
        "e, n = t.transform(114, 30);"
        "[u], [v] = transform('EPSG:4490', 'EPSG:4547', [114], [30]);"
        "ok = max(abs(e - 5e5), abs(n - 3320113.4), abs(u - e), abs(v - n)) < 0.5;"
        "raise SystemExit(None if ok else f'114 E 30 N became {e} {n}, {u} {v}')"
    )
    import pyproj

    ok, error = runs(code)
    fields = {"version": pyproj.proj_version_str, "error": error}
    yield ("right" if ok else "wrong"), fields


def _data(_: Path) -> Found:
    folder = os.environ.get("PROSPECT_DATA_DIR", "")
    if not folder:
        yield "unset", {}
    else:
        yield ("there" if Path(folder).is_dir() else "absent"), {"folder": folder}


CHECKS: dict[str, Callable[[Path], Found]] = {
    "python": _python,
    "packages": _packages,
    "names": _names,
    "opengl": _opengl,
    "openmp": _openmp,
    "memory": _memory,
    "cores": _cores,
    "disk": _disk,
    "text": _text,
    "coordinates": _coordinates,
    "data": _data,
}
