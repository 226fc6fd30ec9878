import os
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from prospect.hub import HubFolder
from prospect.hub._settings import HubSettings
from prospect.hub.server._health import Health, days_left
from prospect.hub.server._pages import metrics
from prospect.hub.server._usage import Meter, count_clusters, machine, measure

API = "http://127.0.0.1:9/hub/api"


@pytest.fixture
def program():
    """A program of a person of this hub, one of another hub's."""
    started = []
    for api in (API, "http://127.0.0.1:8/hub/api"):
        environment = {"JUPYTERHUB_USER": "ana", "JUPYTERHUB_API_URL": api}
        work = "x = bytearray(60_000_000); print(1, flush=True); input()"
        started.append(
            subprocess.Popen(
                [sys.executable, "-c", work],
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        )
        started[-1].stdout.readline()
    yield started
    for process in started:
        process.kill()
        process.communicate()


def test_meter_counts_this_hubs_people_only(program):
    meter = Meter(API)
    ana = meter.look()["ana"]
    assert ana.processes == 1
    assert 50e6 < ana.memory < 150e6
    assert ana.cpu == 0
    program[0].communicate()
    assert "ana" not in meter.look()


async def sizes(folder):
    return await measure(folder)


def test_homes_are_measured(tmp_path):
    import asyncio

    (tmp_path / "a").write_bytes(os.urandom(300_000))
    assert 300_000 <= asyncio.run(sizes(tmp_path)) < 600_000


def test_clusters(tmp_path):
    folder = HubFolder(tmp_path)
    assert count_clusters(folder) is None
    folder.state.mkdir()
    with sqlite3.connect(folder.state / "gateway.sqlite") as base:
        base.execute("CREATE TABLE clusters (username, status)")
        base.execute("INSERT INTO clusters VALUES ('ana', 3), ('ana', 5), ('bo', 6)")
    base.close()
    assert count_clusters(folder) == {"ana": 1}


def test_metrics_are_lines_of_numbers(tmp_path):
    row = {"name": "ana", "running": True, "memory": 5, "cpu": 0.5, "processes": 2}
    row |= {"disk": None, "clusters": 1}
    parts = {"proxy": {"ok": False}, "certificate": {"ok": True, "days_left": 3.5}}
    text = metrics([row], parts, machine(HubFolder(tmp_path)))
    assert 'prospect_hub_part_up{part="proxy"} 0' in text
    assert "prospect_hub_certificate_days_left 3.5" in text
    assert 'prospect_person_memory_bytes{person="ana"} 5' in text
    assert "home_bytes" not in text
    for line in text.splitlines():
        assert line.startswith("# TYPE ") or float(line.rsplit(" ", 1)[1]) >= 0


def test_a_hub_that_does_not_run_is_not_well(tmp_path):
    import asyncio

    settings = HubSettings.model_validate({"hub": {"port": 1}})

    async def look():
        return await Health(settings, HubFolder(tmp_path)).look()

    found = asyncio.run(look())
    assert not found["ok"]
    assert not any(found["parts"][n]["ok"] for n in ("hub", "proxy", "database"))
    assert found["parts"]["disk"]["free_bytes"] > 0


def test_days_left_of_a_certificate(tmp_path):
    pytest.importorskip("cryptography")
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "hub")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 5)
    builder = builder.not_valid_before(now - timedelta(days=9))
    made = builder.not_valid_after(now + timedelta(days=3)).sign(key, hashes.SHA256())
    path = tmp_path / "c.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    assert days_left(str(path)) == pytest.approx(3, abs=0.1)
    assert days_left(str(tmp_path / "none.pem")) is None
