"""
Limits of clusters: a part of Dask Gateway's configuration.

Helm puts this file into the gateway (`--set-file gateway.extraConfig.workbench=...`);
`c` is its configuration there. This becomes the middle of a file: no `__future__` here.
The gateway itself knows no limit a person, so it is added; the ResourceQuota of the
namespace bounds all clusters together.
"""

from typing import Any

from dask_gateway_server.backends.base import PublicException
from dask_gateway_server.backends.kubernetes.backend import KubeBackend
from dask_gateway_server.options import Float, Integer, Options

CLUSTERS_PER_PERSON = 1
WORKERS = 20
MEMORY = 4  # GB, largest of a worker
IDLE = 900  # seconds until a cluster without work stops


class LimitedBackend(KubeBackend):
    """The gateway's backend, with so many clusters a person and no more."""

    async def start_cluster(self, user: Any, cluster_options: Any) -> str:  # noqa: ANN401
        """Start a cluster unless the person has as many as allowed."""
        running = await self.list_clusters(username=user.name)
        if len(running) >= CLUSTERS_PER_PERSON:
            names = ", ".join(cluster.name for cluster in running)
            raise PublicException(
                f"You have {len(running)} cluster(s) already: {names}. Use one, "
                "`Gateway().connect(NAME)`, or stop it, `Gateway().stop_cluster(NAME)`"
            )
        return await super().start_cluster(user, cluster_options)


def handle(options: Any) -> dict[str, Any]:  # noqa: ANN401
    """Turn what a person asks for into settings of the cluster."""
    memory = int(options.worker_memory * 10**9)
    return {
        "worker_cores": options.worker_cores,
        "worker_cores_limit": options.worker_cores,
        "worker_threads": options.worker_cores,
        "worker_memory": memory,
        "worker_memory_limit": memory,
    }


settings = c  # noqa: F821
settings.DaskGateway.backend_class = LimitedBackend
settings.Backend.cluster_options = Options(
    Integer("worker_cores", default=1, min=1, max=4, label="Cores a worker"),
    Float("worker_memory", default=MEMORY, min=1, max=4 * MEMORY, label="GB a worker"),
    handler=handle,
)
settings.ClusterConfig.cluster_max_workers = WORKERS
# the scheduler counts too
settings.ClusterConfig.cluster_max_cores = WORKERS + 1
settings.ClusterConfig.cluster_max_memory = f"{WORKERS * MEMORY + 2} G"
settings.ClusterConfig.idle_timeout = IDLE
# the commands dask-scheduler and dask-worker are gone from newer Dask
settings.ClusterConfig.scheduler_cmd = ["dask", "scheduler"]
settings.ClusterConfig.worker_cmd = ["dask", "worker"]
# who may use the gateway is decided by the hub's roles
settings.JupyterHubAuthenticator.jupyterhub_service_name = "dask-gateway"
