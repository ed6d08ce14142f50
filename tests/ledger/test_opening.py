import shutil

import pytest

from foureyes.errors import InputError, LedgerError, LedgerOtherKey
from foureyes.ledger import Ledger, Signer, open_ledger, open_log
from foureyes.ledger.opening import read_signer
from foureyes.ledger.sqlite import SqliteStore
from tests.ledger.conftest import NAME, options, recorded


@pytest.fixture
def key(tmp_path, signer):
    signer.save(tmp_path / "key")
    return tmp_path / "key"


def test_a_ledger_is_opened_by_reference(tmp_path, key, signer):
    for size in (1, 2):
        with open_ledger(f"sqlite:{tmp_path / 'ledger.db'}", key_file=str(key)) as ledger:
            recorded(ledger, 1)
            assert ledger.size == size
    for reference in (f"sqlite:{tmp_path / 'ledger.db'}", str(tmp_path / "ledger.db")):
        assert open_log(reference, [signer.key]).verify().size == 2


def test_a_log_can_be_read_while_it_is_written(tmp_path, key, signer):
    with open_ledger(f"sqlite:{tmp_path / 'ledger.db'}", key_file=key) as ledger:
        log = open_log(str(tmp_path / "ledger.db"), [signer.key])
        for size in (1, 2, 3):
            recorded(ledger, 1)
            assert log.verify().size == size


def test_a_copy_of_a_running_log_is_a_log(tmp_path, key, signer):
    with open_ledger(f"sqlite:{tmp_path / 'ledger.db'}", key_file=key) as ledger:
        recorded(ledger, 5)
        for name in ("ledger.db", "ledger.db-wal"):
            shutil.copy(tmp_path / name, tmp_path / f"copy-of-{name}")
    assert open_log(str(tmp_path / "copy-of-ledger.db"), [signer.key]).verify().size == 5


def test_a_key_file_may_name_keys_that_signed_earlier(tmp_path, key, signer):
    with open_ledger(f"sqlite:{tmp_path / 'ledger.db'}", key_file=key) as ledger:
        recorded(ledger, 1)
    Signer(NAME, bytes(32)).save(tmp_path / "newer")
    with (tmp_path / "newer").open("a") as file:
        file.write(f"{signer.key}\n")
    with open_ledger(f"sqlite:{tmp_path / 'ledger.db'}", key_file=tmp_path / "newer") as ledger:
        recorded(ledger, 1)
        assert ledger.verify().size == 2
        assert len(ledger.keys) == 2


@pytest.mark.parametrize("reference", ["ledger.db", "mysql://x", "", "sqlite3:x"])
def test_other_references_are_refused(reference, key):
    with pytest.raises(InputError, match="wanted sqlite:/path or postgresql"):
        open_ledger(reference, key_file=key)


def test_key_files_that_hold_no_key(tmp_path, key, signer):
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "public").write_text(str(signer.key))
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    for name, message in (
        ("empty", "is empty"),
        ("public", "does not begin so"),
        ("binary", "not text"),
        ("no", "No su"),
    ):
        with pytest.raises(InputError, match=message):
            read_signer(tmp_path / name)


def test_a_place_that_cannot_be_written_is_an_error(tmp_path, key):
    with pytest.raises(LedgerError, match="unable to open"):
        open_ledger(f"sqlite:{tmp_path}", key_file=key)


def test_a_ledger_that_could_not_be_opened_leaves_no_thread(tmp_path, signer):
    import threading

    before = threading.active_count()
    SqliteStore(tmp_path / "ledger.db").close()
    Ledger.open(SqliteStore(tmp_path / "ledger.db"), signer=signer, options=options()).close()
    with pytest.raises(LedgerOtherKey):
        Ledger.open(SqliteStore(tmp_path / "ledger.db"), signer=Signer(NAME, bytes(32)), options=options())
    assert threading.active_count() == before
