"""
A real hub for tests: its own folder, ports and, in team mode, its own accounts.

In team mode (root) the hub lives in a private mount namespace: /etc is a copy, so that
accounts made for the test never reach the machine, and folders that other accounts may
not enter (an interpreter below root's home) are reachable inside it alone.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[3]
COMMAND = str(Path(sys.executable).with_name("prospect"))


def free_ports(count, *, start=30000, stop=60000):
    """First of `count` free ports in a row on the loopback device."""
    import random

    for _ in range(200):
        first = random.randrange(start, stop - count)
        sockets = []
        try:
            for port in range(first, first + count):
                each = socket.socket()
                sockets.append(each)
                each.bind(("127.0.0.1", port))
        except OSError:
            continue
        else:
            return first
        finally:
            for each in sockets:
                each.close()
    raise RuntimeError("no free ports in a row")


def wait_until(condition, *, seconds=45, what="the condition"):
    """Value of `condition()` as soon as it is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.2)
    raise TimeoutError(f"{what} did not come true in {seconds} s")


def closed_ancestors():
    """Folders above what users must reach that other accounts may not enter."""
    needed = {Path(sys.base_prefix).resolve(), Path(sys.prefix), ROOT}
    closed = {}
    for path in needed:
        for folder in reversed(path.parents):
            if not folder.stat().st_mode & 0o001:
                closed.setdefault(folder, set()).add(path)
                break
    return closed


def private_script(folder):
    """Shell lines that give a mount namespace its own /etc and open folders."""
    etc = folder / "etc"
    lines = [f"cp -a /etc {etc}", f"mount --bind {etc} /etc"]
    for number, (closed, needed) in enumerate(sorted(closed_ancestors().items())):
        stage = folder / f"open{number}"
        lines += [f"mkdir -p {stage}", f"mount -t tmpfs -o mode=755 none {stage}"]
        for path in sorted(needed):
            inner = stage / path.relative_to(closed)
            lines += [f"mkdir -p {inner}", f"mount --rbind {path} {inner}"]
        lines.append(f"mount --rbind {stage} {closed}")
    return " && ".join(lines)


class Answer:
    """What an HTTP request brought."""

    def __init__(self, status, text, headers):
        self.status, self.text, self.headers = status, text, headers

    def json(self):
        return json.loads(self.text)


class Hub:
    """A hub that a test starts, asks and stops."""

    def __init__(self, folder, port, *, team, scratch):
        self.folder, self.port, self.team, self.scratch = folder, port, team, scratch
        self.url = f"http://127.0.0.1:{port}"

    def run(self, *arguments, check=True, typed=None):
        """`prospect hub …` where the hub lives."""
        line = [COMMAND, "hub", *map(str, arguments), "--folder", str(self.folder)]
        if self.team:
            line = self._inside(line)
        done = subprocess.run(
            line,
            input=typed,
            capture_output=True,
            text=True,
            timeout=150,
            check=False,
            cwd=self.scratch,
            env=os.environ | {"COLUMNS": "200"},
        )
        if check and done.returncode:
            raise AssertionError(
                f"{' '.join(line)} ended with {done.returncode}\n{done.stdout}"
                f"\n{done.stderr}\n{self.logs()}"
            )
        return done

    def _inside(self, line):
        if pid := self.keeper():
            return ["nsenter", f"--target={pid}", "--mount", "--wd=/", *line]
        shutil.rmtree(self.scratch / "etc", ignore_errors=True)
        script = private_script(self.scratch) + ' && exec "$@"'
        return ["unshare", "--mount", "--propagation", "private", "sh", "-c", script,
                "sh", *line]  # fmt: skip

    def as_account(self, account, *line):
        """A command where the hub lives, as a Linux account."""
        inside = ["nsenter", f"--target={self.keeper()}", "--mount", "--wd=/"]
        return subprocess.run(
            [*inside, "runuser", "-u", account, "--", *line],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def keeper(self):
        """Process number of the keeper, if it runs."""
        try:
            pid = json.loads((self.folder / "state" / "keeper.json").read_text())["pid"]
        except (OSError, ValueError, KeyError):
            return None
        return pid if pid and psutil.pid_exists(pid) else None

    def logs(self):
        """Last lines of every log."""
        parts = []
        for path in sorted((self.folder / "logs").glob("*.log")):
            last = "\n".join(path.read_text(errors="replace").splitlines()[-25:])
            parts.append(f"--- {path.name}\n{last}")
        return "\n".join(parts)

    def up(self):
        self.run("up")
        return self

    def add_user(self, name, password, *, admin=False):
        extra = ["--admin"] if admin else []
        self.run("user", "add", name, "--password-from-stdin", *extra, typed=password)

    def control_token(self):
        return (self.folder / "secrets" / "control").read_text().strip()

    def api(self, path, *, method="GET", body=None, token=None):
        """Ask the hub's REST API, by default as its own control service."""
        return request(
            f"{self.url}/hub/api{path}",
            method=method,
            body=body,
            token=token or self.control_token(),
        )

    def token_of(self, name):
        """A token with all rights of a person."""
        answer = self.api(f"/users/{name}/tokens", method="POST", body={"note": "test"})
        return answer.json()["token"]

    def start_server(self, name, *, seconds=120):
        """Start a person's server and wait until it answers."""
        answer = self.api(f"/users/{name}/server", method="POST")
        assert answer.status in {201, 202, 400}, answer.text

        def ready():
            servers = self.api(f"/users/{name}").json().get("servers", {})
            return servers.get("", {}).get("ready")

        wait_until(ready, seconds=seconds, what=f"the server of {name}")
        return f"{self.url}/user/{name}"

    def close(self):
        """Stop everything, by hand where the command does not."""
        if self.keeper():
            self.run("down", check=False)
        for process in psutil.process_iter(["cmdline", "environ"]):
            environment = process.info["environ"] or {}
            words = " ".join(process.info["cmdline"] or [])
            ours = environment.get("PROSPECT_HUB_FOLDER") == str(self.folder)
            # people's servers and kernels name the hub by their home alone
            home = Path(environment.get("HOME", "/"))
            ours = ours or self.folder in home.parents
            if ours or str(self.folder) in words:
                try:
                    process.kill()
                except psutil.NoSuchProcess:
                    continue
        shutil.rmtree(self.scratch, ignore_errors=True)


def request(url, *, method="GET", body=None, token=None, headers=None):
    """One HTTP request; an error status is an answer too."""
    data = None if body is None else json.dumps(body).encode()
    heads = {"Content-Type": "application/json", **(headers or {})}
    if token:
        heads["Authorization"] = f"token {token}"
    asked = urllib.request.Request(url, data=data, method=method, headers=heads)
    try:
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return Answer(answer.status, answer.read().decode(), answer.headers)
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.read().decode(errors="replace"), error.headers)


def make_hub(*, team, changes=()):
    """A hub's folder with settings, not yet up; `changes` are TOML sections."""
    scratch = Path(tempfile.mkdtemp(prefix="prospect-hub-"))
    scratch.chmod(0o755)
    folder = scratch / "hub"
    folder.mkdir()
    port = free_ports(6)
    mode = "team" if team else "classroom"
    text = "\n".join([f'[hub]\nport = {port}\nmode = "{mode}"', *changes])
    assert len(re.findall(r"^\[hub\]", text, re.MULTILINE)) == 1
    (folder / "hub.toml").write_text(text, encoding="utf-8")
    return Hub(folder, port, team=team, scratch=scratch)
