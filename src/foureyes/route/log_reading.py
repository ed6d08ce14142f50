"""Reads a route's log: its older files first, what is broken left out and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from foureyes.errors import InputError
from foureyes.route.log_records import LoggedOutcome, LoggedRequest, record_of

__all__ = ["RouteLogContent", "parts_of", "read_part", "read_route_log"]

_LONGEST_LINE: Final = 64 << 20


@dataclass(frozen=True, slots=True)
class RouteLogContent:
    """What stands in a route's log.

    Attributes:
        requests: in the order they were kept.
        outcomes: by request and writer; a writer of ``None`` means the answer that was returned.
        left_out: what could not be used, in words, with how often.
    """

    requests: tuple[LoggedRequest, ...]
    outcomes: Mapping[tuple[str, str | None], LoggedOutcome]
    left_out: Mapping[str, int] = field(default_factory=dict)

    @property
    def left_out_words(self) -> str:
        """The same as a sentence's end; empty where nothing was left out."""
        return "; ".join(f"{n:,} × {why}" for why, n in self.left_out.items())


def read_route_log(path: Path) -> RouteLogContent:
    """Reads a log with the older files that were rotated out beside it.

    Args:
        path: the newest file.

    Raises:
        InputError: there is no such file, or no line of it is a record of a route.
    """
    if not path.is_file():
        raise InputError(f"cannot read {path}: no such file")
    left_out: Counter[str] = Counter()

    def leave(why: str) -> None:
        left_out[why] += 1

    requests: dict[str, LoggedRequest] = {}
    outcomes: dict[tuple[str, str | None], LoggedOutcome] = {}
    for part in parts_of(path):
        for record in read_part(part, leave):
            if isinstance(record, LoggedRequest):
                leave("request logged twice; the first counts") if record.id in requests else None
                requests.setdefault(record.id, record)
            else:
                key = (record.id, record.writer)
                leave("outcome told twice; the first counts") if key in outcomes else None
                outcomes.setdefault(key, record)
    _require_records(path, requests, left_out)
    strays = [key for key in outcomes if key[0] not in requests]
    if strays:
        left_out["outcome of a request that is not in the log"] = len(strays)
    known = {key: outcome for key, outcome in outcomes.items() if key[0] in requests}
    return RouteLogContent(tuple(requests.values()), known, dict(left_out))


def _require_records(path: Path, requests: Mapping[str, LoggedRequest], left_out: Mapping[str, int]) -> None:
    if requests:
        return
    broken = "; ".join(f"{n:,} × {why}" for why, n in left_out.items())
    raise InputError(f"{path} holds no routed request{f': {broken}' if broken else ''}")


def parts_of(path: Path) -> list[Path]:
    """The files of a log, the oldest first."""
    numbers = [int(other.suffix[1:]) for other in path.parent.glob(f"{path.name}.*") if other.suffix[1:].isdigit()]
    older = [path.with_name(f"{path.name}.{number}") for number in sorted(numbers, reverse=True)]
    return [part for part in (*older, path) if part.is_file()]


def read_part(path: Path, leave_out: Callable[[str], None]) -> Iterator[LoggedRequest | LoggedOutcome]:
    """The records of one file, in order.

    Args:
        path: the file.
        leave_out: told why, once for each line that is no record.

    Raises:
        InputError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            while line := file.readline(_LONGEST_LINE):
                if not line.strip():
                    continue
                if not line.endswith(b"\n"):
                    leave_out("last line cut")
                    continue
                try:
                    yield record_of(line.decode("utf-8"))
                except (InputError, UnicodeDecodeError) as error:
                    leave_out(_why(error))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error


def _why(error: Exception) -> str:
    return "not UTF-8" if isinstance(error, UnicodeDecodeError) else f"{error}"
