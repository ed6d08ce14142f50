"""Authentication, scopes and rate limits: who calls, what their key may do, and how much of it.

::

    Verifying = Annotated[Call, Depends(RequireScope("verify"))]
    async def verify(call: Verifying, body: VerifyRequest) -> VerifyResponse: ...

The rules, in this order: no key, or one that nobody has, is a 401 in the same words; a key without the scope is a 403; a
tenant beyond its share of the requests in flight is a 503; one beyond its rate limit is a 429 that says when to come back. All this happens before a byte of the body is read. The
parts a request works with are those in force when it arrived, so that a change of configuration never splits a request.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Final, TypeAlias, TypeVar

from fastapi import Depends, Request
from starlette.types import Scope

from foureyes.choices import KeyScope
from foureyes.config.parts import TenantParts
from foureyes.service.app_state import AppState
from foureyes.service.door import peer_of
from foureyes.service.problems import Refused
from foureyes.service.tenant_state import TenantState

__all__ = [
    "ADMITTED",
    "HOLDS",
    "LEASE",
    "ROUTING",
    "Auditing",
    "Call",
    "Reporting",
    "RequireScope",
    "Resuming",
    "Verifying",
    "caller_of",
    "presented_key",
]

T = TypeVar("T")

ADMITTED: Final = "foureyes.admitted"
"""Where a request's scope holds its :class:`Call` once the caller was admitted."""

LEASE: Final = "foureyes.lease"
"""Where a request's scope holds its :class:`~foureyes.service.parts_use.PartsLease`."""

HOLDS: Final = "foureyes.holds"
"""Where it holds the tenant whose share of the requests in flight it takes; the middleware gives it back."""

CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="foureyes"'}
_LONGEST_KEY: Final = 512


@dataclass(frozen=True, slots=True)
class Call:
    """An authenticated request.

    Attributes:
        state: of the application.
        tenant: what is known of the caller's tenant in this process.
        parts: the tenant's parts in force when it arrived.
        scopes: what it may do.
        scope: of ASGI, for headers and the request's name.
        key_id: which of the tenant's keys it holds, never the key; empty where it holds none.
    """

    state: AppState
    tenant: TenantState
    parts: TenantParts
    scopes: Collection[str]
    scope: Scope
    key_id: str = ""

    @property
    def request_id(self) -> str:
        """Names the request in logs and problems."""
        request_id: str = self.scope["foureyes.request_id"]
        return request_id

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """As they came."""
        headers: list[tuple[bytes, bytes]] = self.scope["headers"]
        return headers

    def release_parts(self) -> None:
        """Says that the rest of the request, which is to be sent, works with no configured part: they may be closed."""
        self.scope[LEASE].end()

    async def in_thread(self, work: Callable[..., T], *args: Any) -> T:
        """What blocking work of the tenant comes to, in one of its own threads."""
        return await self.tenant.threads.do(partial(work, *args))

    async def in_privacy_thread(self, work: Callable[..., T], *args: Any) -> T:
        """The same for work on personal data, which may take long: the tenant reads its records meanwhile."""
        return await self.tenant.privacy_threads.do(partial(work, *args))


class RequireScope:
    """A dependency that admits whoever holds a key with one scope, within the tenant's rate limit.

    Args:
        scope: what the route needs; ``admin`` keys may do everything.
    """

    def __init__(self, scope: KeyScope) -> None:
        self.scope: Final = scope

    async def __call__(self, request: Request) -> Call:
        """Admits the caller, unless that was done before the body was read."""
        if ADMITTED not in request.scope:
            request.scope[ADMITTED] = await self.admit(request.scope)
        admitted: Call = request.scope[ADMITTED]
        return admitted

    async def admit(self, scope: Scope) -> Call:
        """Who calls, if they may.

        Raises:
            Refused: 401, 403, 429 or 503.
        """
        state: AppState = scope["foureyes.state"]
        key = presented_key(scope)
        principal = state.parts.keyring.identify(key) if key is not None else None
        if principal is None:
            raise Refused(401, "send it as 'Authorization: Bearer KEY' or 'X-API-Key: KEY'", headers=CHALLENGE)
        scope["foureyes.tenant"] = principal.tenant
        if self.scope not in principal.scopes and "admin" not in principal.scopes:
            raise Refused(403, f"it needs the scope '{self.scope}'")
        tenant = state.tenant(principal.tenant)
        if not state.in_flight.enter(tenant.name):
            raise Refused(503, "too many requests are in flight", headers={"Retry-After": "1"})
        scope[HOLDS] = tenant.name
        await spend(tenant, 1, now=state.instruments.wall_clock())
        return Call(state, tenant, tenant.parts, principal.scopes, scope, principal.key_id)


async def spend(tenant: TenantState, n: int, *, now: float) -> None:
    """Takes n requests from what a tenant may ask for.

    Raises:
        Refused: 429, with ``Retry-After`` in whole seconds.
    """
    if (wait := await tenant.acquire(n, now=now)) is not None:
        seconds = max(1, math.ceil(wait))
        raise Refused(429, f"try again in {seconds} s", headers={"Retry-After": str(seconds)})


def presented_key(scope: Scope) -> str | None:
    """The API key of a request: a bearer token, or the header ``X-API-Key``; ``None`` if there is none, or two."""
    bearer = plain = None
    for name, value in scope["headers"]:
        if name == b"authorization" and value[:7].lower() == b"bearer ":
            bearer = value[7:].strip()
        elif name == b"x-api-key":
            plain = value.strip()
    if bearer and plain and bearer != plain:
        return None
    key = bearer or plain
    if not key or len(key) > _LONGEST_KEY or not key.isascii():
        return None
    return str(key, "ascii")


def caller_of(scope: Scope) -> str:
    """Whose request this is: a tenant's by its key, or, of one that has none, its address's."""
    state: AppState = scope["foureyes.state"]
    key = presented_key(scope)
    principal = state.parts.keyring.identify(key) if key is not None else None
    if principal is not None:
        return f"tenant {principal.tenant}"
    return f"address {peer_of(scope['client'][0])}" if scope.get("client") else "no address"


Verifying: TypeAlias = Annotated[Call, Depends(RequireScope("verify"))]
ROUTING: Final = RequireScope("route")
"""Admits whoever may ask a route's writers, which costs money."""
Reporting: TypeAlias = Annotated[Call, Depends(RequireScope("report"))]
Auditing: TypeAlias = Annotated[Call, Depends(RequireScope("audit"))]
Resuming: TypeAlias = Annotated[Call, Depends(RequireScope("resume"))]
