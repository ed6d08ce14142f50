"""A data set on a Hugging Face hub on loopback: what its own client asks for when it lists folders and reads files, and refusals.

Source: the requests of ``huggingface_hub.HfFileSystem``.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

REPO = "me/data"
REVISIONS = ("main", "v1")
TOKEN = "hf_canaryCanaryCanaryCanaryCanaryCanary"

Answer = tuple[int, dict[str, str], bytes]


class HubFiles:
    """What the hub holds.

    Args:
        files: of the one data set, by path; each revision has the same.
        refusal: status and error code to answer every request with, instead.
    """

    def __init__(self, files: Mapping[str, bytes], refusal: tuple[int, str] | None = None) -> None:
        self.files, self.refusal = dict(files), refusal

    def answer(self, address: str, asked: str | None) -> Answer:
        """Status, headers and body; ``asked`` is the range of bytes."""
        if self.refusal:
            return _refused(*self.refusal)
        url = urlsplit(address)
        path = unquote(url.path)
        if found := re.fullmatch(rf"/datasets/{REPO}/resolve/([^/]+)/(.+)", path):
            return self._content(found[2], asked) if found[1] in REVISIONS else _refused(404, "RevisionNotFound")
        if found := re.fullmatch(rf"/api/datasets/{REPO}/tree/([^/]+)(?:/(.+))?", path):
            is_deep = parse_qs(url.query).get("recursive", ["false"])[0].lower() == "true"
            return self._tree(found[2] or "", is_deep=is_deep)
        if found := re.fullmatch(rf"/api/datasets/{REPO}(?:/revision/([^/]+))?", path):
            known = (found[1] or "main") in REVISIONS
            return _json({"id": REPO, "sha": "0" * 40, "siblings": []}) if known else _refused(404, "RevisionNotFound")
        return _refused(404, "RepoNotFound")

    def _content(self, name: str, asked: str | None) -> Answer:
        if name not in self.files:
            return _refused(404, "EntryNotFound")
        content = self.files[name]
        if asked is None:
            return 200, {}, content
        first, last = (int(part) for part in asked.removeprefix("bytes=").split("-"))
        part = content[first : last + 1]
        return 206, {"Content-Range": f"bytes {first}-{first + len(part) - 1}/{len(content)}"}, part

    def _tree(self, folder: str, *, is_deep: bool) -> Answer:
        below = f"{folder}/" if folder else ""
        entries: dict[str, dict[str, Any]] = {}
        for name, content in self.files.items():
            if name.startswith(below):
                parts = name.removeprefix(below).split("/")
                for depth in range(1, len(parts) if is_deep else min(2, len(parts))):
                    inner = below + "/".join(parts[:depth])
                    entries[inner] = {"type": "directory", "path": inner, "size": 0, "oid": "1" * 40}
                if is_deep or len(parts) == 1:
                    digest = hashlib.sha1(content).hexdigest()  # noqa: S324 - as git does
                    entries[name] = {"type": "file", "path": name, "size": len(content), "oid": digest}
        return _json(list(entries.values())) if entries else _refused(404, "EntryNotFound")


def _json(value: Any) -> Answer:
    return 200, {"Content-Type": "application/json"}, json.dumps(value).encode()


def _refused(status: int, code: str) -> Answer:
    return status, {"X-Error-Code": code, "X-Error-Message": f"no, not with {TOKEN}"}, b"{}"


@contextmanager
def hub_of(hub: HubFiles, patch: pytest.MonkeyPatch) -> Iterator[HubFiles]:
    """The hub, found as ``HF_ENDPOINT`` would have said, while this is entered."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._answer(with_body=False)

        def do_GET(self) -> None:
            self._answer(with_body=True)

        def _answer(self, *, with_body: bool) -> None:
            status, headers, body = hub.answer(self.path, self.headers.get("Range"))
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if with_body:
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's word
            pass

    from huggingface_hub import HfFileSystem, constants

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    patch.setattr(constants, "ENDPOINT", url)
    patch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", url + "/{repo_id}/resolve/{revision}/{filename}")
    patch.setenv("HF_TOKEN", TOKEN)
    HfFileSystem.clear_instance_cache()
    try:
        yield hub
    finally:
        HfFileSystem.clear_instance_cache()
        server.shutdown()
        thread.join()
        server.server_close()
