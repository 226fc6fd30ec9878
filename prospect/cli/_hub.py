"""`prospect hub`: the shared workbench on one machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .._note import say
from . import _hub_people
from ._shared import TEXT as GENERAL
from ._shared import Code, Debug, Lang, Language, err, out, show_problems, told

if TYPE_CHECKING:
    from ..hub import HubStatus

app = typer.Typer(
    help="The shared workbench: start, stop, look after.",
    no_args_is_help=True,
    name="hub",
)
app.add_typer(_hub_people.user, name="user")
for _name, _function in _hub_people.COMMANDS.items():
    app.command(_name)(_function)

Folder = Annotated[Path, typer.Option(file_okay=False, help="Folder of the hub.")]
HERE = Path("workbench-hub")
TEXT = {
    Language.en: {
        "running": "The workbench runs",
        "starting": "The workbench is starting",
        "failing": "A part of the workbench does not run",
        "unkept": "The workbench runs, but nothing starts again what ends: run "
        "`prospect hub up`, people work on",
        "stopped": "The workbench is stopped",
        "address": "Address",
        "mode": "Mode",
        "folder": "Folder",
        "settings": "Settings",
        "servers": "People's servers",
        "team": "team: a Linux account and a closed home each",
        "classroom": "classroom: all people share one account of this machine and are "
        "NOT protected from each other",
        "states": {
            "running": "running",
            "starting": "starting",
            "later": "starts later, so that nobody at work counts as idle",
            "waiting": "ended, is started again",
            "failed": "FAILED:",
            "stopped": "stopped",
        },
        "restarts": "(started again {0} times)",
        "limits": "Limits",
        "by_group": "enforced by {0}, over all that a person runs",
        "by_process": "no control groups can be written here: memory is limited per "
        "process, a watch looks at each person's sum; CPU is NOT limited",
        "first": "Nobody can look after the hub yet. Make the first administrator: "
        "prospect hub user add {0} --admin --folder {1}",
        "check": "Everything the hub needs is there.",
        "restarted": "Hub and pages were started anew; people's servers ran on.",
        "kept": "People's servers run on; they are reached again after "
        "`prospect hub up`.",
        "left": "Stopped: the hub and everybody's servers.",
    },
    Language.zh: {
        "running": "工作台正在运行",
        "starting": "工作台正在启动",
        "failing": "工作台有部件未运行",
        "unkept": "工作台在运行，但无守护进程（部件退出后不会重启）：请运行 "
        "prospect hub up，用户不受影响",
        "stopped": "工作台已停止",
        "address": "地址",
        "mode": "模式",
        "folder": "目录",
        "settings": "设置文件",
        "servers": "用户服务器数",
        "team": "team：每人一个 Linux 账户，主目录互不可见",
        "classroom": "classroom：所有人共用本机一个账户，彼此之间没有隔离",
        "states": {
            "running": "运行中",
            "starting": "启动中",
            "later": "稍后启动，以免误判正在工作的用户为空闲",
            "waiting": "已退出，正在重启",
            "failed": "失败：",
            "stopped": "已停止",
        },
        "restarts": "（已重启 {0} 次）",
        "limits": "限额",
        "by_group": "由系统控制组（{0}）对每人的全部进程强制执行",
        "by_process": "此处无法使用控制组：仅按进程限制内存，另有程序监视每人总量；"
        "CPU 不受限",
        "first": "尚无管理员。请创建首位管理员："
        "prospect hub user add {0} --admin --folder {1}",
        "check": "工作台所需条件均已具备。",
        "restarted": "工作台主程序与页面已重启；用户服务器一直在运行。",
        "kept": "用户服务器继续运行；再次运行 prospect hub up 后即可访问。",
        "left": "已停止工作台及所有用户服务器。",
    },
}


@app.command()
def up(
    folder: Folder = HERE,
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65530, help="Public port, at the first start."),
    ] = None,
    foreground: Annotated[
        bool, typer.Option("--foreground", help="Stay: for systemd and containers.")
    ] = False,
    wait: Annotated[
        bool, typer.Option(help="Return when people can log in, or at once.")
    ] = True,
    lang: Lang = Language.en,
    debug: Debug = False,
) -> None:
    """Start the hub; the first start makes its folder with settings and secrets."""
    with told(debug=debug, lang=lang):
        from ..hub import start_hub
        from ..hub._control import keeper_command, prepare_start
        from ..hub._folder import HubFolder

        if foreground:
            place = HubFolder(folder)
            prepare_start(place, port=port)
            command = keeper_command(place)
            os.execv(command[0], command)
        status = start_hub(folder, wait=wait, port=port)
        _show(status, lang)
        _say_first_admin(folder, lang)


@app.command()
def down(
    folder: Folder = HERE,
    servers: Annotated[
        bool,
        typer.Option(
            "--servers/--keep-servers", help="Stop people's servers too, or leave them."
        ),
    ] = True,
    lang: Lang = Language.en,
    debug: Debug = False,
) -> None:
    """Stop the hub and everybody's servers."""
    with told(debug=debug, lang=lang):
        from ..hub import stop_hub

        stop_hub(folder, servers=servers)
    out.print(TEXT[lang]["left" if servers else "kept"], markup=False)


