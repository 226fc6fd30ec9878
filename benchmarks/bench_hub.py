"""
Many people at one hub: time and memory for each, and which limit comes first.

    python benchmarks/bench_hub.py --people 50 --servers 12

A real hub in a scratch folder (`prospect hub up`, native accounts, classroom mode).
Everybody logs in through the public proxy by the form; as many as `--servers` start a
server of their own and open the gallery; the rest open their home page and ask the hub
every second, as open pages do. Ends by saying how many this machine would carry.
"""

from __future__ import annotations

import argparse
import re
import secrets
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import requests

PROSPECT = str(Path(sys.executable).with_name("prospect"))
PORT = 28400


class Person:
    """Somebody with a browser, as far as a hub can tell."""

    def __init__(self, url: str, name: str, password: str) -> None:
        self.url, self.name, self.password = url, name, password
        self.session = requests.Session()

    def _xsrf(self, path: str) -> str:
        found = [c.value for c in self.session.cookies if c.name == "_xsrf"]
        exact = [
            c.value
            for c in self.session.cookies
            if c.name == "_xsrf" and c.path.rstrip("/") == path.rstrip("/")
        ]
        return (exact or found)[-1]

    def log_in(self) -> float:
        """Seconds for the form and its answer."""
        start = time.perf_counter()
        self.session.get(f"{self.url}/hub/login", timeout=120).raise_for_status()
        form = {
            "username": self.name,
            "password": self.password,
            "_xsrf": self._xsrf("/hub"),
        }
        answer = self.session.post(
            f"{self.url}/hub/login", data=form, allow_redirects=False, timeout=120
        )
        if answer.status_code != 302:
            raise RuntimeError(f"{self.name}: {answer.status_code} at log in")
        return time.perf_counter() - start

    def open_home(self) -> float:
        """Seconds for the hub's own page."""
        start = time.perf_counter()
        self.session.get(f"{self.url}/hub/home", timeout=120).raise_for_status()
        return time.perf_counter() - start

    def start(self) -> float:
        """Seconds from the click to the gallery."""
        start = time.perf_counter()
        self.session.get(f"{self.url}/hub/spawn", timeout=120)
        while time.perf_counter() - start < 300:
            answer = self.session.get(
                f"{self.url}/user/{self.name}/workbench", timeout=120
            )
            if answer.ok and "/user/" in answer.url:
                return time.perf_counter() - start
            time.sleep(0.5)
        raise TimeoutError(f"the server of {self.name}")

    def open_gallery(self) -> float:
        """Seconds for the gallery and its list of notebooks."""
        start = time.perf_counter()
        base = f"{self.url}/user/{self.name}/workbench"
        self.session.get(base, timeout=120).raise_for_status()
        self.session.get(f"{base}/api/notebooks", timeout=120).raise_for_status()
        return time.perf_counter() - start


def proportional(pids: list[int]) -> int:
    """Proportional memory of processes in bytes: shared pages are shared out."""
    total = 0
    for pid in pids:
        try:
            text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue
        total += int(re.search(r"^Pss:\s+(\d+)", text, re.MULTILINE)[1]) * 1024
    return total


def processes(folder: Path) -> dict[str, list[int]]:
    """Process numbers of the hub's parts and of people's servers."""
    found: dict[str, list[int]] = {"parts": [], "servers": []}
    for process in psutil.process_iter(["cmdline", "environ"]):
        line = " ".join(process.info["cmdline"] or [])
        environment = process.info["environ"] or {}
        if "singleuser" in line and str(folder) in str(environment.get("HOME", "")):
            found["servers"].append(process.pid)
        elif environment.get("PROSPECT_HUB_FOLDER") == str(folder):
            found["parts"].append(process.pid)
    return found


def said(name: str, seconds: list[float]) -> None:
    ordered = sorted(seconds)
    last = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    print(
        f"  {name:<34} {statistics.median(seconds):6.2f} s median, "
        f"{last:6.2f} s 95 %, {max(seconds):6.2f} s slowest of {len(seconds)}"
    )


def hub(*arguments: str, folder: Path, typed: str | None = None) -> None:
    command = [PROSPECT, "hub", *arguments, "--folder", str(folder)]
    done = subprocess.run(
        command, input=typed, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{done.stdout}{done.stderr}")


def measure(folder: Path, people: int, servers: int, at_once: int) -> None:
    start = time.perf_counter()
    hub("up", folder=folder)
    print(f"  prospect hub up                    {time.perf_counter() - start:6.2f} s")
    print(f"  memory of the hub's parts          {_mib(folder, 'parts'):6.0f} MiB")
    url = f"http://127.0.0.1:{PORT}"
    crowd = []
    for number in range(people):
        password = secrets.token_urlsafe(12)
        name = f"user{number:03}"
        hub("user", "add", name, "--password-from-stdin", folder=folder, typed=password)
        crowd.append(Person(url, name, password))
    with ThreadPoolExecutor(people) as pool:
        said(f"log in, all {people} at once", list(pool.map(Person.log_in, crowd)))
    active, waiting = crowd[:servers], crowd[servers:]
    end = threading.Event()
    homes: list[float] = []
    pages = [threading.Thread(target=_look, args=(p, end, homes)) for p in waiting]
    for page in pages:
        page.start()
    try:
        with ThreadPoolExecutor(at_once) as pool:
            began = time.perf_counter()
            started = list(pool.map(Person.start, active))
            rate = len(active) / (time.perf_counter() - began) * 60
            galleries = list(pool.map(Person.open_gallery, active * 3))
        said(f"start to gallery, {at_once} at once", started)
        said("gallery again", galleries)
    finally:
        end.set()
        for page in pages:
            page.join()
    if homes:
        said("home page of the others meanwhile", homes)
    each = _mib(folder, "servers") / servers
    parts = _mib(folder, "parts")
    machine = psutil.virtual_memory().total / 2**20
    print(f"  memory of an idle server           {each:6.0f} MiB (proportional)")
    print(f"  memory of the hub's parts now      {parts:6.0f} MiB")
    print(f"  servers started in a minute        {rate:6.1f}")
    print(
        f"  the limit: memory. {machine / 1024:.0f} GiB less parts and 2 GiB for the "
        f"system carry {(machine - parts - 2048) / each:.0f} idle people; a working "
        "kernel of the geological stack takes about 500 MiB more each, data apart"
    )


def _look(person: Person, end: threading.Event, homes: list[float]) -> None:
    while not end.wait(1):
        homes.append(person.open_home())


def _mib(folder: Path, kind: str) -> float:
    return proportional(processes(folder)[kind]) / 2**20


def main() -> None:
    """Measure, print, take everything down."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--people", type=int, default=10)
    parser.add_argument("--servers", type=int, default=3)
    parser.add_argument("--at-once", type=int, default=4)
    options = parser.parse_args()
    if not (Path(__file__).parents[1] / ".hub-env").exists():
        print("  left out: the hub's environment is not there (make setup-hub)")
        return
    print(f"{options.people} people, {options.servers} of them with a server")
    with tempfile.TemporaryDirectory(prefix="prospect-load-") as scratch:
        folder = Path(scratch) / "hub"
        folder.mkdir()
        text = f'[hub]\nport = {PORT}\nmode = "classroom"\n[accounts]\nadmins = []\n'
        (folder / "hub.toml").write_text(text)
        try:
            measure(folder, options.people, options.servers, options.at_once)
        finally:
            hub("down", folder=folder)


if __name__ == "__main__":
    main()
