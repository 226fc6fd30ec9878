"""The scene in the page: turnable, small, and harmless where nothing can be drawn."""

import base64
import gzip
import html
import re

import numpy as np
import pytest

from prospect.scene import OffscreenStatus
from prospect.view import view_scene


@pytest.fixture
def score(make_grid):
    return make_grid(np.random.default_rng(2).random((40, 60)))


def test_nothing_breaks_where_nothing_can_be_drawn(score, monkeypatch):
    from prospect.scene import _scene

    broken = OffscreenStatus(False, "no OpenGL", "apt-get install libosmesa6")
    monkeypatch.setattr(_scene, "probe_offscreen", lambda: broken)
    view = view_scene(score)
    bundle = view._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html"}
    assert "libosmesa6" in bundle["text/plain"]
    assert "libosmesa6" in bundle["text/html"]
    assert "iframe" not in bundle["text/html"]
    assert "libosmesa6" in repr(view_scene(score, lang="zh"))
    assert (view.page, view.picture) == ("", b"")


def test_wrong_input_is_refused(score):
    with pytest.raises(ValueError, match="must be a positive number"):
        view_scene(score, exaggeration=-1)
    with pytest.raises(ValueError, match="is not a language"):
        view_scene(score, lang="fr")


@pytest.mark.system
def test_page_and_picture(score, monkeypatch):
    view = view_scene(score, lang="zh", height=400)
    assert view.message == "未提供高程，地面按平面绘制。"
    bundle = view._repr_mimebundle_()
    assert base64.b64decode(bundle["image/png"]).startswith(b"\x89PNG")
    frame = bundle["text/html"]
    packed = re.search(r'atob\("([^"]+)"\)', html.unescape(frame))[1]
    assert gzip.decompress(base64.b64decode(packed)).decode() == view.page
    assert "height:400px" in frame
    assert "MB" in frame
    assert len(frame) < 0.7 * len(view.page)
    monkeypatch.setenv("PROSPECT_VIEW", "still")
    assert "iframe" in view._repr_mimebundle_()["text/html"], "it needs no kernel"


@pytest.mark.system
def test_a_page_too_large_leaves_the_picture(score, monkeypatch):
    from prospect.scene import _scene

    monkeypatch.setattr(_scene, "MOST_BYTES", 1000)
    bundle = view_scene(score)._repr_mimebundle_()
    assert "<img" in bundle["text/html"]
    assert "MB" in bundle["text/plain"]
