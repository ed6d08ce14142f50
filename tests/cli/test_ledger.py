"""foureyes ledger, from a log to words, JSON and exit status."""

import json
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from foureyes.cli import main
from foureyes.ledger import Ledger, Signer, VerifierKey, open_ledger, open_log, verify_export
from foureyes.ledger.sqlite import SqliteStore
from tests.ledger.conftest import NAME, SEED, options, postgres_url, recorded

__all__ = ["postgres_url"]

SIGNER = Signer(NAME, SEED)
KEY = str(SIGNER.key)
WAITS = [["watch", "x", "--key", KEY, "--state", "s", "--every", every] for every in ("-1", "nan", "soon", "1e9")]


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "ledger.db"
    with Ledger.open(SqliteStore(path), signer=SIGNER, options=options()) as ledger:
        recorded(ledger, 30)
        ledger.checkpoint()
        recorded(ledger, 30, first=30)
    return path


def ledger(*arguments):
    return main(["ledger", *map(str, arguments)])


def grow(path, n=1):
    with Ledger.open(SqliteStore(path), signer=SIGNER, options=options()) as opened:
        recorded(opened, n)


def edit(path):
    with sqlite3.connect(path) as connection:
        (raw,) = connection.execute("SELECT entry FROM entries WHERE place = 7").fetchone()
        connection.execute("UPDATE entries SET entry = ? WHERE place = 7", [raw.replace(b"tested", b"passed")])
    connection.close()


def test_keygen_makes_a_key_that_opens_a_ledger(tmp_path, capsys):
    assert ledger("keygen", tmp_path / "key", "--name", "example.com/mine") == 0
    out, err = capsys.readouterr()
    public = VerifierKey.parse(out)
    assert public.name == "example.com/mine"
    assert "holds the private key" in err
    assert Signer.parse((tmp_path / "key").read_text()).key == public
    assert (tmp_path / "key").read_text().strip() not in out + err
    assert ledger("keygen", tmp_path / "key") == 1
    assert ledger("keygen", tmp_path / "other") == 0
    assert capsys.readouterr().out.startswith("foureyes.local/")


def test_verify_a_good_log(path, capsys):
    assert ledger("verify", path, "--key", KEY, "--json") == 0
    out, err = capsys.readouterr()
    found = json.loads(out)["result"]
    assert (found["origin"], found["size"], found["checkpoints"], found["clock_jumps"]) == (NAME, 60, 2, 0)
    assert "60 entries verified, 2 signed checkpoints checked" in err


def test_one_of_a_thing_is_called_so(tmp_path, capsys):
    with Ledger.open(SqliteStore(tmp_path / "l.db"), signer=SIGNER, options=options()) as opened:
        recorded(opened, 1)
    assert ledger("verify", tmp_path / "l.db", "--key", KEY) == 0
    assert "1 entry verified, 1 signed checkpoint checked; root" in capsys.readouterr().err


def test_verify_says_where_a_log_was_edited_and_exits_with_3(path, capsys):
    edit(path)
    assert ledger("verify", path, "--key", KEY) == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("foureyes: edited: entry 8 says that it follows")
    assert len(err.splitlines()) == 1


def test_a_key_that_is_not_the_log_s_has_an_exit_status_of_its_own(path, capsys):
    for name in (NAME, "example.com/other"):
        other = Signer(name, bytes(32)).key
        for action in (("verify", path), ("checkpoint", path), ("export", path), ("prove", "inclusion", path, "7")):
            assert ledger(*action, "--key", other) == 4
            out, err = capsys.readouterr()
            assert out == ""
            assert err.startswith("foureyes: another key: ")
            assert "tampered" not in err


