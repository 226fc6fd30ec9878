"""The client that `connect` gives: closes its cluster, says where it computes."""

from __future__ import annotations

import atexit
import contextlib
import weakref
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from distributed import Client

if TYPE_CHECKING:
    from ._info import Compute

_open: weakref.WeakSet[ComputeClient] = weakref.WeakSet()


class ComputeClient(Client):
    """A Dask client that owns its cluster: when it closes, the cluster ends."""

    def __init__(self, cluster: Any, plan: Compute) -> None:  # noqa: ANN401
        self._plan, self._owned = plan, cluster
        super().__init__(
            cluster, security=cluster.security, loop=cluster.loop, set_as_default=True
        )
        _open.add(self)

    @property
    def info(self) -> Compute:
        """Where it computes, with how many workers, and its dashboard."""
        with contextlib.suppress(Exception):
            found = self.scheduler_info(n_workers=-1)["workers"]
            return replace(self._plan, ready=len(found))
        return self._plan

    def close(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        """Close the client and end its cluster."""
        try:
            return super().close(*args, **kwargs)
        finally:
            cluster, self._owned = self._owned, None
            if cluster is not None:
                cluster.close()

    def __repr__(self) -> str:
        return repr(self._plan) if self.status == "closed" else repr(self.info)

    def _repr_html_(self) -> str:
        return self.info._repr_html_()


@atexit.register
def _close_all() -> None:
    for client in list(_open):
        with contextlib.suppress(Exception):
            client.close()
