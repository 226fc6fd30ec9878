import logging

from matplotlib.font_manager import fontManager

from prospect.report import chinese_font, figure_language
from prospect.report._fonts import legible


def test_font_found_is_installed():
    font = chinese_font()
    assert font is None or font in {entry.name for entry in fontManager.ttflist}


def test_language_falls_back_and_says_so(no_chinese_font, caplog):
    with caplog.at_level(logging.WARNING):
        assert figure_language("zh") == "en"
    assert "no Chinese font" in caplog.text
    assert figure_language("en") == "en"


def test_text_that_cannot_be_drawn_is_replaced(no_chinese_font):
    assert legible("faults", "a") == "faults"
    assert legible("断裂", "faults") == "faults"
    assert legible("断裂", "断裂_1") == "1"
    assert legible("断裂", "断裂") == "?"
