"""Which addresses may stand in the configuration. Pure: nothing is resolved or connected to.

A verifier sees every answer and its prompt, so where it is reached is the operator's decision alone: addresses come from the
configuration and from nowhere else, whatever a request says. They are http or https, name a host and nothing that should
not be in a log; plain http leaves the machine only where that is asked for. Clients follow no redirects.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import SplitResult, urlsplit

__all__ = ["is_loopback", "objection"]


def objection(url: str, *, allow_http: bool = False) -> str | None:
    """What is wrong with an address; ``None`` if nothing is. The words never repeat the address, which may hold a secret.

    Args:
        url: as configured.
        allow_http: let plain http go to other machines.

    Example:
        >>> objection("https://api.example.com/v1") is None, objection("http://localhost:8000/v1") is None
        (True, True)
        >>> objection("http://api.example.com/v1")
        'plain http to another machine shows keys and texts to the network: use https, or set allow_http = true'
    """
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        return "an address has only printable ASCII characters, no spaces and no backslashes (write IDNs in punycode)"
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises for one that is none
    except ValueError:
        return "not an address: its host or port cannot be read"
    return _objection_to(parts, allow_http=allow_http)


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, by its name alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _objection_to(parts: SplitResult, *, allow_http: bool) -> str | None:
    if parts.scheme not in ("http", "https"):
        return f"wanted http:// or https://; got the scheme {parts.scheme[:20]!r}"
    if "@" in parts.netloc:
        return "credentials do not stand in an address: name a key with key_env or key_file"
    if not parts.hostname:
        return "an address needs a host"
    if parts.query or parts.fragment:
        return "an address ends with its path: no ? and no #"
    if parts.scheme == "http" and not allow_http and not is_loopback(parts.hostname):
        return "plain http to another machine shows keys and texts to the network: use https, or set allow_http = true"
    return None
