"""Spans: by the conventions, without texts, and none at all unless asked for."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from foureyes.service.tracing import Tracer
from tests.service.house import House, open_house

__all__ = ["open_house"]

ASKED = {"prompt": "canary-prompt", "response": "canary-response"}


@pytest.fixture
def spans(house: House) -> InMemorySpanExporter:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    house.state.instruments = replace(house.state.instruments, tracer=Tracer(provider.get_tracer("foureyes")))
    return exporter


def by_name(exporter: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    return {span.name: span for span in exporter.get_finished_spans()}


def test_a_verification_is_a_span_and_every_vote_its_child(house: House, spans: InMemorySpanExporter) -> None:
    assert house.call("POST", "/v1/guard/verify", ASKED).json()["safe"] is True
    found = by_name(spans)
    assert set(found) == {"verify", "vote a", "vote b", "vote c"}
    verify, vote = found["verify"], found["vote c"]
    assert dict(verify.attributes or {}) == {
        "gen_ai.evaluation.name": "cross_model_verification",
        "gen_ai.evaluation.score.label": "safe",
    }
    assert dict(vote.attributes or {}) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "scripted",
        "gen_ai.request.model": "c",
        "gen_ai.evaluation.score.label": "unsafe",
    }
    assert vote.parent is not None
    assert vote.parent.span_id == verify.get_span_context().span_id  # type: ignore[union-attr]


def test_a_callers_trace_is_continued(house: House, spans: InMemorySpanExporter) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    house.call("POST", "/v1/guard/verify", ASKED, headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01"})
    assert all(f"{span.get_span_context().trace_id:032x}" == trace for span in spans.get_finished_spans())  # type: ignore[union-attr]


def test_no_text_and_no_key_is_in_a_span(house: House, spans: InMemorySpanExporter) -> None:
    house.call("POST", "/v1/guard/verify", ASKED)

    class Broken:
        async def verify(self, *_: object, **__: object) -> object:
            raise ValueError("canary in an exception")

    house.change(guard=Broken())
    house.call("POST", "/v1/guard/verify", ASKED)
    text = "".join(span.to_json() for span in spans.get_finished_spans())
    assert "canary" not in text
    assert house.keys["admin"].presented not in text


def test_nothing_is_traced_unless_asked_for(house: House) -> None:
    assert not house.state.instruments.tracer.on
    with Tracer().verification([]) as span:
        assert span is None


_IN_A_TRACED_PROCESS = """
import sys
from pathlib import Path
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from tests.service.house import House

exporter, provider = InMemorySpanExporter(), TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(provider)
with House(Path(sys.argv[1])) as house:
    body = {"prompt": "canary", "response": "canary"}
    print(house.call("POST", "/v1/guard/verify?canary=1", body).status, house.call("GET", "/canary", None).status)
    print([span.to_json() for span in exporter.get_finished_spans()])
"""


def test_the_framework_makes_no_spans_of_its_own(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _IN_A_TRACED_PROCESS, str(tmp_path)]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["200 404", "[]"]
