"""Holds answers to the JSON schema that was asked for, within bounded time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from foureyes.errors import InputError
from foureyes.own_process import OwnProcess, ProcessGone, WorkFailed
from foureyes.route.outcome import RouteRequest
from foureyes.route.replies import StageFault, said
from foureyes.route.reply_json import strict_value
from foureyes.types import Message

if TYPE_CHECKING:
    from foureyes.route.answer_schema import AnswerSchema

__all__ = ["SchemaCheck", "schema_of"]

_WAIT_S: Final = 10.0
_SLOW: Final = "could not be held to the schema that was asked for in bounded time"
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

    async def _why_not(self, schema: AnswerSchema, text: str) -> str:
        try:
            value = strict_value(text)
        except InputError:
            return "is not the JSON that was asked for"
        if schema.is_cheap(value):
            return "" if schema.fits(value) else _MISFIT
        try:
            fits = await asyncio.to_thread(self._process.ask, (schema.text, text), self._most_s, wait_s=_WAIT_S)
        except (ProcessGone, WorkFailed):
            return _SLOW
        return "" if fits else _MISFIT


def _fits(asked: tuple[str, str]) -> bool:
    """In the process: whether a text follows a schema."""
    from foureyes.route.answer_schema import AnswerSchema  # noqa: PLC0415

    schema, text = asked
    return AnswerSchema(json.loads(schema)).fits(strict_value(text))
