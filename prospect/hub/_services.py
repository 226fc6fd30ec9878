"""The processes of a hub: what each is, how it is started, where it logs."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._folder import HubFolder
    from ._settings import HubSettings

CHECKOUT = Path(__file__).parents[2]
# where the proxy of the npm registry is looked for below the hub's environment
PROXY = Path("node", "node_modules", ".bin", "configurable-http-proxy")


@dataclass(frozen=True)
class Service:
    """One process that the keeper starts and restarts."""

    name: str
    command: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict, repr=False)
    port: int | None = None


def hub_environment() -> Path:
    """Return the folder of the administrator's environment."""
    return Path(os.environ.get("PROSPECT_HUB_ENV", CHECKOUT / ".hub-env"))


def user_environment(settings: HubSettings) -> Path:
    """Return the folder of the environment that users' servers run in."""
    return Path(settings.hub.environment or CHECKOUT / ".venv")


def find_node() -> str | None:
    """Return the Node.js that runs the proxy, the environment's own first."""
    own = hub_environment() / "bin" / "node"
    found = [str(own) if own.exists() else None, *map(shutil.which, ("node", "nodejs"))]
    return next(filter(None, found), None)


def listening_ports(settings: HubSettings) -> dict[str, tuple[str, int]]:
    """Return address and port of every part that listens."""
    inner = {"hub", "pages", "proxy"} | (
        {"gateway"} if settings.dask.enabled else set()
    )
    ports = settings.inner_ports
    found = {"public": (settings.hub.address, settings.hub.port)}
    return found | {name: ("127.0.0.1", ports[name]) for name in sorted(inner)}


def list_services(
    settings: HubSettings, folder: HubFolder, secrets: dict[str, str]
) -> list[Service]:
    """
    Return the processes of a hub in the order of their start.

    The proxy comes first and is nobody's child but the keeper's: users keep working
    while the hub restarts. The hub reaches the others as services with a token each.
    """
    python = str(hub_environment() / "bin" / "python")
    ports = settings.inner_ports
    base = {"PROSPECT_HUB_FOLDER": str(folder.root)}
    token = {
        name: {
            **base,
            "JUPYTERHUB_API_URL": f"http://127.0.0.1:{ports['hub']}"
            f"{settings.hub.base_url}hub/api",
            "JUPYTERHUB_BASE_URL": settings.hub.base_url,
            "JUPYTERHUB_SERVICE_NAME": name,
            "JUPYTERHUB_SERVICE_PREFIX": f"{settings.hub.base_url}services/{name}/",
            "JUPYTERHUB_API_TOKEN": secrets[name],
        }
        for name in ("culler", "gateway", "pages")
    }
    services = [
        _proxy(settings, secrets, base),
        Service(
            "hub",
            (
                python,
                "-m",
                "jupyterhub",
                "-f",
                str(folder.state / "hub_config.py"),
                # a database of an older JupyterHub is copied, then upgraded
                "--upgrade-db",
            ),
            base | {"CONFIGPROXY_AUTH_TOKEN": secrets["proxy"]},
            ports["hub"],
        ),
        Service(
            "pages",
            (python, "-m", "prospect.hub.server._pages"),
            token["pages"],
            ports["pages"],
        ),
    ]
    if settings.idle.servers:
        services.append(
            Service(
                "culler",
                (
                    python,
                    "-m",
                    "jupyterhub_idle_culler",
                    f"--timeout={settings.idle.servers:.0f}",
                    f"--cull-every={settings.idle.check_every:.0f}",
                ),
                token["culler"],
            )
        )
    if settings.dask.enabled:
        services.append(
            Service(
                "gateway",
                (python, "-m", "prospect.hub.server._gateway_config"),
                token["gateway"],
                ports["gateway"],
            )
        )
    return services


def _proxy(
    settings: HubSettings, secrets: dict[str, str], base: dict[str, str]
) -> Service:
    ports = settings.inner_ports
    command = [
        find_node() or "node",
        str(hub_environment() / PROXY),
        "--ip",
        settings.hub.address,
        "--port",
        str(settings.hub.port),
        "--api-ip",
        "127.0.0.1",
        "--api-port",
        str(ports["proxy"]),
        "--default-target",
        f"http://127.0.0.1:{ports['hub']}",
        "--error-target",
        f"http://127.0.0.1:{ports['hub']}{settings.hub.base_url}hub/error",
    ]
    if settings.tls.certificate:
        command += ["--ssl-cert", settings.tls.certificate]
        command += ["--ssl-key", settings.tls.key]
    environment = base | {"CONFIGPROXY_AUTH_TOKEN": secrets["proxy"]}
    return Service("proxy", tuple(command), environment, settings.hub.port)
