"""Every public name is documented, as its signature is; arguments follow the rules."""

import importlib
import inspect
from pathlib import Path
from types import ModuleType

import pytest
from numpydoc.validate import ERROR_MSGS, validate

ROOT = Path(__file__).parents[1]
PACKAGES = ("survey", "spectral", "prospect")

# what numpydoc must not find: unknown or misplaced sections, no summary, parameters
# that are missing, unknown, in another order, without type or text, no Returns/Yields
ERRORS = {
    *("GL05", "GL06", "GL07", "GL08", "SS01", "SS02", "SS03", "SS04", "SS06"),
    *("PR01", "PR02", "PR03", "PR04", "PR07", "PR08", "PR09", "PR10", "RT01", "YD01"),
}


def public_names():
    waiting = list(PACKAGES)
    for package in waiting:
        for name in sorted(importlib.import_module(package).__all__):
            if (ROOT / package.replace(".", "/") / name / "__init__.py").exists():
                waiting.append(f"{package}.{name}")
            else:
                yield f"{package}.{name}"


def resolve(name):
    package, _, last = name.rpartition(".")
    return getattr(importlib.import_module(package), last)


def is_record(item):
    """Classes whose fields are their parameters, described in prose."""
    return inspect.isclass(item) and (
        hasattr(item, "_fields") or hasattr(item, "model_fields")
    )


def takes_over(item):
    """Estimators that inherit their arguments from another library."""
    maker = getattr(getattr(item, "__init__", None), "__module__", "")
    return inspect.isclass(item) and maker.split(".")[0] not in PACKAGES


def methods(item):
    """Methods the class defines itself and that people call."""
    for name, member in vars(item).items():
        if not name.startswith("_") and inspect.isfunction(member):
            yield name


NAMES = list(public_names())


@pytest.mark.parametrize("name", NAMES)
def test_docstring(name):
    item = resolve(name)
    if not callable(item) or isinstance(item, ModuleType):
        pytest.skip("a constant has no docstring")
    found = dict(validate(name)["errors"])
    excused = {"PR01"} if is_record(item) or takes_over(item) else set()
    told = {code: found[code] for code in found if code in ERRORS - excused}
    if inspect.isclass(item):
        for method in methods(item):
            if not inspect.getdoc(getattr(item, method)):
                told[method] = ERROR_MSGS["GL08"]
    assert not told, f"{name}: {told}"


@pytest.mark.parametrize("name", NAMES)
def test_arguments(name):
    item = resolve(name)
    if not callable(item) or is_record(item) or hasattr(item, "__dataclass_fields__"):
        pytest.skip("not a function or estimator")
    targets = [] if takes_over(item) else [item]
    if inspect.isclass(item):
        targets += [getattr(item, method) for method in methods(item)]
    for target in targets:
        check_arguments(target)


def check_arguments(target):
    arguments = list(inspect.signature(target).parameters.values())
    data = [each for each in arguments if each.kind is each.POSITIONAL_OR_KEYWORD]
    optional = [each.name for each in data if each.default is not each.empty]
    # data that may be missing, and n_splits, which scikit-learn's folds take first
    allowed = {"X", "y", "sample_weight", "groups", "weight", "stack", "n_splits"}
    assert not set(optional) - allowed, f"{target}: keyword-only, please: {optional}"
    mutable = [each.name for each in arguments if isinstance(each.default, list | dict)]
    assert not mutable, f"{target}: mutable defaults: {mutable}"
    if not inspect.isclass(target):
        assert len([each for each in arguments if each.name != "self"]) <= 8, target
