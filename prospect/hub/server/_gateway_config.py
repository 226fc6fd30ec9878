"""
The gateway for clusters as the hub runs it: `python -m …_gateway_config`.

Its settings are made from those of the hub; the token with which it asks JupyterHub who
somebody is comes in the environment.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
import os
import signal
import sqlite3
import time
from typing import TYPE_CHECKING, Any

from dask_gateway_server.app import DaskGateway
from traitlets.config import Config

from .._folder import HubFolder
from .._services import user_environment
from .._settings import read_settings
from ._gateway_backend import ClassroomBackend, TeamBackend
from ._gateway_limits import SCHEDULER_MEMORY, cluster_options

if TYPE_CHECKING:
    from pathlib import Path

    from .._settings import HubSettings

log = logging.getLogger("prospect.hub.gateway")


def configure_gateway(c: Any, root: str | Path) -> None:  # noqa: ANN401
    """
    Configure the gateway of the hub in folder `root`.

    Parameters
    ----------
    c : traitlets.config.Config
        What is filled in.
    root : path-like
        The hub's folder.

    Examples
    --------
    >>> configure_gateway(Config(), "/srv/workbench")  # doctest: +SKIP
    """
    folder = HubFolder(root)
    settings = read_settings(folder.settings)
    team = settings.mode == "team"
    c.DaskGateway.backend_class = TeamBackend if team else ClassroomBackend
    c.DaskGateway.authenticator_class = (
        "dask_gateway_server.auth.JupyterHubAuthenticator"
    )
    c.DaskGateway.address = "127.0.0.1:0"
    c.DaskGateway.log_format = "[%(levelname)1.1s %(asctime)s %(name)s] %(message)s"
    # whoever loses his account loses his clusters' gate within a minute
    c.JupyterHubAuthenticator.cache_max_age = 60
    c.Proxy.address = f"127.0.0.1:{settings.inner_ports['gateway']}"
    c.WorkbenchBackend.hub_folder = str(folder.root)
    c.WorkbenchBackend.cluster_options = cluster_options(settings.dask)
    key = _key(os.environ["JUPYTERHUB_API_TOKEN"])
    database = folder.state / "gateway.sqlite"
    _put_aside_unreadable(database, key)
    c.WorkbenchBackend.db_url = f"sqlite:///{database}"
    c.WorkbenchBackend.db_encrypt_keys = [key.decode()]
    c.WorkbenchBackend.cluster_start_timeout = 120
    c.WorkbenchBackend.worker_start_timeout = 120
    # a cluster that died while it started is noticed in seconds, not in half a minute
    c.WorkbenchBackend.cluster_status_period = 5
    c.WorkbenchBackend.worker_status_period = 5
    _clusters(c, settings)


def _clusters(c: Any, settings: HubSettings) -> None:  # noqa: ANN401
    dask = settings.dask
    program = str(user_environment(settings) / "bin" / "dask")
    guard = ["--preload", "prospect.compute._preload"]
    config = c.LocalClusterConfig
    config.scheduler_cmd = [program, "scheduler", *guard]
    config.worker_cmd = [program, "worker", "--no-dashboard", *guard]
    config.scheduler_memory = SCHEDULER_MEMORY
    config.worker_cores = dask.worker_cores
    config.worker_memory = dask.worker_memory
    config.cluster_max_workers = dask.workers_per_cluster
    config.idle_timeout = dask.idle


def _key(token: str) -> bytes:
    """Key of the gateway's database, made from the gateway's secret."""
    digest = hmac.new(token.encode(), b"gateway database", hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest)


def _put_aside_unreadable(path: Path, key: bytes) -> None:
    """Keep a database that is damaged, or of another secret, out of the way."""
    from cryptography.fernet import Fernet, InvalidToken

    if not path.exists():
        return
    try:
        connection = sqlite3.connect(path)
        try:
            sealed = connection.execute("select token from clusters").fetchall()
        finally:
            connection.close()
        for (token,) in sealed:
            Fernet(key).decrypt(token)
    except (sqlite3.DatabaseError, InvalidToken) as error:
        aside = path.with_name(
            f"{path.name}.unreadable-{time.strftime('%Y%m%d-%H%M%S')}"
        )
        path.rename(aside)
        log.warning(
            "the list of clusters could not be read (%s): it was put aside as %s and a "
            "new one begun; clusters it named end by themselves when idle",
            error or "it was made with another secret",
            aside.name,
        )


class Gateway(DaskGateway):
    """
    The gateway with the hub's settings in place of a file of its own.

    SIGTERM ends the clusters too, as when the hub goes down; SIGINT leaves them, like a
    crash, to the gateway that is started next.
    """

    def load_config_file(self, *_: object, **__: object) -> None:
        """Take the settings from the hub's folder."""
        found = Config()
        configure_gateway(found, os.environ["PROSPECT_HUB_FOLDER"])
        # not put into `self.config` in place: nobody would notice, and the gateway
        # would run with its defaults, which let everybody in under any name
        self.update_config(found)

    def handle_shutdown_signal(self, sig: signal.Signals) -> None:
        """End, with or without the clusters."""
        self.backend.stop_clusters_on_shutdown = sig != signal.SIGINT
        super().handle_shutdown_signal(sig)


if __name__ == "__main__":
    Gateway.launch_instance()