@app.command()
def restart(
    folder: Folder = HERE, lang: Lang = Language.en, debug: Debug = False
) -> None:
    """Put changed settings into force; people's servers run on."""
    with told(debug=debug, lang=lang):
        from ..hub import restart_hub

        status = restart_hub(folder)
    out.print(TEXT[lang]["restarted"], markup=False)
    _show(status, lang)


@app.command()
def status(
    folder: Folder = HERE, lang: Lang = Language.en, debug: Debug = False
) -> None:
    """Show processes, ports, health and memory; exit code 1 unless all is well."""
    with told(debug=debug, lang=lang):
        from ..hub import hub_status

        found = hub_status(folder)
    _show(found, lang)
    if found.state != "running":
        raise typer.Exit(Code.FAILED)


@app.command()
def logs(
    parts: Annotated[
        list[str] | None,
        typer.Argument(help="keeper, proxy, hub, pages, culler, gateway; all if none."),
    ] = None,
    folder: Folder = HERE,
    lines: Annotated[int, typer.Option("-n", min=1, help="Lines of each.")] = 50,
    lang: Lang = Language.en,
    debug: Debug = False,
) -> None:
    """Show the last lines of the logs."""
    with told(debug=debug, lang=lang):
        from ..hub import read_logs

        found = read_logs(folder, parts=tuple(parts or ()), lines=lines)
    for name, text in found.items():
        if len(found) > 1:
            typer.echo(f"==> {name} <==")
        for line in text:
            typer.echo(line)


@app.command()
def check(
    folder: Folder = HERE, lang: Lang = Language.en, debug: Debug = False
) -> None:
    """Check ports, environments, disk, certificate and database, all at once."""
    with told(debug=debug, lang=lang):
        from ..hub import check_hub

        problems = check_hub(folder)
    if problems:
        show_problems(problems, console=out, lang=lang)
    if any(problem.severity == "error" for problem in problems):
        raise typer.Exit(Code.INPUT)
    if not problems:
        err.print(TEXT[lang]["check"], markup=False)


@app.command()
def unit(folder: Folder = HERE, lang: Lang = Language.en, debug: Debug = False) -> None:
    """Print a systemd unit that starts the hub with the machine."""
    with told(debug=debug, lang=lang):
        from ..hub import hub_unit

        text = hub_unit(folder)
    typer.echo(text, nl=False)


def _show(status: HubStatus, lang: Language) -> None:
    words = TEXT[lang]
    for problem in status.warnings:
        err.print(
            f"{GENERAL[lang]['note']}{GENERAL[lang]['colon']}{say(problem.what, lang)} "
            f"({say(problem.remedy, lang)})",
            markup=False,
        )
    out.print(words[status.state], markup=False)
    facts = {
        "address": status.url,
        "mode": words[status.mode],
        "folder": status.folder,
        "settings": status.folder / "hub.toml",
    }
    if status.limits is not None:
        key = "by_group" if status.limits else "by_process"
        facts["limits"] = words[key].format(_version(status.limits, lang))
    if status.servers is not None:
        facts["servers"] = status.servers
    for name, value in facts.items():
        colon = GENERAL[lang]["colon"]
        out.print(f"  {words[name]}{colon}{value}", markup=False)
    for part in status.parts:
        size = f"{part.memory / 2**20:.0f} MB" if part.memory else ""
        since = _duration(part.uptime) if part.pid else ""
        line = (
            f"  {part.name:<8}{part.pid or '':>9}{part.port or '':>7}"
            f"{since:>12}{size:>9}  {words['states'][part.state]}"
        )
        more = words["restarts"].format(part.restarts) if part.restarts else ""
        out.print(" ".join(filter(None, (line, more, part.message))), markup=False)


def _duration(seconds: float) -> str:
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    if days:
        return f"{days} d {hour} h"
    return f"{hour} h {minute} min" if hours else f"{minute} min {second} s"


def _version(limits: str, lang: Language) -> str:
    return limits if lang is Language.en else "cgroup v" + limits[-1:]


def _say_first_admin(folder: Path, lang: Language) -> None:
    from ..hub import HubFolder, list_users, read_settings

    accounts = read_settings(HubFolder(folder).settings).accounts
    if accounts.kind != "native":
        return
    if not any(person.admin and person.has_account for person in list_users(folder)):
        name = (*accounts.admins, "admin")[0]
        out.print(TEXT[lang]["first"].format(name, folder), markup=False)
