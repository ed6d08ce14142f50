"""The workers of bench.ledger do what they are timed at, and the page says what was measured."""

import pytest

from bench.ledger import WORKERS, Verifying, page, rows, section
from bench.section import MIB
from foureyes.ledger import Entry, open_log
from foureyes.ledger.keys import Signer

KEY = Signer("example.com/bench", bytes(32)).key


def test_a_row_is_an_entry():
    assert [Entry.parse(row).index for row in rows(3)] == [0, 1, 2]


def test_rows_are_committed_one_by_one(tmp_path):
    import sqlite3

    assert WORKERS["row"](tmp_path / "rows.db", 5)["seconds"] > 0
    with sqlite3.connect(tmp_path / "rows.db") as connection:
        assert connection.execute("SELECT count(*) FROM entries").fetchone() == (5,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


@pytest.mark.parametrize(("what", "written"), [("alone", 6), ("threads-3", 6), ("threads-4", 4), ("write", 6)])
def test_appending_makes_a_log_that_verifies(tmp_path, what, written):
    measured = WORKERS[what](tmp_path / "ledger.db", 6)
    assert measured["seconds"] > 0
    assert open_log(str(tmp_path / "ledger.db"), [KEY]).verify().size == written


def test_verifying_reads_all_of_it(tmp_path):
    WORKERS["write"](tmp_path / "ledger.db", 6)
    for what in ("hash", "verify"):
        assert WORKERS[what](tmp_path / "ledger.db", 6)["resident"] > 0
    with pytest.raises(SystemExit, match="verified 6 entries of 7"):
        WORKERS["verify"](tmp_path / "ledger.db", 7)


def test_the_page_holds_medians_ranges_ratios_and_what_became_of_the_aims():
    appends = {
        "row": [10.0, 30.0, 20.0],
        "alone": [20.0, 60.0, 40.0],
        "flight": [110.0, 300.0, 220.0],
        "threads-8": [100.0, 900.0, 500.0],
    }
    resident = {"write": (50.0 * MIB, 51.0 * MIB), "verify": (40.0 * MIB, 90.0 * MIB)}
    rates = {"hash": [400_000.0], "verify": [250_000.0], "hash cpu": [500_000.0], "verify cpu": [300_000.0]}
    log = Verifying(1000, rates, resident)
    made = page(section(appends, log, [8]), "python -m bench.ledger")
    for line in (
        "| appends ÷ one commit a row, one thread, 1,024 in flight | ≥ 20 | 11.00 [10.00, 11.00] ✗ |",
        "| appends ÷ one commit a row, 8 threads | ≥ 20 | 25.00 [10.00, 30.00] ✓ |",
        "| entries verified a second | ≥ 200,000 | 250,000 ✓ |",
        "| writing: MiB more for a log four times as long | ≤ 16 | 1.0 ✓ |",
        "| verifying: MiB more for a log four times as long | ≤ 16 | 50.0 ✗ |",
        "| 8 threads, each waiting for its append | 500 | 100 to 900 | 25.00 [10.00, 30.00] |",
        "| verifying | 250,000 | 250,000 to 250,000 | 0.62 |",
        "| verifying, a second of processor time | 300,000 | 300,000 to 300,000 | 0.60 |",
    ):
        assert line in made.splitlines()
