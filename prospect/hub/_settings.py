"""The settings of a hub: one TOML file, checked as a whole."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from survey import DataProblems, Problem, write_text

UNITS = {"K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
NAME = re.compile(r"[a-z][a-z0-9_.-]{0,23}")


def _bytes(value: object) -> object:
    found = re.fullmatch(
        r"\s*(\d+(?:\.\d+)?)\s*([KMGT])(?:i?B)?\s*", str(value), re.IGNORECASE
    )
    if isinstance(value, str):
        if not found:
            raise ValueError('a size reads "512M", "4G" or "1.5T"')
        return int(float(found[1]) * UNITS[found[2].upper()])
    return value


def _seconds(value: object) -> object:
    if isinstance(value, str):
        found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([smhd])\s*", value)
        if not found:
            raise ValueError('a time reads "90s", "10m", "2h" or "1d"')
        return float(found[1]) * SECONDS[found[2]]
    return value


def check_name(name: str) -> str:
    """Return a name fit for an account, a folder and an address, or refuse it."""
    if not NAME.fullmatch(name):
        raise ValueError(
            f"{name!r} cannot be a name here: small letters a-z first, then letters, "
            "digits, '_', '-' or '.', at most 24"
        )
    return name


Bytes = Annotated[int, BeforeValidator(_bytes), Field(gt=0)]
Seconds = Annotated[float, BeforeValidator(_seconds), Field(ge=0)]
Port = Annotated[int, Field(ge=1, le=65530)]
Name = Annotated[str, AfterValidator(check_name)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Site(_Section):
    """Where the hub is reached and how it runs."""

    title: str = "Prospect workbench"
    language: Literal["en", "zh"] = "en"
    address: str = "127.0.0.1"
    port: Port = 8000
    base_url: Annotated[str, Field(pattern=r"^/([\w.-]+/)*$")] = "/"
    mode: Literal["auto", "classroom", "team"] = "auto"
    environment: str = ""


class Ports(_Section):
    """Ports on the loopback device; 0 takes the next ones after the public port."""

    hub: Annotated[int, Field(ge=0, le=65535)] = 0
    proxy: Annotated[int, Field(ge=0, le=65535)] = 0
    gateway: Annotated[int, Field(ge=0, le=65535)] = 0
    pages: Annotated[int, Field(ge=0, le=65535)] = 0
    metrics: Annotated[int, Field(ge=0, le=65535)] = 0


class Encryption(_Section):
    """TLS: our own certificate, or the word that it ends before us."""

    certificate: str = ""
    key: str = ""
    ends_before_us: bool = False


class Accounts(_Section):
    """Who may come in."""

    kind: Literal["native", "shared-password", "oauth", "ldap", "pam"] = "native"
    admins: tuple[Name, ...] = ("admin",)
    sign_up: Literal["approval", "open", "closed"] = "approval"
    failed_logins: Annotated[int, Field(ge=1, le=100)] = 5
    wait_after_failures: Seconds = 600.0
    shortest_password: Annotated[int, Field(ge=8, le=64)] = 10
    options: dict[str, Any] = {}


class Limits(_Section):
    """What one person may use."""

    memory: Bytes = 4 * UNITS["G"]
    cpu: Annotated[float, Field(gt=0)] = 2.0
    processes: Annotated[int, Field(ge=50)] = 500
    disk: Bytes = 10 * UNITS["G"]
    servers: Annotated[int, Field(ge=1)] = 50


class Idle(_Section):
    """When idle things are stopped; 0 = never."""

    kernels: Seconds = 3600.0
    servers: Seconds = 7200.0
    check_every: Seconds = 300.0


class Dask(_Section):
    """Clusters beside the notebooks."""

    enabled: bool = True
    clusters_per_user: Annotated[int, Field(ge=1)] = 1
    workers_per_cluster: Annotated[int, Field(ge=1)] = 4
    worker_cores: Annotated[int, Field(ge=1)] = 1
    worker_memory: Bytes = 1 * UNITS["G"]
    idle: Seconds = 900.0


class HubSettings(_Section):
    """
    The settings of a hub, as the file `hub.toml` gives them.

    Sizes are bytes, times seconds. `read_settings` makes one from a file.

    Examples
    --------
    >>> settings = HubSettings()
    >>> settings.accounts.kind, settings.limits.memory, settings.idle.servers
    ('native', 4294967296, 7200.0)
    """

    hub: Site = Site()
    ports: Ports = Ports()
    tls: Encryption = Encryption()
    accounts: Accounts = Accounts()
    limits: Limits = Limits()
    idle: Idle = Idle()
    dask: Dask = Dask()
    projects: dict[Name, tuple[Name, ...]] = {}

    @model_validator(mode="after")
    def _consistent(self) -> HubSettings:
        if bool(self.tls.certificate) != bool(self.tls.key):
            raise ValueError("[tls] needs both, certificate and key, or neither")
        ports = [self.hub.port, *self.inner_ports.values()]
        if len(set(ports)) < len(ports):
            raise ValueError(f"two parts of the hub share a port: {sorted(ports)}")
        return self

    @property
    def mode(self) -> str:
        """`"team"` (an account of the system each) or `"classroom"` (all are one)."""
        if self.hub.mode != "auto":
            return self.hub.mode
        return "team" if os.geteuid() == 0 else "classroom"

    @property
    def inner_ports(self) -> dict[str, int]:
        """Ports on the loopback device by part: hub, proxy, gateway, pages, metrics."""
        given = self.ports.model_dump()
        return {
            name: port or self.hub.port + number
            for number, (name, port) in enumerate(given.items(), 1)
        }

    @property
    def url(self) -> str:
        """What people type into the browser on this machine."""
        scheme = "https" if self.tls.certificate else "http"
        everywhere = self.hub.address in {"", "0.0.0.0", "::"}
        host = "127.0.0.1" if everywhere else self.hub.address
        return f"{scheme}://{host}:{self.hub.port}{self.hub.base_url}"


def read_settings(path: str | Path) -> HubSettings:
    """
    Read the settings of a hub and check all of them.

    Parameters
    ----------
    path : path-like
        The file `hub.toml`. What it does not name keeps its default.

    Returns
    -------
    HubSettings

    Raises
    ------
    survey.DataProblems
        Everything that is wrong, each with key, value and remedy.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "hub.toml"
    >>> _ = new_settings(path, title="Bixi survey")
    >>> read_settings(path).hub.title
    'Bixi survey'
    """
    path = Path(path)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataProblems(
            [
                Problem(
                    what=f"is no TOML in UTF-8: {error}",
                    remedy="mend that line; text stands in quotes, sections in [...]",
                    file=str(path),
                )
            ]
        ) from None
    try:
        return HubSettings.model_validate(content)
    except ValidationError as error:
        raise DataProblems(
            [_problem(each, str(path)) for each in error.errors()]
        ) from None


def _problem(error: dict[str, Any], file: str) -> Problem:
    key = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        what, remedy = f"key {key!r} is unknown", "see hub.toml's comments for the keys"
    else:
        what = f"{key or 'the file'}: {error['msg'].removeprefix('Value error, ')}"
        remedy = "mend the value; without the line the default holds"
    given = error["input"]
    value = None if isinstance(given, (dict, BaseModel)) else given
    return Problem(what=what, remedy=remedy, file=file, value=value)


def new_settings(path: str | Path, *, title: str = "Prospect workbench") -> Path:
    """
    Write a settings file with every key, its default and what it means.

    Parameters
    ----------
    path : path-like
        The file to write; an existing one is never touched.
    title : str
        Name of the hub, shown on the login page.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    FileExistsError
        When there is a file already.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "hub.toml"
    >>> new_settings(path).name
    'hub.toml'
    """
    path = Path(path)
    if path.exists():
        raise FileExistsError(f"{path} is there already; it is left as it is")
    template = (Path(__file__).parent / "data" / "hub.toml").read_text("utf-8")
    quoted = title.replace("\\", "\\\\").replace('"', '\\"')
    return write_text(path, template.replace("{title}", quoted))
