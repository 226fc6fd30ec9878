"""What users' servers find in their environment and get as arguments."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .._services import user_environment

if TYPE_CHECKING:
    from .._folder import HubFolder
    from .._settings import HubSettings

# nothing else of the hub's own environment reaches a user's server
KEPT = ("LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH")


def server_environment(settings: HubSettings, folder: HubFolder) -> dict[str, str]:
    """
    Return the variables that all users' servers get.

    What differs from person to person (home, notices, projects) is the spawner's.
    """
    place = user_environment(settings)
    threads = str(max(int(settings.limits.cpu), 1))
    gateway = settings.inner_ports["gateway"]
    found = {
        "LANG": os.environ.get("LANG", "C.UTF-8"),
        "PATH": f"{place / 'bin'}:/usr/local/bin:/usr/bin:/bin",
        "VIRTUAL_ENV": str(place),
        "SHELL": "/bin/bash",
        # the environment is the administrator's; people's own packages live in kernels
        "PYTHONNOUSERSITE": "1",
        "JUPYTER_PREFER_ENV_PATH": "1",
        "DASK_DISTRIBUTED__DASHBOARD__LINK": (
            "{JUPYTERHUB_SERVICE_PREFIX}proxy/{port}/status"
        ),
        "PYVISTA_OFF_SCREEN": "true",
        "PYVISTA_TRAME_SERVER_PROXY_PREFIX": "/proxy/",
        "PYVISTA_TRAME_SERVER_PROXY_ENABLED": "true",
        **dict.fromkeys(
            ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS",
             "NUMBA_NUM_THREADS"), threads),
        "PROSPECT_SHARED_DIR": str(folder.shared),
        "PROSPECT_LANGUAGE": settings.hub.language,
        "PROSPECT_IDLE_KERNELS": f"{settings.idle.kernels:.0f}",
        "PROSPECT_IDLE_SERVERS": f"{settings.idle.servers:.0f}",
        "PROSPECT_DISK_LIMIT": str(settings.limits.disk),
        **_lab(),
    }  # fmt: skip
    # as long as the hub has no notebooks of its own, people see the workbench's
    if any(folder.notebooks.glob("*.ipynb")):
        found["PROSPECT_NOTEBOOKS_DIR"] = str(folder.notebooks)
    if folder.data.is_dir() and any(folder.data.iterdir()):
        found["PROSPECT_DATA_DIR"] = str(folder.data)
    if settings.dask.enabled:
        found |= {
            "DASK_GATEWAY__ADDRESS": f"http://127.0.0.1:{gateway}",
            "DASK_GATEWAY__PROXY_ADDRESS": f"gateway://127.0.0.1:{gateway}",
            "DASK_GATEWAY__AUTH__TYPE": "jupyterhub",
            # dashboards are reached through the person's own server, never the gateway
            "DASK_GATEWAY__PUBLIC_ADDRESS": "{JUPYTERHUB_SERVICE_PREFIX}proxy",
        }
    return found


def _lab() -> dict[str, str]:
    # the gallery is another part; a hub without it still gives JupyterLab
    try:
        from ...lab import lab_environment
    except ImportError:
        return {}
    return lab_environment()


def start_page() -> str:
    """Return the page a person sees first: the gallery, else JupyterLab."""
    return "/workbench" if _lab() else "/lab"


def server_arguments(settings: HubSettings, *, team: bool) -> list[str]:
    """
    Return the arguments of all users' servers.

    Examples
    --------
    >>> from prospect.hub import HubSettings
    >>> server_arguments(HubSettings(), team=True)[-1]
    '--MappingKernelManager.cull_connected=True'
    """
    # a class whose hub runs as root has servers that run as root
    found = ["--allow-root"] if os.geteuid() == 0 and not team else []
    if settings.idle.kernels:
        every = max(settings.idle.check_every, 1)
        found += [
            f"--MappingKernelManager.cull_idle_timeout={settings.idle.kernels:.0f}",
            f"--MappingKernelManager.cull_interval={every:.0f}",
            # a page left open overnight keeps no memory; a kernel at work is not idle
            "--MappingKernelManager.cull_connected=True",
        ]
    return found
