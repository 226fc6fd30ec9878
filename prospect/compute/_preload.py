"""
Loaded by schedulers and workers of the gateway before they listen.

Dask goes on when the set-up of a preloaded module fails but not when the module cannot
be imported; so the guard is put up by the import: no guard, no cluster.
"""

from __future__ import annotations

import os

from ._guard import guard_process

if "PROSPECT_DASHBOARD_SECRET" in os.environ:
    guard_process(os.environ["PROSPECT_DASHBOARD_SECRET"])
elif "DASK_GATEWAY_CLUSTER_NAME" in os.environ:
    raise RuntimeError(
        "a cluster of the gateway runs without PROSPECT_DASHBOARD_SECRET"
    )
