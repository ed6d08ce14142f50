"""JSON of files that anybody may have written or changed, read without surprises."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["parsed_json"]


def parsed_json(text: str) -> Any:
    """The document, or one exception for all that is none.

    Python's own parser raises others for lists nested too deeply and for numbers of over 4300 digits.

    Raises:
        json.JSONDecodeError: it is not JSON, or too deep or too long a number to be read.

    Example:
        >>> parsed_json('{"n": 1}')
        {'n': 1}
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise
    except (ValueError, RecursionError) as error:
        raise json.JSONDecodeError("nested too deeply, or a number of too many digits", text, 0) from error