def test_the_key_before_a_change_verifies_its_part(path, tmp_path, capsys):
    newer = Signer(NAME, bytes(32))
    with Ledger.open(SqliteStore(path), signer=newer, options=options(former=[SIGNER.key])) as opened:
        recorded(opened, 5)
    assert ledger("verify", path, "--key", KEY, "--json") == 4
    out, err = capsys.readouterr()
    told = json.loads(out)
    assert (told["result"]["size"], told["result"]["covered"], told["result"]["checkpoints"]) == (65, 60, 2)
    assert (told["error"]["kind"], told["error"]["exit"], told["error"]["index"]) == ("LedgerOtherKey", 4, 60)
    assert "60 entries verified, 2 signed checkpoints checked" in err
    assert ledger("verify", path, "--key", newer.key) == 0
    assert f"foureyes: checkpoints by {NAME}+{SIGNER.key.id.hex()} agree too" in capsys.readouterr().err
    (tmp_path / "both").write_text(f"{newer.key}\n{KEY}\n")
    assert ledger("verify", path, "--key", tmp_path / "both", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["result"]["covered"], told["result"]["other_keys"], told["warnings"]) == (65, [], [])


def test_files_that_went_over_windows_are_read(path, tmp_path, capsys):
    assert ledger("export", path, "--key", KEY, "-o", tmp_path / "e") == 0
    assert ledger("checkpoint", path, "--key", KEY) == 0
    (tmp_path / "seen").write_text(capsys.readouterr().out)
    assert ledger("prove", "inclusion", path, "7", "--key", KEY) == 0
    (tmp_path / "proof").write_text(capsys.readouterr().out)
    (tmp_path / "key").write_text(f"{KEY}\n")
    for name in ("e", "seen", "key", "proof"):
        raw = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(b"\xef\xbb\xbf" + raw.replace(b"\n", b"\r\n"))
    trusted = ("--key", tmp_path / "key", "--seen", tmp_path / "seen")
    assert ledger("verify", tmp_path / "e", *trusted) == 0
    assert ledger("check", tmp_path / "proof", *trusted) == 0
    command = [sys.executable, "-I", "-S", verify_export.__file__, str(tmp_path / "e"), *map(str, trusted)]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_verify_with_what_was_seen_finds_a_rollback(path, tmp_path, capsys):
    older = shutil.copy(path, tmp_path / "older.db")
    grow(path)
    assert ledger("checkpoint", path, "--key", KEY) == 0
    (tmp_path / "seen").write_text(capsys.readouterr().out)
    assert ledger("verify", path, "--key", KEY, "--seen", tmp_path / "seen") == 0
    assert ledger("verify", older, "--key", KEY, "--seen", tmp_path / "seen") == 3
    assert "rolled back" in capsys.readouterr().err
    assert ledger("verify", older, "--key", KEY, "--seen", tmp_path / "missing") == 1


def test_verify_tells_of_clocks_that_went_back(tmp_path, capsys):
    from datetime import timedelta

    from tests.ledger.conftest import Clock

    clock = Clock()
    with Ledger.open(SqliteStore(tmp_path / "l.db"), signer=SIGNER, options=options(clock=clock)) as opened:
        recorded(opened, 2)
        clock.now -= timedelta(days=1)
        recorded(opened, 2)
    assert ledger("verify", tmp_path / "l.db", "--key", KEY) == 0
    assert "at entry 2, from 2026-01-02T03:04:06.000000Z to 2026-01-01T03:04:07.000000Z" in capsys.readouterr().err


def test_prove_inclusion(path, capsys):
    assert ledger("prove", "inclusion", path, "7", "--key", KEY, "--size", "30") == 0
    out = json.loads(capsys.readouterr().out)
    assert out["inclusion"] == open_log(str(path), [SIGNER.key]).prove_inclusion(7, 30).to_dict()
    assert out["checkpoint"].startswith(f"{NAME}\n60\n")


def test_prove_consistency(path, capsys):
    assert ledger("prove", "consistency", path, "30", "--key", KEY) == 0
    out = json.loads(capsys.readouterr().out)
    assert (out["consistency"]["old"], out["consistency"]["new"]) == (30, 60)
    assert out["consistency"] == open_log(str(path), [SIGNER.key]).prove_consistency(30).to_dict()


