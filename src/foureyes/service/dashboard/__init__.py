"""The page at ``/``: static, public, and empty until a key with scope ``audit`` is entered.

:func:`~foureyes.service.dashboard.routes.router` serves the page and its files and nothing else. What the page shows it
fetches from the service's own routes, with the key in the ``Authorization: Bearer`` header, held in the tab's
``sessionStorage`` and never in an address. The rule that holds throughout: text from outside enters the page by
``textContent`` only, and a content security policy forbids whatever might slip through.

These are the routes the page asks for. Hashes are lower-case hex::

    GET  /v1/monitoring                  {tenant, monitor: Monitor.snapshot()}
    POST /v1/monitoring/acknowledge      {key}
    GET  /v1/decisions?limit=            {decisions: [FeedItem]}
    GET  /v1/events                      server-sent events, read with fetch, numbered: decision (FeedItem), alarm (AlarmItem)
                                         and a comment now and then, so that a dead line is noticed
    GET  /v1/routes                      {routes: [RouteItem]}
    GET  /v1/routes/answers?limit=       {answers: [RouteAnswerItem], the newest first}
    GET  /v1/ledger                      {keys: C2SP verifier keys}; 501 where no ledger is kept
    GET  /v1/ledger/checkpoint           a signed note, as text
    GET  /v1/ledger/entries?limit=       {entries: the latest, oldest first}
    GET  /v1/ledger/entries/{index}      {raw: the entry's bytes as text}
    GET  /v1/ledger/proof/inclusion?index=&size=    {path: [hash]}
    GET  /v1/ledger/proof/consistency?old=&new=     {hashes: [hash]}

The shapes stand in :mod:`foureyes.service.wire`. ``segments`` of a FeedItem, from a fine-grained check, are
``{text, label: accurate | contradictory | neutral, checked, evidence: [text]}``. 401 means the key is not known, 403 that it
lacks the scope.
"""

from foureyes.service.dashboard.routes import router

__all__ = ["router"]
