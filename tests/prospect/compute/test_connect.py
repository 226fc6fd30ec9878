"""Workers on this machine: same results as without them, closed to everybody else."""

import subprocess
import sys
import textwrap
import urllib.error
import urllib.request
import warnings

import dask
import numpy as np
import psutil
import pytest
from distributed import Client
from odc.geo.xr import wrap_xr

import survey
from prospect import predict_map
from prospect.compute import connect
from prospect.models import make_model


@pytest.fixture(scope="module")
def client():
    with connect(workers=2, memory="600 MB", where="local") as made:
        yield made


@pytest.fixture(scope="module")
def rasters(tmp_path_factory):
    """Two evidence layers on disk, three blocks across, with gaps."""
    folder = tmp_path_factory.mktemp("layers")
    random = np.random.default_rng(3)
    box = survey.make_geobox((0, 140_000, 0, 110_000), crs="EPSG:32755", resolution=100)
    for name in ("fault_km", "potassium"):
        values = random.gamma(2.0, 2.0, box.shape).round(1)
        values[random.random(box.shape) < 0.05] = np.nan
        grid = wrap_xr(values.astype("float32"), box)
        survey.save_grid(grid, folder / f"{name}.tif", cog=False)
    return folder


def read(folder):
    import xarray as xr

    return xr.Dataset(
        {
            name: survey.open_grid(folder / f"{name}.tif", chunks=512)
            for name in ("fault_km", "potassium")
        }
    )


@pytest.fixture(scope="module")
def model():
    import pandas as pd

    random = np.random.default_rng(5)
    X = pd.DataFrame(
        {"fault_km": random.gamma(2, 2, 80), "potassium": random.gamma(2, 2, 80)}
    )
    y = (X["fault_km"] + random.normal(0, 2, 80) < 3).astype(int)
    return make_model("weights_of_evidence").fit(X, y)


@pytest.mark.slow
def test_maps_are_the_same_bytes_as_those_of_threads(client, rasters, model, tmp_path):
    """Windows are read in the workers, and they write the files."""
    for name in ("workers", "threads"):
        (tmp_path / name).mkdir()
    saved = {}
    for place in ("workers", "threads"):
        scheduler = client if place == "workers" else "threads"
        with dask.config.set(scheduler=scheduler):
            maps = predict_map(model, read(rasters))
            paths = survey.save_grids(
                {
                    tmp_path / place / "score.tif": maps["score"],
                    tmp_path / place / "uncertainty.tif": maps["uncertainty"],
                }
            )
            ratio = survey.map_windows(
                lambda block: np.roll(block, 1, axis=0) - block,
                read(rasters)["potassium"],
                halo=1,
            )
            paths.append(survey.save_grid(ratio, tmp_path / place / "ratio.tif"))
            values = maps["score"].to_numpy()
        saved[place] = [values.tobytes(), *(path.read_bytes() for path in paths)]
    assert saved["workers"] == saved["threads"]


def test_relative_names_mean_the_notebooks_folder(
    client, rasters, tmp_path, monkeypatch
):
    """Workers live elsewhere: a gateway's have a folder of their own."""
    import os

    elsewhere = tmp_path / "work"
    elsewhere.mkdir()
    client.run(os.chdir, str(elsewhere))
    monkeypatch.chdir(rasters)
    grid = survey.open_grid("potassium.tif", chunks=512)
    survey.save_grid(grid * 2, "double.tif", cog=False)
    survey.save_grid(grid, "same.zarr")
    again = survey.open_grid("same.zarr", chunks=512)
    assert again.mean().compute() == grid.mean().compute()
    assert not list(elsewhere.iterdir())
    with rasters.joinpath("double.tif").open("rb") as file:
        assert file.read(4) == b"II\x2b\x00"


def test_it_says_where_it_computes(client):
    info = client.info
    assert (info.where, info.workers, info.threads, info.ready) == ("local", 2, 1, 2)
    assert info.memory == 600_000_000
    assert repr(client) == repr(info)
    assert repr(client).startswith("<Compute: local, 2 workers of 0.6 GB, dashboard ")
    assert f'href="{info.dashboard}"' in client._repr_html_()
    threads = client.run(lambda: __import__("os").environ["OMP_NUM_THREADS"])
    assert set(threads.values()) == {"1"}


def test_dashboard_answers_to_the_secret_alone(client):
    link = client.info.dashboard
    with urllib.request.urlopen(link, timeout=20) as answer:
        assert answer.status == 200
    root, secret, _ = link.rsplit("/", 2)
    assert len(secret) == 32
    for path in ("", "status", "sitemap.json", "metrics", f"{'0' * 32}/status", "%00"):
        with pytest.raises(urllib.error.HTTPError) as error:
            urllib.request.urlopen(f"{root}/{path}", timeout=20)
        assert error.value.code == 404


@pytest.mark.slow
def test_nobody_else_gives_it_work(client):
    address = client.cluster.scheduler_address
    assert address.startswith("tls://127.0.0.1:")
    plain = address.replace("tls", "tcp")
    with pytest.raises(OSError, match=r"Timed out|closed"):
        Client(plain, timeout=3, set_as_default=False)


def test_link_goes_through_the_own_server_on_a_hub(monkeypatch):
    from prospect.compute._guard import dashboard_link

    assert dashboard_link(8787, "s" * 32) == f"http://127.0.0.1:8787/{'s' * 32}/status"
    template = "{JUPYTERHUB_SERVICE_PREFIX}proxy/{port}/status"
    with dask.config.set({"distributed.dashboard.link": template}):
        monkeypatch.delenv("JUPYTERHUB_SERVICE_PREFIX", raising=False)
        assert dashboard_link(8787, "x" * 32).startswith("http://127.0.0.1:8787/xx")
        monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/user/ana/")
        assert dashboard_link(80, "k") == "/user/ana/proxy/80/k/status"


@pytest.mark.slow
def test_end_of_python_is_the_end_of_the_workers(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent("""
        import sys
        from prospect.compute import connect
        if __name__ == "__main__":
            client = connect(workers=1, memory="600 MB")
            print(*client.run(__import__("os").getpid).values())
        """)
    )
    line = [sys.executable, str(script)]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60, check=True)
    assert not done.stderr
    assert not psutil.pid_exists(int(done.stdout))


@pytest.mark.slow
def test_script_without_its_guard_is_told(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        'from prospect.compute import connect\nconnect(workers=1, memory="600 MB")\n'
    )
    done = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert "below `if __name__ == '__main__':`" in done.stderr


def test_silent_gateway_leaves_the_own_server():
    with (
        dask.config.set({"gateway.address": "http://127.0.0.1:9"}),
        warnings.catch_warnings(record=True) as told,
    ):
        warnings.simplefilter("always")
        with connect(workers=1, memory="600 MB") as client:
            assert client.info.where == "local"
            processes = client.run(lambda: __import__("os").getpid())
    (note,) = [str(each.message) for each in told if each.category is UserWarning]
    assert "does not answer" in note
    assert not any(psutil.pid_exists(pid) for pid in processes.values())
    assert repr(client).startswith("<Compute: local")
