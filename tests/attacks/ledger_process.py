"""A process that appends until it is killed, and says on stdout what was acknowledged: ``LOG KEY THREADS``."""

from __future__ import annotations

import os
import sys
import threading
from itertools import count
from pathlib import Path

from foureyes.ledger import open_ledger


def main(reference: str, key: str, threads: int) -> None:
    ledger = open_ledger(reference, key_file=Path(key))
    os.write(1, b"open\n")
    numbers = count()

    def append() -> None:
        while True:
            payload = {"pid": os.getpid(), "n": next(numbers)}
            receipt = ledger.append("tested", payload).result()
            # One write for a line, so that a kill leaves whole lines or none.
            os.write(1, f"{receipt.index} {receipt.entry_hash}\n".encode())

    for _ in range(threads):
        threading.Thread(target=append).start()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
