"""The configuration of JupyterHub, made from the settings of the hub."""

from __future__ import annotations

import atexit
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from survey import write_text

from .._folder import HubFolder
from .._secrets import make_secrets
from .._services import user_environment
from .._settings import HubSettings, read_settings
from ._accounts import configure_accounts
from ._environment import KEPT, server_arguments, server_environment, start_page
from ._homes import make_runtime_root, prepare_folders, runtime_root
from ._limits import find_groups
from ._linux import sync_projects
from ._look import template_settings
from ._spawners import AccountSpawner, ClassroomSpawner, Place
from ._watch import Watch

if TYPE_CHECKING:
    from ._spawners import PersonalSpawner

log = logging.getLogger("prospect.hub")

# What services and people may ask the hub; nothing is shared by default. `control` is
# the command `prospect hub`, `pages` shows people and their servers to administrators
# and stops a server with the administrator's own rights.
ROLES = {
    "control": ["admin:users", "admin:servers", "list:services", "proxy", "read:hub", "shutdown", "tokens"],  # noqa: E501
    "culler": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
    "gateway": ["read:users:name", "read:users:groups"],
    "pages": ["list:users", "read:users", "read:servers", "read:hub"],
    "metrics": ["read:metrics", "access:services!service=pages"],
}  # fmt: skip
# a person's pages may stop what the person may stop: everybody his own server
PAGES = {"oauth_no_confirm": True, "oauth_client_allowed_scopes": ["delete:servers"]}
PEOPLE = {
    "user": ["self", "access:services!service=gateway", "access:services!service=pages"],  # noqa: E501
    "server": ["users:activity!user", "access:servers!server", "access:services!service=gateway"],  # noqa: E501
}  # fmt: skip


def configure(c: Any, root: str | Path) -> None:  # noqa: ANN401
    """
    Configure JupyterHub for the hub in folder `root`.

    Parameters
    ----------
    c : traitlets.config.Config
        What `get_config()` gives in a configuration file.
    root : path-like
        The hub's folder.

    Raises
    ------
    survey.DataProblems
        What is wrong with the settings, all at once.

    Examples
    --------
    >>> configure(get_config(), "/srv/workbench")  # doctest: +SKIP
    """
    folder = HubFolder(root)
    settings = read_settings(folder.settings)
    prepare_folders(folder, team=settings.mode == "team")
    secrets = make_secrets(folder)
    _network(c, settings, folder, secrets)
    _services(c, settings, secrets)
    c.JupyterHub.update(template_settings(settings))
    configure_accounts(c, settings, folder)
    _spawner(c, settings, folder)


def _network(
    c: Any,  # noqa: ANN401
    settings: HubSettings,
    folder: HubFolder,
    secrets: dict[str, str],
) -> None:
    ports = settings.inner_ports
    scheme = "https" if settings.tls.certificate else "http"
    hub = c.JupyterHub
    hub.bind_url = (
        f"{scheme}://{settings.hub.address}:{settings.hub.port}{settings.hub.base_url}"
    )
    hub.hub_bind_url = f"http://127.0.0.1:{ports['hub']}"
    hub.db_url = f"sqlite:///{folder.database}"
    hub.cookie_secret = bytes.fromhex(secrets["cookie"])
    # the proxy and the servers live on when the hub stops
    hub.cleanup_servers = False
    hub.cleanup_proxy = False
    hub.active_server_limit = settings.limits.servers
    hub.concurrent_spawn_limit = 10
    hub.allow_named_servers = False
    encrypted = bool(settings.tls.certificate) or settings.tls.ends_before_us
    cookies = {"samesite": "Lax"} | ({"secure": True} if encrypted else {})
    hub.tornado_settings = {"cookie_options": cookies}
    c.Spawner.cookie_options = cookies
    c.ConfigurableHTTPProxy.should_start = False
    c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{ports['proxy']}"
    c.ConfigurableHTTPProxy.auth_token = secrets["proxy"]


def _services(c: Any, settings: HubSettings, secrets: dict[str, str]) -> None:  # noqa: ANN401
    addresses = {"pages": f"http://127.0.0.1:{settings.inner_ports['pages']}"}
    # a hub whose secrets were made before a service was there goes without it
    names = [name for name in ROLES if name in secrets]
    c.JupyterHub.services = [
        {"name": name, "api_token": secrets[name], "display": False}
        | ({"url": addresses[name]} | PAGES if name in addresses else {})
        # the command makes administrators, which only an administrator may
        | ({"admin": True} if name == "control" else {})
        for name in names
    ]
    c.JupyterHub.load_roles = [
        {"name": name, "scopes": ROLES[name], "services": [name]} for name in names
    ] + [{"name": name, "scopes": scopes} for name, scopes in PEOPLE.items()]
    c.JupyterHub.load_groups = {name: {} for name in settings.projects}


def _spawner(c: Any, settings: HubSettings, folder: HubFolder) -> None:  # noqa: ANN401
    team = settings.mode == "team"
    make_runtime_root(runtime_root(folder, team=team), team=team)
    groups = find_groups(folder.root)
    # `prospect hub status` tells the administrator
    write_text(folder.state / "limits.txt", groups.kind if groups else "")
    if groups is None:
        log.warning(
            "No control groups can be written: memory is held by a watch and a limit "
            "of address space a process, cpu is not limited."
        )
    else:
        # stays where people still run: the system removes empty groups only
        atexit.register(groups.remove)
    if team:
        sync_projects(settings.projects, folder)
    watch = Watch(settings.limits, groups)
    kind: type[PersonalSpawner] = AccountSpawner if team else ClassroomSpawner
    place = Place(settings, folder, watch, groups)
    c.JupyterHub.spawner_class = type(kind.__name__, (kind,), {"place": place})
    own = c.Spawner
    own.cmd = [str(user_environment(settings) / "bin" / "jupyterhub-singleuser")]
    own.args = server_arguments(settings, team=team)
    own.environment = server_environment(settings, folder)
    own.env_keep = list(KEPT)
    own.ip = "127.0.0.1"
    own.http_timeout = own.start_timeout = 120
    own.default_url = start_page()
    own.mem_limit = settings.limits.memory
    own.cpu_limit = settings.limits.cpu
    c.LocalProcessSpawner.interrupt_timeout = 10
    c.LocalProcessSpawner.term_timeout = 10
