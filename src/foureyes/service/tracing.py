"""OpenTelemetry spans by the conventions for generative AI; off unless a tracer is handed in.

A verification is a span, each vote a child of it. Attributes are names and numbers; no text, no reason, no key. A
caller's ``traceparent`` is continued.

Source: OpenTelemetry semantic conventions for generative AI (``gen_ai.*``), evaluation results.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Final

from foureyes.errors import ConfigError
from foureyes.types import Vote

__all__ = ["Tracer", "open_tracer"]

_NANOSECONDS: Final = 1_000_000_000
_EVALUATION: Final = "cross_model_verification"
_OFF: Final = nullcontext()


class Tracer:
    """Makes spans, or nothing.

    Args:
        otel: an ``opentelemetry.trace.Tracer``; ``None`` makes nothing.
    """

    def __init__(self, otel: Any = None) -> None:
        self._otel = otel

    @property
    def on(self) -> bool:
        """Whether spans are made."""
        return self._otel is not None

    def verification(self, headers: Iterable[tuple[bytes, bytes]]) -> AbstractContextManager[Any]:
        """The span of one verification; ``None`` when off.

        Args:
            headers: of the request, for its ``traceparent``.
        """
        return self._span(headers) if self.on else _OFF

    @contextmanager
    def _span(self, headers: Iterable[tuple[bytes, bytes]]) -> Iterator[Any]:
        from opentelemetry.propagate import extract  # noqa: PLC0415 - an extra
        from opentelemetry.trace import SpanKind, StatusCode  # noqa: PLC0415

        carrier = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers if name in _CONTEXT}
        with self._otel.start_as_current_span(
            "verify",
            context=extract(carrier),
            kind=SpanKind.SERVER,
            record_exception=False,  # what exceptions say may quote a text
            set_status_on_exception=False,
        ) as span:
            try:
                yield span
            except BaseException as error:
                span.set_attribute("error.type", type(error).__qualname__)
                span.set_status(StatusCode.ERROR)
                raise

    def outcome(self, span: Any, *, safe: bool, stage: str | None, votes: Iterable[Vote]) -> None:
        """Tells a span what came of it, and adds a child for every vote, ending now."""
        if span is None:
            return
        span.set_attribute("gen_ai.evaluation.name", _EVALUATION)
        span.set_attribute("gen_ai.evaluation.score.label", "safe" if safe else "not safe")
        if stage is not None:
            span.set_attribute("foureyes.failed_stage", stage)
        now = time.time_ns()
        for vote in votes:
            self._vote(vote, now)

    def _vote(self, vote: Vote, now: int) -> None:
        child = self._otel.start_span(
            f"vote {vote.model}", start_time=now - int(vote.latency_ms / 1000 * _NANOSECONDS), attributes=_named(vote)
        )
        child.end(end_time=now)


def open_tracer(endpoint: str, *, service: str = "foureyes") -> Tracer:
    """A tracer that sends spans by OTLP over HTTP.

    Args:
        endpoint: of the collector, such as ``http://127.0.0.1:4318/v1/traces``.
        service: its name in the traces.

    Raises:
        ConfigError: the extra ``telemetry`` is not installed.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - an extra
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError as error:
        raise ConfigError("traces need an extra: pip install 'foureyes[telemetry]'") from error
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    return Tracer(provider.get_tracer("foureyes"))


_CONTEXT: Final = frozenset({b"traceparent", b"tracestate"})


def _named(vote: Vote) -> dict[str, Any]:
    named = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": vote.provider,
        "gen_ai.request.model": vote.model,
        "gen_ai.evaluation.score.label": vote.verdict,
    }
    return named if vote.confidence is None else {**named, "gen_ai.evaluation.score.value": vote.confidence}
