"""Encodings are detected where the bytes prove them, refused otherwise."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from survey import DataProblems
from survey._text import check_encoding, detect_encoding

CHINESE = "样品编号,经度,纬度,铜(ppm)\nS1,118.5,34.2,未检出\n"


@pytest.mark.parametrize(
    ("written", "detected"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("gbk", "gb18030"),
        ("gb18030", "gb18030"),
        ("utf-16", "utf-16"),
    ],
)
def test_chinese_text(tmp_path, written, detected):
    path = tmp_path / "a.csv"
    path.write_bytes(CHINESE.encode(written))
    assert detect_encoding(path) == detected == detect_encoding(path.read_bytes())
    assert path.read_text(detect_encoding(path)) == CHINESE


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Björkås;malmö;12,5\n", "cp1252"),
        ("Cu (µg/g)\n1\n", "cp1252"),
        ("проба,медь\n1,2\n", "cp1251"),
        ("проба,медь\n1,2\n", "koi8-r"),
        ("樣品編號,銅\n1,2\n", "big5"),
        ("試料番号,銅\n1,2\n", "shift-jis"),
    ],
)
def test_other_encodings_are_not_taken_for_chinese(text, encoding):
    with pytest.raises(DataProblems, match="encoding=") as caught:
        detect_encoding(text.encode(encoding), file="a.csv")
    assert "line 1 is not UTF-8" in str(caught.value)


def test_message_names_the_line_and_its_readings():
    with pytest.raises(DataProblems, match=r"line 3 is not UTF-8.*cp1252: 'Malmö'"):
        detect_encoding("a\nb\nMalmö\n".encode("cp1252"))


def test_binary_files_are_refused():
    with pytest.raises(DataProblems, match="holds zero bytes"):
        detect_encoding(b"PK\x03\x04\x00\x00")


def test_a_stated_encoding_is_held_to_the_whole_file(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"a,b\n" + CHINESE.encode("gbk"))
    assert check_encoding(path, "GBK") == "gb18030"
    with pytest.raises(DataProblems, match="line 2 is not utf-8"):
        check_encoding(path, "utf-8")
    with pytest.raises(DataProblems, match="encoding 'ebcdig' is unknown"):
        check_encoding(path, "ebcdig")


def test_characters_cut_by_a_block_are_put_together(tmp_path, monkeypatch):
    monkeypatch.setattr("survey._text._BLOCK", 3)
    path = tmp_path / "a.csv"
    for encoding in ("utf-8", "gb18030"):
        path.write_bytes(CHINESE.encode(encoding))
        assert detect_encoding(path) == encoding


@pytest.mark.parametrize("text", ["品", "铜,1", "联通"])
def test_chinese_that_happens_to_be_utf8(text):
    assert detect_encoding(text.encode("gbk")) == "gb18030"
    assert detect_encoding(text.encode("utf-8")) == "utf-8"


@pytest.mark.parametrize("text", ["Cu (µg/g)", "Björkås", "медь", "χαλκός", "25 °C ±2"])
def test_short_western_text_in_utf8_stays(text):
    assert detect_encoding(text.encode("utf-8")) == "utf-8"


@given(st.text(alphabet="铜金银铅锌样品编号经度纬度未检出abc,1.5（）℃"))
@settings(max_examples=100, deadline=None)
def test_everyday_chinese_is_read_back(text):
    for encoding in ("utf-8", "gb18030"):
        content = ("样品编号," + text).encode(encoding)
        assert content.decode(detect_encoding(content)) == "样品编号," + text
