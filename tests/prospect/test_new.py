"""A first district file: what is guessed, in English and in Chinese."""

import tomllib

import pytest

from prospect import new_district


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_guesses_are_comments_in_the_language_asked_for(tiny, lang):
    tiny.unlink()
    made = new_district(tiny.parent, lang=lang)
    text = made.path.read_text(encoding="utf-8")
    for note in [*made.guesses, *made.decisions]:
        assert note.say(lang) in text
    district = tomllib.loads(text)
    assert district["district"]["crs"] == "EPSG:32754"
    assert "its 40 points are the known deposits" in "\n".join(made.guesses)


def test_crs_of_a_grid_and_of_a_vector_are_named_alike(tiny):
    tiny.unlink()
    made = new_district(tiny.parent)
    assert "the district is mapped in EPSG:32754, as its files are" in made.guesses
    assert not [line for line in made.guesses if "PROJCS" in line]


def test_unknown_language_is_refused_before_anything_is_written(tiny):
    tiny.unlink()
    with pytest.raises(ValueError, match="lang='fr' is unknown"):
        new_district(tiny.parent, lang="fr")
    assert not tiny.exists()
