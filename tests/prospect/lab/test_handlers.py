"""The gallery's requests, asked of a real server."""

import json
import os
import shutil
import subprocess
import time

import httpx
import pytest

from ._books import GOLD, notebook, write

pytest.importorskip("jupyterlab")


@pytest.fixture
def server(serve):
    return serve()


@pytest.fixture
def client(server):
    with httpx.Client(base_url=server.url, timeout=30) as client:
        client.headers["Authorization"] = f"token {server.token}"
        yield client


def copy(client, name="06_gold", **asked):
    return client.post("workbench/api/copy", json={"name": name, **asked})


def catalogue(client):
    answer = client.get("workbench/api/notebooks").raise_for_status().json()
    return {book["name"]: book for book in answer["notebooks"]}


def edit(path, text="3 + 3"):
    content = json.loads(path.read_text(encoding="utf-8"))
    content["cells"][1]["source"] = text
    path.write_text(json.dumps(content), encoding="utf-8")


def test_a_persons_day(client, server, books):
    """One server, the whole story of a copy: new, edited, newer version, reset."""
    found = catalogue(client)
    gold = found["06_gold"]
    assert gold["title"] == {"en": "Stream gold", "zh": "水系沉积物中的金"}
    assert [word["zh"] for word in gold["minerals"]] == ["金", "砷"]
    assert "Au" in gold["minerals"][0]["also"]
    assert "CC BY" in gold["data"][0]["licence"]
    assert gold["mine"] == {"en": "none", "zh": "none"}
    assert found["07_bixi"]["languages"] == ["zh"]
    assert found["12_minerals"]["minerals"][0]["zh"] == "白云母"
    assert "更新版本" in found["99_later"]["problem"]["zh"]

    mine = server.home / "notebooks" / "06_gold.ipynb"
    made = copy(client).json()
    assert made["state"] == "new"
    assert made["open"] == "/lab/tree/notebooks/06_gold.ipynb"
    assert copy(client).json()["state"] == "yours"
    assert copy(client, lang="zh").json()["file"] == "06_gold_zh.ipynb"
    assert catalogue(client)["06_gold"]["mine"] == {"en": "same", "zh": "same"}

    edit(mine)
    edited = mine.read_bytes()
    assert catalogue(client)["06_gold"]["mine"]["en"] == "edited"
    assert copy(client).json()["state"] == "yours"

    title = "Which anomalies deserve a second visit?"
    newer = notebook("Stream gold", title, GOLD, code="4 + 4")
    write(books / "06_gold.ipynb", newer)
    assert catalogue(client)["06_gold"]["mine"]["en"] == "edited_old"
    beside = copy(client).json()
    assert beside["state"] == "beside"
    assert beside["beside"] in beside["message"]["zh"]
    assert mine.read_bytes() == edited
    assert "4 + 4" in (mine.parent / beside["beside"]).read_text()

    reset = copy(client, reset=True).json()
    assert reset["state"] == "reset"
    assert "4 + 4" in mine.read_text()
    assert (mine.parent / reset["beside"]).read_bytes() == edited


def test_who_may_ask_what(client, server):
    with httpx.Client(base_url=server.url) as stranger:
        page = stranger.get("workbench")
        assert page.status_code == 302
        assert "/login" in page.headers["Location"]
        assert stranger.get("workbench/thumbnail/06_gold").status_code == 302
        for path in ("notebooks", "status"):
            assert stranger.get(f"workbench/api/{path}").status_code == 403
        assert copy(stranger).status_code == 403
        # logged in by cookie: without the token against forgery nothing is changed
        stranger.get("workbench", params={"token": server.token}, follow_redirects=True)
        assert stranger.get("workbench").status_code == 200
        assert copy(stranger).status_code == 403
        stranger.headers["X-XSRFToken"] = stranger.cookies["_xsrf"]
        assert copy(stranger).status_code == 200

    for name in ("../../etc/passwd", "06_gold.ipynb", "", "/06_gold", "zh/06_gold"):
        answer = copy(client, name)
        assert answer.status_code == 404
        assert "no such notebook" in answer.json()["message"]["en"]
    for body in ([], {"name": 3}, {}):
        assert client.post("workbench/api/copy", json=body).status_code == 400
    newer = copy(client, "99_later")
    assert newer.status_code == 409
    assert "请更新工作台" in newer.json()["message"]["zh"]

    picture = client.get("workbench/thumbnail/06_gold")
    assert picture.content.startswith(b"\x89PNG")
    for name in ("12_minerals", "..%2F..%2Fetc%2Fpasswd", "nothing"):
        assert client.get(f"workbench/thumbnail/{name}").status_code == 404


