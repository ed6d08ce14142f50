"""A route's file is changed where it must be, and nowhere else."""

from __future__ import annotations

import tomllib

import pytest

from foureyes.errors import InputError
from foureyes.route.route_file import RouteEdit, edited_route

FILE = """\
# Answers for support.
[route]
name = "support"   # as callers ask
shadow = true

[[writers]]        # the cheap one
model = "small"
cut = 0.9  # by hand

# below it all is doubt
[[writers]]
model = 'large'
calibrator = "old.json" # of March

[reader]
reader = "gemma3-270m"
"""


def test_keys_change_and_comments_stay() -> None:
    edits = [
        RouteEdit("writers", "calibrator", "small.json", 0),
        RouteEdit("writers", "calibrator", "large.json", 1),
        RouteEdit("writers", "cut", None, 0),
        RouteEdit("reader", "fingerprint", 'a"b\\c'),
        RouteEdit("route", "promise", None),
    ]
    after = edited_route(FILE, edits)
    found = tomllib.loads(after)
    assert found["writers"] == [
        {"model": "small", "calibrator": "small.json"},
        {"model": "large", "calibrator": "large.json"},
    ]
    assert found["reader"]["fingerprint"] == 'a"b\\c'
    assert found["route"] == {"name": "support", "shadow": True}
    for comment in ("# Answers for support.", "# as callers ask", "# the cheap one", "# below it", "# of March"):
        assert comment in after
    assert "# cut = 0.9  # by hand\n" in after
    kept = [line for line in FILE.splitlines() if not set(line.split()) & {"cut", "calibrator"}]
    assert [line for line in after.splitlines() if not set(line.split()) & {"cut", "calibrator", "fingerprint"}] == kept


def test_a_table_that_is_missing_is_made() -> None:
    after = edited_route('[[writers]]\nmodel = "a"\n', [RouteEdit("route", "policy", "p.json")])
    assert tomllib.loads(after) == {"writers": [{"model": "a"}], "route": {"policy": "p.json"}}


@pytest.mark.parametrize(
    "text",
    [
        'writers = [{model = "a"}]\n[route]\nname = "x"\n',
        '[route]\nname = "x"\n[[writers]]\nmodel = "a"\ncalibrator = """\nold.json"""\n',
        '[route]\nname = """\n[[writers]]\n"""\n[[writers]]\nmodel = "a"\n',
    ],
)
def test_what_cannot_be_changed_for_sure_is_said(text: str) -> None:
    with pytest.raises(InputError, match=r"by hand: \[writers\] calibrator"):
        edited_route(text, [RouteEdit("writers", "calibrator", "new.json", 0)])


def test_what_is_no_toml_is_refused() -> None:
    with pytest.raises(InputError):
        edited_route("[route", [RouteEdit("route", "policy", "p.json")])
