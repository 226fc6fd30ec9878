"""The image, Binder's files and conda's: what they name exists and fits together."""

import http.server
import json
import os
import re
import subprocess
import sys
import threading
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "environments" / "images"
BINDER = ROOT / ".binder"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
# conda-forge's names where they differ
CONDA = {
    "duckdb": "python-duckdb",
    "jupyterhub": "jupyterhub-base",
    "jupyterlab-language-pack-zh-CN": "jupyterlab-language-pack-zh-cn",
    "matplotlib": "matplotlib-base",
}
pytestmark = pytest.mark.skipif(os.name == "nt", reason="images are Linux")


@pytest.fixture(scope="module")
def steps():
    """Instructions of the Dockerfile: pairs of word and rest."""
    lines = (IMAGES / "Dockerfile").read_text("utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.startswith("#"))
    joined = re.sub(r"\\\n\s*", "", text)
    return [tuple(line.split(None, 1)) for line in joined.splitlines() if line.strip()]


def rest_of(steps, *words):
    return [rest for word, rest in steps if word in words]


def ignored(name):
    """Whether .dockerignore keeps a path of the top folder from the builder."""
    lines = (ROOT / ".dockerignore").read_text("utf-8").split("\n")
    assert "*" in lines, "all is left out but what is named"
    return f"!{name.split('/')[0]}" not in lines


def test_the_base_is_one_release(steps):
    [base] = [rest for rest in rest_of(steps, "ARG") if rest.startswith("BASE=")]
    assert re.fullmatch(r"BASE=debian:\d+\.\d+-slim", base)
    assert rest_of(steps, "FROM") == ["${BASE}"]


def test_what_is_copied_is_there(steps):
    copied = [rest.split()[:-1] for rest in rest_of(steps, "COPY")]
    for [source] in copied:
        assert (ROOT / source).exists(), source
        assert not ignored(source.rstrip("/")), f"{source} is in .dockerignore"
    assert not rest_of(steps, "ADD"), "nothing comes from elsewhere"
    named = {source.split("/")[0] for [source] in copied}
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]
    assert set(packages["hatch"]["build"]["targets"]["wheel"]["packages"]) <= named


@pytest.mark.parametrize(
    "name", [".git", ".venv", ".hub-env", "workbench-hub", "demo-result", ".env"]
)
def test_nothing_private_reaches_the_builder(name):
    assert ignored(name)


def test_it_runs_as_an_ordinary_user(steps):
    words = [word for word, _ in steps]
    assert rest_of(steps, "USER") == ["1000:100"], "as zero-to-jupyterhub expects"
    assert "RUN" not in words[words.index("USER") :]
    assert "COPY" not in words[words.index("USER") :]


def test_no_secret_and_no_address_in_it(steps):
    set_by_name = " ".join(rest_of(steps, "ARG", "ENV", "LABEL"))
    assert not re.search(r"(?i)token|passw|secret|api.?key", set_by_name)
    assert not any("://" in rest for _, rest in steps)


def test_apt_leaves_no_lists(steps):
    [apt] = [rest for rest in rest_of(steps, "RUN") if "apt-get install" in rest]
    assert "--no-install-recommends" in apt
    assert "rm -rf /var/lib/apt/lists/*" in apt


def test_commands_name_files_that_are_there(steps):
    health = rest_of(steps, "HEALTHCHECK")[0].split("CMD", 1)[1]
    for rest in (health, *rest_of(steps, "ENTRYPOINT", "CMD")):
        for part in json.loads(rest):
            if part.startswith("/opt/prospect-workbench/") and ".venv" not in part:
                assert (ROOT / part.removeprefix("/opt/prospect-workbench/")).exists()


def test_version_is_the_projects(steps):
    assert f"VERSION={PROJECT['version']}" in rest_of(steps, "ARG")


def test_the_health_check_asks_the_server_it_is_told_of(monkeypatch):
    asked = []

    class Server(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    command = [sys.executable, str(IMAGES / "healthy.py")]
    with http.server.HTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.server_address[1]
        monkeypatch.setenv("JUPYTERHUB_SERVICE_URL", f"http://0.0.0.0:{port}/user/ana/")
        assert subprocess.run(command, check=False).returncode == 0
        server.shutdown()
    assert asked == ["/user/ana/api"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (done.returncode, "refused" in done.stdout) == (1, True)


# --- Binder -----------------------------------------------------------------


def test_binder_names_what_is_there():
    lines = (BINDER / "requirements.txt").read_text("utf-8").split()
    assert lines[0] == "-r"
    assert (BINDER / lines[1]).resolve() == ROOT / "environments" / "locks" / "lab.txt"
    version = (BINDER / "runtime.txt").read_text("utf-8").strip()
    python = version.removeprefix("python-")
    assert SpecifierSet(PROJECT["requires-python"]).contains(f"{python}.0")
    packages = (BINDER / "apt.txt").read_text("utf-8").split()
    assert packages == sorted(packages)
    assert {"libgomp1", "libegl1", "git"} <= set(packages)


@pytest.mark.parametrize("name", ["start", "postBuild"])
def test_binder_scripts_can_be_run(name):
    assert os.access(BINDER / name, os.X_OK)


def test_start_sets_what_is_missing_and_becomes_the_command(tmp_path):
    names = ("JUPYTER_CONFIG_PATH", "PROSPECT_NOTEBOOKS_DIR", "PROSPECT_DATA_DIR")
    code = f"import json, os; print(json.dumps([os.environ.get(n) for n in {names}]))"
    done = subprocess.run(
        [sys.executable, BINDER / "start", sys.executable, "-c", code],
        env={"PROSPECT_ROOT": str(ROOT), "JUPYTER_CONFIG_PATH": "/mine", "PATH": "/bin"}
        | {"PROSPECT_DATA_DIR": "/given"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    config, notebooks, data = json.loads(done.stdout)
    assert config.split(os.pathsep) == [str(ROOT / "prospect/lab/config"), "/mine"]
    assert (notebooks, data) == (str(ROOT / "notebooks"), "/given")


def test_start_without_a_command():
    command = [sys.executable, BINDER / "start"]
    done = subprocess.run(
        command, cwd=ROOT, check=False, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "name the command to become" in done.stderr


# --- conda ------------------------------------------------------------------


def test_conda_asks_for_what_the_project_needs():
    """environment.yml cannot drift from pyproject.toml."""
    content = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))
    given = {each.name: each for each in map(Requirement, content["dependencies"])}
    python = given.pop("python")
    assert python.specifier == SpecifierSet(PROJECT["requires-python"])
    needed = {
        CONDA.get(each.name, each.name): each
        for line in PROJECT["dependencies"] + PROJECT["optional-dependencies"]["lab"]
        for each in [Requirement(line)]
    }
    assert set(given) == set(needed)
    assert {name: each.specifier for name, each in given.items()} == {
        name: each.specifier for name, each in needed.items()
    }
    assert content["channels"] == ["conda-forge"]
