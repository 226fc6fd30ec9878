"""The hub's own accounts in a real hub: sign-up, approval, wrong passwords."""

import http.cookiejar
import re
import urllib.error
import urllib.parse
import urllib.request

import pytest

pytestmark = pytest.mark.system

PASSWORD = "granite and gneiss"


@pytest.fixture(scope="module")
def hub(hub_maker):
    made = hub_maker(
        '[accounts]\nsign_up = "open"\nfailed_logins = 3',
        "[dask]\nenabled = false",
        '[projects]\nbixi = ["ana"]',
    )
    return made.up()


class Browser:
    """A client with cookies that fills in the hub's forms."""

    def __init__(self, hub):
        self.hub, jar = hub, http.cookiejar.CookieJar()
        handler = urllib.request.HTTPCookieProcessor(jar)
        self.opener = urllib.request.build_opener(handler)
        self.jar = jar

    def ask(self, path, form=None, **headers):
        data = None
        if form is not None:
            marks = [cookie.value for cookie in self.jar if cookie.name == "_xsrf"]
            data = urllib.parse.urlencode({**form, "_xsrf": marks[-1]}).encode()
        headers = {"Sec-Fetch-Mode": "navigate", **headers}
        asked = urllib.request.Request(self.hub.url + path, data, headers)
        try:
            answer = self.opener.open(asked, timeout=60)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            return answer.status, answer.read().decode(), answer.url

    def sign_up(self, name, password=PASSWORD, again=None):
        self.ask("/hub/login")
        form = {
            "username": name,
            "signup_password": password,
            "signup_password_confirmation": again or password,
        }
        return self.ask("/hub/signup", form)[1]

    def sign_in(self, name, password=PASSWORD, **headers):
        self.ask("/hub/login")
        form = {"username": name, "password": password}
        return self.ask("/hub/login?next=%2Fhub%2Fhome", form, **headers)


@pytest.fixture
def browser(hub):
    return Browser(hub)


def test_nobody_signs_up_as_an_administrator(browser):
    for name in ("admin", "Admin"):
        assert "kept for an administrator" in browser.sign_up(name)
    assert "cannot be a user name" in browser.sign_up(" admin")
    assert browser.sign_in("admin")[0] == 403


def test_every_refusal_says_what_is_wrong(browser):
    assert "cannot be a user name" in browser.sign_up("Bad Name")
    assert "at least 10 characters" in browser.sign_up("eve", "short")
    assert "72 bytes" in browser.sign_up("eve", "岩" * 25)
    assert "two passwords differ" in browser.sign_up("eve", again="something else")


def test_whoever_signs_up_openly_is_in_but_members_of_projects_wait(browser):
    assert "sign in now" in browser.sign_up("lin")
    assert browser.sign_in("lin")[2].endswith("/hub/home")
    assert "is taken" in browser.sign_up("lin")
    other = Browser(browser.hub)
    # a stranger could take the name of a member before she does
    assert "with the administrator" in other.sign_up("ana")
    status, text, _ = other.sign_in("ana")
    assert status == 403
    assert re.search(r"waits for an administrator", text)


def test_a_link_approves_nobody(hub):
    chief, other = Browser(hub), Browser(hub)
    chief.sign_up("chief")
    other.sign_up("mia")
    hub.api("/users/chief", method="POST", body={"admin": True})
    assert chief.sign_in("chief")[0] == 200
    chief.ask("/hub/authorize/mia")
    chief.ask("/hub/discard/mia")
    assert other.sign_in("mia")[0] == 200
    # the form does: mia was in, now she is not, neither anew nor with her cookie
    assert chief.ask("/hub/authorize/mia", {})[0] == 200
    assert other.sign_in("mia")[0] == 403


def test_wrong_passwords_close_the_door_but_not_for_a_known_browser(hub):
    known, stranger = Browser(hub), Browser(hub)
    known.sign_up("joe")
    assert known.sign_in("joe")[0] == 200
    answers = [stranger.sign_in("joe", f"wrong {n}") for n in range(4)]
    assert [status for status, _, _ in answers] == [403, 403, 403, 429]
    assert "Try again in" in answers[-1][1]
    assert stranger.sign_in("joe")[0] == 429
    forged = {"X-Forwarded-For": "192.0.2.7"}
    assert stranger.sign_in("joe", **forged)[0] == 429
    assert known.sign_in("joe")[0] == 200


def test_a_name_nobody_has_is_treated_alike(hub):
    stranger = Browser(hub)
    answers = [stranger.sign_in("nobody", f"wrong {n}") for n in range(4)]
    assert [status for status, _, _ in answers] == [403, 403, 403, 429]


def test_a_very_long_password_is_wrong_and_no_fault(hub):
    assert Browser(hub).sign_in("mia", "x" * 5000)[0] == 403
