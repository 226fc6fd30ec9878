"""What the documents say is true; nothing that is tracked names a machine."""

import ast
import importlib
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from prospect import read_district
from prospect.cli._app import app

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(ROOT.glob("*.md"))
PROSE = {path.name: path.read_text(encoding="utf-8") for path in DOCUMENTS}
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", flags=re.MULTILINE | re.DOTALL)


def blocks(kind):
    """Fenced blocks of one language, with the document they stand in."""
    return [
        pytest.param(text, id=f"{name}-{number}")
        for name, content in PROSE.items()
        for number, (language, text) in enumerate(BLOCK.findall(content))
        if language == kind
    ]


def tracked():
    """Text files under version control."""
    done = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False
    )
    names = [name.decode() for name in done.stdout.split(b"\0") if name]
    if not names:
        pytest.skip("not a git checkout")
    for name in names:
        path = ROOT / name
        content = path.read_bytes() if path.is_file() else b"\0"
        if b"\0" not in content[:4096]:
            yield name, content.decode("utf-8", errors="replace")


@pytest.mark.parametrize("name", PROSE)
def test_links_lead_somewhere(name):
    headings = {
        re.sub(r"[^\w\- ]", "", line.lstrip("# ").lower()).replace(" ", "-")
        for line in PROSE[name].splitlines()
        if line.startswith("#")
    }
    for target in re.findall(r"\]\(([^)\s]+)\)", PROSE[name]):
        if target.startswith("#"):
            assert target[1:] in headings, target
        elif "://" not in target:
            assert (ROOT / target).exists(), target


@pytest.mark.parametrize("name", PROSE)
def test_make_targets_exist(name):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z][\w-]*):", makefile, flags=re.MULTILINE))
    code = re.findall(r"`([^`\n]+)`|^(make .*)$", PROSE[name], flags=re.MULTILINE)
    for text in (first or second for first, second in code):
        if text.startswith("make "):
            words = text.split("#")[0].split(";")[0].split()[1:]
            assert {word for word in words if "=" not in word} <= targets, text


def test_prospect_commands_exist():
    found = set()
    for content in PROSE.values():
        for line in re.findall(r"(?:^|`)prospect ([a-z]+(?: [a-z]+)?)", content, re.M):
            group, _, verb = line.partition(" ")
            found.add((group, verb) if group == "data" else (group,))
    assert len(found) >= 6
    for command in found:
        assert CliRunner().invoke(app, [*command, "--help"]).exit_code == 0, command


@pytest.mark.parametrize("text", blocks("toml"))
def test_district_examples_are_valid(text, tmp_path):
    path = tmp_path / "district.toml"
    path.write_text(text, encoding="utf-8")
    district = read_district(path)
    assert len(district.evidence) == 2


@pytest.mark.parametrize(
    "text", [each for each in blocks("python") if "import" in each.values[0]]
)
def test_python_examples_use_public_names(text):
    nodes = list(ast.walk(ast.parse(text)))
    imports = [node for node in nodes if isinstance(node, ast.Import)]
    packages = {alias.name for node in imports for alias in node.names}
    for node in nodes:
        if (
            isinstance(node, ast.Attribute)
            and getattr(node.value, "id", "") in packages
        ):
            assert node.attr in importlib.import_module(node.value.id).__all__


def test_both_readmes_show_the_same_calls():
    english, chinese = PROSE["README.md"], PROSE["README.zh.md"]
    for call in (
        "make demo",
        "make test",
        "prospect check",
        "prospect run",
        "prospect new",
    ):
        assert call in english
        assert call in chinese


def test_citation_is_that_of_the_project():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert citation["cff-version"] == "1.2.0"
    assert citation["title"] == project["name"]
    assert citation["license"] == project["license"]
    assert str(citation["version"]) == project["version"]
    assert citation["authors"]
    assert citation["message"]


@pytest.mark.parametrize(
    "path", sorted((ROOT / "news").glob("*")), ids=lambda p: p.name
)
def test_news_fragments_are_named_and_written(path):
    assert re.fullmatch(r"(\d+|\+[\w-]+)\.(added|changed|fixed)(\.\d+)?\.md", path.name)
    assert path.read_text(encoding="utf-8").strip().endswith((".", "。"))


def test_nothing_tracked_names_a_machine_or_an_index():
    # written in parts so that this file does not find itself
    home = "/" + r"(?:root|home/\w+|Users/\w+|work)" + "/"
    index = r"(?:pypi|pythonhosted|anaconda|tsinghua|aliyun)" + r"\.(?:org|com|edu|io)"
    address = "index" + r"-url\s*=?\s*https?:"
    wrong = re.compile(f"(?<![\\w.])(?:{home}|{index}|{address})")
    told = [
        f"{name}: {match.group()}"
        for name, content in tracked()
        for match in wrong.finditer(content)
    ]
    assert not told


def test_files_end_with_one_newline_and_no_blanks():
    kinds = (".py", ".md", ".toml", ".txt", ".sh", ".yaml", ".cff", "Makefile")
    for name, content in tracked():
        if name.endswith(kinds) and content:
            assert content.endswith("\n"), name
            assert "\r" not in content, name
            assert not content.endswith("\n\n"), name
