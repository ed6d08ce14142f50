"""A Google Cloud Storage on loopback (gcp-storage-emulator's), as gcsfs talks to it, that lets an object be created once, as Google's does.

The emulator passes over the condition that the object must not exist yet (``ifGenerationMatch=0``): that alone is answered here.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from email.parser import BytesParser
from functools import partial
from http.server import ThreadingHTTPServer
from io import BytesIO
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

BUCKET = "b"


@contextmanager
def gs_of(patch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a bucket, while this is entered."""
    for package in ("gcsfs", "gcp_storage_emulator"):
        if "CI" not in os.environ:
            pytest.importorskip(package)
    if "gcsfs" not in sys.modules:
        patch.setenv("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")  # as the first who opens the store says
    from gcp_storage_emulator.exceptions import NotFound
    from gcp_storage_emulator.handlers import buckets
    from gcp_storage_emulator.server import RequestHandler
    from gcp_storage_emulator.storage import Storage
    from gcsfs import GCSFileSystem

    class Handler(RequestHandler):  # type: ignore[misc]
        rfile: Any

        def do_POST(self) -> None:  # noqa: N802 - the base class's name
            is_new = parse_qs(urlsplit(self.path).query).get("ifGenerationMatch") == ["0"]
            if is_new and self._is_there():
                self.send_response(412)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            super().do_POST()

        def _is_there(self) -> bool:
            """Whether there is an object of the name that the body says, which is then there to be read again."""
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kind = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
            about = BytesParser().parsebytes(kind + body).get_payload(0)
            name = json.loads(str(about.get_payload()))["name"]  # type: ignore[union-attr]
            self.rfile = BytesIO(body)
            try:
                storage.get_file_obj(BUCKET, name)
            except NotFound:
                return False
            return True

    storage: Any = Storage(use_memory_fs=True)
    buckets.create_bucket(BUCKET, storage)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, storage))
    thread = Thread(target=server.serve_forever)
    thread.start()
    patch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{server.server_port}")
    GCSFileSystem.clear_instance_cache()
    try:
        yield f"gs://{BUCKET}"
    finally:
        GCSFileSystem.clear_instance_cache()
        server.shutdown()
        thread.join()
        server.server_close()
