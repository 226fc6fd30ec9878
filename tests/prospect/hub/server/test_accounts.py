"""Accounts of a site: options by their own names, all that is wrong said at once."""

import json
import subprocess

import pytest

from prospect.hub._services import hub_environment

# `make test-system` sets up the hub's environment
pytestmark = pytest.mark.system
PYTHON = hub_environment() / "bin" / "python"
CODE = """
import json, sys, pathlib
from traitlets.config import Config
from prospect.hub import HubFolder, read_settings
from prospect.hub.server._accounts import configure_accounts
from survey import DataProblems
folder = HubFolder(sys.argv[1])
c = Config()
try:
    configure_accounts(c, read_settings(folder.settings), folder)
except DataProblems as error:
    print(json.dumps([[str(p.what), str(p.remedy)] for p in error.problems]))
else:
    cls = c.JupyterHub.authenticator_class
    print(json.dumps({
        "classes": [each.__name__ for each in cls.__mro__],
        "options": {k: v for k, v in c[cls.__name__].items()},
        "all": bool(c.Authenticator.get("allow_all", False)),
    }))
"""


@pytest.fixture
def configure(tmp_path):
    assert PYTHON.exists(), "needs the hub's environment: make setup-hub"

    def configure(text, **files):
        (tmp_path / "hub.toml").write_text(text, encoding="utf-8")
        for name, content in files.items():
            (tmp_path / name).write_text(content)
        done = subprocess.run(
            [str(PYTHON), "-c", CODE, str(tmp_path)],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return configure


def test_the_hubs_own_accounts_are_slowed_and_in_projects(configure):
    found = configure("")
    assert found["classes"][:4] == [
        "WorkbenchAccounts",
        "ProjectMembers",
        "SlowedLogin",
        "NativeAccounts",
    ]
    assert found["all"]


def test_an_unknown_option_is_refused_with_the_one_meant(configure):
    text = (
        '[accounts]\nkind = "ldap"\nadmins = ["ana"]\n[accounts.options]\n'
        'server_adress = "ldap.example"\nallow_all = true'
    )
    assert configure(text) == [
        [
            "accounts.options.server_adress is no option of kind 'ldap'",
            "did you mean 'server_address'? Take the line out or write the option's "
            "own name",
        ]
    ]


@pytest.mark.parametrize("kind", ["oauth", "ldap", "pam"])
def test_accounts_of_others_need_to_say_who_is_allowed_and_who_leads(configure, kind):
    provider = 'provider = "github"' if kind == "oauth" else ""
    said = configure(f'[accounts]\nkind = "{kind}"\n[accounts.options]\n{provider}')
    assert "say not who is allowed" in said[0][0]
    assert "allowed_users" in said[0][1]
    assert "[accounts] admins is not set" in said[1][0]


def test_an_unknown_provider_is_refused(configure):
    said = configure(
        '[accounts]\nkind = "oauth"\n[accounts.options]\nprovider = "gitbub"'
    )
    assert "provider is missing or unknown" in said[0][0]
    assert "github" in said[0][1]


def test_a_provider_keeps_its_secret_in_a_file(configure):
    text = (
        '[accounts]\nkind = "oauth"\nadmins = ["ana"]\n[accounts.options]\n'
        'provider = "github"\nclient_id = "workbench"\n'
        'client_secret = {file = "oauth"}\nallowed_users = ["ana"]'
    )
    found = configure(text, oauth="very secret\n")
    assert found["classes"][0] == "WorkbenchGitHubOAuthenticator"
    assert "SlowedLogin" not in found["classes"]
    assert found["options"]["client_secret"] == "very secret"
    assert not found["all"]
    assert "cannot be read" in configure(text.replace('"oauth"}', '"none"}'))[0][0]


def test_a_value_that_does_not_fit_is_refused_without_showing_secrets(configure):
    text = (
        '[accounts]\nkind = "ldap"\nadmins = ["ana"]\n[accounts.options]\n'
        'server_port = "many"\nallow_all = true'
    )
    assert "server_port" in configure(text)[0][0] or configure(text)[0][1]
    short = (
        '[accounts]\nkind = "shared-password"\n[accounts.options]\n'
        'user_password = "granit"'
    )
    said = configure(short)
    assert "8 characters" in said[0][0]
    assert "granit" not in str(said)


def test_a_shared_password_has_to_be_given(configure):
    said = configure('[accounts]\nkind = "shared-password"')
    assert "user_password is missing" in said[0][0]
    found = configure(
        '[accounts]\nkind = "shared-password"\n[accounts.options]\n'
        'user_password = "granite gneiss"'
    )
    assert "SlowedLogin" in found["classes"]
