"""Answers that were asked for with a JSON schema follow it, or are none; whatever the schema is, that takes bounded time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from openai.lib._parsing import type_to_response_format_param
from pydantic import BaseModel, Field

from foureyes.cascade.policy import ALWAYS, ConfidenceGate, Policy
from foureyes.errors import InputError
from foureyes.route.answer_schema import AnswerSchema
from foureyes.route.outcome import RoutedAnswer, RouteRequest
from foureyes.route.parts import RouteParts
from foureyes.route.route import Route
from foureyes.route.rules import RouteMember, RouteRules
from foureyes.route.schema_check import SchemaCheck, schema_of
from foureyes.route.scripted import ScriptedRouteReader, ScriptedRouteWriter
from foureyes.types import Message
from tests.route.faults import Log


class City(BaseModel):
    name: str = Field(pattern=r"^[A-Z][a-z]+$")
    people: int


class Tree(BaseModel):
    city: City
    below: list[Tree]


def asked(schema: Any, **more: Any) -> RouteRequest:
    form = {"type": "json_schema", "json_schema": {"name": "it", "schema": schema, **more}}
    return RouteRequest.of({"messages": [{"role": "user", "content": "Where?"}], "response_format": form})


def strict(model: type[BaseModel]) -> RouteRequest:
    """As OpenAI's client asks for it."""
    form: Any = type_to_response_format_param(model)
    return RouteRequest.of({"messages": [{"role": "user", "content": "Where?"}], "response_format": form})


CANBERRA = {"name": "Canberra", "people": 472_000}
ANSWERS: list[tuple[type[BaseModel], str, bool]] = [
    (City, json.dumps(CANBERRA), True),
    (City, json.dumps({"name": "canberra", "people": 1}), False),
    (City, json.dumps({"name": "Canberra"}), False),
    (City, json.dumps({**CANBERRA, "more": 1}), False),
    (City, '{"name": "Canberra", "people": 1, "people": "2"}', False),
    (City, '{"name": "Canberra", "people": NaN}', False),
    (City, "Canberra", False),
    (Tree, json.dumps({"city": CANBERRA, "below": [{"city": CANBERRA, "below": []}]}), True),
    (Tree, json.dumps({"city": CANBERRA, "below": [{"city": {}, "below": []}]}), False),
]


@pytest.fixture(scope="module")
def check() -> Iterator[SchemaCheck]:
    found = SchemaCheck()
    yield found
    found.close()


@pytest.mark.parametrize(("model", "text", "fits"), ANSWERS)
async def test_strict_schemas_of_openais_client_are_held_to(
    check: SchemaCheck,
    model: type[BaseModel],
    text: str,
    fits: bool,  # noqa: FBT001
) -> None:
    schema = schema_of(strict(model))
    assert schema is not None
    assert (await check.fault(schema, [Message("assistant", text)]) is None) == fits


async def test_recursion_is_checked_apart_and_the_rest_here() -> None:
    nested, recursive = schema_of(strict(City)), schema_of(strict(Tree))
    assert nested is not None
    assert recursive is not None
    assert nested.is_cheap(CANBERRA)
    assert not recursive.is_cheap({})


SMALL, LARGE = json.dumps({"name": "Canberra", "people": "many"}), json.dumps(CANBERRA)


def route_of(small: str, large: str, parts: RouteParts | None = None, **rules: Any) -> Route:
    members = [RouteMember(ScriptedRouteWriter("small", small)), RouteMember(ScriptedRouteWriter("large", large))]
    policy = Policy((ConfidenceGate((0.8,), ("escalate", "answer")), ALWAYS))
    return Route("cities", members, ScriptedRouteReader(otherwise=0.9), policy, RouteRules(**rules), parts)


def text_of(answer: RoutedAnswer) -> str | None:
    return None if answer.reply is None else answer.reply["choices"][0]["message"]["content"]


async def test_an_answer_that_does_not_follow_is_not_good_enough() -> None:
    answer = await route_of(SMALL, LARGE).answer(strict(City))
    assert (answer.action, text_of(answer)) == ("answer", LARGE)
    assert (answer.stages[0].failure, answer.stages[0].action) == ("bad_reply", "escalate")
    assert answer.stages[0].detail == "choice 1 does not follow the schema that was asked for"


@pytest.mark.parametrize("rules", [{}, {"on_doubt": "strongest", "on_failure": "strongest"}, {"annotate": True}])
async def test_where_none_follows_nothing_is_returned(rules: dict[str, Any]) -> None:
    answer = await route_of(SMALL, SMALL, **rules).answer(strict(City))
    assert (answer.action, answer.reply) == ("failed", None)


async def test_a_route_that_only_watches_returns_what_it_returned_before() -> None:
    log = Log()
    route = route_of(SMALL, SMALL, RouteParts(log=log), shadow=True)  # type: ignore[arg-type]
    answer = await route.answer(strict(City))
    await route.settled()
    assert (answer.action, text_of(answer)) == ("annotated", SMALL)
    assert [(one.would, one.stages[1].failure) for one in log.answers] == [("failed", "bad_reply")]


