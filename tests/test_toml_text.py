"""TOML within bounds: what Python's parser reads is read, and what would take it minutes is refused."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foureyes.errors import InputError
from foureyes.toml_text import LARGEST_TOML, parsed_toml

DOCUMENT = r"""
title = §a # no comment, [[[[[[[[[[[[[[[[[[[[ no lists and a \§ in it§ # [[[[[[[[[[[[[[[[[[[[[[[
path = 'C:\[[[[[[[[[[[[[[[[[[[[[[[[['
long = ~~~
[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[ ~~a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r ~~~~
text = §§§
{{{{{{{{{{{{{{{{{{{{{{{ §§ \§§ [[[[[[[[[[[[[[[[[[[[ \\§§§
five = §§§x§§§§§
empty = [§§, ~~, §§§\§§§§, ~~~~~~]
when = 2026-01-02T03:04:05.678901+01:00
number = -3.25e-2
[a.§b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s§.c]
d.e = {f = [[1, 2], [3]], g = {h = true}}
[[t]]
[[t]]
""".replace("§", '"').replace("~", "'")


def test_what_python_reads_is_read():
    assert parsed_toml(DOCUMENT.encode()) == tomllib.loads(DOCUMENT)
    assert parsed_toml(b"\xef\xbb\xbfa = 1\r\nb = 2\r\n") == {"a": 1, "b": 2}


@given(st.text("ab=.,[]{}\"'\\#\n 1", max_size=60))
def test_any_text_is_read_as_python_reads_it_or_refused(text):
    try:
        wanted = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        with pytest.raises(InputError):
            parsed_toml(text.encode())
    else:
        assert parsed_toml(text.encode()) == wanted


def filled(piece, around=""):
    return (piece * ((LARGEST_TOML - len(around)) // len(piece))).encode()


BOMBS = {
    "lists": (b"a = " + b"[" * 100_000 + b"]" * 100_000, "nested too deeply in line 1"),
    "inline tables": (b"\na = " + b"{a=" * 5000, "nested too deeply in line 2"),
    "a key of many parts": (".".join(["a"] * 100_000).encode() + b" = 1", "a key in line 1 has more than 16 parts"),
    "a key of many quoted parts": (('."x"' * 20).encode()[1:] + b" = 1", "more than 16 parts"),
    "a table of many parts": (b"[" + ".".join(["a"] * 100_000).encode() + b"]", "more than 16 parts"),
    "tables of many parts": (
        "\n".join("[" + ".".join(["a"] * 500 + [f"b{i}"]) + "]" for i in range(900)).encode(),
        "more than 16 parts",
    ),
    "keys within tables within keys": (b"a = " + (b"{" + b"a." * 15 + b"a = ") * 17, "nested too deeply"),
    "a number": (b"a = " + b"9" * 1_000_000, "more than 64 bits"),
    "a number of 65 bits": (b"a = [[18446744073709551616]]", "more than 64 bits"),
    "a document": (b"#" * (LARGEST_TOML + 1), "larger than 1,048,576 bytes"),
    "quotes that do not end": (b'a = """' + filled(r"\"" " ", "a" * 20), "text that begins in line 1 does not end"),
    "quotes within a line": (b'a = "' + filled(r"\"", "a" * 20), "text that begins in line 1 does not end"),
    "single quotes": (b"a = '''" + filled("'' ", "a" * 20), "text that begins in line 1 does not end"),
    "no text": (b"a = '\xff'", "not UTF-8 text, at byte 5"),
    "no TOML": (b"a = \n", r"Invalid value \(at line 1"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused_by_name(name):
    raw, message = BOMBS[name]
    with pytest.raises(InputError, match=message):
        parsed_toml(raw)
