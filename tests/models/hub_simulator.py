"""A Hugging Face hub on loopback: enough of its protocol for the real client to download a repository, or to be refused.

Source: the requests that ``huggingface_hub`` makes in ``snapshot_download`` and ``hf_hub_download``.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub:
    """What the simulator holds, and what it was asked.

    Args:
        files: content of the one repository, by path.
        refusal: status and error code to answer every request with, instead.
    """

    def __init__(self, files: Mapping[str, bytes], refusal: tuple[int, str] | None = None) -> None:
        self.files = files
        self.refusal = refusal
        self.asked: list[str] = []
        self.url = ""

    def answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body."""
        self.asked.append(path)
        if self.refusal:
            status, code = self.refusal
            return status, {"X-Error-Code": code, "X-Error-Message": "no"}, b"{}"
        if path.startswith("/api/") and "/tree/" in path:
            return 200, {}, json.dumps([self._entry(name) for name in self.files]).encode()
        if path.startswith("/api/"):
            return 200, {}, json.dumps({"_id": "1", "id": "me/tiny", "sha": COMMIT, "siblings": []}).encode()
        name = path.partition(f"/resolve/{COMMIT}/")[2]
        if name not in self.files:
            return 404, {"X-Error-Code": "EntryNotFound"}, b""
        etag = hashlib.sha256(self.files[name]).hexdigest()
        return 200, {"ETag": f'"{etag}"', "X-Repo-Commit": COMMIT}, self.files[name]

    def _entry(self, name: str) -> dict[str, Any]:
        content = self.files[name]
        digest = hashlib.sha256(content).hexdigest()
        large = {"oid": digest, "size": len(content), "pointerSize": 128}
        return {"type": "file", "path": name, "size": len(content), "oid": digest[:40], "lfs": large}


@contextmanager
def serving(hub: Hub) -> Iterator[Hub]:
    """The hub on a port of its own while this is entered."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._answer(with_body=False)

        def do_GET(self) -> None:
            self._answer(with_body=True)

        def _answer(self, *, with_body: bool) -> None:
            status, headers, body = hub.answer(self.path.partition("?")[0])
            self.send_response(status)
            for name, value in {
                "Content-Type": "application/json",
                "Content-Length": str(len(body)),
                **headers,
            }.items():
                self.send_header(name, value)
            self.end_headers()
            if with_body:
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's word
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        hub.url = f"http://127.0.0.1:{server.server_port}"
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
