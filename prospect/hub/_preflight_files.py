"""Certificate and database of a hub: whether they can be used."""

from __future__ import annotations

import contextlib
import json
import socket
import sqlite3
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from ._preflight_parts import run_python
from ._problem import problem
from ._services import hub_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cryptography.x509 import Certificate

    from survey import Problem

    from ._folder import HubFolder
    from ._settings import HubSettings

SOON = timedelta(days=14)
WILDCARDS = {"", "0.0.0.0", "::"}
# all schema revisions this JupyterHub knows, and the one it works with
REVISIONS = """
import json, pathlib, jupyterhub
from alembic.script import ScriptDirectory
scripts = ScriptDirectory(str(pathlib.Path(jupyterhub.__file__).with_name("alembic")))
print(json.dumps({"head": scripts.get_heads()[0], "version": jupyterhub.__version__,
                  "known": [each.revision for each in scripts.walk_revisions()]}))
"""


# --- certificate -------------------------------------------------------------


def check_certificate(settings: HubSettings) -> Iterator[Problem]:
    """Whether certificate and key are readable, belong together and are valid now."""
    if not settings.tls.certificate:
        return
    files = [Path(settings.tls.certificate), Path(settings.tls.key)]
    unread = list(_unreadable(files))
    yield from unread
    if unread:
        return
    certificate, key = files
    from cryptography import x509

    try:
        chain = x509.load_pem_x509_certificates(certificate.read_bytes())
    except ValueError as error:
        yield problem("hub_tls_no_certificate", file=certificate, value=error)
        return
    yield from _pair(certificate, key)
    yield from _dates(certificate, chain)
    yield from _names(certificate, chain[0], settings.hub.address)
    if key.stat().st_mode & 0o007:
        mode = f"{key.stat().st_mode & 0o7777:04o}"
        yield problem("hub_tls_key_open", file=key, value=mode, severity="warning")


def _unreadable(files: list[Path]) -> Iterator[Problem]:
    for path in files:
        try:
            with path.open("rb"):
                pass
        except OSError as error:
            yield problem("hub_tls_unreadable", file=path, value=error.strerror)


def _pair(certificate: Path, key: Path) -> Iterator[Problem]:
    def refuse() -> str:
        # a passphrase would be asked for at the terminal, where nobody sits
        raise ValueError("passphrase")

    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key, password=refuse)
    except ssl.SSLError as error:
        match = "KEY_VALUES_MISMATCH" in str(error)
        code = "hub_tls_other_key" if match else "hub_tls_bad_key"
        yield problem(code, file=key, value=error.reason or error)
    except ValueError:
        yield problem("hub_tls_passphrase", file=key)


def _dates(file: Path, chain: list[Certificate]) -> Iterator[Problem]:
    now = datetime.now(UTC)
    for each in chain:
        start, end = each.not_valid_before_utc, each.not_valid_after_utc
        of = each.subject.rfc4514_string()
        if end < now:
            yield problem("hub_tls_expired", file=file, value=f"{end:%Y-%m-%d}", of=of)
        elif start > now:
            yield problem("hub_tls_early", file=file, value=f"{start:%Y-%m-%d}", of=of)
        elif end < now + SOON:
            days = (end - now).days
            fields = {"value": f"{end:%Y-%m-%d}", "days": days, "of": of}
            yield problem("hub_tls_soon", file=file, severity="warning", **fields)


def _names(file: Path, certificate: Certificate, address: str) -> Iterator[Problem]:
    """Browsers compare the name people type with those of the certificate."""
    from cryptography import x509

    names: list[str] = []
    with contextlib.suppress(x509.ExtensionNotFound):
        kind = x509.SubjectAlternativeName
        extension = certificate.extensions.get_extension_for_class(kind).value
        names = extension.get_values_for_type(x509.DNSName)
        names += map(str, extension.get_values_for_type(x509.IPAddress))
    if not names:
        yield problem("hub_tls_no_names", file=file, severity="warning")
        return
    ours = {socket.gethostname(), socket.getfqdn()} - {"localhost"}
    ours = ours if address in WILDCARDS else {address}
    if not any(_covers(name, each) for name in names for each in ours):
        fields = {"names": names, "ours": sorted(ours)}
        yield problem("hub_tls_other_name", file=file, severity="warning", **fields)


def _covers(name: str, host: str) -> bool:
    if name.startswith("*."):
        return host.partition(".")[2].lower() == name[2:].lower()
    return name.lower() == host.lower()


# --- database ----------------------------------------------------------------


def check_database(place: HubFolder) -> Iterator[Problem]:
    """Whether the accounts can be read, by this JupyterHub; nothing is changed."""
    path = place.database
    backup = newest_backup(place)
    # a full disk or a crash may leave a file of no bytes, which opens as a new database
    if not path.exists() or not path.stat().st_size:
        with contextlib.suppress(OSError):
            if people := sum(1 for each in place.users.iterdir() if each.is_dir()):
                codes = ("hub_database_gone_backup", "hub_database_gone_none")
                fields = {"n": people, "backup": str(backup or "")}
                code = codes[backup is None]
                yield problem(code, file=path, severity="warning", **fields)
        return
    try:
        revision = _read(path)
    except sqlite3.OperationalError as error:
        yield problem("hub_database_busy", file=path, value=error)
    except sqlite3.DatabaseError as error:
        yield _corrupt(path, str(error), backup)
    else:
        if revision is not None:
            yield from _revision(path, revision, backup)


def newest_backup(place: HubFolder) -> Path | None:
    """Return the newest archive of the hub's folder."""
    try:
        found = [(p.stat().st_mtime, p) for p in place.backups.glob("*.tar.gz")]
    except OSError:
        return None
    return max(found)[1] if found else None


def _corrupt(path: Path, said: str, backup: Path | None) -> Problem:
    codes = ("hub_database_corrupt_backup", "hub_database_corrupt_none")
    fields = {"value": said, "backup": str(backup or "")}
    return problem(codes[backup is None], file=path, **fields)


def _read(path: Path) -> str | None:
    """Return the revision of the schema; raise what is wrong with the file."""
    # "rw": what a crash left half-written must be taken back, as the hub would do
    connection = sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, timeout=10)
    with contextlib.closing(connection):
        (said,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
        if said != "ok":
            raise sqlite3.DatabaseError(said.replace("\n", " "))
        known = "SELECT name FROM sqlite_master WHERE name = 'alembic_version'"
        if not connection.execute(known).fetchall():
            return None
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        return row[0] if row else None


def _revision(path: Path, found: str, backup: Path | None) -> Iterator[Problem]:
    said = run_python(hub_environment(), REVISIONS)
    if said.returncode:
        return  # the hub's environment has a problem of its own, told elsewhere
    hub = json.loads(said.stdout)
    fields = {"value": found, "version": hub["version"], "backup": str(backup or "")}
    if found not in hub["known"]:
        codes = ("hub_database_newer_backup", "hub_database_newer_none")
        yield problem(codes[backup is None], file=path, **fields)
    elif found != hub["head"]:
        yield problem("hub_database_older", file=path, severity="warning", **fields)
