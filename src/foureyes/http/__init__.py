"""Asking other machines over HTTP: readers, judges, writers and webhooks all do it by the rules in this package.

The rule that holds throughout: what cannot be had becomes :class:`~foureyes.http.failures.RequestFailed`, within the limits that
were set, and no key stands in its words.

::

    blocking     the same from synchronous code
    client       one request: JSON out, JSON in
    ├── pool         connections to one server, and requests over them
    │   ├── connection   one of them: HTTP/1.1
    │   └── way          straight, or through a proxy
    │       └── dialling     a host of several addresses
    ├── retries      what is sent again, and until when
    ├── busy         how long a busy server is left alone
    ├── failures     what every status means
    ├── limits       how long, how often, how many at once, how much
    ├── in_flight    how many at once, found by trying
    ├── addresses    which addresses and keys are used at all
    └── error_text   another server's words, made fit for our messages

Start at :class:`~foureyes.http.client.HttpClient`. What it needs is in the extra ``http``.
"""

from foureyes.http.limits import RequestLimits

__all__ = ["RequestLimits"]
