import pytest

from prospect.hub import HubSettings
from prospect.hub.server._gateway_limits import GIB, limits_of_clusters, settle

SETTINGS = HubSettings(
    dask={"workers_per_cluster": 4, "worker_memory": "1G", "clusters_per_user": 2}
)


@pytest.mark.parametrize(
    ("workers", "memory", "most"), [(4, 1.0, 4), (1, 1.0, 4), (2, 2.0, 2), (1, 4.0, 1)]
)
def test_fewer_and_larger_workers_are_fine(workers, memory, most):
    config = settle(workers, memory, SETTINGS.dask)
    assert config == {"worker_memory": memory * GIB, "cluster_max_workers": most}


@pytest.mark.parametrize(
    ("workers", "memory", "message"),
    [
        (5, 1.0, r"workers=5: a cluster here has 1 to 4 workers\. Ask for 4 or fewer"),
        (0, 1.0, r"workers=0: a cluster here has 1 to 4 workers"),
        (-1, 1.0, r"workers=-1"),
        (1, 0.25, r"0\.25 GiB a worker: below 0\.5 GiB .* Ask for 0\.5 GiB or more"),
        (4, 2.0, r"workers=4 of 2 GiB each: more than the 4 GiB .*4 of 1 GiB or less"),
        (1, 99.0, r"workers=1 of 99 GiB each: .* Ask for 1 of 4 GiB or less"),
        (1, float("nan"), r"no size"),
        (1, float("inf"), r"no size"),
    ],
)
def test_wishes_beyond_the_settings_are_refused(workers, memory, message):
    with pytest.raises(ValueError, match=message):
        settle(workers, memory, SETTINGS.dask)


def test_small_workers_of_the_administrator_stay_allowed():
    dask = HubSettings(dask={"worker_memory": "400M"}).dask
    assert settle(1, 400 / 1024, dask)["worker_memory"] == 400 * 2**20


def test_all_clusters_of_a_person_have_one_limit():
    limits = limits_of_clusters(SETTINGS)
    assert limits.memory == 2 * 4 * GIB + 2 * GIB // 2
    assert limits.cpu == 2 * (4 + 1)
    assert limits.processes == SETTINGS.limits.processes
