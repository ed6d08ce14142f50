"""An export, the script that verifies it offline, and what the script says of doctored ones."""

import ast
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from foureyes.errors import InputError, LedgerOtherKey, LedgerTampered
from foureyes.ledger import Checkpoint, Ledger, Log, Signer, open_log, read_keys, verify_export
from foureyes.ledger.export import ExportFile, write_export
from foureyes.ledger.sqlite import SqliteStore
from foureyes.maths.merkle import leaf_hash, mth
from tests.ledger.conftest import NAME, SEED, Clock, options, recorded

SIGNER = Signer(NAME, SEED)
SCRIPT = Path(verify_export.__file__)
SIZE = 600


@pytest.fixture(scope="module")
def lines(tmp_path_factory):
    """The export of a log of 600 entries, as lines: a header, checkpoints for 600, 200 and again 600, entries."""
    path = tmp_path_factory.mktemp("ledger") / "ledger.db"
    out = io.BytesIO()
    with Ledger.open(SqliteStore(path), signer=SIGNER, options=options()) as ledger:
        recorded(ledger, 200)
        ledger.checkpoint()
        recorded(ledger, SIZE - 200, first=200)
        assert write_export(ledger, out) == SIZE
    return out.getvalue().splitlines(keepends=True)


def verified(lines, tmp_path, *more, key=SIGNER.key):
    """Runs the script alone, in a folder of its own, where Python finds no package that was installed."""
    script = shutil.copy(SCRIPT, tmp_path / "verify_export.py")
    (tmp_path / "export.jsonl").write_bytes(b"".join(lines))
    command = [sys.executable, "-I", "-S", str(script), str(tmp_path / "export.jsonl"), "--key", str(key), *more]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment)
    return run.returncode, (run.stdout + run.stderr).strip()


def test_the_script_is_short_and_imports_nothing_but_what_python_has():
    text = SCRIPT.read_text()
    assert len(text.splitlines()) <= 300
    imported = {(getattr(node, "module", None) or node.names[0].name).partition(".")[0] for node in imports(text)}
    assert imported - {"__future__"} <= sys.stdlib_module_names


def imports(text):
    return [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import | ast.ImportFrom)]


def test_a_good_export(lines, tmp_path):
    status, said = verified(lines, tmp_path)
    assert (status, said) == (0, f"{NAME}: entries verified: 600, signed checkpoints checked: 2")


def test_a_good_export_and_what_somebody_remembers(lines, tmp_path):
    (tmp_path / "seen").write_text(json.loads(lines[2])["checkpoint"])
    assert verified(lines, tmp_path, "--seen", str(tmp_path / "seen"))[0] == 0


def test_an_empty_log(tmp_path):
    out = io.BytesIO()
    with Ledger.open(SqliteStore(tmp_path / "ledger.db"), signer=SIGNER, options=options()) as ledger:
        assert write_export(ledger, out) == 0
    status, said = verified(out.getvalue().splitlines(keepends=True), tmp_path)
    assert (status, said) == (0, f"{NAME}: entries verified: 0, signed checkpoints checked: 1")


def test_a_clock_that_went_back_is_told_and_no_crime(tmp_path):
    from datetime import timedelta

    clock, out = Clock(), io.BytesIO()
    with Ledger.open(SqliteStore(tmp_path / "ledger.db"), signer=SIGNER, options=options(clock=clock)) as ledger:
        recorded(ledger, 2)
        clock.now -= timedelta(hours=1)
        recorded(ledger, 2)
        write_export(ledger, out)
    status, said = verified(out.getvalue().splitlines(keepends=True), tmp_path)
    assert status == 0
    assert said.endswith("the clock went back 1 times")


def first_entry(lines):
    return 1 + sum(line.startswith(b'{"checkpoint"') for line in lines)


def changed(index, old, new):
    def change(lines):
        at = first_entry(lines) + index
        assert old in lines[at]
        return [*lines[:at], lines[at].replace(old, new), *lines[at + 1 :]]

    return change


def swapped(lines):
    at = first_entry(lines) + 40
    return [*lines[:at], lines[at + 1], lines[at], *lines[at + 2 :]]


def without(start, stop):
    def change(lines):
        at = first_entry(lines)
        return [*lines[: at + start], *lines[at + stop :]]

    return change


def repeated(lines):
    at = first_entry(lines)
    return [*lines[: at + 41], lines[at + 40], *lines[at + 41 :]]


