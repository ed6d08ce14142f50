"""A real S3 server on loopback (moto's), as s3fs talks to it, and one that refuses everything."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

SECRET = "canary-of-the-secret-key"


def _missing(package: str) -> None:
    if "CI" in os.environ:
        pytest.fail(f"{package} is not installed: run make test")
    pytest.skip(f"{package} is not installed")


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """Address of the server."""
    for package in ("s3fs", "moto", "flask"):
        try:
            __import__(package)
        except ImportError:
            _missing(package)
    from moto.moto_server.threaded_moto_server import ThreadedMotoServer

    logging.getLogger("werkzeug").disabled = True
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def set_credentials(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()
    for name, value in {
        "AWS_ACCESS_KEY_ID": "canary-of-the-key",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def bucket(s3_server: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, tmp_path: Any) -> str:
    """A bucket of its own."""
    import s3fs

    set_credentials(monkeypatch, s3_server)
    monkeypatch.setenv("FOUREYES_CACHE", str(tmp_path / "cache"))
    name = f"b{abs(hash(request.node.nodeid)):x}"
    s3fs.S3FileSystem().mkdir(name)
    return f"s3://{name}"


@pytest.fixture
def forbidding_store(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A bucket to which the key that is set has no right, on a server that says so as S3 does."""
    with answering(monkeypatch, 403, "AccessDenied") as bucket:
        yield bucket


@contextmanager
def answering(monkeypatch: pytest.MonkeyPatch, status: int, code: str, *, there: bool = False) -> Iterator[str]:
    """A bucket of a server that refuses in these words.

    Args:
        monkeypatch: of the test.
        status: of HTTP.
        code: S3's.
        there: whether a small object is at every address all the same.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # or nobody tells a client that waits to go on with its body
        timeout = 5

        def _refuse(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            self.rfile.read(length)
            found = there and self.command in {"GET", "HEAD"}
            body = b"1" if found else f"<Error><Code>{code}</Code><Message>no: {SECRET}</Message></Error>".encode()
            self.send_response(200 if found else status)
            self.send_header("Content-Type", "application/xml")
            self.send_header("Last-Modified", "Mon, 01 Jan 2024 00:00:00 GMT")
            self.send_header("ETag", '"1"')
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _refuse  # noqa: N815 - http.server's names

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    set_credentials(monkeypatch, f"http://127.0.0.1:{server.server_address[1]}")
    yield "s3://closed"
    server.shutdown()
    server.server_close()
    thread.join()