def test_the_page_speaks_the_persons_language(client):
    def language(cookies=None, **headers):
        page = client.get("workbench", headers=headers, cookies=cookies)
        assert "script-src 'nonce-" in page.headers["Content-Security-Policy"]
        assert "unsafe" not in page.headers["Content-Security-Policy"]
        return "zh" if '<html lang="zh-CN">' in page.text else "en"

    browser = {"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"}
    assert language(**browser) == "zh"
    assert language(**{"Accept-Language": "de;q=0.9, en;q=0.5, zh;q=0.4"}) == "en"
    assert language(**{"Accept-Language": ";;q=x,,zh;q=1.2.3"}) == "en"
    client.cookies.set("prospect-language", "en")
    assert language(**browser) == "en"


def test_status_and_settings(serve, tmp_path):
    notices = tmp_path / "notices.json"
    now = time.time()
    entries = [
        {"time": now - 60, "en": "Stopped: 5 GB of 4 GB.", "zh": "已停止：超出内存。"},
        {"time": now - 30 * 86400, "en": "Long ago.", "zh": "很久以前。"},
        {"time": "no time", "en": "Odd."},
        "odd too",
    ]
    notices.write_text(json.dumps(entries), encoding="utf-8")
    server = serve(
        PROSPECT_NOTICE_FILE=str(notices),
        PROSPECT_IDLE_SERVERS="7200",
        PROSPECT_DISK_LIMIT="1000",
        MEM_LIMIT=str(2**40),
    )
    (server.home / "large.bin").write_bytes(os.urandom(20000))
    with httpx.Client(base_url=server.url, timeout=30) as client:
        client.headers["Authorization"] = f"token {server.token}"
        status = client.get("workbench/api/status").json()
        assert [each["en"] for each in status["notices"]] == ["Stopped: 5 GB of 4 GB."]
        assert status["stop"]["idle"] == 7200
        assert status["memory"]["total"] == 2**40
        assert 0 < status["memory"]["used"] < 2**40
        assert status["disk"]["warn"]
        assert status["disk"]["share"]
        notices.write_text("[{half", encoding="utf-8")
        assert client.get("workbench/api/status").json()["notices"] == []

        # JupyterLab has read our settings: no news, no search for updates
        settings = "lab/api/settings/@jupyterlab/apputils-extension:notification"
        read = client.get(settings).json()["schema"]["properties"]
        assert read["fetchNews"]["default"] == "false"
        assert read["checkForUpdates"]["default"] is False
        usage = client.get("api/metrics/v1").json()
        assert usage["limits"]["memory"]["rss"] == 2**40
        assert usage["disk_total"] > 0
        assert "cpu_percent" in usage
        extensions = client.get("lab").text
        assert '"prospect-lab"' in extensions


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts a small disk")
def test_full_disk_is_said_and_nothing_is_lost(serve, tmp_path):
    server = serve()
    space = server.home / "notebooks"
    space.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(space)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no small disk can be mounted here")
    try:
        with httpx.Client(base_url=server.url, timeout=30) as client:
            client.headers["Authorization"] = f"token {server.token}"
            assert copy(client).status_code == 200
            edit(space / "06_gold.ipynb")
            edited = (space / "06_gold.ipynb").read_bytes()
            try:
                with (space / "filler").open("wb") as filler:
                    filler.write(b"x" * 2**20)
            except OSError:
                assert shutil.disk_usage(space).free == 0
            for name, reset in (("12_minerals", False), ("06_gold", True)):
                answer = copy(client, name, reset=reset)
                assert answer.status_code == 507, answer.text
                assert "disk is full" in answer.json()["message"]["en"]
                assert "磁盘已满" in answer.json()["message"]["zh"]
            assert sorted(each.name for each in space.iterdir()) == [
                "06_gold.ipynb",
                "filler",
            ]
            assert (space / "06_gold.ipynb").read_bytes() == edited
            assert client.get("workbench").status_code == 200
            assert client.get("workbench/api/status").status_code == 200
    finally:
        subprocess.run(["umount", str(space)], check=True)