def renoted(change):
    """Replaces the newest checkpoint."""

    def apply(lines):
        note = change(json.loads(lines[1])["checkpoint"], [line[:-1] for line in lines[first_entry(lines) :]])
        newest = json.dumps({"checkpoint": note}).encode() + b"\n"
        return [lines[0], newest, lines[2], newest, *lines[4:]]

    return apply


def signed(root, size=SIZE, signer=SIGNER, name=NAME):
    return Checkpoint(name, size, root).signed(signer)


def forged_history(lines):
    """Everything from entry 300 on made anew, with a chain that holds and no new signature."""
    from tests.attacks.test_ledger_tampering import rewritten

    at = first_entry(lines)
    forged = rewritten([line[:-1] for line in lines[at:]], 300)
    return [*lines[: at + 300], *(entry + b"\n" for entry in forged.entries)]


DOCTORED = {
    "an edit": (changed(8, b'"n":8', b'"n":9'), "edited: entry 9 does not follow entry 8 as it is"),
    "an edit of the last entry": (changed(599, b'"n"', b'"m"'), "edited or forked: entries 200 to 599"),
    "a time": (changed(8, b'"time":"2026', b'"time":"2025'), "edited: entry 9 does not follow entry 8"),
    "a reorder": (swapped, "reordered or removed: entry 41 stands where entry 40 belongs"),
    "a dropped middle": (without(40, 45), "reordered or removed: entry 45 stands where entry 40 belongs"),
    "a replay": (repeated, "reordered or replayed: entry 40 stands where entry 41 belongs"),
    "a truncated tail": (without(599, 600), "cut off or rolled back: 599 entries are here"),
    "a tail torn in a line": (lambda lines: [*lines[:-1], lines[-1][:50]], "entry 599 is not an entry"),
    "everything removed": (without(0, 600), "cut off or rolled back: 0 entries are here"),
    "a history made anew": (forged_history, "edited or forked: entries 200 to 599 do not have the root"),
    "an intruder at the end": (
        lambda lines: [*(line for line in lines if b'"checkpoint":"example.com/guard\\n600' not in line)],
        "put in: no checkpoint was signed for the entries from 200 to 599",
    ),
    "a checkpoint with another size": (
        renoted(lambda note, _: note.replace("\n600\n", "\n599\n")),
        "was not signed by example.com/guard: it is forged",
    ),
    "a swapped root": (
        renoted(lambda note, _: note.replace(note.split("\n")[2], "A" * 43 + "=")),
        "was not signed by example.com/guard: it is forged",
    ),
    "a checkpoint from a fork": (
        renoted(lambda _, entries: signed(mth([leaf_hash(e) for e in [*entries[:-1], b"forked"]]))),
        "edited or forked: entries 200 to 599 do not have the root that was signed",
    ),
    "a checkpoint of an impostor for other entries": (
        renoted(lambda *_: signed(bytes(32), signer=Signer(NAME, bytes(32)))),
        "edited or forked: entries 200 to 599",
    ),
    "a checkpoint of an impostor for another log": (
        renoted(lambda *_: signed(bytes(32), signer=Signer("example.com/other", bytes(32)), name="example.com/other")),
        "checkpoints of several logs: example.com/guard, example.com/other",
    ),
    "a checkpoint of another log": (
        renoted(lambda *_: signed(bytes(32), name="example.com/other")),
        "of the log example.com/other, not of example.com/guard",
    ),
    "two checkpoints of one size": (
        lambda lines: [*lines[:2], json.dumps({"checkpoint": signed(bytes(32))}).encode() + b"\n", *lines[2:]],
        "forked: two checkpoints with different roots were signed for 600 entries",
    ),
    "a note without a signature": (
        renoted(lambda note, _: note.partition("\n\n")[0] + "\n"),
        "not a signed checkpoint",
    ),
    "no checkpoint at all": (
        lambda lines: [line for line in lines if not line.startswith(b'{"checkpoint"')],
        "there is no signed checkpoint",
    ),
    "garbage": (lambda lines: [*lines[:30], b"\xff\xfe[[[\n", *lines[30:]], "is not an entry"),
    "an empty line": (lambda lines: [*lines[:30], b"\n", *lines[30:]], "is not an entry"),
}


@pytest.mark.parametrize("name", DOCTORED)
def test_a_doctored_export(lines, tmp_path, name):
    change, sentence = DOCTORED[name]
    doctored = change(lines)
    status, said = verified(doctored, tmp_path)
    assert (status, said[:10]) == (3, "TAMPERED: "), said
    assert sentence in said
    assert "Traceback" not in said
    with pytest.raises(LedgerTampered):  # and foureyes itself reads the same file and says the same
        open_log(str(tmp_path / "export.jsonl"), [SIGNER.key]).verify()


