"""Files of OpenAI's and Anthropic's batches: requests in one, what became of them in another, joined by ``custom_id``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from foureyes.errors import InputError

__all__ = ["batch_exchange", "batch_output_answers", "is_batch_input", "is_batch_output", "unasked"]


def is_batch_input(row: Mapping[str, Any]) -> bool:
    """Whether a row is a request of a batch."""
    return "custom_id" in row and isinstance(row.get("body", row.get("params")), dict)


def is_batch_output(row: Mapping[str, Any]) -> bool:
    """Whether a row is what became of a request of a batch."""
    return "custom_id" in row and ({"response", "error"} <= row.keys() or isinstance(row.get("result"), dict))


def batch_output_answers(row: Mapping[str, Any]) -> NoReturn:
    """None: the prompt stands in another file.

    Raises:
        InputError: always.
    """
    _reply(row)
    raise InputError(
        f"answers the request {row['custom_id']!r:.60} of a batch, whose prompt stands in the batch's input file; "
        "give both files"
    )


def unasked(row: Mapping[str, Any]) -> str:
    """Why there is no answer in a row whose request is not among those that were given."""
    try:
        _reply(row)
    except InputError as error:
        return str(error)
    return f"answers the request {row['custom_id']!r:.60} of a batch, which is not among the requests that were given"


def batch_exchange(request: Mapping[str, Any], output: Mapping[str, Any]) -> dict[str, Any]:
    """Request and response, as a log of single calls would hold them.

    Raises:
        InputError: the request came to nothing.
    """
    return {"request": request.get("body", request.get("params")), "response": _reply(output)}


def _reply(row: Mapping[str, Any]) -> dict[str, Any]:
    match row:
        case {"result": {"type": "succeeded", "message": dict(message)}}:
            return message
        case {"result": {"type": str(kind), **rest}}:
            raise InputError(
                f"the request {row['custom_id']!r:.60} of a batch came to nothing: {kind} {_said(rest)}".rstrip()
            )
        case {"response": {"status_code": 200, "body": dict(body)}}:
            return body
        case {"response": {"status_code": status, "body": body}}:
            raise InputError(
                f"the request {row['custom_id']!r:.60} of a batch failed with HTTP {status}: {_said(body)}"
            )
        case _:
            raise InputError(f"the request {row['custom_id']!r:.60} of a batch came to nothing: {_said(row)}")


def _said(body: object) -> str:
    match body:
        case {"error": {"message": str(said)}} | {"error": {"error": {"message": str(said)}}}:
            return said[:200]
        case {"error": {"code": str(said)}}:
            return said[:200]
        case _:
            return "no reason is given"
