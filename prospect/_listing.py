"""What readers raise, gathered as problems of one list."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

from survey import DataProblems, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

REMEDY = "mend the input or the district file as the message says"


@contextlib.contextmanager
def listing(
    problems: list[Problem], file: str, layer: str | None = None
) -> Iterator[None]:
    """
    Add what the block raises to `problems`, with file and layer where they lack.

    Parameters
    ----------
    problems : list of Problem
        Is added to.
    file : str
        File that is looked at.
    layer : str, optional
        Layer that is looked at.

    Examples
    --------
    >>> problems = []
    >>> with listing(problems, "a.tif", "mag"):
    ...     raise ValueError("a.tif: no band 3. Name one of: 1, 2.")
    >>> print(problems[0])
    a.tif, layer 'mag': no band 3. Remedy: name one of: 1, 2
    """
    try:
        yield
    except DataProblems as error:
        problems += [
            replace(found, file=found.file or file, layer=found.layer or layer)
            for found in error.problems
        ]
    except (ValueError, KeyError, OSError, TypeError) as error:
        what = str(error.args[0] if isinstance(error, KeyError) else error)
        what, remedy = _split(what.removeprefix(f"{file}: ").rstrip("."))
        problems.append(Problem(what or type(error).__name__, remedy, file, layer))


def _split(message: str) -> tuple[str, str]:
    """What is wrong, and the remedy, which our messages put into a second sentence."""
    what, _, remedy = message.partition(". ")
    if not remedy or remedy.startswith("Got "):
        return message, REMEDY
    return what, remedy[0].lower() + remedy[1:]
