"""`prospect lab` and `prospect kernel`: the workbench of one person."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .._note import say
from ._shared import Code, Debug, Lang, Language, out, told

if TYPE_CHECKING:
    from ..lab import Kernel

kernel = typer.Typer(
    help="Kernels of your own, with packages of your own, on top of the workbench's. "
    "They lie in your home and survive restarts.",
    no_args_is_help=True,
    name="kernel",
)
TEXT = {
    Language.en: {
        "open": "Gallery and JupyterLab, on this machine only:",
        "folder": "Your files:",
        "end": "Ctrl-C ends it; unsaved work in open notebooks is lost.",
        "ended": "JupyterLab ended with code {code}. The lines above say why.",
        "making": "Making kernel {name} …",
        "made": "Kernel {name} is in the launcher now (load JupyterLab again if it is "
        "open). It lies in your home and survives restarts: {folder}",
        "more": "More packages: run %pip install NAME in a notebook with this kernel.",
        "differs": "Differs from the workbench, so the notebooks may give other "
        "results with this kernel:",
        "none": "You have no kernels of your own. Make one: prospect kernel new NAME",
        "removed": "Removed: {folder}. Notebooks stay; choose another kernel in them.",
    },
    Language.zh: {
        "open": "笔记本库与 JupyterLab（仅限本机访问）：",
        "folder": "您的文件：",
        "end": "按 Ctrl-C 结束；打开的笔记本中未保存的内容会丢失。",
        "ended": "JupyterLab 以代码 {code} 结束，原因见上方输出。",
        "making": "正在创建内核 {name}……",
        "made": "内核 {name} 已出现在启动器中（若 JupyterLab 已打开，请重新载入）。"
        "它位于您的主目录，重启后仍保留：{folder}",
        "more": "添加软件包：在使用该内核的笔记本中运行 %pip install 名称。",
        "differs": "以下软件包与工作台版本不同，用此内核运行笔记本时结果可能不同：",
        "none": "您还没有自己的内核。创建：prospect kernel new 名称",
        "removed": "已删除：{folder}。笔记本仍保留，请在其中另选内核。",
    },
}
Name = Annotated[str, typer.Argument(help="Name of the kernel, such as field-2026.")]


def lab(
    folder: Annotated[
        Path | None,
        typer.Option(file_okay=False, help="Where you work; ~/prospect-lab."),
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port; the first free one.")
    ] = None,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Only print the address.")
    ] = False,
    lang: Annotated[
        Language | None,
        typer.Option(help="Language of gallery and messages; the browser's, English."),
    ] = None,
    debug: Debug = False,
) -> None:
    """Open the gallery of notebooks and JupyterLab for yourself, on this machine."""
    words = TEXT[lang or Language.en]
    with told(debug=debug, lang=lang or Language.en):
        from ..lab import prepare_lab

        server = prepare_lab(
            folder=folder,
            port=port,
            browser=not no_browser,
            lang=lang.value if lang else None,
        )
    for line in (words["open"], f"  {server.url}", words["folder"]):
        out.print(line, markup=False)
    out.print(f"  {server.folder}", words["end"], sep="\n", markup=False)
    code = _run(server.command, server.environment, server.folder)
    if code:
        typer.echo(words["ended"].format(code=code), err=True)
        raise typer.Exit(Code.FAILED)


def _run(command: tuple[str, ...], environment: dict[str, str], folder: Path) -> int:
    """Run until it ends; Ctrl-C goes to it as well, and it may tidy up."""
    process = subprocess.Popen(command, env=environment, cwd=folder)
    try:
        return process.wait()
    except KeyboardInterrupt:
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.terminate()
            process.wait()
        return 0
    finally:
        if process.poll() is None:
            process.terminate()


@kernel.command("new")
def new(
    name: Name,
    packages: Annotated[
        list[str] | None,
        typer.Option(help="A package as pip takes it; repeatable."),
    ] = None,
    lang: Lang = Language.en,
    debug: Debug = False,
) -> None:
    """Make a kernel with packages of your own on top of the workbench's."""
    words = TEXT[lang]
    with told(debug=debug, lang=lang):
        from ..lab import new_kernel

        if packages:
            typer.echo(words["making"].format(name=name), err=True)
        made = new_kernel(name, packages=packages or [])
    out.print(words["made"].format(name=name, folder=made.folder), markup=False)
    out.print(words["more"], markup=False)
    _show_differing(made, lang)


@kernel.command("list")
def list_(lang: Lang = Language.en, debug: Debug = False) -> None:
    """List your kernels, their packages and what is wrong with them."""
    with told(debug=debug, lang=lang):
        from ..lab import list_kernels

        found = list_kernels()
    if not found:
        typer.echo(TEXT[lang]["none"], err=True)
    for each in found:
        cells = (each.name, " ".join(each.packages), str(each.folder))
        typer.echo("\t".join(cells))
        if each.problem is not None:
            typer.echo(f"  {say(each.problem.what, lang.value)}", err=True)
            typer.echo(f"  -> {say(each.problem.remedy, lang.value)}", err=True)
        _show_differing(each, lang)
    if any(each.problem is not None for each in found):
        raise typer.Exit(Code.INPUT)


@kernel.command("remove")
def remove(name: Name, lang: Lang = Language.en, debug: Debug = False) -> None:
    """Remove a kernel of yours with its packages; notebooks stay."""
    with told(debug=debug, lang=lang):
        from ..lab import remove_kernel

        folder = remove_kernel(name)
    out.print(TEXT[lang]["removed"].format(folder=folder), markup=False)


def _show_differing(each: Kernel, lang: Language) -> None:
    if each.differing:
        typer.echo(TEXT[lang]["differs"], err=True)
    for note in each.differing:
        typer.echo(f"  {note.say(lang.value)}", err=True)