REFUSED = {
    "a remote reference": ({"$ref": "http://127.0.0.1:9/city.json"}, "nothing is fetched"),
    "one that nobody uses": ({"$defs": {"a": {"$ref": "https://example.org/a"}}}, "nothing is fetched"),
    "a file": ({"properties": {"a": {"$ref": "file:///etc/passwd"}}}, "nothing is fetched"),
    "another draft": ({"$schema": "http://127.0.0.1:9/draft"}, "not a JSON schema"),
    "no such place": ({"$ref": "#/$defs/none"}, "not a JSON schema"),
    "no type": ({"type": "strin"}, "not a JSON schema"),
    "no pattern": ({"pattern": "("}, "not a JSON schema"),
    "a pattern of all memory": ({"pattern": "^((a{1,1000}){1,1000}){1,100}$"}, "not a JSON schema"),
    "a list": ([], "must be an object"),
    "much": ({"enum": ["x" * 300_000]}, "characters"),
}


@pytest.mark.parametrize("what", REFUSED)
async def test_a_schema_that_cannot_be_held_to_is_refused_before_anybody_is_paid(what: str) -> None:
    schema, words = REFUSED[what]
    route = route_of(LARGE, LARGE)
    with pytest.raises(InputError, match=f"^response_format: .*{words}"):
        await route.answer(asked(schema))
    assert all(member.writer.asked == [] for member in route.members)  # type: ignore[attr-defined]


def doubling(n: int) -> dict[str, Any]:
    """Checked 2ⁿ times at one place."""
    either = {f"a{i}": {"anyOf": [{"$ref": f"#/$defs/a{i + 1}"}] * 2} for i in range(n)}
    return {"$defs": {**either, f"a{n}": {"type": "string"}}, "$ref": "#/$defs/a0"}


def nested(depth: int) -> Any:
    return [] if depth == 0 else [nested(depth - 1)]


BRANCH = {"items": {"$ref": "#/$defs/n"}, "contains": {"const": 1}}
BOMBS: dict[str, tuple[Any, Any]] = {
    "references that double": (doubling(60), 1),
    "recursion that branches": (
        {"$defs": {"n": {"anyOf": [BRANCH, {**BRANCH, "minItems": 2}, BRANCH]}}, "$ref": "#/$defs/n"},
        nested(60),
    ),
    "itself": ({"$ref": "#"}, 1),
    "each other": ({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}, 1),
    "a pattern that backtracks": ({"pattern": "^(a+)+$"}, "a" * 50_000 + "b"),
    "one that must": ({"pattern": "^(?=a)((a+)+)\\2$"}, "a" * 50_000 + "b"),
    "many definitions": ({"$defs": {f"d{i}": {"type": "string"} for i in range(5000)}, "type": "object"}, [1] * 50_000),
}


@pytest.mark.parametrize("what", BOMBS)
async def test_no_schema_takes_without_end(what: str) -> None:
    """What is not done in its time counts as not following; the process is ended, and the next answer is checked in another."""
    schema, value = BOMBS[what]
    ready, impatient = AnswerSchema(schema), SchemaCheck(most_s=0.2)
    try:
        fault = await impatient.fault(ready, [Message("assistant", json.dumps(value))])
    finally:
        impatient.close()
    assert fault is None or fault.failure == "bad_reply"
    if what not in ("itself", "each other"):
        assert fault is not None


async def test_after_one_that_took_too_long_the_next_is_checked() -> None:
    check = SchemaCheck(most_s=0.01)
    tree = AnswerSchema(Tree.model_json_schema())
    text = json.dumps({"city": CANBERRA, "below": []})
    try:
        slow = await check.fault(AnswerSchema(doubling(60)), [Message("assistant", "1")])
        check._most_s = 60.0
        assert slow is not None
        assert "bounded time" in slow.detail
        assert await check.fault(tree, [Message("assistant", text)]) is None
    finally:
        check.close()


async def test_a_large_answer_is_taken_apart_in_the_process(
    check: SchemaCheck, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("foureyes.route.schema_check.strict_value", lambda _text: pytest.fail("taken apart here"))
    schema = AnswerSchema({"type": "array"})
    texts = "[" + "1," * 60_000 + "1]", '"' + "x" * 120_000 + '"', "[" * 120_000
    faults = [await check.fault(schema, [Message("assistant", text)]) for text in texts]
    assert [fault is None for fault in faults] == [True, False, False]


MANY = {rf"^x{{1,9}}y{i}$": i for i in range(40)}


async def test_many_patterns_are_compiled_in_the_process(check: SchemaCheck) -> None:
    schema = AnswerSchema({"anyOf": [{"pattern": pattern} for pattern in MANY]})
    assert not schema.is_ready
    await check.require(schema)
    good, bad = [await check.fault(schema, [Message("assistant", text)]) for text in ('"xy3"', '"xy99"')]
    assert good is None
    assert bad is not None
    assert "does not follow" in bad.detail


@pytest.mark.parametrize("patterns", [["a(", *MANY], [r"\p{L}{20}x"] * 5000])
async def test_many_patterns_beyond_what_is_matched_are_refused_before_anybody_is_paid(patterns: list[str]) -> None:
    writer = ScriptedRouteWriter("only", '"x"')
    route = Route("r", [RouteMember(writer)], ScriptedRouteReader({'"x"': 0.9}), Policy((ALWAYS,)))
    schema = {"anyOf": [{"pattern": pattern} for pattern in patterns]}
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    try:
        with pytest.raises(InputError, match="response_format: not a JSON schema"):
            await route.answer(
                RouteRequest.of({"messages": [{"role": "user", "content": "x"}], "response_format": form})
            )
    finally:
        await route.aclose()
    assert not writer.asked


def test_a_schema_too_deep_to_write_is_refused() -> None:
    schema: dict[str, object] = {}
    for _ in range(5000):
        schema = {"not": schema}
    with pytest.raises(InputError, match="nested too deeply"):
        AnswerSchema(schema)
