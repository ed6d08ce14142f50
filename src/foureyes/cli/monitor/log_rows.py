"""From the rows of a log file to what a monitor takes.

Two kinds of rows are known: scored ones, with what readers saw in a field ``foureyes`` (:mod:`foureyes.batch`), and decisions
of the service, with votes in ``verification`` (:class:`~foureyes.service.wire.decisions.FeedItem`). Start at
:class:`LogRows`.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from foureyes.batch.window import RESULT_FIELD
from foureyes.cli.monitor.options import FIELDS
from foureyes.errors import InputError
from foureyes.monitoring import Observation, ObservedVote
from foureyes.tables import Table
from foureyes.types.votes import VoteVerdict

__all__ = ["LogRows", "cuts_of"]

_DECISION: Final = "verification"
_LONGEST_NAME: Final = 256


class LogRows:
    """The rows of a log file.

    Args:
        table: the file.
        args: which fields tell agent, session, sources and time.

    Attributes:
        scored: whether the rows hold readings; otherwise they hold decisions.

    Raises:
        InputError: it holds neither, or a field that was named is missing.
    """

    def __init__(self, table: Table, args: argparse.Namespace) -> None:
        self._table = table
        self.scored = RESULT_FIELD in table.names
        if not self.scored and _DECISION not in table.names:
            raise InputError(
                f"{table.name} has neither a field {RESULT_FIELD!r} (foureyes score writes it) nor {_DECISION!r} (decisions of the "
                f"service have it); its fields are {', '.join(map(repr, table.names)) or 'none'}"
            )
        self._rows = table.values(RESULT_FIELD if self.scored else _DECISION)
        named = {what: getattr(args, f"{what}_field") for what in FIELDS}
        self._columns = {what: self._column(name, FIELDS[what]) for what, name in named.items()}
        self._confidence = table.numbers("confidence") if "confidence" in table.names else None

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def timed(self) -> bool:
        """Whether the rows tell when they were made; otherwise one a second is assumed."""
        return self._columns["time"] is not None

    def readings(self) -> dict[str, list[float]]:
        """Every reader's log_cmp, in the order of the rows."""
        found: dict[str, list[float]] = {}
        for i in range(len(self) if self.scored else 0):
            for name, reading in self._readers(i).items():
                if (value := self._log_cmp(i, reading)) is not None:
                    found.setdefault(name, []).append(value)
        return found

    def confidences(self) -> list[float]:
        """The confidences of the rows that have one."""
        column = self._confidence
        return [] if column is None else column.values[column.present].tolist()

    def observation(self, i: int, cuts: Mapping[str, float]) -> Observation:
        """One row as a monitor takes it.

        Args:
            i: which.
            cuts: log_cmp above which a reader disputes an answer, by its name; for scored rows.

        Raises:
            InputError: what stands there is not what was wanted; says which row.
        """
        try:
            votes = self._readings(i, cuts) if self.scored else _votes(self._rows[i])
            return self._observation(i, votes)
        except (InputError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(f"{self._table.name}, row {i}: {error!s:.200}") from error

    def _observation(self, i: int, votes: tuple[ObservedVote, ...]) -> Observation:
        sides = [vote.verdict for vote in votes if vote.definite]
        safe, unsafe = 2 * sides.count("safe") > len(votes), 2 * sides.count("unsafe") > len(votes)
        decision = {} if self.scored else cast("Mapping[str, Any]", self._rows[i])
        consensus = bool(decision.get("consensus_reached", safe or unsafe))
        sources = self._value("source", i)
        column = self._confidence
        stated = [vote.confidence for vote in votes if vote.confidence is not None]
        return Observation(
            self._at(i),
            safe=bool(decision.get("safe", safe)) and consensus,
            consensus=consensus,
            opinions=votes,
            confidence=float(column.values[i])
            if column is not None and column.present[i]
            else sum(stated) / len(stated)
            if stated
            else None,
            latency_ms=float(decision.get("latency_ms", 0.0)),
            agent=_name(self._value("agent", i)),
            session=_name(self._value("session", i)),
            sources=tuple(
                name
                for one in (sources if isinstance(sources, list) else [sources])
                if (name := _name(one)) is not None
            ),
            enforced=bool(decision.get("enforced", True)),
        )

    def _readings(self, i: int, cuts: Mapping[str, float]) -> tuple[ObservedVote, ...]:
        votes = []
        for name, reading in self._readers(i).items():
            if (value := self._log_cmp(i, reading)) is not None:
                verdict: VoteVerdict = "abstain" if name not in cuts else "unsafe" if value > cuts[name] else "safe"
                votes.append(ObservedVote(name, verdict, log_cmp=value))
            else:
                failed = reading["unscored"]["reason"] in ("unavailable", "bad_reply")
                votes.append(ObservedVote(name, "error" if failed else "abstain"))
        return tuple(votes)

    def _readers(self, i: int) -> Mapping[str, Any]:
        """What stands of every reader; nothing in a row that was not scored."""
        found = self._rows[i]
        if not isinstance(found, Mapping | None):
            raise InputError(f"{self._table.name}, row {i}: {RESULT_FIELD!r} must be an object; got {found!r:.60}")
        return found or {}

    def _log_cmp(self, i: int, reading: Any) -> float | None:
        value = reading.get("log_cmp") if isinstance(reading, Mapping) else reading
        if not isinstance(value, int | float | None):
            raise InputError(f"{self._table.name}, row {i}: log_cmp must be a number; got {value!r:.60}")
        return value

    def _column(self, named: str | None, usual: Sequence[str]) -> Sequence[Any] | NDArray[Any] | None:
        name = named or next((name for name in usual if name in self._table.names), None)
        return None if name is None else self._table.values(name)

    def _value(self, what: str, i: int) -> Any:
        column = self._columns[what]
        return None if column is None else column[i]

    def _at(self, i: int) -> float:
        value = self._value("time", i)
        if value is None:
            return float(i)
        if isinstance(value, str) and not value.replace(".", "", 1).isdigit():
            return datetime.fromisoformat(value).timestamp()
        at = float(value)
        if not math.isfinite(at):
            raise InputError(f"a time must be finite; got {value!r}")
        return at


def cuts_of(readings: Mapping[str, Sequence[float]], share: float) -> dict[str, float]:
    """The log_cmp above which the most surprising share of every reader's answers lies.

    Raises:
        InputError: the share is not in (0, 1).

    Example:
        >>> cuts_of({"reader": [1.0, 2.0, 3.0, 4.0, 5.0]}, 0.2)
        {'reader': 4.2}
    """
    if not 0 < share < 1:
        raise InputError(f"--flag-rate must be a share in (0, 1); got {share:g}")
    return {name: float(np.quantile(values, 1 - share)) for name, values in readings.items() if values}


def _votes(decision: Any) -> tuple[ObservedVote, ...]:
    return tuple(
        ObservedVote(
            f"{vote['provider']}/{vote['model']}",
            vote["verdict"],
            vote.get("confidence"),
            vote.get("log_cmp"),
            float(vote.get("latency_ms", 0.0)),
        )
        for vote in decision["votes"]
    )


def _name(value: Any) -> str | None:
    """A name as text; what is longer than names are is cut, so that memory stays bounded."""
    return None if value is None or value == "" else str(value)[:_LONGEST_NAME]
