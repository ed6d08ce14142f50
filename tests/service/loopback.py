"""An application behind its real door on loopback, for clients that bring their own sockets."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from foureyes.service.running import server_of


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """The address of the application while it is served from a thread."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        # Whoever connects before the server accepts waits in the socket's queue.
        server = server_of(app, getattr(app.state, "foureyes", None))
        server.config.lifespan = "off"
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(timeout=90)
            assert not thread.is_alive()
