"""Which addresses are asked, and which keys are sent. Pure: nothing is resolved or connected to.

A verifier sees every answer and its prompt, so where it is reached is the operator's decision alone: addresses come from the
configuration and from nowhere else, whatever a request says. They are http or https, name a host and nothing that should
not be in a log; in a configuration plain http leaves the machine only where that is asked for. Clients follow no redirects.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import SplitResult, urlsplit

from foureyes.errors import ConfigError

__all__ = [
    "KEY_VARIABLE",
    "fits_a_header",
    "is_loopback",
    "keys_by_root",
    "objection",
    "require_address",
    "require_key",
    "server_key",
    "server_root",
    "server_roots",
]

KEY_VARIABLE: Final = "FOUREYES_API_KEY"


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
        port = parts.port  # raises for one that is none
    except ValueError:
        return "not an address: its host or port cannot be read"
    if port == 0:
        return "nobody listens at port 0"
    return _objection_to(parts, allow_http=allow_http)


def require_address(url: str) -> str:
    """An address that a client may be given; paths are appended to it.

    Raises:
        ConfigError: there is an objection to it. The message does not repeat it.

    Example:
        >>> require_address("http://vllm.internal:8000/v1/")
        'http://vllm.internal:8000/v1/'
    """
    if wrong := objection(url, allow_http=True):
        raise ConfigError(f"wanted an address like http://localhost:8000/v1: {wrong}")
    return url


def server_root(url: str) -> tuple[str, str | None]:
    """The address of a server of models without its ``/v1``, and the model named after ``#``.

    Raises:
        ConfigError: there is an objection to the address.

    Example:
        >>> server_root("http://host:8000/v1#gemma")
        ('http://host:8000', 'gemma')
    """
    address, _, model = url.partition("#")
    return require_address(address).rstrip("/").removesuffix("/v1"), model or None


def server_roots(urls: Sequence[str]) -> tuple[list[str], str | None]:
    """The addresses of servers of one model without their ``/v1``, and the model that is named after the ``#`` of any.

    Raises:
        ConfigError: there is none, an objection to one, one that stands twice, or two models that are named.

    Example:
        >>> server_roots(["http://a:8000/v1", "http://b:8000/v1#gemma"])
        (['http://a:8000', 'http://b:8000'], 'gemma')
    """
    found = [server_root(url) for url in urls]
    roots = [root for root, _ in found]
    models = {model for _, model in found if model is not None}
    if not roots:
        raise ConfigError("wanted the address of at least one server; got none")
    if twice := [root for root in roots if roots.count(root) > 1]:
        raise ConfigError(f"each server is named once; got {twice[0]} twice")
    if len(models) > 1:
        raise ConfigError(f"servers of one verifier serve one model; got the names {', '.join(sorted(models))}")
    return roots, next(iter(models), None)


def keys_by_root(roots: Sequence[str], given: str | Mapping[str, str] | None) -> dict[str, str | None]:
    """The key that each server is sent, by its address without ``/v1``.

    Args:
        roots: the addresses.
        given: one for all of them; or some by address, and then no other key is sent to any; or none, for the environment's.

    Raises:
        ConfigError: a key is for an address that is none of these.
    """
    if not isinstance(given, Mapping):
        return dict.fromkeys(roots, given or server_key())
    own = {server_root(url)[0]: key for url, key in given.items()}
    if strange := sorted(own.keys() - set(roots)):
        raise ConfigError(f"a key is given for {strange[0]}, which is none of {', '.join(roots)}")
    return {root: own.get(root) for root in roots}


def server_key() -> str | None:
    """The key for servers that are named by their address: the environment's ``FOUREYES_API_KEY``."""
    return os.environ.get(KEY_VARIABLE) or None


def require_key(key: str) -> str:
    """A key that can be sent.

    Raises:
        ConfigError: no header can carry it; the message does not repeat it.
    """
    if not fits_a_header(key):
        raise ConfigError(
            "wanted a key of visible ASCII without white space; got one that no header can carry, or none"
        )
    return key


def fits_a_header(key: str) -> bool:
    r"""Whether a key can be sent: visible ASCII, without the line break that a file may end with.

    What cannot be sent would be quoted in the HTTP library's complaint.

    Example:
        >>> fits_a_header("sk-123"), fits_a_header("sk-123\n"), fits_a_header("")
        (True, False, False)
    """
    return key.isascii() and key.isprintable() and key.split() == [key]


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
        return f"credentials do not stand in an address: give the key as a key (key_env or key_file in a configuration, {KEY_VARIABLE} in the environment)"
    if not parts.hostname:
        return "an address needs a host"
    if parts.query or parts.fragment:
        return "an address ends with its path: no ? and no #"
    if parts.scheme == "http" and not allow_http and not is_loopback(parts.hostname):
        return "plain http to another machine shows keys and texts to the network: use https, or set allow_http = true"
    return None
