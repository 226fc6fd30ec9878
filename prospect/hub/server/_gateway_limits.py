"""What a cluster may be: the wishes of a person against the settings of the hub."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dask_gateway_server.options import Options

    from .._settings import Dask, HubSettings, Limits

GIB = 2**30
SCHEDULER_MEMORY = GIB // 2
LEAST = GIB // 2


def cluster_options(dask: Dask) -> Options:
    """
    Return what people may choose about a cluster, with checks that say why.

    `workers` is how many will be asked for, `worker_memory` the GiB of each. Workers
    times memory stays within what the defaults give together: fewer and larger ones
    are fine.

    Examples
    --------
    >>> from prospect.hub import HubSettings
    >>> options = cluster_options(HubSettings().dask)  # doctest: +SKIP
    """
    # people's environment, where the rest of this file is tested, does not have it
    from dask_gateway_server.options import Float, Integer, Options

    def handler(options: Any) -> dict[str, Any]:  # noqa: ANN401
        return settle(options.workers, options.worker_memory, dask)

    return Options(
        Integer("workers", default=dask.workers_per_cluster, label="Workers"),
        Float(
            "worker_memory",
            default=dask.worker_memory / GIB,
            label="Memory of a worker (GiB)",
        ),
        handler=handler,
    )


def settle(workers: int, worker_memory: float, dask: Dask) -> dict[str, Any]:
    """
    Return the configuration of a cluster, or refuse the wish with the remedy.

    Examples
    --------
    >>> from prospect.hub import HubSettings
    >>> settle(2, 2.0, HubSettings().dask)
    {'worker_memory': 2147483648, 'cluster_max_workers': 2}
    """
    most, together = (
        dask.workers_per_cluster,
        dask.workers_per_cluster * dask.worker_memory,
    )
    if not math.isfinite(worker_memory):
        raise ValueError(f"memory of {worker_memory} GiB a worker is no size")
    memory = int(worker_memory * GIB)
    if not 1 <= workers <= most:
        raise ValueError(
            f"workers={workers}: a cluster here has 1 to {most} workers. Ask for "
            f"{most} or fewer, or the administrator to raise workers_per_cluster in "
            "[dask] of hub.toml"
        )
    if memory < min(LEAST, dask.worker_memory):
        raise ValueError(
            f"memory of {worker_memory:.3g} GiB a worker: below 0.5 GiB (512 MB) a "
            "worker cannot even load the workbench. Ask for 0.5 GiB or more"
        )
    fit = together // memory
    if workers > fit:
        raise ValueError(
            f"workers={workers} of {worker_memory:.3g} GiB each: more than the "
            f"{together / GIB:.3g} GiB that a cluster may use here. Ask for {workers} "
            f"of {together / workers / GIB:.3g} GiB or less"
        )
    return {"worker_memory": memory, "cluster_max_workers": int(min(fit, most))}


def limits_of_clusters(settings: HubSettings) -> Limits:
    """
    Return what all clusters of one person may use together.

    Examples
    --------
    >>> from prospect.hub import HubSettings
    >>> limits = limits_of_clusters(HubSettings())
    >>> limits.memory / GIB, limits.cpu
    (4.5, 5.0)
    """
    dask = settings.dask
    one = dask.workers_per_cluster * dask.worker_memory + SCHEDULER_MEMORY
    cores = dask.workers_per_cluster * dask.worker_cores + 1
    return settings.limits.model_copy(
        update={
            "memory": dask.clusters_per_user * one,
            "cpu": float(dask.clusters_per_user * cores),
        }
    )
