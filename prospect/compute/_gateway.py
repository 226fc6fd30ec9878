"""Clusters of the hub's gateway."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from ._budget import check_workers, parse_memory
from ._info import Compute

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._client import ComputeClient

GIB = 2**30
WAIT = 120
LOCALLY = 'Meanwhile connect(where="local") computes in your own server'


class NoGatewayError(OSError):
    """The gateway does not answer, or there is none."""


def gateway_address() -> str | None:
    """Return the address of the gateway, where there is one."""
    import dask

    return dask.config.get("gateway.address", None)


def connect_gateway(
    workers: int | None, memory: str | float | None, lang: str
) -> ComputeClient:
    """Start a cluster of the gateway and return its client."""
    if workers is not None:
        check_workers(workers)
    each = None if memory is None else parse_memory(memory)
    with _answering(), _open_gateway() as gateway:
        known = dict(gateway.cluster_options())
        usual = known.get("worker_memory", 1.0)
        wanted = usual if each is None else each / GIB
        if workers is None:
            # larger ones are fewer, so that all together stay what is usual
            workers = max(1, int(known.get("workers", 2) * min(1.0, usual / wanted)))
        wishes = {"workers": workers, "worker_memory": wanted}
        # a gateway of another hub may leave less to choose
        wishes = {name: value for name, value in wishes.items() if name in known}
        cluster = gateway.new_cluster(**wishes)
    try:
        cluster.scale(workers)
        return _first_worker(cluster, workers, int(wanted * GIB), lang)
    except BaseException:
        cluster.close(shutdown=True)
        raise


def stop_clusters() -> list[str]:
    """
    Stop all of your clusters of the gateway, whichever notebook started them.

    A cluster stays when the notebook that started it died; it ends by itself when it
    was idle for some time, or at once by this.

    Returns
    -------
    list of str
        Names of the clusters stopped.

    Raises
    ------
    OSError
        If there is no gateway here or it does not answer.

    Examples
    --------
    >>> from prospect.compute import stop_clusters
    >>> stop_clusters()  # doctest: +SKIP
    ['0f6d…']
    """
    with _answering(), _open_gateway() as gateway:
        names = [report.name for report in gateway.list_clusters()]
        for name in names:
            gateway.stop_cluster(name)
    return names


def _open_gateway() -> Any:  # noqa: ANN401
    if not gateway_address():
        raise NoGatewayError(
            "there is no gateway here: clusters beside the notebook exist on a shared "
            'workbench only (`prospect hub up`). connect(where="local") computes on '
            "this machine"
        )
    from dask_gateway import Gateway

    class Asked(Gateway):
        """A gateway asked in a `with` block, which closes it; not a second time."""

        def __del__(self) -> None:
            pass

    return Asked()


def _first_worker(
    cluster: Any,  # noqa: ANN401
    workers: int,
    memory: int,
    lang: str,
) -> ComputeClient:
    """Client of a cluster, as soon as there is somebody to work."""
    from ._client import ComputeClient

    link = cluster.dashboard_link or ""
    client = ComputeClient(
        cluster, Compute("gateway", workers, memory, link, lang=lang)
    )
    try:
        client.wait_for_workers(1, timeout=WAIT)
    except BaseException as error:
        client.close()
        if not isinstance(error, TimeoutError):
            raise
        raise TimeoutError(
            f"no worker of cluster {cluster.name} started within {WAIT} s: the machine "
            f"is busy or a limit is too tight; the gateway's log says more. {LOCALLY}"
        ) from None
    return client


@contextlib.contextmanager
def _answering() -> Iterator[None]:
    """Say plainly what it means that the gateway does not answer, or refuses."""
    import aiohttp
    from dask_gateway import GatewayClusterError, GatewayServerError

    try:
        yield
    except NoGatewayError:
        raise
    except aiohttp.ClientResponseError as error:
        if error.status not in {401, 403}:
            raise NoGatewayError(f"the gateway failed: {error}. {LOCALLY}") from None
        raise PermissionError(
            "the gateway does not know you any more: restart your server (Hub Control "
            f"Panel), then run this again. {LOCALLY}"
        ) from None
    except ValueError as error:
        # the gateway's own refusals go on; this one is of its proxy
        if "404 page not found" not in str(error):
            raise
        raise NoGatewayError(
            f"the gateway is just starting: try again in ten seconds. {LOCALLY}"
        ) from None
    except GatewayServerError as error:
        raise NoGatewayError(f"the gateway failed: {error}. {LOCALLY}") from None
    except GatewayClusterError as error:
        raise RuntimeError(
            f"the cluster did not start: {error}. The administrator finds why in the "
            f"gateway's log. {LOCALLY}"
        ) from None
    except (aiohttp.ClientError, ConnectionError) as error:
        raise NoGatewayError(
            f"the gateway at {gateway_address()} does not answer ({error}). The "
            f"administrator sees it in `prospect hub status`. {LOCALLY}"
        ) from None
