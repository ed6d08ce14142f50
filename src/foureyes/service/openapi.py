"""The OpenAPI document: FastAPI writes it from the routes' signatures; this says what signatures cannot.

Which key a route needs, and that every error of every route is a problem. A test drives Schemathesis over the result.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from foureyes.service.access import RequireScope
from foureyes.service.problems import KINDS, MEDIA_TYPE
from foureyes.service.wire.base import EXAMPLE_ID, Problem

__all__ = ["DESCRIPTION", "TAGS", "describe"]

DESCRIPTION: Final = """\
Between generation and action, ask independent models whether a response is right and safe to act on.

Every answer that could not be verified says `safe: false`. Every error is a problem (RFC 9457). Keys go into
`Authorization: Bearer KEY` or `X-API-Key: KEY`, and have the scopes `verify`, `route`, `report`, `audit` and `admin` (which includes all).
"""

TAGS: Final = [
    {"name": "guard", "description": "Verify responses"},
    {"name": "privacy", "description": "Replace personal data by tokens, and restore it"},
    {"name": "decisions", "description": "May this agent act? What came of it?"},
    {"name": "ledger", "description": "The record, and proofs of it"},
    {"name": "routes", "description": "What routes did, and what came of their answers"},
    {"name": "monitoring", "description": "What a dashboard shows"},
    {"name": "gateways", "description": "The routes of other gateways"},
    {"name": "health", "description": "Alive, ready, figures"},
]

_SCHEMES: Final = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}
_ALWAYS: Final = (500, 503)
_WITH_KEY: Final = (401, 403, 429)
_WITH_BODY: Final = (400, 408, 413, 415, 422)


def describe(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """The function that makes the document, once."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    return document


def _document(app: FastAPI) -> dict[str, Any]:
    schema = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=app.description,
        routes=app.routes,
        tags=app.openapi_tags,
    )
    components = schema.setdefault("components", {})
    components["securitySchemes"] = _SCHEMES
    schemas = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= {**problem.pop("$defs"), "Problem": problem}
    components["responses"] = {str(status): _problem_response(status) for status in KINDS}
    for route in app.routes:
        if isinstance(route, APIRoute) and route.include_in_schema:
            for method in route.methods or ():
                _complete(schema["paths"][route.path_format][method.lower()], route)
    return schema


def _problem_response(status: int) -> dict[str, Any]:
    kind, title = KINDS[status]
    example = {
        "type": f"urn:foureyes:problem:{kind}",
        "title": title,
        "status": status,
        "request_id": EXAMPLE_ID,
    }
    return {
        "description": title,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}},
    }


def _complete(operation: dict[str, Any], route: APIRoute) -> None:
    needs = [dep.call for dep in route.dependant.dependencies if isinstance(dep.call, RequireScope)]
    statuses = list(_ALWAYS)
    if needs:
        operation["security"] = [{"bearer": []}, {"key": []}]
        operation["description"] = f"{operation.get('description', '')}\n\nNeeds the scope `{needs[0].scope}`.".strip()
        statuses += _WITH_KEY
    if "requestBody" in operation:
        statuses += _WITH_BODY
    if operation.get("parameters"):
        statuses.append(422)
    if "{" in route.path or route.tags in (
        ["guard"],
        ["ledger"],
        ["privacy"],
        ["decisions"],
        ["routes"],
        ["monitoring"],
    ):
        statuses.append(404)
    if needs:
        statuses.append(501)
    responses = operation["responses"]
    if "422" in responses:
        del responses["422"]
    for status in statuses:
        responses.setdefault(str(status), {"$ref": f"#/components/responses/{status}"})
