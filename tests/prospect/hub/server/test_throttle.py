"""Wrong passwords: the wait grows, the door closes, and never for a known browser."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("jupyterhub")

from prospect.hub.server._throttle import MANY, Throttle, delay_after


class Clock:
    """A clock that a test moves."""

    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def throttle(clock):
    return Throttle(failures=5, wait=600.0, clock=clock)


def test_each_next_try_waits_longer_until_the_door_closes(throttle, clock):
    waits = [throttle.begin("ana", "10.0.0.1").delay for _ in range(5)]
    assert waits == [0.0, 1.0, 2.0, 4.0, 8.0]
    assert throttle.begin("ana", "10.0.0.1").closed == 600.0
    clock.now += 599
    assert throttle.begin("ana", "10.0.0.1").closed == 1.0
    clock.now += 2
    assert throttle.begin("ana", "10.0.0.1").closed == 0.0


def test_tries_while_the_door_is_closed_do_not_keep_it_closed(throttle, clock):
    for _ in range(5):
        throttle.begin("ana", "10.0.0.1")
    for _ in range(50):
        clock.now += 10
        throttle.begin("ana", "10.0.0.1")
    clock.now += 101
    assert throttle.begin("ana", "10.0.0.1").closed == 0.0


def test_many_tries_at_once_gain_nothing(throttle):
    attempts = [throttle.begin("ana", "10.0.0.1") for _ in range(100)]
    assert sum(not attempt.closed for attempt in attempts) == 5


def test_a_right_password_starts_afresh(throttle):
    for _ in range(3):
        throttle.begin("ana", "10.0.0.1")
    throttle.succeed(throttle.begin("ana", "10.0.0.1"))
    assert throttle.begin("ana", "10.0.0.1").delay == 0.0


def test_a_stranger_shuts_out_neither_other_addresses_nor_known_browsers(throttle):
    for _ in range(200):
        throttle.begin("ana", "6.6.6.6")
    assert throttle.begin("ana", "10.0.0.1").closed == 0.0
    for number in range(100):
        throttle.begin("ana", f"6.6.{number}.6")
    assert throttle.begin("ana", "10.0.0.2").closed > 0
    known = throttle.begin("ana", "10.0.0.2", "a browser of hers")
    assert (known.closed, known.delay) == (0.0, 0.0)


def test_a_known_browser_is_no_way_around_the_door(throttle):
    attempts = [throttle.begin("ana", "1.1.1.1", "stolen") for _ in range(9)]
    assert [bool(attempt.closed) for attempt in attempts] == [False] * 5 + [True] * 4


def test_an_address_is_slowed_never_shut_out(throttle):
    for number in range(60):
        throttle.begin(f"student{number}", "10.0.0.1")
    last = throttle.begin("teacher", "10.0.0.1")
    assert last.closed == 0.0
    assert last.delay == 10.0


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xyz")), max_size=60))
def test_no_account_takes_more_wrong_passwords_than_promised(tries):
    throttle = Throttle(failures=3, wait=60, clock=Clock())
    open_tries = {"a": 0, "b": 0}
    for name, address in tries:
        open_tries[name] += not throttle.begin(name, address).closed
    assert max(open_tries.values()) <= 3 * MANY


def test_what_is_remembered_stays_small(throttle, monkeypatch):
    monkeypatch.setattr("prospect.hub.server._throttle.MOST_KEYS", 50)
    for number in range(500):
        throttle.begin(f"name{number}", f"address{number}")
    assert len(throttle._counts) <= 53


def test_the_wait_has_an_end():
    assert delay_after(1000) == 10.0
