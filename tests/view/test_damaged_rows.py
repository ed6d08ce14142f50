"""Whatever stands in a row, the page is told something that is JSON, and no other row suffers."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from foureyes.view.questions import RowsQuestion
from foureyes.view.viewer import Viewer

Open = Callable[..., Viewer]
ODD: list[Any] = [
    None,
    True,
    -1,
    0.5,
    10**400,
    "RAW:1e999",
    "",
    "x",
    "\ud800",
    "\u0000",
    "\u202e</script>",
    [],
    [None],
    [[]],
    ["a", 1],
    {},
    {"a": {}},
    {"": []},
]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The ways to everything within a value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, one in inner for place in places(one, (*path, key)))]


def damaged(row: dict[str, Any], draw: random.Random) -> dict[str, Any]:
    """The row with a few of its values replaced, left out, or under another name."""
    made = copy.deepcopy(row)
    for _ in range(draw.randint(1, 3)):
        *way, last = draw.choice(places(made)[1:])
        holder: Any = made
        for key in way:
            holder = holder[key]
        if draw.random() < 0.2 and isinstance(holder, dict):
            holder[draw.choice(["", "a\u0000b", "\udfff", "log_cmp"])] = holder.pop(last)
        else:
            holder[last] = copy.deepcopy(draw.choice(ODD))
    return made


@pytest.mark.parametrize("seed", range(4))
def test_a_damaged_row_is_told_as_json(scored: Path, opened: Open, seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311 - the same rows every time
    rows = [json.loads(line) for line in scored.read_text().splitlines()]
    made = [damaged(rows[i % 40], draw) for i in range(120)]
    texts = [json.dumps(row).replace('"RAW:1e999"', "1e999") for row in [*rows[:1], *made, *rows[1:]]]
    scored.write_text("\n".join(texts) + "\n")
    viewer = opened(scored)
    told = viewer.rows(RowsQuestion(limit=500, order="file"))
    json.dumps([told, viewer.file()], allow_nan=False)
    assert len(told["rows"]) == 160
    for row in range(160):
        json.dumps(viewer.row(0, row), allow_nan=False)
    whole = [viewer.row(0, row) for row in (0, *range(121, 160))]
    assert [row["fields"]["id"] for row in whole] == [str(i) for i in range(40)]
    assert sum(any(seen["heat"] for seen in row["verifiers"]) for row in whole) == 39
