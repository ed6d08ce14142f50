"""Which texts are addresses of object stores, and which are patterns. Pure: nothing is connected to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from foureyes.errors import InputError

__all__ = ["SCHEMES", "has_signs", "is_remote", "joined", "scheme_of"]

SCHEMES: Final[Mapping[str, str]] = MappingProxyType(
    {"s3": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "hf": "huggingface_hub"}
)
"""Known beginnings of addresses, and the package that reads them."""

_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_USER: Final = re.compile(r"[^/]*@")


def is_remote(text: str) -> bool:
    """Whether a text is an address and no path.

    Example:
        >>> is_remote("s3://bucket/logs/*.jsonl"), is_remote("logs/*.jsonl")
        (True, False)
    """
    return _SCHEME.match(text) is not None


def has_signs(text: str) -> bool:
    """Whether a path or an address, or a part of one, is a pattern, unless something bears it for its name.

    Example:
        >>> has_signs("logs/*.jsonl"), has_signs("logs")
        (True, False)
    """
    return any(sign in text for sign in "*?[")


def scheme_of(address: str) -> str:
    """The scheme of an address that may be used.

    Raises:
        InputError: its scheme is not known, or a user or a key stands in it; the message does not repeat the address then.

    Example:
        >>> scheme_of("s3://bucket/a.jsonl")
        's3'
        >>> scheme_of("ftp://host/a.jsonl")
        Traceback (most recent call last):
        foureyes.errors.InputError: nothing here reads ftp://; wanted a file, s3://, gs:// or hf://
    """
    found = _SCHEME.match(address)
    scheme = "" if found is None else found[1].lower()
    if scheme not in SCHEMES:
        raise InputError(f"nothing here reads {scheme}://; wanted a file, s3://, gs:// or hf://")
    rest = address[len(scheme) + 3 :]
    if _USER.match(rest):  # of the hub, @ and a revision stand behind the repository's name, which is the second part
        raise InputError(
            f"credentials do not stand in an address: give the {scheme}:// one without them, and the keys where its own tools "
            "look for them (docs/files.md)"
        )
    return scheme


def joined(folder: str, name: str) -> str:
    """The address of a file in a folder.

    Example:
        >>> joined("s3://bucket/out/", "a.jsonl")
        's3://bucket/out/a.jsonl'
    """
    return f"{folder.rstrip('/')}/{name}"
