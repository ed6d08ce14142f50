"""Settings that follow their file: whole, or not at all."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from foureyes.config import Reloader
from foureyes.errors import ConfigError
from tests.config.whole import ENVIRON, WHOLE


@pytest.fixture
def reloader(folder):
    return Reloader(folder.write(WHOLE), ENVIRON)


def port(reloader):
    return reloader.settings.server.port


def test_nothing_happens_while_nothing_changes(reloader):
    before = reloader.settings
    assert [reloader.check() for _ in range(3)] == [False] * 3
    assert reloader.settings is before
    assert reloader.error is None


def test_a_changed_file_is_put_in_force(folder, reloader):
    folder.write(WHOLE.replace("9000", "9001"))
    assert reloader.check() is True
    assert port(reloader) == 9001
    assert reloader.check() is False


@pytest.mark.parametrize("broken", ["[server]\nport = 'x'", "not toml", "", WHOLE.replace("quorum = 2", "quorum = 9")])
def test_a_broken_file_is_refused_and_the_old_settings_stay(folder, reloader, broken):
    before = reloader.settings
    folder.write(broken or "[tenants]\nacme = 1")
    assert reloader.check() is False
    assert reloader.settings is before
    assert isinstance(reloader.error, ConfigError)
    assert str(folder.file) in str(reloader.error)
    folder.write(WHOLE.replace("9000", "9001"))
    assert reloader.check() is True
    assert (port(reloader), reloader.error) == (9001, None)


def test_a_file_put_right_again_as_it_was_clears_the_error_and_changes_nothing(folder, reloader):
    folder.write("broken")
    reloader.check()
    folder.write(WHOLE)
    assert reloader.check() is False
    assert reloader.error is None


def test_a_file_that_is_gone_is_broken(folder, reloader):
    folder.file.unlink()
    assert reloader.check() is False
    assert "cannot read" in str(reloader.error)
    assert port(reloader) == 9000


def test_a_change_that_keeps_size_and_times_is_seen(folder, reloader):
    times = folder.file.stat()
    folder.write(WHOLE.replace("9000", "9001"))
    os.utime(folder.file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert reloader.check() is True


def test_a_file_touched_but_not_changed_is_not_read_again(folder, reloader):
    os.utime(folder.file, ns=(1, 1))
    assert reloader.check() is False


def test_secrets_and_calibrators_are_watched_too(folder):
    secret = folder.path / "key.txt"
    secret.write_text("first")
    text = WHOLE.replace('key_env = "OPENAI_API_KEY"', 'key_file = "key.txt"')
    reloader = Reloader(folder.write(text), ENVIRON)
    secret.write_text("second")
    assert reloader.check() is True
    assert reloader.settings.tenants["acme"].verifiers[0].key.reveal() == "second"
    (folder.path / "platt.json").write_text('{"other": 1}')
    assert reloader.check() is True
    secret.unlink()
    assert reloader.check() is False
    assert "cannot be read" in str(reloader.error)
    assert reloader.settings.tenants["acme"].verifiers[0].key.reveal() == "second"


def test_the_error_holds_no_secret(folder, reloader):
    folder.write(WHOLE.replace('key_env = "OPENAI_API_KEY"', 'key = "sk-live-secret"'))
    reloader.check()
    assert "sk-live-secret" not in str(reloader.error)


def test_a_file_that_is_broken_to_begin_with_is_refused(folder):
    with pytest.raises(ConfigError):
        Reloader(folder.write("[server]\nport = 'x'"), ENVIRON)


def test_whoever_reads_while_others_check_sees_whole_settings(folder, reloader):
    """Port and deadline change together in the file; nobody may see one without the other."""
    texts = [WHOLE, WHOLE.replace("9000", "9001").replace("deadline_s = 8", "deadline_s = 9")]
    done = threading.Event()

    def read():
        seen = set()
        while not done.is_set():
            settings = reloader.settings
            seen.add((settings.server.port, settings.tenants["acme"].timing.deadline_s))
        return seen

    with ThreadPoolExecutor(3) as pool:
        readers = [pool.submit(read) for _ in range(3)]
        for i in range(30):
            folder.write(texts[i % 2])
            reloader.check()
        done.set()
    assert set().union(*(reader.result() for reader in readers)) <= {(9000, 8.0), (9001, 9.0)}
