"""What the server sends of the dashboard: closed headers, known files, and nothing else. No browser needed."""

from __future__ import annotations

import asyncio
import hashlib
import re
from importlib.resources import files

import pytest

from bench.asgi import Reply, call
from foureyes.report.assets import POLICY, SHARED
from foureyes.service.dashboard import router

STATIC = files("foureyes.service.dashboard") / "static"
UPLOT = {
    "uplot.js": "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f",
    "uplot.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
}


def fetch(path: str, **headers: str) -> Reply:
    from fastapi import FastAPI

    app = FastAPI()
    app.include_router(router())
    return asyncio.run(call(app, "GET", path, b"", headers))


OURS = [entry for folder in (STATIC, SHARED) for entry in folder.iterdir() if not entry.name.startswith("uplot")]


def read(name: str) -> str:
    return (STATIC / name).read_text(encoding="utf-8")


def test_the_page_is_there_with_a_policy_that_lets_nothing_else_in() -> None:
    reply = fetch("/")
    assert reply.status == 200
    assert reply.headers["content-security-policy"] == POLICY
    assert "unsafe" not in POLICY
    assert "{{" not in reply.body.decode()


def test_every_file_the_page_names_is_served() -> None:
    names = set(re.findall(r'(?:href|src)="dashboard/([^"]+)"', read("index.html")))
    names |= {
        name
        for script in STATIC.iterdir()
        if script.name.endswith(".js")
        for name in re.findall(r'from "\./([^"]+)"', read(script.name))
    }
    assert len(names) >= 12
    for name in names:
        assert fetch(f"/dashboard/{name}").status == 200, name


def test_a_file_that_the_browser_has_is_not_sent_again() -> None:
    etag = fetch("/dashboard/page.css").headers["etag"]
    again = fetch("/dashboard/page.css", **{"if-none-match": etag})
    assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize(
    "name", ["../routes.py", "%2e%2e/routes.py", "..%2froutes.py", "/etc/passwd", "", "LICENSE-uplot.txt", "page.css/"]
)
def test_nothing_but_the_files_of_the_page_can_be_fetched(name: str) -> None:
    assert fetch(f"/dashboard/{name}").status == 404


def test_nothing_is_inline_and_nothing_comes_from_elsewhere() -> None:
    page = read("index.html")
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\son\w+=", page)
    for entry in OURS:
        if entry.name.endswith((".js", ".css", ".html")):
            assert not re.search(r"https?://(?!www\.w3\.org)", entry.read_text(encoding="utf-8")), entry.name


def test_no_text_ever_becomes_markup() -> None:
    for entry in OURS:
        if entry.name.endswith(".js"):
            assert not re.search(
                r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser",
                entry.read_text(encoding="utf-8"),
            ), entry.name


def test_the_library_for_plots_is_the_one_that_was_reviewed() -> None:
    for name, digest in UPLOT.items():
        assert hashlib.sha256((STATIC / name).read_bytes()).hexdigest() == digest
    assert "MIT" in (STATIC / "LICENSE-uplot.txt").read_text(encoding="utf-8")
