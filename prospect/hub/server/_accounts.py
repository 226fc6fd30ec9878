"""Who may sign in: the hub's own accounts or those of a site."""

from __future__ import annotations

import difflib
import importlib
from typing import TYPE_CHECKING, Any

from traitlets import TraitError

from survey import DataProblems, Problem

from .._settings import NAME

if TYPE_CHECKING:
    from pathlib import Path

    from jupyterhub.auth import Authenticator

    from .._folder import HubFolder
    from .._settings import HubSettings

CLASSES = {
    "native": "prospect.hub.server._native:WorkbenchAccounts",
    "shared-password": ("jupyterhub.authenticators.shared:SharedPasswordAuthenticator"),
    "ldap": "ldapauthenticator:LDAPAuthenticator",
    "pam": "jupyterhub.auth:PAMAuthenticator",
}
PROVIDERS = {
    "auth0": "oauthenticator.auth0:Auth0OAuthenticator",
    "azuread": "oauthenticator.azuread:AzureAdOAuthenticator",
    "bitbucket": "oauthenticator.bitbucket:BitbucketOAuthenticator",
    "cilogon": "oauthenticator.cilogon:CILogonOAuthenticator",
    "generic": "oauthenticator.generic:GenericOAuthenticator",
    "github": "oauthenticator.github:GitHubOAuthenticator",
    "gitlab": "oauthenticator.gitlab:GitLabOAuthenticator",
    "globus": "oauthenticator.globus:GlobusOAuthenticator",
    "google": "oauthenticator.google:GoogleOAuthenticator",
    "openshift": "oauthenticator.openshift:OpenShiftOAuthenticator",
}


def configure_accounts(c: Any, settings: HubSettings, folder: HubFolder) -> None:  # noqa: ANN401
    """
    Write who may sign in into JupyterHub's configuration.

    Raises
    ------
    survey.DataProblems
        Every option that the kind of accounts does not know or that is missing.
    """
    accounts, options = settings.accounts, dict(settings.accounts.options)
    problems: list[Problem] = []
    cls = _class_of(accounts.kind, options, problems)
    options = _read_secrets(options, folder, problems)
    if cls is not None:
        problems += _check(cls, settings, options)
    if problems or cls is None:
        raise DataProblems(problems)
    c.JupyterHub.authenticator_class = cls
    c.Authenticator.admin_users = set(accounts.admins)
    c.Authenticator.username_pattern = f"^{NAME.pattern}$"
    c.ProjectMembers.projects = {k: list(v) for k, v in settings.projects.items()}
    c.SlowedLogin.failed_logins = accounts.failed_logins
    c.SlowedLogin.wait_after_failures = accounts.wait_after_failures
    c.SlowedLogin.language = settings.hub.language
    c.SlowedLogin.behind_web_server = settings.tls.ends_before_us
    if accounts.kind == "native":
        c.NativeAccounts.projects = c.ProjectMembers.projects
        c.NativeAuthenticator.minimum_password_length = accounts.shortest_password
        c.NativeAuthenticator.check_common_password = True
        c.NativeAuthenticator.enable_signup = accounts.sign_up != "closed"
        c.NativeAuthenticator.open_signup = accounts.sign_up == "open"
    if accounts.kind in {"native", "shared-password"}:
        # whoever has an approved account, or the password, is allowed
        c.Authenticator.allow_all = True
    for name, value in options.items():
        c[cls.__name__][name] = value


def _class_of(
    kind: str, options: dict[str, Any], problems: list[Problem]
) -> type[Authenticator] | None:
    path = CLASSES.get(kind, "")
    if kind == "oauth":
        given = str(options.pop("provider", ""))
        path = PROVIDERS.get(given, given)
        if ":" not in path:
            names = ", ".join(PROVIDERS)
            problems.append(
                _problem(
                    "accounts.options.provider is missing or unknown",
                    f"one of {names}, or package.module:Class of yours",
                    given or None,
                )
            )
            return None
    module, _, name = path.partition(":")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        problems.append(
            _problem(
                f"accounts of kind {kind!r} cannot be loaded: {error}",
                "put the package into the hub's environment, or choose another kind",
                path,
            )
        )
        return None
    return found if kind == "native" else _with_ours(found, slowed=kind != "oauth")


