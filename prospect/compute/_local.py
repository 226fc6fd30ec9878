"""Clusters of processes on this machine, closed to everybody else on it."""

from __future__ import annotations

import multiprocessing
from typing import TYPE_CHECKING

from distributed import LocalCluster
from distributed.security import Security

from ._budget import find_budget, make_plan
from ._client import ComputeClient
from ._guard import GuardedScheduler, dashboard_link
from ._info import Compute

if TYPE_CHECKING:
    from ._budget import Plan

ONE_THREAD = {
    f"{name}_NUM_THREADS": "1" for name in ("OMP", "MKL", "OPENBLAS", "NUMBA", "GDAL")
}
SCRIPT = (
    "the worker processes could not start. In a script the lines that compute must "
    "stand below `if __name__ == '__main__':`, because each worker reads the script "
    "again"
)


class PrivateCluster(LocalCluster):
    """A local cluster whose dashboard and connections are its owner's alone."""

    async def _start(self) -> None:
        self.scheduler_spec = {**self.scheduler_spec, "cls": GuardedScheduler}
        await super()._start()

    @property
    def dashboard_link(self) -> str:
        """Address of the dashboard as the person's browser reaches it."""
        scheduler = self.scheduler
        if "dashboard" not in getattr(scheduler, "services", {}):
            return ""
        return dashboard_link(scheduler.services["dashboard"].port, scheduler.secret)


def connect_local(
    workers: int | None, memory: str | float | None, lang: str
) -> ComputeClient:
    """Start processes on this machine and return their client."""
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise RuntimeError(SCRIPT)
    plan = make_plan(workers, memory, find_budget())
    cluster = _start(plan)
    try:
        info = Compute(
            "local", plan.workers, plan.memory, cluster.dashboard_link, lang=lang
        )
        return ComputeClient(cluster, info)
    except BaseException:
        cluster.close()
        raise


def _start(plan: Plan) -> PrivateCluster:
    try:
        return PrivateCluster(
            n_workers=plan.workers,
            threads_per_worker=1,
            memory_limit=plan.memory,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            # without it every account of the machine could run code as this one
            security=Security.temporary(),
            env=ONE_THREAD,
            silence_logs="ERROR",
        )
    except RuntimeError as error:
        raise RuntimeError(f"{SCRIPT}. Dask says: {error}") from error
