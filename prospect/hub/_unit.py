"""The hub as a service of the system: a unit for systemd."""

from __future__ import annotations

import getpass
import os
import shutil
import sys
from pathlib import Path

from ._folder import HubFolder
from ._services import find_node, hub_environment, user_environment
from ._settings import HubSettings, read_settings

UNIT = """\
# Written by `prospect hub unit`. As /etc/systemd/system/prospect-hub.service:
#   systemctl daemon-reload && systemctl enable --now prospect-hub
# `systemctl reload` puts changed settings into force while people work on;
# `systemctl restart` and `stop` stop everybody's server.

[Unit]
Description=Shared prospecting workbench
After=network-online.target
Wants=network-online.target

[Service]
Type=exec
{user}ExecStart={program} hub up --foreground --folder {folder}
ExecReload={program} hub restart --folder {folder}
Environment={path}
{environment}# the keeper stops servers and parts in order; then what is left is ended
KillMode=mixed
TimeoutStopSec=200
Restart=on-failure
RestartSec=5
# wrong settings do not get better by trying again
RestartPreventExitStatus=2 3
# limits of each person are control groups below this service
Delegate=memory pids cpu
LimitNOFILE=65536
UMask=0022

# the hub needs its folder{more}; all the rest is out of reach
ProtectSystem={system}
ProtectHome=read-only
ReadWritePaths={folder}
PrivateTmp=yes
NoNewPrivileges=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectHostname=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native

[Install]
WantedBy=multi-user.target
"""


def hub_unit(folder: str | Path) -> str:
    """
    Return a systemd unit that starts the hub of a folder with the machine.

    In team mode root makes accounts, so /etc stays writable; in classroom mode the
    hub runs as the present account and may write its folder alone.

    Parameters
    ----------
    folder : path-like
        The hub's folder.

    Returns
    -------
    str

    Examples
    --------
    >>> unit = hub_unit("/srv/workbench")
    >>> [line for line in unit.splitlines() if line.startswith("KillMode")]
    ['KillMode=mixed']
    """
    place = HubFolder(Path(folder))
    there = place.settings.exists()
    settings = read_settings(place.settings) if there else HubSettings()
    team = settings.mode == "team"
    given = os.environ.get("PROSPECT_HUB_ENV")
    environment = f"Environment={_quoted(f'PROSPECT_HUB_ENV={given}')}\n"
    return UNIT.format(
        program=_quoted(str(_program(settings))),
        folder=_quoted(str(place.root)),
        path=_quoted(f"PATH={_path()}"),
        environment=environment if given else "",
        user="" if team else f"User={getpass.getuser()}\n",
        # useradd writes into /etc
        system="true" if team else "strict",
        more=" and, for people's accounts, /etc" if team else "",
    )


def _program(settings: HubSettings) -> Path:
    """Return the command `prospect` of this environment or of the users'."""
    found = [Path(sys.prefix), user_environment(settings), hub_environment()]
    programs = [folder / "bin" / "prospect" for folder in found]
    other = Path(shutil.which("prospect") or programs[0])
    return next((each for each in programs if each.exists()), other)


def _path() -> str:
    """Where programs are looked for: the Node.js of today first."""
    node = find_node()
    own = [str(Path(node).absolute().parent)] if node else []
    system = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin"]
    return ":".join(dict.fromkeys([*own, *system, "/sbin", "/bin"]))


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"' if " " in text else escaped
