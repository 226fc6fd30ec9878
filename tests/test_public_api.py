"""
The public surface is a snapshot: names, signatures, defaults.

A changed line is a change for users: write a news fragment, then refresh the file with

    python tests/test_public_api.py
"""

import difflib
import importlib
import inspect
import re
import sys
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[1]
SNAPSHOT = Path(__file__).with_name("public_api.txt")
PACKAGES = ("survey", "spectral", "prospect")


def public_objects():
    """Pairs of dotted name and object, subpackages included, in order."""
    waiting = [importlib.import_module(name) for name in PACKAGES]
    for module in waiting:
        for name in sorted(module.__all__):
            item = getattr(module, name)
            if isinstance(item, ModuleType):
                waiting.append(item)
            else:
                yield f"{module.__name__}.{name}", item


def lines():
    """One line a name: functions and classes with their signature, methods below."""
    found = []
    for name, item in public_objects():
        found.append(f"{name}{signature(item)}")
        if inspect.isclass(item):
            found += [f"{name}.{each}" for each in members(item)]
    return sorted(found)


def members(item):
    """Public methods and properties that the class defines itself."""
    for name, member in vars(item).items():
        if name.startswith(("_", "model_")):
            continue
        if inspect.isfunction(member):
            yield f"{name}{signature(member)}"
        elif isinstance(member, property):
            yield name


def signature(item):
    """Arguments with their defaults, without annotations."""
    if not callable(item):
        shown = sorted(item) if isinstance(item, dict | set | frozenset) else item
        return f" = {shown!r}"
    try:
        found = inspect.signature(item)
    except ValueError:
        return "(...)"
    plain = [
        each.replace(annotation=inspect.Parameter.empty)
        for each in found.parameters.values()
    ]
    empty = inspect.Signature.empty
    text = str(found.replace(parameters=plain, return_annotation=empty))
    return re.sub(r"(Posix|Windows)Path", "Path", text)


def test_public_surface_is_the_snapshot():
    known = SNAPSHOT.read_text(encoding="utf-8").splitlines()
    changes = difflib.unified_diff(known, lines(), "snapshot", "code", lineterm="", n=0)
    told = "\n".join(changes)
    assert not told, f"{told}\nif meant: news fragment, then {__doc__.split()[-1]}"


def test_no_name_has_two_paths():
    paths = {}
    for name, item in public_objects():
        if callable(item):
            paths.setdefault(id(item), []).append(name)
    assert not [names for names in paths.values() if len(names) > 1]


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    SNAPSHOT.write_text("\n".join(lines()) + "\n", encoding="utf-8", newline="\n")
