"""The OpenAPI document: complete, with examples and errors, and true: Schemathesis finds nothing that disagrees with it."""

from __future__ import annotations

from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings

from tests.service.house import House
from tests.service.test_independent_answers import Scripted

_HOUSE = House(Path(mkdtemp()))
_HOUSE.change(answerers=[Scripted("one", "x"), Scripted("two", "y")])
schema = schemathesis.openapi.from_asgi("/openapi.json", _HOUSE.app)
schema.config.generation.update(with_security_parameters=False)


@schema.auth()
class Key:
    """Sends a key that may do everything; Schemathesis takes it away to see what happens then."""

    def get(self, *_: Any) -> str:
        return _HOUSE.keys["admin"].presented

    def set(self, case: schemathesis.Case, data: str, _: Any) -> None:
        case.headers["X-API-Key"] = data


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    paths: dict[str, dict[str, Any]] = _HOUSE.app.openapi()["paths"]
    return [(method, path, one) for path, methods in paths.items() for method, one in methods.items()]


@schema.exclude(path="/v1/events").parametrize()
@settings(
    max_examples=12,
    derandomize=True,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_nothing_disagrees_with_the_document(case: schemathesis.Case) -> None:
    case.call_and_validate()


@pytest.mark.parametrize(("method", "path", "operation"), operations())
def test_every_operation_says_what_can_go_wrong(method: str, path: str, operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    assert operation["summary"]
    assert operation["description"]
    assert {"500", "503"} <= responses.keys()
    if "security" in operation:
        assert {"401", "403", "429"} <= responses.keys()
        assert "Needs the scope" in operation["description"]
    if "requestBody" in operation:
        assert {"400", "413", "415", "422"} <= responses.keys()
    for status, response in responses.items():
        if int(status) >= 400 and path != "/readyz":
            assert response == {"$ref": f"#/components/responses/{status}"}


def test_only_health_needs_no_key() -> None:
    open_to_all = {path for _, path, operation in operations() if "security" not in operation}
    assert open_to_all == {"/healthz", "/readyz", "/metrics"}


def test_bodies_and_answers_have_examples() -> None:
    schemas = _HOUSE.app.openapi()["components"]["schemas"]
    for _, path, operation in operations():
        if "requestBody" not in operation:
            continue
        for content in (operation["requestBody"]["content"], operation["responses"]["200"]["content"]):
            for media_type, described in content.items():
                if media_type == "application/json":
                    name = described["schema"]["$ref"].rpartition("/")[2]
                    assert schemas[name].get("examples"), f"{name} of {path} has no example"


def test_examples_are_accepted() -> None:
    schemas = _HOUSE.app.openapi()["components"]["schemas"]
    for method, path, operation in operations():
        if "requestBody" in operation and path != "/v1/monitoring/acknowledge":
            name = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
            reply = _HOUSE.call(method.upper(), path, schemas[name]["examples"][0])
            assert reply.status in (200, 404, 501), (path, reply.body)


def test_the_document_names_both_ways_to_send_a_key() -> None:
    assert set(_HOUSE.app.openapi()["components"]["securitySchemes"]) == {"bearer", "key"}
