"""Alarms by HTTP POST, signed, from a thread of their own.

1. :meth:`Webhook.send` puts the alarm into a bounded queue and returns; where the queue is full the alarm is dropped and
   counted;
2. the thread posts it as JSON, and again with growing pauses where the receiver cannot be reached or is busy;
3. what was not delivered after the last attempt is counted and logged; nothing waits for it.

The address comes from the configuration, never from a request, and redirects are not followed. The body is signed with
HMAC-SHA256 so that the receiver knows the sender: header ``X-Foureyes-Signature: t=SECONDS,v1=HEX`` over
``SECONDS.BODY``; :func:`signature` is what a receiver compares with.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from foureyes.errors import ConfigError
from foureyes.http.client import HttpClient
from foureyes.http.failures import RequestFailed
from foureyes.http.limits import RequestLimits
from foureyes.monitoring.alarms import Alarm

__all__ = ["Delivery", "Webhook", "signature"]

_LIMITS: Final = RequestLimits(timeout_s=20.0, attempts=4, concurrency=1)
_STOP: Final = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """Counts of alarms delivered, failed and dropped.

    Attributes:
        delivered: taken by the receiver.
        failed: given up after the last attempt, or refused.
        dropped: never sent, as the queue was full or the webhook closed.
    """

    delivered: int = 0
    failed: int = 0
    dropped: int = 0


def signature(secret: bytes, seconds: int, body: bytes) -> str:
    """The value of ``X-Foureyes-Signature``.

    Example:
        >>> signature(b"secret", 0, b"{}")[:12]
        't=0,v1=4bbe8'
    """
    digest = hmac.new(secret, f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"


class Webhook:
    """A sink that posts alarms to one address.

    Args:
        url: of the receiver, http or https.
        secret: shared with the receiver, at least 16 bytes.
        clock: seconds since 1970.
        limits: how long one alarm may take, and how often it is sent at most.
        pending: most alarms waiting.
        log: a structlog logger told of what could not be delivered; ``None`` for none.

    Raises:
        ConfigError: the address cannot be used, or the secret is short.
    """

    def __init__(
        self,
        url: str,
        *,
        secret: bytes,
        clock: Callable[[], float],
        limits: RequestLimits = _LIMITS,
        pending: int = 256,
        log: Any = None,
    ) -> None:
        if len(secret) < 16:
            raise ConfigError(f"a webhook's secret wants at least 16 bytes; got {len(secret)}")
        self._secret = secret
        self._clock = clock
        self._log = log
        self._counted = Delivery()
        self._lock = threading.Lock()
        self._closed = False
        self._queue: queue.Queue[Alarm | None] = queue.Queue(maxsize=pending)
        self._client = HttpClient(url, limits=limits, proxies=False)
        self._thread = threading.Thread(target=self._work, name="foureyes-webhook", daemon=True)
        self._thread.start()

    @property
    def delivery(self) -> Delivery:
        """What became of the alarms so far."""
        return self._counted

    def send(self, alarm: Alarm) -> None:
        """Queues an alarm and returns at once."""
        if self._closed:
            self._count(dropped=1)
            return
        try:
            self._queue.put_nowait(alarm)
        except queue.Full:
            self._count(dropped=1)

    def close(self, *, wait_s: float = 10.0) -> None:
        """Takes no more alarms, and waits a while for those queued to go out; what is left then is dropped."""
        if self._closed:
            return
        self._closed = True
        with suppress(queue.Full):
            self._queue.put(_STOP, timeout=wait_s)
        self._thread.join(wait_s)
        if self._thread.is_alive():
            self._drop_waiting()

    def _drop_waiting(self) -> None:
        """Empties the queue, so that the thread ends after the alarm it has in hand."""
        with suppress(queue.Empty):
            while True:
                self._count(dropped=int(self._queue.get_nowait() is not _STOP))
        self._queue.put_nowait(_STOP)

    def _work(self) -> None:
        with asyncio.Runner() as loop:
            while (alarm := self._queue.get()) is not _STOP:
                try:
                    loop.run(self._deliver(alarm))
                except RequestFailed as error:
                    self._count(failed=1)
                    self._tell(alarm, error)
                else:
                    self._count(delivered=1)
            loop.run(self._client.aclose())

    async def _deliver(self, alarm: Alarm) -> None:
        body = json.dumps(alarm.to_dict(), allow_nan=False).encode()
        signed = signature(self._secret, int(self._clock()), body)
        await self._client.send(
            "POST", "", body, headers={"Content-Type": "application/json", "X-Foureyes-Signature": signed}
        )

    def _count(self, **more: int) -> None:
        with self._lock:
            old = self._counted
            self._counted = Delivery(
                old.delivered + more.get("delivered", 0),
                old.failed + more.get("failed", 0),
                old.dropped + more.get("dropped", 0),
            )

    def _tell(self, alarm: Alarm, error: RequestFailed) -> None:
        if self._log is not None:
            self._log.warning("alarm_not_delivered", key=alarm.key, error=error.kind, status=error.status)
