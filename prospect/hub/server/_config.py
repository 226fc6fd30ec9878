"""The configuration of JupyterHub, made from the settings of the hub."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._folder import HubFolder
from .._secrets import make_secrets
from .._services import user_environment
from .._settings import HubSettings, read_settings

if TYPE_CHECKING:
    from pathlib import Path

# what services and users may ask the hub; nothing is shared by default
ROLES = [
    {"name": "control", "scopes": ["admin:users", "admin:servers", "admin:groups", "list:services", "read:hub", "shutdown", "tokens"], "services": ["control"]},  # noqa: E501
    {"name": "culler", "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"], "services": ["culler"]},  # noqa: E501
    {"name": "gateway", "scopes": ["read:users:name", "read:users:groups"], "services": ["gateway"]},  # noqa: E501
    {"name": "pages", "scopes": ["list:users", "read:users", "read:servers", "read:hub"], "services": ["pages"]},  # noqa: E501
    {"name": "user", "scopes": ["self", "access:services!service=gateway"]},
    {"name": "server", "scopes": ["users:activity!user", "access:servers!server", "access:services!service=gateway"]},  # noqa: E501
]  # fmt: skip


def configure(c: Any, root: str | Path) -> None:  # noqa: ANN401
    """
    Configure JupyterHub for the hub in folder `root`.

    Parameters
    ----------
    c : traitlets.config.Config
        What `get_config()` gives in a configuration file.
    root : path-like
        The hub's folder.

    Examples
    --------
    >>> configure(get_config(), "/srv/workbench")  # doctest: +SKIP
    """
    folder = HubFolder(root)
    settings = read_settings(folder.settings)
    secrets = make_secrets(folder)
    _network(c, settings, folder, secrets)
    _services(c, settings, secrets)
    _spawner(c, settings, folder)


def _network(
    c: Any,  # noqa: ANN401
    settings: HubSettings,
    folder: HubFolder,
    secrets: dict[str, str],
) -> None:
    ports = settings.inner_ports
    scheme = "https" if settings.tls.certificate else "http"
    c.JupyterHub.bind_url = (
        f"{scheme}://{settings.hub.address}:{settings.hub.port}{settings.hub.base_url}"
    )
    c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{ports['hub']}"
    c.JupyterHub.db_url = f"sqlite:///{folder.database}"
    c.JupyterHub.cookie_secret = bytes.fromhex(secrets["cookie"])
    # the proxy and the servers live on when the hub stops
    c.JupyterHub.cleanup_servers = False
    c.JupyterHub.cleanup_proxy = False
    c.ConfigurableHTTPProxy.should_start = False
    c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{ports['proxy']}"
    c.ConfigurableHTTPProxy.auth_token = secrets["proxy"]


def _services(c: Any, settings: HubSettings, secrets: dict[str, str]) -> None:  # noqa: ANN401
    ports = settings.inner_ports
    addresses = {
        "pages": f"http://127.0.0.1:{ports['pages']}",
    }
    c.JupyterHub.services = [
        {"name": name, "api_token": secrets[name], "display": False}
        | ({"url": addresses[name]} if name in addresses else {})
        for name in ("control", "culler", "gateway", "pages")
    ]
    c.JupyterHub.load_roles = ROLES


def _spawner(c: Any, settings: HubSettings, folder: HubFolder) -> None:  # noqa: ANN401
    environment = user_environment(settings)
    c.JupyterHub.spawner_class = "simple"
    c.SimpleLocalProcessSpawner.home_dir_template = str(folder.users / "{username}")
    c.Spawner.cmd = [str(environment / "bin" / "jupyterhub-singleuser")]
    c.Spawner.ip = "127.0.0.1"
    c.Spawner.http_timeout = c.Spawner.start_timeout = 120
    c.JupyterHub.authenticator_class = "dummy"
    c.Authenticator.allow_all = True
    c.Authenticator.admin_users = set(settings.accounts.admins)
