"""Every error of the service as one shape: ``application/problem+json`` (RFC 9457).

The rule: what a caller is told names the kind of problem and what was wanted, never a value, a path, a key or another
tenant. So the words of our own errors are passed on only where they speak of the caller's input; a broken ledger says
that it is broken, and the log says how.

Start at :func:`problem_of`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from foureyes.display import plural
from foureyes.errors import FoureyesError, InputError, LedgerError, ModelError, StateError
from foureyes.service.wire.base import FieldError, Problem

__all__ = ["KINDS", "Refused", "problem_of", "problem_response"]

MEDIA_TYPE: Final = "application/problem+json"

KINDS: Final[Mapping[int, tuple[str, str]]] = {
    400: ("malformed", "The request cannot be read"),
    401: ("unauthenticated", "A valid API key is needed"),
    403: ("forbidden", "This key may not do that"),
    404: ("not-found", "There is no such thing"),
    405: ("method", "This method is not served here"),
    406: ("not-acceptable", "This cannot be sent in the form asked for"),
    408: ("slow-request", "The request took too long to arrive"),
    409: ("conflict", "The state of things does not allow it"),
    413: ("too-large", "The body is too large"),
    414: ("address-too-long", "The address of the request is too long"),
    415: ("media-type", "The body must be JSON"),
    422: ("invalid", "The request is not valid"),
    429: ("too-many", "Too many requests"),
    431: ("head-too-large", "The head of the request is too large"),
    500: ("internal", "Something failed on our side; nothing was verified"),
    501: ("not-configured", "This is not configured for this tenant"),
    503: ("unavailable", "Not available right now; nothing was verified"),
    504: ("deadline", "The deadline passed; nothing was verified"),
}
"""Status: the last part of the type's name, and its title."""

_TOLD: Final[Sequence[tuple[type[Exception], int, str | None]]] = (
    (TimeoutError, 504, None),
    (StateError, 503, "what is known of the tenant cannot be read or written now; try again"),
    (LedgerError, 503, "the ledger cannot be used"),
    (ModelError, 503, "a model cannot be used"),
    (FoureyesError, 503, "a part of the service cannot be used"),
)
"""Status and detail of other errors: the first class that fits."""

_MOST_ERRORS: Final = 20
_LONGEST: Final = 120


class Refused(HTTPException):
    """A request that is not served.

    Attributes:
        errors: what is wrong with it, field by field.
    """

    def __init__(
        self,
        status: int,
        detail: str | None = None,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, detail, dict(headers) if headers else None)
        self.errors = tuple(errors)


def problem_of(error: BaseException, request_id: str) -> Problem:
    """What the caller is told about an error.

    Args:
        error: whatever was raised while the request was served.
        request_id: of that request.

    Example:
        >>> problem_of(Refused(413, "2 MiB are too many"), "r-1").type
        'urn:foureyes:problem:too-large'
        >>> problem_of(ZeroDivisionError("secret"), "r-1").detail is None
        True
    """
    if isinstance(error, RequestValidationError | ValidationError):
        return _invalid(error.errors(), request_id)
    if isinstance(error, HTTPException):
        said = (error.detail or None, error.errors) if isinstance(error, Refused) else (None, ())
        return _problem(error.status_code, request_id, *said)
    if isinstance(error, InputError):
        return _problem(422, request_id, str(error)[:500])
    found = next(((status, detail) for kind, status, detail in _TOLD if isinstance(error, kind)), (500, None))
    return _problem(found[0], request_id, found[1])


def problem_response(error: Exception, request_id: str) -> Response:
    """The problem as a response, with the headers that the error brings along, as ``Retry-After``."""
    problem = problem_of(error, request_id)
    return Response(problem.body(), problem.status, headers=getattr(error, "headers", None), media_type=MEDIA_TYPE)


def _invalid(found: Sequence[Any], request_id: str) -> Problem:
    """Findings of pydantic without the values they are about."""
    errors = [
        FieldError(where=_pointer(error["loc"]), what=str(error["msg"])[:_LONGEST]) for error in found[:_MOST_ERRORS]
    ]
    return _problem(422, request_id, plural(len(found), "field is wrong", "fields are wrong"), errors)


def _problem(status: int, request_id: str, detail: str | None = None, errors: Sequence[FieldError] = ()) -> Problem:
    kind, title = KINDS.get(status, ("other", "The request was not served"))
    return Problem(
        type=f"urn:foureyes:problem:{kind}",
        title=title,
        status=status,
        detail=detail,
        request_id=request_id,
        errors=list(errors) or None,
    )


def _pointer(loc: Sequence[str | int]) -> str:
    """A JSON pointer into the body, or the name of a parameter."""
    kind, *path = loc or ("body",)
    if kind in ("query", "path", "header"):
        return str(path[0])
    inside = path if kind == "body" else loc
    return "/" + "/".join(str(part)[:_LONGEST].replace("~", "~0").replace("/", "~1") for part in inside)
