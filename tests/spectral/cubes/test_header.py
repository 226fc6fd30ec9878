"""ENVI headers as they come: any case, braces over lines, commas, comments, floats."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectral.cubes._header import (
    is_header,
    items,
    number,
    numbers,
    parse_header,
    read_header,
    whole_number,
    written,
)

NASTY = """\
ENVI
; made by hand
Description = {
  a = b, made on {Tuesday} ; not a comment
  second line }
SAMPLES=60.0
lines   =  40   ; forty
bands = 3
  Header_Offset = 0
data type = 4
Interleave = BIL
wavelength units = Micrometers
wavelength = {
 0.45,
; the green one
 0.55 , 6.5D-1,
}
bbl = { 1.0, 0.0
 1.000000,}
fwhm = {}
band names = {
Band, 1, red edge, }
no equals sign here
empty =
samples = 61
"""


def test_nasty_header():
    entries = parse_header(NASTY)
    assert entries["description"].startswith("a = b, made on {Tuesday}")
    assert entries["description"].endswith("second line")
    assert whole_number(entries, "samples") == 61
    assert whole_number(entries, "lines") == 40
    assert whole_number(entries, "header offset") == 0
    assert entries["interleave"] == "BIL"
    assert numbers(entries["wavelength"], key="wavelength") == [0.45, 0.55, 0.65]
    assert numbers("1.0, 0.0, 1.000000,", key="bbl") == [1, 0, 1]
    assert items(entries["band names"]) == ["Band", "1", "red edge"]
    assert entries["fwhm"] == entries["empty"] == ""
    assert entries["wavelength units"] == "Micrometers"


@pytest.mark.parametrize(
    ("start", "is_one"),
    [
        (b"ENVI\n", True),
        (b"envi\r\nsamples = 1", True),
        (b"\xef\xbb\xbfENVI\n", True),
        (b"  \n ENVI\n", True),
        (b"ENVIRONMENT\n", False),
        (b"BYTEORDER I\n", False),
        (b"", False),
    ],
)
def test_first_word_tells_a_header(tmp_path, start, is_one):
    path = tmp_path / "a.hdr"
    path.write_bytes(start)
    assert is_header(path) == is_one
    if not is_one:
        with pytest.raises(ValueError, match="does not begin with 'ENVI'"):
            read_header(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_chinese_headers(tmp_path, encoding):
    path = tmp_path / "a.hdr"
    path.write_bytes("ENVI\ndescription = {铜厂幅 高分五号}\n".encode(encoding))
    assert read_header(path)["description"] == "铜厂幅 高分五号"


def test_windows_and_old_mac_line_ends(tmp_path):
    path = tmp_path / "a.hdr"
    for end in ("\r\n", "\r"):
        path.write_bytes(f"ENVI{end}bands = 3{end}bbl = {{1,{end}0}}{end}".encode())
        assert read_header(path) == {"bands": "3", "bbl": "1, 0"}


def test_open_brace_is_told_with_its_line():
    with pytest.raises(ValueError, match="'wavelength', line 3: the brace is never"):
        parse_header("ENVI\nbands = 2\nwavelength = {1, 2,\n 3")
    with pytest.raises(ValueError, match="'wavelength', line 2: the brace is never"):
        parse_header("ENVI\nwavelength = {1, 2,\n 3\nfwhm = {1, 2}\n")


def test_bad_numbers_are_told():
    with pytest.raises(ValueError, match="'bbl', item 2 is 'x'"):
        numbers("1, x", key="bbl")
    with pytest.raises(ValueError, match="'gain = high' is no number"):
        number("high", key="gain")
    with pytest.raises(ValueError, match="'bands' is missing"):
        whole_number({}, "bands")
    with pytest.raises(ValueError, match=r"'bands = 2\.5' is no whole number"):
        whole_number({"bands": "2.5"}, "bands")
    assert numbers("450 550\t650", key="wavelength") == [450, 550, 650]
    assert number("-1.23d34 ; deleted", key="a") == -1.23e34


words = st.text("abcdefghij ", min_size=1, max_size=12).map(
    lambda text: re.sub(r"\s+", " ", text).strip()
)


@given(
    st.dictionaries(
        words.filter(lambda word: word not in ("", "envi")),
        st.one_of(
            st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1),
            st.integers(),
            words.filter(bool),
        ),
        max_size=6,
    )
)
def test_what_is_written_is_read(entries):
    found = parse_header(written(entries))
    assert list(found) == list(entries)
    for key, value in entries.items():
        if isinstance(value, list):
            assert numbers(found[key], key=key) == value
        else:
            assert found[key] == str(value)