def test_prove_what_is_not_there(path, capsys):
    assert ledger("prove", "inclusion", path, "60", "--key", KEY) == 1
    assert "no entry 60" in capsys.readouterr().err
    edit(path)
    assert ledger("prove", "inclusion", path, "7", "--key", KEY) == 3


def test_check_what_was_proved(path, tmp_path, capsys):
    assert ledger("checkpoint", path, "--key", KEY, "--all") == 0
    (tmp_path / "seen").write_text(capsys.readouterr().out.partition("\n\n" + NAME)[0] + "\n")
    for proof, seen in (
        (("inclusion", path, "7"), ()),
        (("inclusion", path, "7", "--size", "30"), ("--seen", tmp_path / "seen")),
        (("consistency", path, "30"), ("--seen", tmp_path / "seen")),
    ):
        assert ledger("prove", *proof, "--key", KEY) == 0
        (tmp_path / "proof").write_text(capsys.readouterr().out)
        assert ledger("check", tmp_path / "proof", "--key", KEY, *seen) == 0
        assert capsys.readouterr().err.startswith(f"{NAME}: ")
        other = Signer(NAME, bytes(32)).key
        assert ledger("check", tmp_path / "proof", "--key", other, *seen) == 4
        forged = json.loads((tmp_path / "proof").read_text())
        hashes = forged[proof[0]]["path" if proof[0] == "inclusion" else "hashes"]
        hashes[0] = hashes[0][::-1]
        (tmp_path / "forged").write_text(json.dumps(forged))
        assert ledger("check", tmp_path / "forged", "--key", KEY, *seen) == 3
        if seen:
            assert ledger("check", tmp_path / "proof", "--key", KEY) == 1
            assert "of 30 entries that you kept" in capsys.readouterr().err


def test_check_what_is_no_proof(tmp_path, capsys):
    (tmp_path / "proof").write_text("{}")
    assert ledger("check", tmp_path / "proof", "--key", KEY) == 1
    assert ledger("check", tmp_path / "missing", "--key", KEY) == 1
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 2)


def test_checkpoints(path, capsys):
    assert ledger("checkpoint", path, "--key", KEY) == 0
    assert capsys.readouterr().out == open_log(str(path), [SIGNER.key]).head()
    assert ledger("checkpoint", path, "--key", KEY, "--all") == 0
    assert capsys.readouterr().out.count(f"— {NAME} ") == 2


def test_export_with_its_verifier(path, tmp_path, capsys):
    out = tmp_path / "export.jsonl"
    assert ledger("export", path, "--key", KEY, "-o", out, "--with-verifier", tmp_path) == 0
    assert "60 entries written" in capsys.readouterr().err
    command = [sys.executable, "-I", "-S", str(tmp_path / "verify_export.py"), str(out), "--key", KEY]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (0, f"{NAME}: entries verified: 60, signed checkpoints checked: 2\n")
    assert ledger("verify", out, "--key", KEY) == 0
    assert ledger("export", path, "--key", KEY, "-o", out) == 1
    other = Signer(NAME, bytes(32)).key
    assert ledger("export", path, "--key", other, "-o", tmp_path / "unsigned.jsonl") == 4
    assert not (tmp_path / "unsigned.jsonl").exists()
    assert ledger("export", path, "--key", KEY, "-o", tmp_path / "2.jsonl", "--with-verifier", tmp_path / "no") == 1


def test_export_to_somebody_who_does_not_read_on_is_no_error(path):
    grow(path, 3000)
    command = f"{sys.executable} -m foureyes ledger export {path} --key {KEY} | head -c 100"
    run = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, check=False)
    assert (run.returncode, len(run.stdout), run.stderr) == (0, 100, b"")


def test_export_to_stdout(path):
    command = [sys.executable, "-m", "foureyes", "ledger", "export", str(path), "--key", KEY]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert len(run.stdout.splitlines()) == 1 + 3 + 60


