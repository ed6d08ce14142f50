"""Keeps tokens and passwords out of messages made of other programs' words."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Final

__all__ = ["last_words", "redacted"]

_USERINFO: Final = re.compile(r"(?<=://)[^/\s@]+@")
_HUB_TOKEN: Final = re.compile(r"\bhf_[A-Za-z0-9]{8,}")
_SECRETS: Final = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")


def redacted(text: str, environ: Mapping[str, str] = os.environ) -> str:
    """The text without user names and passwords in addresses and without hub tokens.

    Example:
        >>> redacted("cannot reach https://me:secret@host/simple with hf_abcdefghijk", {})
        'cannot reach https://***@host/simple with ***'
    """
    for value in filter(None, map(environ.get, _SECRETS)):
        text = text.replace(value, "***")
    return _HUB_TOKEN.sub("***", _USERINFO.sub("***@", text))


def last_words(stderr: bytes) -> str:
    """The last line that a program wrote before it failed, redacted."""
    lines = stderr.decode(errors="replace").strip().splitlines()
    return redacted(lines[-1]) if lines else "it said nothing"
