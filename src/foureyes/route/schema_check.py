"""Holds answers to the JSON schema that was asked for, within bounded time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from foureyes.errors import InputError
from foureyes.guard.threads import BoundedThreads, ThreadsClosed
from foureyes.own_process import OwnProcess, ProcessGone, WorkFailed
from foureyes.route.outcome import RouteRequest
from foureyes.route.replies import StageFault, said
from foureyes.route.reply_json import strict_value
from foureyes.types import Message

if TYPE_CHECKING:
    from foureyes.route.answer_schema import AnswerSchema

__all__ = ["SchemaCheck", "schema_of"]

_WAIT_S, _START_S = 10.0, 60.0
_SLOW: Final = "could not be held to the schema that was asked for in bounded time"
_THREADS: Final = 4
_MOST_HERE: Final = 100_000
"""Characters of an answer that is taken apart here; a million may take a tenth of a second."""

_UNKNOWN: Final = (
    "response_format: whether this is a JSON schema could not be told in bounded time; wanted fewer or shorter patterns"
)
_MISFIT: Final = "does not follow the schema that was asked for"


def schema_of(request: RouteRequest) -> AnswerSchema | None:
    """The schema that answers must follow; ``None`` where none was asked for.

    Raises:
        InputError: it cannot be held to; see :class:`~foureyes.route.answer_schema.AnswerSchema`.
        ConfigError: the extra that checks it is not installed.
    """
    form = request.body.get("response_format")
    if not isinstance(form, Mapping) or form.get("type") != "json_schema":
        return None
    named = form.get("json_schema")
    schema = named.get("schema") if isinstance(named, Mapping) else None
    if schema is None:
        return None
    if not isinstance(schema, Mapping):
        raise InputError(f"response_format: the schema must be an object; got {type(schema).__name__}")
    from foureyes.route.answer_schema import AnswerSchema  # noqa: PLC0415 - needs an extra

    return AnswerSchema(schema)


class SchemaCheck:
    """Checks the answers of a route, cheap ones at once, others in a process of its own.

    Args:
        most_s: seconds that one answer may take there; most take less than a thousandth of one.
    """

    def __init__(self, most_s: float = 5.0) -> None:
        self._most_s = most_s
        self._process = OwnProcess(partial(partial, _fits), name="foureyes-schemas")
        self._threads = BoundedThreads(_THREADS, name="schemas")

    async def require(self, schema: AnswerSchema) -> None:
        """Refuses what is no schema, where that was not known at once: before anybody is paid for answers.

        Raises:
            InputError: it is none, or that cannot be told in bounded time.
        """
        if schema.is_ready:
            return
        try:
            refused = await self._asked(schema, None)
        except (ProcessGone, WorkFailed, ThreadsClosed, TimeoutError):
            raise InputError(_UNKNOWN) from None
        if refused:
            raise InputError(refused)

    async def fault(self, schema: AnswerSchema, turns: Sequence[Message]) -> StageFault | None:
        """What is wrong with answers; ``None`` where every one follows the schema.

        Args:
            schema: of the request.
            turns: the answers. Calls of tools are none: they have schemas of their own, which are the server's business.
        """
        for place, turn in enumerate(turns, 1):
            if not turn.calls and (why := await self._why_not(schema, said(turn))):
                return StageFault("bad_reply", f"choice {place} {why}")
        return None

    def close(self) -> None:
        """Ends the process."""
        self._process.close()
        self._threads.close()

    async def _asked(self, schema: AnswerSchema, text: str | None) -> Any:
        async with asyncio.timeout(_WAIT_S + self._most_s + _START_S):
            return await self._threads.do(lambda: self._process.ask((schema.text, text), self._most_s, wait_s=_WAIT_S))

    async def _why_not(self, schema: AnswerSchema, text: str) -> str:
        if len(text) <= _MOST_HERE:
            try:
                value = strict_value(text)
            except InputError:
                return "is not the JSON that was asked for"
            if schema.is_cheap(value):
                return "" if schema.fits(value) else _MISFIT
        try:
            fits = await self._asked(schema, text)
        except (ProcessGone, WorkFailed, ThreadsClosed, TimeoutError):
            return _SLOW
        return "" if fits else _MISFIT


def _fits(asked: tuple[str, str | None]) -> bool | str:
    """In the process: whether a text follows a schema; without a text, why the schema is none, empty where it is one."""
    from foureyes.route.answer_schema import AnswerSchema  # noqa: PLC0415

    schema, text = asked
    try:
        ready = AnswerSchema(json.loads(schema), patient=True)
        return "" if text is None else ready.fits(strict_value(text))
    except InputError as error:
        return str(error) if text is None else False
