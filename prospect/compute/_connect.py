"""One line from a notebook to the machines that compute."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from ._client import ComputeClient

PLACES = ("auto", "local", "gateway")
LANGUAGES = ("en", "zh")


def connect(
    *,
    workers: int | None = None,
    memory: str | float | None = None,
    where: Literal["auto", "local", "gateway"] = "auto",
    lang: Literal["en", "zh"] = "en",
) -> ComputeClient:
    """
    Start workers and return a Dask client that computes on them.

    Everything lazy that is computed while the client is open, `predict_map` and
    `save_grid` included, runs on the workers, one thread each. The values are those of
    a computation without it.

    Parameters
    ----------
    workers : int, optional
        Processes. By default as many as you may have: on this machine one a processor,
        at the gateway what the hub allows.
    memory : str or number, optional
        Of one worker: "2 GB", "1.5 GiB" or bytes, 512 MB or more. By default what is
        free for you, shared by the workers; at the gateway what the hub says.
    where : {"auto", "local", "gateway"}
        "local": processes on this machine. "gateway": a cluster beside your server on a
        shared workbench. "auto": the gateway where there is one that answers.
    lang : {"en", "zh"}
        Language of what a notebook shows of the client.

    Returns
    -------
    distributed.Client
        A context manager; at its end, or when Python ends, the workers end too.
        `client.info` says where it computes, with how much, and the address of the
        dashboard, which nobody else knows.

    Raises
    ------
    ValueError
        If you may not have so many workers or so much memory, or memory is below
        512 MB; on a shared workbench also if you have a cluster already.
    OSError
        If a gateway is wanted but there is none, or it does not answer.
    RuntimeError
        If the workers cannot start.

    Examples
    --------
    >>> from prospect.compute import connect
    >>> with connect(workers=2) as client:  # doctest: +SKIP
    ...     map_of_scores = predict_map(model, stack).compute()
    """
    if where not in PLACES:
        raise ValueError(f"where={where!r}: one of {PLACES}")
    if lang not in LANGUAGES:
        raise ValueError(f"lang={lang!r}: one of {LANGUAGES}")
    from ._gateway import NoGatewayError, connect_gateway, gateway_address

    if where == "gateway" or (where == "auto" and gateway_address()):
        try:
            return connect_gateway(workers, memory, lang)
        except NoGatewayError as error:
            if where == "gateway":
                raise
            warnings.warn(f"{error}: so it does now", stacklevel=2)
    from ._local import connect_local

    return connect_local(workers, memory, lang)
