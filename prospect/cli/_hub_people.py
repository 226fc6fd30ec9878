"""`prospect hub user`, `backup`, `restore`: people and what they made."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from ._hub_words import WORDS
from ._shared import Debug, Lang, Language, err, out, plain, told

if TYPE_CHECKING:
    from datetime import datetime

    from ..hub import Person

user = typer.Typer(
    help="People of the hub: add, list, approve, remove, password.",
    no_args_is_help=True,
    name="user",
)

Folder = Annotated[Path, typer.Option(file_okay=False, help="The hub's folder.")]
HUB = Path("workbench-hub")
Name = Annotated[str, typer.Argument(help="Name of the person.")]
FromStdin = Annotated[
    bool, typer.Option("--password-from-stdin", help="Read the password from stdin.")
]
Generate = Annotated[
    bool, typer.Option("--generate", help="Make a password and print it, once.")
]
# without letters and digits that are taken for each other
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


@user.command()
def add(
    name: Name,
    admin: Annotated[
        bool, typer.Option("--admin", help="The person looks after the hub.")
    ] = False,
    from_stdin: FromStdin = False,
    generate: Generate = False,
    folder: Folder = HUB,
    lang: Lang = Language.en,
    debug: Debug = False,
) -> None:
    """Add a person who may sign in at once; the hub may run or not."""
    with told(debug=debug, lang=lang):
        from ..hub import add_user
        from ..hub._people import check_person

        check_person(folder, name)
        password = _password(from_stdin, generate, lang)
        add_user(folder, name, password=password, admin=admin)
        _done("added_admin" if admin else "added", lang, name=name)
        _show(password, generate, lang)


@user.command("list")
def list_(folder: Folder = HUB, lang: Lang = Language.en, debug: Debug = False) -> None:
    """List the people: who waits, who looks after the hub, projects, last seen."""
    with told(debug=debug, lang=lang):
        from ..hub import list_users

        people = list_users(folder)
        if not people:
            _done("nobody", lang)
            return
        _print(people, lang)


@user.command()
def approve(
    name: Name, folder: Folder = HUB, lang: Lang = Language.en, debug: Debug = False
) -> None:
    """Let a person in who has signed up and waits."""
    with told(debug=debug, lang=lang):
        from ..hub import approve_user

        approve_user(folder, name)
        _done("approved", lang, name=name)


@user.command()
def remove(
    name: Name,
    keep_home: Annotated[
        bool,
        typer.Option(
            "--keep-home/--delete-home",
            help="Keep the home under a name with the date, or delete it for good.",
        ),
    ] = True,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    folder: Folder = HUB,
    lang: Lang = Language.en,
    debug: Debug = False,
) -> None:
    """Take a person off the hub; the server is stopped, the home is kept."""
    with told(debug=debug, lang=lang):
        from ..hub import HubFolder, list_users, read_settings, remove_user

        known = {person.name for person in list_users(folder)}
        if name in known and not keep_home and not yes:
            home = HubFolder(folder).home(name)
            typer.confirm(WORDS[lang]["delete"].format(home=home), abort=True)
        kept = remove_user(folder, name, keep_home=keep_home)
        _done("removed", lang, name=name)
        if kept:
            _done("kept", lang, home=kept)
        projects = read_settings(folder / "hub.toml").projects
        named = [p for p, members in projects.items() if name in members]
        if named:
            _done("still_named", lang, name=name, projects=", ".join(named))


@user.command()
def password(
    name: Name,
    from_stdin: FromStdin = False,
    generate: Generate = False,
    folder: Folder = HUB,
    lang: Lang = Language.en,
    debug: Debug = False,
) -> None:
    """Set another password for a person."""
    with told(debug=debug, lang=lang):
        from ..hub import set_password
        from ..hub._people import check_person

        check_person(folder, name, known=True)
        text = _password(from_stdin, generate, lang)
        set_password(folder, name, password=text)
        _done("password_set", lang, name=name)
        _show(text, generate, lang)


def backup(
    out_: Annotated[
        Path | None,
        typer.Option(
            "--out", help="Archive or folder; below the hub's folder if not given."
        ),
    ] = None,
    homes: Annotated[
        bool, typer.Option("--homes", help="With homes and project spaces.")
    ] = False,
    folder: Folder = HUB,
    lang: Lang = Language.en,
    debug: Debug = False,
) -> None:
    """Write settings, secrets and accounts into one archive; the hub may run."""
    with told(debug=debug, lang=lang):
        from ..hub import back_up
        from ..hub._backup import read_manifest

        archive = back_up(folder, out=out_, homes=homes)
        manifest = read_manifest(archive)
        size = f"{archive.stat().st_size / 2**20:.1f}"
        _done("backed_up", lang, archive=archive, n=len(manifest["files"]), size=size)
        for path in manifest["changed"]:
            _done("changed", lang, path=path)
        for path in manifest["left_out"]:
            _done("left_out", lang, path=path)
        _done("secret", lang)


def restore(
    archive: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="The archive.")
    ],
    port: Annotated[
        int | None, typer.Option(min=1, max=65530, help="Another public port.")
    ] = None,
    folder: Folder = HUB,
    lang: Lang = Language.en,
    debug: Debug = False,
) -> None:
    """Make a hub's folder from an archive; every file is checked first."""
    with told(debug=debug, lang=lang):
        from ..hub import restore_backup

        made = restore_backup(archive, folder, port=port)
        _done("restored", lang, folder=made, archive=archive)


COMMANDS = {"backup": backup, "restore": restore}


def _password(from_stdin: bool, generate: bool, lang: Language) -> str:
    if from_stdin and generate:
        raise ValueError("--password-from-stdin and --generate exclude each other")
    if generate:
        return "-".join(
            "".join(secrets.choice(LETTERS) for _ in range(5)) for _ in range(4)
        )
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise ValueError(
            "nobody can be asked for a password here: use --password-from-stdin or "
            "--generate"
        )
    asked = WORDS[lang]["ask"]
    return typer.prompt(
        asked,
        hide_input=True,
        confirmation_prompt=WORDS[lang]["ask_again"],
    )


def _show(password: str, generate: bool, lang: Language) -> None:
    """Print a made password on stdout, alone, so that it can be piped."""
    if generate:
        err.print(WORDS[lang]["once"], markup=False)
        typer.echo(password)


def _done(key: str, lang: Language, **values: object) -> None:
    err.print(WORDS[lang][key].format(**values), markup=False)


def _print(people: list[Person], lang: Language) -> None:
    words = WORDS[lang]
    names = ("name", "role", "projects", "seen", "server")
    rows = [
        (
            person.name,
            words[
                "no_account"
                if not person.has_account
                else "waits"
                if not person.approved
                else "admin"
                if person.admin
                else "member"
            ],
            ", ".join(person.projects),
            _when(person.last_activity),
            _when(person.server_since),
        )
        for person in people
    ]
    if not out.is_terminal:
        typer.echo("\t".join(names))
        for row in rows:
            typer.echo("\t".join(row))
        return
    table = Table(*(words[f"column_{name}"] for name in names))
    for row in rows:
        table.add_row(*map(plain, row))
    out.print(table)


def _when(time: datetime | None) -> str:
    return time.astimezone().strftime("%Y-%m-%d %H:%M") if time else ""