def _with_ours(cls: type[Authenticator], *, slowed: bool) -> type[Authenticator]:
    """Give a class of somebody else our projects and slowed wrong passwords."""
    from ._native import ProjectMembers, SlowedLogin

    bases = (ProjectMembers, SlowedLogin, cls) if slowed else (ProjectMembers, cls)
    return type(f"Workbench{cls.__name__}", bases, {})


def _read_secrets(
    options: dict[str, Any], folder: HubFolder, problems: list[Problem]
) -> dict[str, Any]:
    """Read options given as `{file = "…"}`: a secret need not stand in the settings."""
    found = {}
    for name, value in options.items():
        if isinstance(value, dict) and set(value) == {"file"}:
            path: Path = folder.root / str(value["file"])
            try:
                found[name] = path.read_text("utf-8").strip()
            except OSError as error:
                problems.append(
                    _problem(
                        f"accounts.options.{name} cannot be read: {error.strerror}",
                        "name a file the hub may read, relative to its folder",
                        str(path),
                    )
                )
        else:
            found[name] = value
    return found


def _check(
    cls: type[Authenticator], settings: HubSettings, options: dict[str, Any]
) -> list[Problem]:
    kind, found = settings.accounts.kind, []
    known = cls.class_trait_names(config=True)
    for name in options:
        if name not in known:
            close = difflib.get_close_matches(name, known, 1)
            meant = f"did you mean {close[0]!r}? " if close else ""
            found.append(
                _problem(
                    f"accounts.options.{name} is no option of kind {kind!r}",
                    f"{meant}Take the line out or write the option's own name",
                    None,
                )
            )
    if kind in {"oauth", "ldap", "pam"}:
        found += _check_allowed(cls, settings, options)
    if kind == "shared-password" and not options.get("user_password"):
        found.append(
            _problem(
                "accounts.options.user_password is missing: nobody could sign in",
                "8 letters or more; for administrators also admin_password, 32 or more",
                None,
            )
        )
    if kind != "native" and not found:
        found += _try_values(cls, options)
    return found


def _check_allowed(
    cls: type[Authenticator], settings: HubSettings, options: dict[str, Any]
) -> list[Problem]:
    """Accounts of others: who is meant must be said, or all the world may come in."""
    found = []
    allowing = {name for name in cls.class_trait_names(config=True) if "allow" in name}
    allowing |= {"hosted_domain"} & set(options)
    if not allowing & {name for name, value in options.items() if value}:
        found.append(
            _problem(
                f"accounts of kind {settings.accounts.kind!r} say not who is allowed",
                'name them: allowed_users = ["ana"], allowed_groups = [...], or '
                "allow_all = true when everybody there may come in",
                None,
            )
        )
    if "admins" not in settings.accounts.model_fields_set:
        found.append(
            _problem(
                "[accounts] admins is not set: whoever is called 'admin' there would "
                "look after this hub",
                'name your administrators: admins = ["..."]',
                None,
            )
        )
    return found


def _try_values(cls: type[Authenticator], options: dict[str, Any]) -> list[Problem]:
    try:
        cls(**options)
    except (TraitError, ValueError) as error:
        said = str(error)
        secret = [v for v in options.values() if isinstance(v, str) and v in said]
        if secret:
            said = "a value of [accounts.options] does not fit"
        return [_problem(said, "mend that option of [accounts.options]", None)]
    return []


def _problem(what: str, remedy: str, value: str | None) -> Problem:
    return Problem(what=what, remedy=remedy, file="hub.toml", value=value)
