"""A wire between a client and PostgreSQL that can be cut at the worst moment: after COMMIT was sent, before the answer."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

COMMIT = b"COMMIT\x00"


class Proxy:
    """Listens in a folder of its own and hands everything on to the server's socket.

    Attributes:
        cut: how many answers to a COMMIT are still to be lost.
        served: whether new connections are let through.
        most: bytes of an answer that are handed on before the connection is cut; ``None`` for any number.
    """

    def __init__(self, folder: Path, server: Path) -> None:
        self.cut, self.served = 0, True
        self.most: int | None = None
        self._server = server
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / server.name))
        self._listener.listen()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def close(self) -> None:
        """Ends when every client is gone."""
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._listener.close()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.served:
                self._threads.append(threading.Thread(target=self._serve, args=(client,)))
                self._threads[-1].start()
            else:
                client.close()

    def _serve(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as server:
            server.connect(str(self._server))
            asked = threading.Event()
            answers = threading.Thread(target=self._answer, args=(server, client, asked))
            answers.start()
            while data := _received(client):
                asked.set()
                if COMMIT in data and self.cut:
                    self.cut -= 1
                    client.shutdown(socket.SHUT_RDWR)  # the answer will find nobody
                if not _sent(server, data):
                    break
            _shut(server, socket.SHUT_WR)
            answers.join()

    def _answer(self, server: socket.socket, client: socket.socket, asked: threading.Event) -> None:
        size = 0
        while data := _received(server):
            size = len(data) if asked.is_set() else size + len(data)
            asked.clear()
            if self.most is not None and size > self.most:
                break
            _sent(client, data)
        _shut(client, socket.SHUT_RDWR)


def _received(source: socket.socket) -> bytes:
    try:
        return source.recv(1 << 16)
    except OSError:
        return b""


def _sent(target: socket.socket, data: bytes) -> bool:
    try:
        target.sendall(data)
    except OSError:
        return False
    return True


def _shut(end: socket.socket, how: int) -> None:
    try:
        end.shutdown(how)
    except OSError:
        return  # it was shut already
