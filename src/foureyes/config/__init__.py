"""The one place where a service is configured and its parts are wired.

``load(path, environ)`` reads TOML and the environment into frozen :class:`Settings`, or reports every mistake at once.
:class:`Keyring` says whose API key it is, :class:`Reloader` follows the file, and :func:`foureyes.config.wiring.build` makes the
:class:`~foureyes.config.parts.Parts` that the service works with. Two rules hold throughout: a secret is named and never written,
shown or logged; and nothing of a request becomes an address, a key or a header.

A newcomer starts at :mod:`foureyes.config.settings`.
"""

from foureyes.config.keys import ApiKey, Keyring, NewKey, Principal, new_key
from foureyes.config.load import load
from foureyes.config.reloader import Reloader
from foureyes.config.secret import Secret
from foureyes.config.service_settings import ServerSettings
from foureyes.config.settings import RateLimit, Settings, TenantSettings, needs_restart
from foureyes.config.verifier_settings import JudgeVerifier, ReaderVerifier, Verifier

__all__ = [
    "ApiKey",
    "JudgeVerifier",
    "Keyring",
    "NewKey",
    "Principal",
    "RateLimit",
    "ReaderVerifier",
    "Reloader",
    "Secret",
    "ServerSettings",
    "Settings",
    "TenantSettings",
    "Verifier",
    "load",
    "needs_restart",
    "new_key",
]
