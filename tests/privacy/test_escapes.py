"""Escapes hide nothing: every pattern in every escape, places that come out right, and time that grows with the text."""

import html
import re
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.privacy import Finding, Vault, conceal, merge_overlapping, reveal
from foureyes.privacy.escapes import UnescapedText
from tests.privacy.test_typography import DETECTOR, GROUPS, covered

VALUES = GROUPS | {
    "EMAIL_ADDRESS": ("write to {}.", "ana.maria@example.org"),
    "IP_ADDRESS": ("from {} it came", "203.0.113.77"),
    "URL_WITH_CREDENTIALS": ("at {} it is", "https://ana:secret@example.org/in"),
}


def percent(text):
    return "".join(f"%{byte:02X}" for byte in text.encode())


ESCAPES = {
    "of the web": percent,
    "of the web, where it must be": lambda text: quote(text, safe=""),
    "of the web, twice": lambda text: quote(percent(text), safe=""),
    "of HTML": lambda text: "".join(f"&#{ord(char)};" for char in text),
    "of HTML, in hexadecimal": lambda text: "".join(f"&#x{ord(char):x};" for char in text),
    "of HTML, twice": lambda text: html.escape("".join(f"&#{ord(char)};" for char in text)),
    "of JSON": lambda text: "".join(f"\\u{ord(char):04x}" for char in text),
    "of JSON in JSON": lambda text: "".join(f"\\\\u{ord(char):04X}" for char in text),
    "of JSON in JSON in JSON": lambda text: "".join(f"\\\\\\\\u{ord(char):04x}" for char in text),
    "of Python": lambda text: "".join(f"\\x{ord(char):02x}" for char in text),
    "signs only": lambda text: re.sub(r"\W", lambda sign: f"&#{ord(sign[0])};", text),
    "signs only, of JSON": lambda text: re.sub(r"\W", lambda sign: f"\\u{ord(sign[0]):04x}", text),
}


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("way", ESCAPES)
def test_every_pattern_in_every_escape(name, way):
    frame, value = VALUES[name]
    written = ESCAPES[way](value)
    text = frame.format(written)
    assert covered(text, written), [text[f.start : f.end] for f in merge_overlapping(DETECTOR.find(text))]


@pytest.mark.parametrize("way", ESCAPES)
def test_what_was_escaped_is_concealed_and_comes_back_as_it_was(way):
    text = f"Write to {ESCAPES[way]('ana@example.org')}, or call."
    conversation = Vault.open().conversation()
    [safe] = conceal([text], DETECTOR, conversation).texts
    assert safe.startswith("Write to [EMAIL_ADDRESS_1_")
    assert safe.endswith("], or call.")
    assert reveal(safe, conversation) == text


def test_named_characters_of_html_are_read():
    assert UnescapedText.of("ana&commat;example&period;org").text == "ana@example.org"
    assert UnescapedText.of("4111&nbsp;1111").text == "4111\u00a01111"


@pytest.mark.parametrize(
    "text", ["plain", "100 % of 5 & 6", "&nosuchone;", "%zz \\q \\ud800", "&#99999999;", "%ff%fe", "%ed%a0%80"]
)
def test_what_is_no_escape_stays(text):
    assert UnescapedText.of(text) is None


@given(st.text(st.sampled_from("%40&#64;x\\u0nrt{}amp ab@\u00e9") | st.characters(exclude_categories=["Cs"])))
def test_each_character_stands_for_a_stretch_of_the_text_in_order(text):
    read = UnescapedText.of(text)
    if read is None:
        return
    places = [read.written(Finding(i, i + 1, "X")) for i in range(len(read.text))]
    assert [place.start for place in places] == [0, *(place.end for place in places[:-1])]
    assert places[-1].end == len(text)


def test_many_backslashes_are_passed_over_once():
    assert UnescapedText.of("\\" * 1_000_000) is None
    assert UnescapedText.of("\\" * 1_000_000 + "u0040").text == "@"
