"""Whether the model that a reply names is the one that was asked. Pure.

Servers answer under an alias of what they were asked for: OpenAI and Anthropic add the date of the version, Ollama the tag,
Google leaves out ``models/``. Another model is another name, and so is another size: ``gpt-4o`` is not ``gpt-4o-mini``.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

__all__ = ["is_same_model"]

_VERSION: Final = re.compile(
    r"""
    [-@] (?: 20\d\d - [01]\d - [0-3]\d   # gpt-4o-2024-08-06
           | 20\d{6}                     # claude-sonnet-4-5-20250929
           | [01]\d - 20\d\d             # gemini-2.5-flash-preview-09-2025
           | [01]\d - [0-3]\d            # gemini-2.5-pro-preview-05-06
           | [0-2]\d{3}                  # gpt-4-0613, mistral-large-2411
           | 0\d\d                       # gemini-1.5-pro-002
         )
    | :latest                           # llama3.2:latest
    """,
    re.ASCII | re.VERBOSE,
)
"""What a server may add to a name: the date or number of a version, or the tag of the newest."""

_NEWEST: Final = re.compile(r"-(latest|0)$", re.ASCII)
"""How an alias asks for the newest version, or for the first: ``claude-sonnet-4-0`` answers as ``claude-sonnet-4-20250514``."""


def is_same_model(asked: str, told: object, also: Collection[str] = ()) -> bool:
    """Whether a reply that names a model comes from the one that was asked.

    Args:
        asked: the name that was sent.
        told: what stands in the reply.
        also: further names that the operator says the model goes by.

    Example:
        >>> is_same_model("gpt-4o", "gpt-4o-2024-08-06"), is_same_model("gpt-4o", "gpt-4o-mini-2024-07-18")
        (True, False)
    """
    if not isinstance(told, str):
        return False
    if told in also:
        return True
    name, said = asked.removeprefix("models/").casefold(), told.removeprefix("models/").casefold()
    if said == name:
        return True
    base = _NEWEST.sub("", name)
    return said.startswith(base) and _VERSION.fullmatch(said, len(base)) is not None
