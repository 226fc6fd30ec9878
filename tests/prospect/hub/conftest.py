"""Hubs for the tests of this folder: one a module, stopped whatever happens."""

import os

import pytest

from ._harness import make_hub


@pytest.fixture(scope="module")
def hub_maker():
    """Function that makes hubs; all of them are gone after the module."""
    made = []

    def make(*changes, team=False):
        if team and os.geteuid() != 0:
            pytest.skip("accounts of the system can be made by root alone")
        made.append(make_hub(team=team, changes=changes))
        return made[-1]

    yield make
    for hub in made:
        hub.close()
