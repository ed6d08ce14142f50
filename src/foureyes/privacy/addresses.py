"""Finds e-mail addresses in any domain, and web addresses that hold credentials.

Both are looked for from the sign that none is without, ``@`` and ``://``, outwards: time grows with the text and no faster.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from foureyes.privacy.findings import Finding
from foureyes.privacy.looking import TimeLimit
from foureyes.privacy.windows import TextWindow

__all__ = ["CredentialUrls", "Emails"]

_MAILBOX: Final = re.compile(r"[\w.!#$%&'*+\-/=?^`{|}~]+")
_FIRST: Final = re.compile(r"\w")
_DOMAIN: Final = re.compile(r"\w++(?:-++\w++)*+(?:\.\w++(?:-++\w++)*+)++")

_ADDRESS: Final = re.compile(r"\b[a-z][a-z0-9+.\-]{1,30}://[^\s\"'<>]++", re.IGNORECASE)
_USER: Final = re.compile(r"://[^\s/?#@]++@")
_PARAMETER: Final = re.compile(
    r"[?&;](?:access_?token|api_?key|auth|key|passw(?:or)?d|pwd|secret|sig(?:nature)?|token)=", re.IGNORECASE
)
_LAST: Final = frozenset("/=&%~+$-_")  # besides letters and digits; other signs at the end belong to the sentence


class Emails:
    """E-mail addresses. Whether a domain exists is not asked: ``ana@corp.internal`` is one."""

    kind = "EMAIL_ADDRESS"
    clue = re.compile("@")

    def find(self, text: str, window: TextWindow, limit: TimeLimit) -> Iterator[Finding]:
        """Every address in a window; where they are written without a gap, each with what it shares with the next."""
        limit.left()
        for mailbox in _MAILBOX.finditer(text, window.start, window.end):
            at = mailbox.end()
            if text[at : at + 1] == "@" and (domain := _DOMAIN.match(text, at + 1, window.end)):
                first = _FIRST.search(text, mailbox.start(), at)
                if first:
                    yield Finding(first.start(), domain.end(), self.kind, 0.5)


class CredentialUrls:
    """Web addresses with a user or a password before the host, or a key among their parameters."""

    kind = "URL_WITH_CREDENTIALS"
    clue = re.compile("://")

    def find(self, text: str, window: TextWindow, limit: TimeLimit) -> Iterator[Finding]:
        """Every such address in a window, without the punctuation of the sentence it stands in."""
        limit.left()
        for address in _ADDRESS.finditer(text, window.start, window.end):
            start, end = address.span()
            if _USER.search(text, start, end) or _PARAMETER.search(text, start, end):
                while not (text[end - 1].isalnum() or text[end - 1] in _LAST):
                    end -= 1
                yield Finding(start, end, self.kind, 0.9)
