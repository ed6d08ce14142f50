"""kill -9 at any moment: no acknowledged entry is lost, and what is left is one chain."""

import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from foureyes.errors import InputError, LedgerTampered
from foureyes.ledger import Signer, open_log
from tests.ledger.conftest import NAME, SEED, postgres_url

__all__ = ["postgres_url"]

PROCESS = Path(__file__).with_name("ledger_process.py")
SIGNER = Signer(NAME, SEED)


class Writing:
    """A process that appends. It is killed after it acknowledged so many entries, and whatever it does then."""

    def __init__(self, reference, key, threads):
        self.acknowledged = []
        command = [sys.executable, str(PROCESS), reference, str(key), str(threads)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout.readline() == "open\n"

    def kill_after(self, n):
        for _ in range(n):
            self._note(self._process.stdout.readline())
        self._process.send_signal(signal.SIGKILL)
        for line in self._process.stdout:
            self._note(line)
        self._process.stdout.close()
        assert self._process.wait() == -signal.SIGKILL

    def _note(self, line):
        if line.endswith("\n"):
            index, entry_hash = line.split()
            self.acknowledged.append((int(index), entry_hash))


@pytest.fixture
def key(tmp_path):
    SIGNER.save(tmp_path / "ledger.key")
    return tmp_path / "ledger.key"


def require_every(acknowledged, reference):
    """Every acknowledged entry stands where it was said to stand, in a log without a gap."""
    log = open_log(reference, [SIGNER.key])
    audit = log.verify()
    hashes = [entry.hash for entry in log.entries()]
    assert audit.size == len(hashes) >= len(acknowledged)
    assert len({index for index, _ in acknowledged}) == len(acknowledged)
    assert all(hashes[index] == entry_hash for index, entry_hash in acknowledged)


@pytest.fixture(params=["sqlite", "postgres"])
def place(request, tmp_path):
    """A reference, and how often each of two processes is killed."""
    if request.param == "sqlite":
        return f"sqlite:{tmp_path / 'ledger.db'}", 12
    return request.getfixturevalue("postgres_url"), 6


def test_two_processes_killed_and_restarted(key, place):
    """Both write one log; each is killed and started again and again, whatever the other is doing."""
    reference, kills = place
    acknowledged, failures = [[], []], []

    def replica(which):
        rng = random.Random(which)  # noqa: S311 - not a secret
        try:
            for _ in range(kills):
                writing = Writing(reference, key, 3)
                writing.kill_after(rng.randint(1, 50))
                acknowledged[which] += writing.acknowledged
        except BaseException as error:
            failures.append(error)
            raise

    threads = [threading.Thread(target=replica, args=(which,)) for which in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert all(len(each) >= kills for each in acknowledged)
    require_every([*acknowledged[0], *acknowledged[1]], reference)


def test_a_damaged_write_ahead_log_that_lost_entries_is_noticed(tmp_path, key):
    """Killed before its entries moved into the database; then one byte of the write-ahead log goes bad."""
    writing = Writing(f"sqlite:{tmp_path / 'ledger.db'}", key, 1)
    writing.kill_after(40)
    require_every(writing.acknowledged, str(tmp_path / "ledger.db"))
    noticed, whole = 0, (tmp_path / "ledger.db-wal").read_bytes()
    for part in range(1, 8):
        (tmp_path / "ledger.db-shm").unlink(missing_ok=True)
        raw = bytearray(whole)
        raw[len(raw) * part // 8] ^= 0xFF
        (tmp_path / "ledger.db-wal").write_bytes(raw)
        with pytest.raises((LedgerTampered, InputError)):  # the first bytes hold the schema itself
            open_log(str(tmp_path / "ledger.db"), [SIGNER.key]).verify()
        noticed += 1
    assert noticed == 7
    for name in ("ledger.db-wal", "ledger.db-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    with pytest.raises((LedgerTampered, InputError)):
        open_log(str(tmp_path / "ledger.db"), [SIGNER.key]).verify()
