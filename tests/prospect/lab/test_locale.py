"""JupyterLab's language follows the gallery's, and never the person's own choice."""

import json

import pytest

from prospect.lab._locale import OURS, SETTING, follow_language


def locale(folder):
    """Locale of the setting, read as JSON with comments."""
    lines = (folder / SETTING).read_text(encoding="utf-8").splitlines()
    return json.loads("".join(each for each in lines if not each.startswith("//")))


@pytest.mark.parametrize(("lang", "name"), [("en", "en"), ("zh", "zh_CN")])
def test_the_gallerys_language_is_set(tmp_path, lang, name):
    assert follow_language(lang, folder=tmp_path)
    assert locale(tmp_path) == {"locale": name}


def test_it_changes_with_the_gallery(tmp_path):
    follow_language("zh", folder=tmp_path)
    assert follow_language("en", folder=tmp_path)
    assert locale(tmp_path) == {"locale": "en"}


def test_what_the_person_chose_is_kept(tmp_path):
    path = tmp_path / SETTING
    path.parent.mkdir(parents=True)
    path.write_text('{"locale": "fr_FR"}', encoding="utf-8")
    assert not follow_language("zh", folder=tmp_path)
    assert path.read_text(encoding="utf-8") == '{"locale": "fr_FR"}'


def test_the_folder_is_jupyterlabs(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTERLAB_SETTINGS_DIR", str(tmp_path))
    follow_language("zh")
    assert (tmp_path / SETTING).read_text(encoding="utf-8").startswith(OURS)
