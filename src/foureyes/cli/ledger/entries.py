"""Shows an auditor what a log says: who verified what, when, and what they said; and finds the entries about a text.

The whole log is verified before anything of it is shown. Texts are in it as salted hashes only, so a text is found by who has
the text and the salt.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from foureyes.cli.files import read_text
from foureyes.cli.output import CommandOutput, seen
from foureyes.display import plural
from foureyes.errors import InputError
from foureyes.guard.ledger_payload import conversation_text
from foureyes.ledger import Entry, Log, text_hash
from foureyes.types import Message

__all__ = ["find", "show"]

_ENTRY_COLUMNS: Final = (
    *("index", "time", "event", "request_id", "tenant", "agent", "mode", "failed_stage", "safe", "consensus_reached"),
    *("agreement_ratio", "configured", "asked", "tool_calls", "tools", "prompt_hash", "response_hash"),
)
_VOTE_COLUMNS: Final = ("provider", "model", "verdict", "confidence", "latency_ms", "reason", "reason_hash")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def show(log: Log, args: argparse.Namespace, output: CommandOutput) -> None:
    """Prints the entries that were asked for: in words, as CSV with a row for every vote, or as JSON."""
    size = log.verify().size
    chosen = (entry for entry in log.entries(0, size) if _is_wanted(entry, args))
    if output.as_json:
        shown = [entry.to_dict() for entry in chosen]
        output.give(lambda: {"verified": size, "entries": shown})
        n = len(shown)
    else:
        n = _write_csv(chosen) if args.csv else _write_words(chosen)
    output.say(f"{plural(size, 'entry', 'entries')} verified; {n} shown")


def find(log: Log, args: argparse.Namespace, output: CommandOutput) -> None:
    """Tells which entries hold the hash of a text, and as what."""
    salt = _salt(args)
    hashes = {text_hash(text, salt): how for text, how in reversed(_readings(read_text(args.text)))}
    size = log.verify().size
    found = [
        {"index": entry.index, "time": entry.time, "event": entry.event, "place": place, "read": hashes[value]}
        | {key: entry.payload.get(key) for key in ("request_id", "agent")}
        for entry in log.entries(0, size)
        for place, value in _texts(entry.payload)
        if value in hashes
    ]
    output.give(lambda: {"verified": size, "found": found})
    for one in [] if output.as_json else found:
        print(seen(f"{one['index']}  {one['time']}  {one['event']}  {one['place']}  ({one['read']})"))
    output.say(
        f"{plural(size, 'entry', 'entries')} verified; the text is in {plural(len(found), 'place')} under this salt"
    )


def _is_wanted(entry: Entry, args: argparse.Namespace) -> bool:
    return (
        (args.since is None or entry.time >= args.since)
        and (args.until is None or entry.time < args.until)
        and (args.agent is None or entry.payload.get("agent") == args.agent)
        and (not args.unsafe or entry.payload.get("safe") is False)
    )


def _write_words(entries: Iterable[Entry]) -> int:
    """Prints entries for a person; returns how many there were."""
    n = 0
    for entry in entries:
        print("\n".join(map(seen, _words(entry))))
        n += 1
    return n


def _words(entry: Entry) -> Iterator[str]:
    """An entry for a person: one line for it, and one for every vote."""
    told = entry.payload
    if "votes" not in told:
        yield f"{entry.index}  {entry.time}  {entry.event}  {json.dumps(told, ensure_ascii=False)}"
        return
    tools = f"  calls {_joined(told['tools'])}" if told.get("tools") else ""
    failed = f"  {told['failed_stage']} failed" if told.get("failed_stage") else ""
    verdict = "safe" if told.get("safe") is True else "NOT SAFE"
    agent = told.get("agent") or "no agent"
    yield f"{entry.index}  {entry.time}  {agent}  {verdict}{failed}{tools}  prompt {_short(told, 'prompt_hash')}"
    for vote in _objects(told["votes"]):
        confidence = "" if vote.get("confidence") is None else f" {vote['confidence']}"
        said = vote.get("reason") or (f"reason {_short(vote, 'reason_hash')}" if vote.get("reason_hash") else "")
        yield f"    {vote.get('provider')}/{vote.get('model')}  {vote.get('verdict')}{confidence}  {said}".rstrip()
    for one in _objects(told.get("unasked")):
        yield f"    {one.get('provider')}/{one.get('model')}  not asked"


def _short(of: Mapping[str, Any], key: str) -> str:
    return f"{str(of.get(key))[:16]}…"


def _objects(values: Any) -> list[Mapping[str, Any]]:
    return [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []


def _write_csv(entries: Iterable[Entry]) -> int:
    """A row for every vote, and one for an entry without any; returns how many entries there were."""
    table, n = csv.writer(sys.stdout, lineterminator="\n"), 0
    table.writerow((*_ENTRY_COLUMNS, *_VOTE_COLUMNS))
    for entry in entries:
        n += 1
        about = {**entry.payload, "index": entry.index, "time": entry.time, "event": entry.event}
        for vote in _objects(entry.payload.get("votes")) or [{}]:
            cells = (*(about.get(name) for name in _ENTRY_COLUMNS), *(vote.get(name) for name in _VOTE_COLUMNS))
            table.writerow(map(_cell, cells))
    return n


def _cell(value: Any) -> Any:
    """A value for a spreadsheet: a text that it would take for a formula gets a mark before it."""
    if isinstance(value, bool):
        return str(value).lower()
    value = _joined(value)
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _joined(value: Any) -> Any:
    return " ".join(map(str, value)) if isinstance(value, list) else value


def _readings(text: str) -> list[tuple[str, str]]:
    """What a file may be a copy of, the likeliest first, and how it was read for that."""
    text = text.removeprefix("\ufeff")
    found = [(text, "as it is"), (text.removesuffix("\n"), "without its last line end")]
    if (turns := _conversation(text)) is not None:
        found.append((conversation_text(turns), "as a conversation"))
    return found


def _conversation(text: str) -> tuple[Message, ...] | None:
    """Messages with role and content, as the service takes them; ``None`` where the text is something else."""
    try:
        return tuple(Message(turn["role"], turn["content"]) for turn in json.loads(text))
    except (ValueError, TypeError, KeyError, RecursionError):  # InputError is a ValueError
        return None


def _texts(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Every text in a payload, and where it stands."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, f"{place}.{key}" if place else str(key))
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from _texts(inner, f"{place}[{i}]")


def _salt(args: argparse.Namespace) -> bytes:
    """The tenant's salt, as the service reads it: without white space around it. No message repeats it."""
    if args.salt_file is not None:
        salt = read_text(Path(args.salt_file)).removeprefix("\ufeff").strip()
    else:
        salt = os.environ.get(args.salt_env, "").strip()
    if not salt:
        raise InputError("the salt is empty, or the environment variable that --salt-env names is not set")
    return salt.encode()