def test_watch_follows_a_log_and_screams_when_it_shrinks(path, tmp_path, capsys):
    older, state = shutil.copy(path, tmp_path / "older.db"), tmp_path / "state"
    watch = ("--key", KEY, "--state", state, "--once", "--json")
    assert ledger("watch", path, *watch) == 0
    grow(path)
    assert ledger("watch", path, *watch) == 0
    assert [json.loads(line)["result"]["size"] for line in capsys.readouterr().out.splitlines()] == [60, 61]
    assert ledger("watch", older, *watch) == 3
    assert (
        "rolled back: example.com/guard had 61 entries when it was seen last, now it has 60" in capsys.readouterr().err
    )
    assert ledger("watch", path, *watch) == 0


def test_watch_screams_at_a_fork(path, tmp_path, capsys):
    fork = shutil.copy(path, tmp_path / "fork.db")
    for i, place in enumerate((path, fork)):
        with Ledger.open(SqliteStore(place), signer=SIGNER, options=options()) as opened:
            recorded(opened, 5, first=i)
    watch = ("--key", KEY, "--state", tmp_path / "state", "--once")
    assert ledger("watch", path, *watch) == 0
    assert ledger("watch", fork, *watch) == 3
    assert "forked or rewritten" in capsys.readouterr().err


def test_watch_goes_on_until_something_is_wrong(path, tmp_path):
    """Without --once it looks again and again: the log is put back meanwhile."""
    older = shutil.copy(path, tmp_path / "older.db")
    grow(path)
    command = [
        sys.executable,
        "-m",
        "foureyes",
        "ledger",
        "watch",
        str(path),
        "--key",
        KEY,
        "--every",
        "0.01",
        "--json",
    ]
    with subprocess.Popen(
        [*command, "--state", str(tmp_path / "state")], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as watching:
        for _ in range(3):
            assert json.loads(watching.stdout.readline())["result"]["size"] == 61
        (tmp_path / "older.db").replace(path)
        _, err = watching.communicate(timeout=60)
    assert older
    assert watching.returncode == 3
    assert err.splitlines()[-1].startswith("foureyes: rolled back")


def test_a_log_in_postgresql(tmp_path, postgres_url, capsys):
    from foureyes.ledger import open_ledger

    SIGNER.save(tmp_path / "key")
    with open_ledger(postgres_url, key_file=tmp_path / "key") as opened:
        recorded(opened, 5)
    assert ledger("verify", postgres_url, "--key", tmp_path / "key") == 0
    assert "5 entries verified" in capsys.readouterr().err
    assert ledger("prove", "inclusion", postgres_url, "3", "--key", KEY) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("verify", "missing.db", "--key", KEY), "cannot read missing.db"),
        (("verify", "sqlite:missing.db", "--key", KEY), "no such ledger"),
        (("verify", __file__, "--key", KEY), "not the export of a ledger"),
        (("verify", __file__, "--key", "nonsense"), "wanted a public key"),
    ],
)
def test_what_cannot_be_used_exits_with_1(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert ledger(*arguments) == 1
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [[], ["verify"], ["verify", "x"], ["prove", "x"], ["watch", "x", "--key", KEY], *WAITS]
)
def test_usage(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        ledger(*arguments)
    assert stop.value.code == 2
    assert "usage: foureyes ledger" in capsys.readouterr().err


def test_the_ledger_commands_of_the_readme_work_as_they_stand(tmp_path):
    """In their order, in one folder, by a shell; the log is written after the command that makes its key."""
    readme = Path(__file__).parents[2] / "README.md"
    commands = [line for line in readme.read_text(encoding="utf-8").splitlines() if line.startswith("foureyes ledger ")]
    assert [command.split()[2] for command in commands] == ["keygen", "export", "verify"]
    for command in commands:
        line = command.replace("foureyes", f"{sys.executable} -m foureyes", 1)
        run = subprocess.run(["sh", "-c", line], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stderr
        if "keygen" in command:
            with open_ledger(f"sqlite:{tmp_path}/ledger.db", key_file=tmp_path / "ledger.key") as opened:
                recorded(opened, 1)
    assert "1 entry verified, " in run.stderr
