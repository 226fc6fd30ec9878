"""Hashes of files, parameters and of our own code."""

from __future__ import annotations

import functools
import hashlib
import json
import re
import subprocess
from importlib import metadata, util
from pathlib import Path
from typing import Any

CHUNK = 1 << 22
# metadata or one image of a product whose other files are read with it
_PRODUCT = re.compile(
    r"(MTD_MSIL|L[COTEM]0\d_|ENMAP|DESIS|AST_|GF5|ZY1).*", re.IGNORECASE
)
LIBRARIES = (
    "prospect-workbench",
    *("numpy", "scipy", "pandas", "xarray", "rioxarray", "rasterio", "odc-geo"),
    *("dask", "geopandas", "shapely", "pyproj", "pyogrio", "scikit-learn"),
    *("lightgbm", "numba", "matplotlib", "pyvista", "vtk"),
)


def hash_file(path: Path) -> str:
    """SHA-256 of a file's bytes, as hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while block := handle.read(CHUNK):
            digest.update(block)
    return digest.hexdigest()


def hash_value(value: Any) -> str:  # noqa: ANN401
    """SHA-256 of a JSON-ready value; the order of keys does not matter."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def companions(path: Path) -> list[Path]:
    """
    Return the files that make up a data set: shapefile parts, headers, folders.

    A shapefile is also its `.dbf` and `.prj`, an ENVI grid its `.hdr` and a header its
    data, a Zarr store or a product of satellite images every file in the folder; each
    of them can change what is read.
    """
    if path.is_dir():
        return sorted(p for p in path.rglob("*") if p.is_file())
    if _PRODUCT.match(path.name):
        return sorted(p for p in path.parent.rglob("*") if p.is_file())
    if path.suffix.lower() == ".adf":
        return sorted(p for p in path.parent.iterdir() if p.is_file())
    beside = [*path.parent.glob(f"{_escape(path.stem)}.*"), path.with_suffix("")]
    return sorted({path, *(p for p in beside if p.is_file() and _belongs(p, path))})


def _belongs(candidate: Path, path: Path) -> bool:
    parts = {".shp", ".shx", ".dbf", ".prj", ".cpg", ".hdr", ".aux", ".xml", ".tfw"}
    parts |= {".msk", ".gpkg-wal"}
    if path.suffix.lower() == ".hdr":
        return candidate.suffix.lower() not in {".qml", ".xml", ".enp", ".sta"}
    return candidate == path or (
        candidate.suffix.lower() in parts
        and candidate.name.lower() != f"{path.stem.lower()}.qml"
    )


def _escape(stem: str) -> str:
    return "".join(f"[{c}]" if c in "[]*?" else c for c in stem)


class FileHashes:
    """
    Hashes of input files, remembered by size and time of change.

    Parameters
    ----------
    record : path
        JSON file in which hashes are kept from run to run.
    """

    def __init__(self, record: Path) -> None:
        self.record = record
        try:
            self._known = json.loads(record.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            self._known = {}

    def __call__(self, path: Path) -> str:
        """SHA-256 of one file."""
        stat = path.stat()
        stamp = [stat.st_size, stat.st_mtime_ns]
        key = str(path.resolve())
        entry = self._known.get(key)
        if entry is None or entry[:2] != stamp:
            entry = [*stamp, hash_file(path)]
            self._known[key] = entry
            self._save()
        return entry[2]

    def data_set(self, path: Path) -> dict[str, str]:
        """SHA-256 of every file of a data set, by its place beside `path`."""
        start = path.parent
        return {p.relative_to(start).as_posix(): self(p) for p in companions(path)}

    def _save(self) -> None:
        from survey import write_text

        write_text(self.record, json.dumps(self._known, indent=0))


@functools.cache
def code_fingerprint() -> str:
    """Hash of the source and tables of our three packages."""
    digest = hashlib.sha256()
    for package in ("survey", "spectral", "prospect"):
        spec = util.find_spec(package)
        root = Path(spec.origin).parent  # type: ignore[union-attr, arg-type]
        for file in sorted(root.rglob("*")):
            if file.suffix in {".py", ".toml", ".html", ".css", ".j2"}:
                digest.update(file.relative_to(root).as_posix().encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()


def code_revision() -> str:
    """
    Version and git revision of the code, with a mark where it was changed.

    Without git or outside a checkout, the version and the hash of the source.
    """
    root = Path(__file__).parents[2]
    version = metadata.version("prospect-workbench")
    source = f"{version} (source {code_fingerprint()[:12]})"
    try:
        if not (root / ".git").exists():
            return source
        call = functools.partial(
            subprocess.run, cwd=root, capture_output=True, text=True, check=True
        )
        revision = call(["git", "rev-parse", "--short=12", "HEAD"]).stdout.strip()
        packages = ["survey", "spectral", "prospect"]
        changed = call(["git", "status", "--porcelain", "--", *packages]).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return source
    return f"{version} (git {revision}{', changed' if changed else ''})"


def library_versions() -> dict[str, str]:
    """Versions of Python and of the libraries that decide the result."""
    import platform

    versions = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions
