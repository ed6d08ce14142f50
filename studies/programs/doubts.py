"""What is known of each program: whether it is right, and how surprising its author and its readers find its code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from foureyes.display import plural
from foureyes.signals.conditioned import worst_window
from studies.route.cache import Row

__all__ = ["Doubts", "Flags", "Floats", "doubts_of", "left_out", "named"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_MOST_NAMED: Final = 24


@dataclass(frozen=True, slots=True, eq=False)
class Doubts:
    """N programs.

    Attributes:
        problems: (N,) number of the problem that each is for; several may be for one.
        right: (N,) whether it passes its tests.
        cut: (N,) whether it is known to have been cut off at its writer's limit of tokens.
        length: (N,) characters, as a control.
        values: name to (N,) uncertainty, larger is worse.
        ids: of the problems, in the order of their numbers.
        unread: problems of the programs that are left out, as not every reader read them; one entry a program.
    """

    problems: NDArray[np.intp]
    right: Flags
    cut: Flags
    length: Floats
    values: Mapping[str, Floats]
    ids: tuple[str, ...]
    unread: tuple[str, ...]


def doubts_of(rows: Mapping[str, Row], readings: Mapping[str, Mapping[str, Row]]) -> Doubts:
    """Doubts about programs that all readers read; the others are left out, and named.

    Args:
        rows: programs by problem, as they were written; stored ones have no surprise of their author's, and so no doubt of his.
        readings: by reader, what it saw in the programs of a problem.
    """
    ids = tuple(one for one in rows if all(one in seen for seen in readings.values()))
    programs = [(n, k, program) for n, one in enumerate(ids) for k, program in enumerate(rows[one]["programs"])]
    seen = {name: [found[ids[n]]["readings"][k] for n, k, _ in programs] for name, found in readings.items()}
    whole = [
        i for i, (_, _, program) in enumerate(programs) if _all_read(program, [found[i] for found in seen.values()])
    ]
    kept = [programs[i] for i in whole]
    columns = {name: [found[i] for i in whole] for name, found in seen.items()}
    if all("nll" in program for _, _, program in kept):
        columns = {"own": [program for _, _, program in kept], **columns}
    values = {}
    for name, of in columns.items():
        surprise = [_code(one) for one in of]
        values[f"{name}: mean"] = np.array([one.mean() for one in surprise])
        values[f"{name}: worst 8 tokens"] = np.array([worst_window(one, 8) for one in surprise])
    read = Counter(ids[n] for n, _, _ in kept)
    return Doubts(
        np.array([n for n, _, _ in kept], np.intp),
        np.array([program["right"] for _, _, program in kept], np.bool_),
        np.array([program.get("cut", False) for _, _, program in kept], np.bool_),
        np.array([len(program["text"]) for _, _, program in kept], np.float64),
        values,
        ids,
        tuple(one for one, row in rows.items() for _ in range(len(row["programs"]) - read[one])),
    )


def left_out(of: Doubts, what: str) -> list[str]:
    """A sentence that counts and names what was not read; none where everything was."""
    if not of.unread:
        return []
    n, problems = len(of.unread), list(dict.fromkeys(of.unread))
    return [
        (
            f"Left out of {what}, as not every reader read them: {n} of {plural(n + len(of.right), 'program')}, of "
            f"{plural(len(problems), 'problem')} ({named(problems)})."
        )
    ]


def named(ids: Sequence[str]) -> str:
    """The first of some ids, and how many more there are."""
    more = f" and {len(ids) - _MOST_NAMED} more" if len(ids) > _MOST_NAMED else ""
    return ", ".join(ids[:_MOST_NAMED]) + more


def _all_read(program: Row, readings: Sequence[Mapping[str, Any]]) -> bool:
    return all(one.get("nll", True) for one in [program, *readings])


def _code(one: Mapping[str, Any]) -> Floats:
    """Surprise at the tokens of the code; of all where there is none."""
    nll, inside = np.array(one["nll"], np.float64), np.array(one["code"], np.bool_)
    return nll[inside] if inside.any() else nll