def test_an_export_that_was_rolled_back_to_a_checkpoint_of_its_own(lines, tmp_path):
    """Nothing in it is wrong; only who remembers a later checkpoint can tell."""
    older = [lines[0], lines[2], *lines[first_entry(lines) :][:200]]
    assert verified(older, tmp_path)[0] == 0
    (tmp_path / "seen").write_text(json.loads(lines[1])["checkpoint"])
    status, said = verified(older, tmp_path, "--seen", str(tmp_path / "seen"))
    assert status == 3
    assert "cut off or rolled back: 200 entries are here; a checkpoint was signed for 600" in said


def test_no_beginning_of_an_export_passes_for_a_whole_one(tmp_path):
    """As where a download broke off. The log was asked for its checkpoint while it was empty: that is a checkpoint of it, too."""
    out, path = io.BytesIO(), tmp_path / "export.jsonl"
    with Ledger.open(SqliteStore(tmp_path / "ledger.db"), signer=SIGNER, options=options()) as ledger:
        for i in range(3):
            ledger.checkpoint()
            recorded(ledger, 1, first=i)
        write_export(ledger, out)
    whole = out.getvalue().removesuffix(b"\n")
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises((InputError, LedgerTampered)):
            open_log(str(path), [SIGNER.key]).verify()
    beginnings = [whole.splitlines(keepends=True)[:n] for n in range(2, 6)]
    assert {verified(lines, tmp_path)[0] for lines in beginnings} == {3}


def test_an_export_whose_newest_checkpoint_stands_last_is_read(lines, tmp_path):
    """As those were written before."""
    earlier = [lines[0], *lines[2:]]
    assert verified(earlier, tmp_path)[0] == 0
    assert open_log(str(tmp_path / "export.jsonl"), [SIGNER.key]).verify().size == SIZE


@pytest.mark.parametrize(
    ("change", "key", "sentence"),
    [
        (lambda lines: [b"{}\n", *lines[1:]], SIGNER.key, "not the export of a foureyes ledger"),
        (lambda _: [], SIGNER.key, "not the export of a foureyes ledger"),
        (lambda lines: lines, "nonsense", "wanted a public key"),
        (lambda lines: lines, str(SIGNER.key).replace("guard", "other"), "wanted a public key"),
        (lambda lines: lines, f"{SIGNER.key} {Signer('other', SEED).key}", "public keys of one log; got those of 2"),
        (lambda lines: lines, "", "public keys of one log; got those of 0"),
    ],
)
def test_what_cannot_be_used(lines, tmp_path, change, key, sentence):
    status, said = verified(change(lines), tmp_path, key=key)
    assert status == 1
    assert sentence in said
    assert "Traceback" not in said


@pytest.mark.parametrize("name", [NAME, "example.com/other"])
def test_a_key_that_is_not_the_log_s_is_told_from_tampering(lines, tmp_path, name):
    other = Signer(name, bytes(32)).key
    status, said = verified(lines, tmp_path, key=other)
    assert status == 4
    assert said.startswith("OTHER KEY: the log is signed by example.com/guard+")
    with pytest.raises(LedgerOtherKey, match="another key: the log is signed by"):
        open_log(str(tmp_path / "export.jsonl"), [other]).verify()


def test_the_end_that_another_key_signed_is_not_verified(lines, tmp_path):
    """Just what a log looks like after its key was changed, and after a thief without the key signed it anew."""
    newer = Signer(NAME, bytes(32))
    resigned = renoted(lambda _, entries: signed(mth([leaf_hash(e) for e in entries]), signer=newer))(lines)
    status, said = verified(resigned, tmp_path)
    assert status == 4
    assert f"{NAME}: entries verified: 200, signed checkpoints checked: 1" in said
    assert f"OTHER KEY: the entries from 200 to 599 are signed by {NAME}+{newer.key.id.hex()}, and not" in said
    log = open_log(str(tmp_path / "export.jsonl"), [SIGNER.key])
    with pytest.raises(LedgerOtherKey, match="signed for the first 200 entries of 600") as error:
        log.verify()
    assert error.value.index == 200
    assert (log.audit().size, log.audit().covered, log.audit().checkpoints) == (600, 200, 1)
    whole = open_log(str(tmp_path / "export.jsonl"), [SIGNER.key, newer.key]).verify()
    assert (whole.covered, whole.checkpoints, whole.other_keys) == (600, 2, ())


