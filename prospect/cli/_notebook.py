"""`prospect notebook`: curated notebooks, from the template to the gallery."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ._shared import Code, Debug, Lang, Language, err, out, show_problems, told

if TYPE_CHECKING:
    from ..notebooks import Notebook

app = typer.Typer(
    help="Curated notebooks: list, copy, write, check, run, translate.",
    no_args_is_help=True,
    name="notebook",
)

Files = Annotated[
    list[Path],
    typer.Argument(exists=True, dir_okay=False, help="Notebooks: .py or .ipynb."),
]
Folder = Annotated[
    Path | None,
    typer.Option(
        file_okay=False, help="Folder of the notebooks; that of the workbench."
    ),
]
TEXT = {
    "en": {
        "columns": ("name", "minutes", "memory_gb", "languages", "title"),
        "new": "Copied",
        "yours": "Your copy, as it is",
        "updated": "Newer version; your copy had no changes",
        "beside": "Your copy, as it is; the newer version lies beside it",
        "reset": "The original again; what was there is kept as",
        "nothing": "No notebook is called {name}. There are: {names}",
        "ok": "{n} notebooks, no problems found.",
        "built": "Built",
        "translated": "{name}: {messages} paragraphs, {missing} missing, "
        "{fuzzy} of an earlier wording, {obsolete} kept though no longer said",
        "took": "{minutes:.2f} min, {memory:.2f} GB",
        "parameter": "-p {text}: write it as name=value",
    },
    "zh": {
        "columns": ("name", "minutes", "memory_gb", "languages", "title"),
        "new": "已复制",
        "yours": "您的副本保持原样",
        "updated": "已换成新版本（您的副本未作改动）",
        "beside": "您的副本保持原样，新版本放在其旁",
        "reset": "已恢复原件，原有文件另存为",
        "nothing": "没有名为 {name} 的笔记本。现有：{names}",
        "ok": "共 {n} 个笔记本，未发现问题。",
        "built": "已生成",
        "translated": "{name}：共 {messages} 段，缺译文 {missing} 段，"
        "对应旧文 {fuzzy} 段，已不再使用而保留 {obsolete} 段",
        "took": "{minutes:.2f} 分钟，{memory:.2f} GB",
        "parameter": "-p {text}：请写成 名称=值",
    },
}


@app.command("list")
def list_(
    folder: Folder = None, lang: Lang = Language.en, debug: Debug = False
) -> None:
    """List the curated notebooks; a tab-separated table."""
    with told(debug=debug, lang=lang):
        from ..notebooks import list_notebooks

        books = list_notebooks(folder=folder)
    typer.echo("\t".join(TEXT[lang]["columns"]))
    for book in books:
        needs = f"{book.minutes:g}", f"{book.memory_gb:g}"
        typer.echo(
            "\t".join(
                [book.name, *needs, "+".join(sorted(book.files)), book.say_title(lang)]
            )
        )
    problems = [book.problem for book in books if book.problem is not None]
    if problems:
        show_problems(problems, console=err, lang=lang)


@app.command()
def copy(
    name: Annotated[str, typer.Argument(help="Name, or the number it begins with.")],
    to: Annotated[
        Path, typer.Option("--to", file_okay=False, help="Folder to copy to.")
    ] = Path(),
    reset: Annotated[
        bool, typer.Option("--reset", help="The original again; yours is kept.")
    ] = False,
    folder: Folder = None,
    lang: Lang = Language.en,
    debug: Debug = False,
) -> None:
    """Copy a notebook to a folder of yours; what you edited is never overwritten."""
    with told(debug=debug, lang=lang):
        from ..notebooks import copy_notebook, list_notebooks

        book = _find(list_notebooks(folder=folder), name, lang)
        done = copy_notebook(book, to, lang=lang.value, reset=reset)
    out.print(f"{TEXT[lang][done.state]}: {done.beside or done.path}", markup=False)
    if done.state == "reset":
        out.print(str(done.path), markup=False)


@app.command()
def new(
    file: Annotated[Path, typer.Argument(help="File to write: NN_name.py or .ipynb.")],
    title: Annotated[str, typer.Option(help="Title, one line.")],
    lang: Lang = Language.en,
    debug: Debug = False,
) -> None:
    """Write a notebook from the template, in the language of --lang."""
    with told(debug=debug, lang=lang):
        from ..notebooks import new_notebook

        written = new_notebook(file, title=title, lang=lang.value)
    out.print(str(written), markup=False)


@app.command()
def check(files: Files, lang: Lang = Language.en, debug: Debug = False) -> None:
    """Hold notebooks to the anatomy; exit code 3 where something is wrong."""
    with told(debug=debug, lang=lang):
        from ..notebooks import check_notebook

        problems = [problem for file in files for problem in check_notebook(file)]
    if problems:
        show_problems(problems, console=out, lang=lang)
        raise typer.Exit(Code.INPUT)
    out.print(TEXT[lang]["ok"].format(n=len(files)), markup=False)


@app.command()
def build(
    folder: Annotated[
        Path, typer.Argument(exists=True, file_okay=False, help="Folder of texts.")
    ] = Path("notebooks"),
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit code 3 where a translation lacks.")
    ] = False,
    lang: Lang = Language.en,
    debug: Debug = False,
) -> None:
    """Write the .ipynb of both languages from the texts and their catalogues."""
    with told(debug=debug, lang=lang):
        from ..notebooks import build_notebooks

        built = build_notebooks(folder)
    if built.problems:
        show_problems(built.problems, console=err, lang=lang)
    out.print(f"{TEXT[lang]['built']}: {len(built.files)}", markup=False)
    if strict and built.problems:
        raise typer.Exit(Code.INPUT)


@app.command()
def run(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help=".py or .ipynb.")
    ],
    to: Annotated[
        Path, typer.Option("--out", file_okay=False, help="Folder for the results.")
    ],
    parameters: Annotated[
        list[str] | None,
        typer.Option("-p", "--parameter", help="name=value; repeatable."),
    ] = None,
    in_lang: Annotated[
        Language | None,
        typer.Option("--in", help="Language to run it in; as written if not given."),
    ] = None,
    thumbnail: Annotated[
        Path | None,
        typer.Option(file_okay=False, help="Folder of notebooks to put a picture in."),
    ] = None,
    lang: Lang = Language.en,
    debug: Debug = False,
) -> None:
    """Run a notebook, measure time and memory, write it with results and as a page."""
    with told(debug=debug, lang=lang):
        from ..notebooks import make_thumbnail, run_notebook

        given = dict(_parameter(text, lang) for text in parameters or ())
        done = run_notebook(
            file, out=to, parameters=given, lang=in_lang and in_lang.value
        )
        if done.problems:
            show_problems(done.problems, console=err, lang=lang)
        out.print(str(done.path), str(done.html), sep="\n", markup=False)
        measured = {"minutes": done.minutes, "memory": done.memory_gb}
        out.print(TEXT[lang]["took"].format(**measured), markup=False)
        if thumbnail is not None:
            out.print(str(make_thumbnail(done, folder=thumbnail)), markup=False)


@app.command()
def translate(
    files: Annotated[
        list[Path],
        typer.Argument(exists=True, dir_okay=False, help="Texts: NN_name.py."),
    ],
    lang: Lang = Language.en,
    debug: Debug = False,
) -> None:
    """Bring the catalogues of translation up to date; nothing in them is lost."""
    with told(debug=debug, lang=lang):
        from ..notebooks import update_catalogue

        for file in files:
            counts = update_catalogue(file)
            values = counts._asdict() | {"name": str(counts.path)}
            out.print(TEXT[lang]["translated"].format(**values), markup=False)


def _find(books: list[Notebook], name: str, lang: Language) -> Notebook:
    found = [book for book in books if book.name == name]
    found = found or [book for book in books if book.name.split("_")[0] == name]
    if not found:
        names = ", ".join(book.name for book in books)
        raise ValueError(TEXT[lang]["nothing"].format(name=name, names=names))
    return found[0]


def _parameter(text: str, lang: Language) -> tuple[str, Any]:
    """Name and value; a value that is no JSON is a word."""
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise ValueError(TEXT[lang]["parameter"].format(text=text))
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
