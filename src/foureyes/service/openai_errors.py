"""Errors in OpenAI's shape, so that its clients raise what they raise for OpenAI."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, Final

import orjson
from starlette.responses import Response

from foureyes.errors import InputError
from foureyes.route.outcome import RoutedAnswer
from foureyes.service.problems import Refused, problem_of
from foureyes.service.wire.base import Problem
from foureyes.service.wire.openai_told import headers_of, told_of

__all__ = ["RouteFailed", "UnknownModel", "error_body", "error_response"]

_CODES: Final[Mapping[int, tuple[str, str | None]]] = {
    401: ("invalid_request_error", "invalid_api_key"),
    403: ("permission_error", "insufficient_permissions"),
    404: ("invalid_request_error", "not_found"),
    408: ("invalid_request_error", "request_timeout"),
    413: ("invalid_request_error", "request_too_large"),
    429: ("rate_limit_error", "rate_limit_exceeded"),
    503: ("server_error", "service_unavailable"),
    504: ("server_error", "timeout"),
}
"""Type and code of an error, by its status; see :func:`_code`."""

_ROOT: Final = re.compile(r"[.\[:]")
_NEEDED: Final = ("model", "messages", "prompt", "input")


class UnknownModel(Refused):
    """A model that is no route of the caller's."""

    code: Final = "model_not_found"

    def __init__(self, model: str) -> None:
        super().__init__(404, f"The model {model[:100]!r} does not exist or you do not have access to it")


class RouteFailed(Refused):
    """A route that could return nothing, since its writers or its reader failed.

    Args:
        answer: what it tried. Where a writer was paid, clients are told not to try again by themselves.
    """

    code: Final = "route_failed"

    def __init__(self, answer: RoutedAnswer) -> None:
        tried = "; ".join(f"{one.writer}: {one.failure or 'not read'}" for one in answer.stages) or "nobody was asked"
        paid = any(one.candidates or one.usage is not None for one in answer.stages)
        super().__init__(
            503,
            f"The route {answer.route} has no answer that it may return ({tried})",
            headers={"x-should-retry": "false"} if paid else {"retry-after": "1"},
        )
        self.answer: Final = answer


def error_body(error: Exception, request_id: str, fields: Collection[str] = ()) -> tuple[int, dict[str, Any]]:
    """Status and body for whatever was raised. What may be told is what :mod:`foureyes.service.problems` tells.

    Args:
        error: what was raised.
        request_id: of the request.
        fields: of its body, one of which the error may be about.

    Example:
        >>> error_body(InputError("n must be at least 1; got 0"), "r-1")[1]["error"]["type"]
        'invalid_request_error'
    """
    problem = problem_of(error, request_id)
    status = 400 if problem.status == 422 else problem.status
    kind, code = _CODES.get(status, ("server_error" if status >= 500 else "invalid_request_error", None))
    told = {
        "message": _message(error, problem),
        "type": kind,
        "param": _field(str(error), fields) if isinstance(error, InputError) else None,
        "code": getattr(error, "code", code),
    }
    body = {"error": told}
    return status, {**body, "foureyes": told_of(error.answer)} if isinstance(error, RouteFailed) else body


def error_response(error: Exception, request_id: str, fields: Collection[str] = ()) -> Response:
    """The same as a response, with the headers that the error brings along."""
    status, body = error_body(error, request_id, fields)
    response = Response(
        orjson.dumps(body), status, headers=getattr(error, "headers", None), media_type="application/json"
    )
    if isinstance(error, RouteFailed):
        response.raw_headers.extend(headers_of(error.answer))
    return response


def _message(error: Exception, problem: Problem) -> str:
    if isinstance(error, UnknownModel | RouteFailed):
        return str(error.detail)
    if isinstance(error, InputError):
        return str(error)[:500]
    return problem.title if problem.detail is None else f"{problem.title}: {problem.detail}"


def _field(message: str, fields: Collection[str]) -> str | None:
    """The field that a message begins with, as ours about fields do."""
    first = message.partition(" ")[0]
    return first if _ROOT.split(first)[0] in {*fields, *_NEEDED} else None
