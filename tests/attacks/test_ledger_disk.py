"""A disk that is full, a file that cannot be written: nothing is acknowledged that is not there, and it recovers."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from foureyes.errors import LedgerError
from foureyes.ledger import Ledger, Signer, open_log
from foureyes.ledger.sqlite import SqliteStore
from tests.ledger.conftest import NAME, SEED, options, recorded

SIGNER = Signer(NAME, SEED)
ROOT = Path(__file__).parents[2]
FULL = """
import resource, signal, sys
from pathlib import Path
from foureyes.errors import LedgerError
from foureyes.ledger import open_ledger
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # so that writing too much is an error and not the end
ledger = open_ledger(f"sqlite:{sys.argv[1]}", key_file=sys.argv[2])
ledger.append("tested", {"n": -1}).result()
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
acknowledged, refused = [], 0
for n in range(60):
    try:
        acknowledged.append(ledger.append("tested", {"n": n, "filling": "x" * 20_000}).result().index)
    except LedgerError as error:
        refused += 1
        assert "nobody answered" not in str(error), error
assert refused > 40, refused
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(len(acknowledged), ledger.append("tested", {"n": "again"}).result().index)
ledger.close()
"""


def test_a_full_disk(tmp_path):
    SIGNER.save(tmp_path / "key")
    command = [sys.executable, "-c", FULL, str(tmp_path / "ledger.db"), str(tmp_path / "key")]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    acknowledged, again = map(int, run.stdout.split())
    assert acknowledged > 0
    assert again == acknowledged + 1
    assert open_log(str(tmp_path / "ledger.db"), [SIGNER.key]).verify().size == acknowledged + 2


def test_a_database_that_may_not_grow(tmp_path):
    ledger = Ledger.open(SqliteStore(tmp_path / "ledger.db"), signer=SIGNER, options=options())
    recorded(ledger, 3)
    writer = ledger._written._writer
    (pages,) = writer.execute("PRAGMA page_count").fetchone()
    writer.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(LedgerError, match="full"):
        ledger.append("tested", {"filling": "x" * 50_000}).result(30)
    assert ledger.verify().size == 3
    writer.execute("PRAGMA max_page_count = 1000000")
    assert ledger.append("tested", {"filling": "x" * 50_000}).result(30).index == 3
    assert ledger.verify().size == 4
    ledger.close()


READ_ONLY = """
import os, sys
from pathlib import Path
from foureyes.ledger import Ledger, Signer, VerifierKey, open_log
from foureyes.ledger.sqlite import SqliteStore
if os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)  # root may write anywhere
print(open_log(sys.argv[1], [VerifierKey.parse(sys.argv[2])]).verify().size, flush=True)
Ledger.open(SqliteStore(Path(sys.argv[1])), signer=Signer("example.com/guard", bytes(range(32))))
"""


def test_a_file_that_cannot_be_written_can_be_verified_and_nothing_else(tmp_path_factory):
    import tempfile

    with tempfile.TemporaryDirectory(prefix="fe-") as name:  # pytest's own folders are closed to other users
        folder = Path(name)
        with Ledger.open(SqliteStore(folder / "ledger.db"), signer=SIGNER, options=options()) as ledger:
            recorded(ledger, 3)
        (folder / "ledger.db").chmod(0o444)
        folder.chmod(0o555)
        command = [sys.executable, "-c", READ_ONLY, str(folder / "ledger.db"), str(SIGNER.key)]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        folder.chmod(0o755)
    assert run.stdout == "3\n", run.stderr
    assert "LedgerError" in run.stderr
    assert "readonly" in run.stderr or "unable to open" in run.stderr


def test_a_file_that_somebody_holds_makes_appends_fail_not_hang(tmp_path):
    ledger = Ledger.open(SqliteStore(tmp_path / "ledger.db", busy_timeout_s=0.01), signer=SIGNER, options=options())
    recorded(ledger, 1)
    holder = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(LedgerError, match="locked"):
        ledger.append("tested", {}).result(30)
    holder.execute("ROLLBACK")
    holder.close()
    recorded(ledger, 1)
    assert ledger.verify().size == 2
    ledger.close()


def test_nothing_else_is_written_beside_the_log(tmp_path):
    with Ledger.open(SqliteStore(tmp_path / "ledger.db"), signer=SIGNER, options=options()) as ledger:
        recorded(ledger, 10)
    assert sorted(tmp_path.iterdir()) == [tmp_path / "ledger.db", tmp_path / "ledger.db-witness"]
