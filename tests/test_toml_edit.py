"""A few keys change; every other character of the file stays."""

from __future__ import annotations

import difflib
import tomllib

import pytest

from foureyes.errors import InputError
from foureyes.toml_edit import with_keys

FILE = """\
# ours
[server]
port = 8321   # the usual

[verifiers.local]   # reads
kind = "reader"
reader = 'gemma3-270m'
cut = 0.7   # a guess
# weight = 2

[verifiers."two words"]
kind = "reader"
note = '''
[verifiers.local]
cut = 1
'''

[[tenants.acme.keys]]
id = "[verifiers.local]"
"""

TABLE = ("verifiers", "local")


def changed(before: str, after: str) -> list[str]:
    lines = difflib.ndiff(before.splitlines(keepends=True), after.splitlines(keepends=True))
    return [line for line in lines if line[0] in "+-"]


def test_a_key_is_set_added_or_put_out_of_force_and_nothing_else_changes() -> None:
    values = {"threshold": "cut.json", "reader": 'a "b" ü', "cut": None, "absent": None}
    after = with_keys(FILE, TABLE, values)
    assert set(changed(FILE, after)) == {
        "- reader = 'gemma3-270m'\n",
        "- cut = 0.7   # a guess\n",
        '+ threshold = "cut.json"\n',
        '+ reader = "a \\"b\\" ü"\n',
        "+ # cut = 0.7   # a guess\n",
    }
    assert tomllib.loads(after)["verifiers"]["local"] == {
        "kind": "reader",
        "reader": 'a "b" ü',
        "threshold": "cut.json",
    }


def test_twice_is_once() -> None:
    values = {"threshold": "cut.json", "cut": None}
    once = with_keys(FILE, TABLE, values)
    assert with_keys(once, TABLE, values) == once


def test_names_with_spaces_line_ends_of_windows_and_a_mark_of_byte_order() -> None:
    after = with_keys(FILE, ("verifiers", "two words"), {"kind": "judge"})
    assert tomllib.loads(after)["verifiers"]["two words"]["kind"] == "judge"
    windows = "\ufeff[a]\r\nx = 1\r\n"
    assert with_keys(windows, ("a",), {"y": "z"}) == '\ufeff[a]\r\nx = 1\r\ny = "z"\r\n'


def test_a_table_at_the_end_without_a_last_line_end() -> None:
    assert with_keys("[a]", ("a",), {"y": "z"}) == '[a]\ny = "z"\n'
    assert with_keys("[a]\nx = 1", ("a",), {"y": "z"}) == '[a]\nx = 1\ny = "z"\n'


@pytest.mark.parametrize(
    ("text", "table", "values", "words"),
    [
        (FILE, ("verifiers", "other"), {"x": "y"}, r"wanted a table \[verifiers.other\] with a header"),
        ('verifiers.local = {kind = "reader"}', TABLE, {"x": "y"}, "with a header of its own"),
        ('[a]\nx = """\nlong\n"""', ("a",), {"x": "y"}, "several lines; set them by hand|overwrite"),
        ('[a]\nx = ["b"]', ("a",), {"x": "y"}, "several lines|overwrite"),
        ('[b]\nx = """\n[a]\n"""\n[a]\ny = "z"', ("a",), {"y": "w"}, "several lines"),
        ("[a]\nx = ", ("a",), {"y": "w"}, "value"),
    ],
)
def test_what_cannot_be_changed_safely_is_not(
    text: str, table: tuple[str, ...], values: dict[str, str], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        with_keys(text, table, values)


def test_one_table_of_a_list_and_a_number() -> None:
    text = '[[w]]\nname = "a"\n\n[[w]] # second\ncut = 0.5 # by hand\n[r]\n'
    assert with_keys(text, ("w",), {"cut": 0.25}, place=1) == text.replace("0.5", "0.25")
    assert with_keys(text, ("w",), {"cut": 0.25}, place=0) == text.replace('"a"\n', '"a"\ncut = 0.25\n')
    with pytest.raises(InputError, match=r"wanted a table \[\[w\]\] number 3"):
        with_keys(text, ("w",), {"cut": 0.25}, place=2)