@pytest.mark.parametrize("where", [0, 100, 400])
def test_an_entry_that_was_edited_is_found_whoever_signed_for_it(lines, tmp_path, where):
    newer = Signer(NAME, bytes(32))
    resigned = renoted(lambda _, entries: signed(mth([leaf_hash(e) for e in entries]), signer=newer))(lines)
    assert verified(changed(where, b"tested", b"passed")(resigned), tmp_path)[0] == 3


WINDOWS = {
    "line ends of Windows": lambda raw: raw.replace(b"\n", b"\r\n"),
    "a byte order mark": lambda raw: b"\xef\xbb\xbf" + raw,
    "both": lambda raw: b"\xef\xbb\xbf" + raw.replace(b"\n", b"\r\n"),
    "no line end at the end": lambda raw: raw.removesuffix(b"\n"),
    "line ends of Windows in a part": lambda raw: raw[:9000] + raw[9000:].replace(b"\n", b"\r\n"),
}


@pytest.mark.parametrize("how", WINDOWS)
def test_what_a_copy_over_windows_changes_is_no_tampering(lines, tmp_path, how):
    raw = WINDOWS[how](b"".join(lines))
    (tmp_path / "seen").write_bytes(WINDOWS[how](json.loads(lines[1])["checkpoint"].encode()) + b"\n")
    (tmp_path / "key").write_bytes(WINDOWS[how](f"{SIGNER.key}\n".encode()))
    status, said = verified([raw], tmp_path, key=tmp_path / "key")
    assert (status, said) == (0, f"{NAME}: entries verified: 600, signed checkpoints checked: 2")
    log = open_log(str(tmp_path / "export.jsonl"), read_keys(str(tmp_path / "key")))
    assert log.verify().size == 600
    assert [entry.index for entry in log.entries(254, 259)] == [254, 255, 256, 257, 258]
    assert log.prove_inclusion(300).holds()
    again = io.BytesIO()
    write_export(log, again)
    assert again.getvalue() == b"".join(lines)


def test_an_edit_in_a_file_with_line_ends_of_windows_is_found(lines, tmp_path):
    raw = WINDOWS["both"](b"".join(changed(8, b'"n":8', b'"n":9')(lines)))
    status, said = verified([raw], tmp_path)
    assert (status, "edited: entry 9 does not follow entry 8" in said) == (3, True)


def test_a_file_that_was_recoded_is_refused_with_its_reason(lines, tmp_path):
    raw = b"".join(lines).decode().encode("utf-16")
    status, said = verified([raw], tmp_path)
    assert (status, "in UTF-16, as PowerShell writes it" in said) == (1, True)
    with pytest.raises(InputError, match="in UTF-16, as PowerShell writes it"):
        open_log(str(tmp_path / "export.jsonl"), [SIGNER.key])


def test_an_export_is_read_like_any_log(lines, tmp_path):
    path = tmp_path / "export.jsonl"
    path.write_bytes(b"".join(lines))
    log = open_log(str(path), [SIGNER.key])
    audit = log.verify()
    assert (audit.size, audit.checkpoints) == (SIZE, 2)
    assert [entry.index for entry in log.entries(254, 259)] == [254, 255, 256, 257, 258]
    assert [entry.index for entry in log.entries(-2)] == [598, 599]
    assert log.prove_inclusion(300).holds()
    assert log.prove_consistency(200).holds()
    out = io.BytesIO()
    write_export(log, out)
    assert out.getvalue() == path.read_bytes()
    with log._store.snapshot() as view:
        assert list(zip(view.entries(0, 3), view.entries(300, 303), strict=True))[1][1].startswith(
            b'{"v":1,"index":301'
        )
        assert list(view.entries(5000)) == []


def test_what_is_no_export_is_not_read(tmp_path):
    (tmp_path / "other.jsonl").write_text('{"a": 1}\n')
    with pytest.raises(InputError, match="not the export of a ledger"):
        ExportFile(tmp_path / "other.jsonl")
    with pytest.raises(InputError, match="cannot read"):
        ExportFile(tmp_path / "missing.jsonl")


def test_an_export_that_cannot_be_written_is_an_error(lines, tmp_path):
    class Full(io.RawIOBase):
        def writable(self):
            return True

        def write(self, _):
            raise OSError(28, "No space left on device")

    path = tmp_path / "export.jsonl"
    path.write_bytes(b"".join(lines))
    with pytest.raises(InputError, match="cannot write the export: No space left"):
        write_export(Log(ExportFile(path), [SIGNER.key]), Full())
