import psutil
import pytest

from prospect.compute import Compute, connect, stop_clusters
from prospect.compute._budget import (
    LEAST,
    Budget,
    _left_in_groups,
    find_budget,
    make_plan,
    parse_memory,
)

GIB = 2**30
ROOMY = Budget(cores=4, memory=8 * GIB)


def test_all_processors_share_what_is_free():
    plan = make_plan(None, None, ROOMY)
    assert (plan.workers, plan.memory) == (4, 2 * GIB)


def test_few_bytes_make_few_workers():
    plan = make_plan(None, None, Budget(cores=16, memory=3 * LEAST + 5))
    assert (plan.workers, plan.memory) == (3, LEAST + 1)


def test_given_memory_decides_how_many():
    plan = make_plan(None, "3 GiB", ROOMY)
    assert (plan.workers, plan.memory) == (2, 3 * GIB)


@pytest.mark.parametrize(
    ("workers", "memory", "budget", "message"),
    [
        (5, None, ROOMY, r"workers=5: 4 processors .* Ask for 4 or fewer"),
        (0, None, ROOMY, r"workers=0: give a whole number, 1 or more"),
        (1.5, None, ROOMY, r"workers=1\.5: give a whole number"),
        (True, None, ROOMY, r"workers=True: give a whole number"),
        (None, "300 MB", ROOMY, r"memory='300 MB': a worker needs 512 MB"),
        (None, "much", ROOMY, r"memory='much': a size reads"),
        (4, "3 GiB", ROOMY, r"workers=4 with 3\.2 GB each: 8\.6 GB .* Shut down other"),
        (None, None, Budget(2, LEAST - 1), r"workers=1 with 0\.5 GB each: 0\.5 GB of"),
    ],
)
def test_wishes_are_refused_with_value_and_remedy(workers, memory, budget, message):
    with pytest.raises(ValueError, match=message):
        make_plan(workers, memory, budget)


def test_half_a_gigabyte_in_either_unit_is_enough():
    assert parse_memory("512 MB") < parse_memory("512 MiB") == LEAST


def test_limit_of_the_server_is_the_persons(monkeypatch):
    # what the person uses already counts, and so does this process
    limit = psutil.Process().memory_info().rss + 2 * GIB
    monkeypatch.setenv("MEM_LIMIT", str(limit))
    monkeypatch.setenv("CPU_LIMIT", "1.0")
    budget = find_budget()
    assert budget.cores == 1
    assert 0 < budget.memory < limit


@pytest.mark.parametrize("unified", [True, False])
def test_group_above_limits_too(tmp_path, unified):
    """Least of what is left in the own group and those above; cache counts as free."""
    own = tmp_path / "cgroup"
    limit, used, cache, top = (
        ("memory.max", "memory.current", "inactive_file", tmp_path)
        if unified
        else (
            "memory.limit_in_bytes",
            "memory.usage_in_bytes",
            "total_inactive_file",
            tmp_path / "memory",
        )
    )
    inner = top / "hub" / "ana"
    inner.mkdir(parents=True)
    for folder, bound, taken in ((inner, 4000, 100), (inner.parent, 3000, 2500)):
        (folder / limit).write_text(f"{bound}\n")
        (folder / used).write_text(f"{taken}\n")
        (folder / "memory.stat").write_text(f"anon 7\n{cache} 60\n")
    own.write_text("0::/hub/ana\n" if unified else "9:memory:/hub/ana\n1:name=x:/\n")
    assert _left_in_groups(tmp_path, own) == 560


def test_no_group_is_no_limit(tmp_path):
    assert _left_in_groups(tmp_path, tmp_path / "none") == float("inf")


@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        ({"where": "moon"}, "where='moon': one of"),
        ({"lang": "fr"}, "lang='fr': one of"),
    ],
)
def test_unknown_words_are_refused(wishes, message):
    with pytest.raises(ValueError, match=message):
        connect(**wishes)


def test_no_gateway_is_said_plainly():
    with pytest.raises(OSError, match=r"no gateway here.*where=\"local\""):
        connect(where="gateway")
    with pytest.raises(OSError, match="no gateway here"):
        stop_clusters()


def test_silent_gateway_is_said_plainly():
    import dask

    with (
        dask.config.set({"gateway.address": "http://127.0.0.1:9"}),
        pytest.raises(OSError, match=r"http://127\.0\.0\.1:9 does not answer.*status"),
    ):
        connect(where="gateway")


def test_look_in_both_languages():
    info = Compute("gateway", 2, GIB, '/user/a"b/status', ready=1)
    english = info._repr_html_()
    chinese = Compute(
        "local", 2, GIB, "/x", threads=2, ready=2, lang="zh"
    )._repr_html_()
    assert "cluster beside your server" in english
    assert "2 of 1.1 GB, one thread each (1 ready so far)" in english
    assert 'href="/user/a&quot;b/status"' in english
    assert "2 个，每个 1.1 GB、2 线程" in chinese
    assert "监视面板" in chinese
