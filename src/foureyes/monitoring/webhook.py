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
from foureyes.monitoring.alarms import Alarm

try:
    import httpx
    import stamina
except ImportError as error:
    raise ConfigError(f"alarms by webhook need {error.name}: pip install 'foureyes[http]'") from error

__all__ = ["Delivery", "Webhook", "signature"]

_BUSY: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_STOP: Final = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of the alarms so far.

    Attributes:
        delivered: taken by the receiver.
        failed: given up after the last attempt, or refused.
        dropped: never sent, as the queue was full or the webhook closed.
    """

    delivered: int = 0
    failed: int = 0
    dropped: int = 0


class _Refused(Exception):
    """The receiver will not take it; ``retry`` where it may later."""

    def __init__(self, words: str, *, retry: bool) -> None:
        super().__init__(words)
        self.retry = retry


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
        timeout_s: for one attempt.
        attempts: most times an alarm is sent.
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
        timeout_s: float = 5.0,
        attempts: int = 4,
        pending: int = 256,
        log: Any = None,
    ) -> None:
        self._url = _checked(url)
        if len(secret) < 16:
            raise ConfigError(f"a webhook's secret wants at least 16 bytes; got {len(secret)}")
        self._secret = secret
        self._clock = clock
        self._attempts = attempts
        self._log = log
        self._counted = Delivery()
        self._lock = threading.Lock()
        self._closed = False
        self._queue: queue.Queue[Alarm | None] = queue.Queue(maxsize=pending)
        self._client = httpx.Client(timeout=timeout_s, follow_redirects=False, trust_env=False)
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
        else:
            self._client.close()

    def _drop_waiting(self) -> None:
        """Empties the queue, so that the thread ends after the alarm it has in hand."""
        with suppress(queue.Empty):
            while True:
                self._count(dropped=int(self._queue.get_nowait() is not _STOP))
        self._queue.put_nowait(_STOP)

    def _work(self) -> None:
        while (alarm := self._queue.get()) is not _STOP:
            try:
                self._deliver(alarm)
            except (_Refused, httpx.HTTPError) as error:
                self._count(failed=1)
                self._tell(alarm, error)
            else:
                self._count(delivered=1)

    def _deliver(self, alarm: Alarm) -> None:
        retries = stamina.retry_context(
            on=_worth_repeating, attempts=self._attempts, timeout=None, wait_initial=0.1, wait_max=5.0, wait_jitter=0.1
        )
        for attempt in retries:
            with attempt:
                self._post(alarm)

    def _post(self, alarm: Alarm) -> None:
        body = json.dumps(alarm.to_dict(), allow_nan=False).encode()
        signed = signature(self._secret, int(self._clock()), body)
        headers = {"Content-Type": "application/json", "X-Foureyes-Signature": signed}
        with self._client.stream("POST", self._url, content=body, headers=headers) as response:
            status = response.status_code  # the reply's body is nobody's business and is not read
        if not 200 <= status < 300:
            raise _Refused(f"HTTP {status}", retry=status in _BUSY)

    def _count(self, **more: int) -> None:
        with self._lock:
            old = self._counted
            self._counted = Delivery(
                old.delivered + more.get("delivered", 0),
                old.failed + more.get("failed", 0),
                old.dropped + more.get("dropped", 0),
            )

    def _tell(self, alarm: Alarm, error: Exception) -> None:
        if self._log is not None:
            self._log.warning("alarm_not_delivered", key=alarm.key, error=type(error).__name__)


def _worth_repeating(error: Exception) -> bool:
    return error.retry if isinstance(error, _Refused) else isinstance(error, httpx.TransportError)


def _checked(url: str) -> httpx.URL:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise ConfigError(f"a webhook wants an http or https address; got one that cannot be read: {error}") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise ConfigError(f"a webhook wants an http or https address; got {parsed.scheme or 'no scheme'}")
    return parsed
