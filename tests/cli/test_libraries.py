"""A library's retries and warnings, as they are, beside a command of ours and without one."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

RETRIED = """
import sys, warnings
if "ours" in sys.argv:
    from foureyes.cli import main
    main(["signals", "--json"])
from huggingface_hub.utils import http_backoff
from transformers.utils import logging
http_backoff("GET", sys.argv[1], base_wait_time=0.01, retry_on_status_codes=503)
logging.get_logger("transformers.models").warning("a checkpoint of yesterday")
warnings.warn("old-fashioned", FutureWarning)
"""


class Recovering(BaseHTTPRequestHandler):
    """Is overloaded at every first request."""

    asked: ClassVar[int] = 0

    def do_GET(self) -> None:
        type(self).asked += 1
        self.send_response(503 if self.asked % 2 else 200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Recovering) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_address[1]}/"
        running.shutdown()


def spoken(*arguments: str) -> str:
    environ = {name: value for name, value in os.environ.items() if not name.endswith("_VERBOSITY")}
    command = [sys.executable, "-c", RETRIED, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environ)
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_what_libraries_retry_does_not_land_on_the_terminal(server: str) -> None:
    alone = spoken(server)
    assert all(word in alone for word in ("Retry", "a checkpoint of yesterday", "old-fashioned"))
    assert spoken(server, "ours") == ""
