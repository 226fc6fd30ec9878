"""Idle servers are stopped; who works keeps his."""

import pytest

from ._harness import request, wait_until

pytestmark = pytest.mark.system
SETTINGS = """\
[idle]
kernels = "0s"
servers = "12s"
check_every = "2s"
[dask]
enabled = false
"""


def test_an_idle_server_is_stopped_and_one_at_work_is_not(hub_maker):
    hub = hub_maker(SETTINGS).up()
    for name in ("ana", "bo"):
        hub.add_user(name, "dolerite dyke swarm")
    idle = hub.start_server("ana")
    busy = hub.start_server("bo")
    token = hub.token_of("bo")

    def stopped():
        # a person's page asks its server again and again: that is work
        assert request(f"{busy}/api/status", token=token).status == 200
        return not hub.api("/users/ana").json()["servers"]

    wait_until(stopped, seconds=120, what="the end of the idle server")
    assert hub.api("/users/bo").json()["servers"][""]["ready"]
    assert request(f"{busy}/api/status", token=token).status == 200
    assert request(f"{idle}/api/status", token=hub.token_of("ana")).status != 200
