"""On the workers of a real cluster the job gives the bytes it gives on threads."""

import shutil

import pytest

from prospect import run_district


@pytest.mark.slow
def test_two_worker_processes_give_the_bytes_of_threads(tiny_source, tmp_path):
    from distributed import Client, LocalCluster, get_task_stream

    results = {}
    for name in ("threads", "cluster"):
        folder = tmp_path / name
        shutil.copytree(tiny_source, folder)
        path = folder / "district.toml"
        if name == "threads":
            results[name] = run_district(path, out=folder / "out", scene=False)
            continue
        with (
            LocalCluster(
                n_workers=2,
                threads_per_worker=1,
                memory_limit="2GiB",
                dashboard_address=None,
            ) as cluster,
            Client(cluster) as client,
            get_task_stream(client) as done,
        ):
            results[name] = run_district(path, out=folder / "out", scene=False)
    workers = {task["worker"] for task in done.data}
    assert len(workers) == 2, "both workers took part"
    threads, cluster = results["threads"], results["cluster"]
    assert cluster.maps.keys() == threads.maps.keys()
    for name, path in threads.maps.items():
        assert cluster.maps[name].read_bytes() == path.read_bytes()
    assert cluster.targets.read_bytes() == threads.targets.read_bytes()
    assert cluster.manifest.read_bytes() == threads.manifest.read_bytes()
