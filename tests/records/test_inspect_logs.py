"""Logs that Inspect writes in its own format hold the samples that its JSON holds."""

from __future__ import annotations

import io
import json
import os
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from foureyes.errors import InputError
from foureyes.records import records

SAMPLES = [{"id": f"s{i}", "epoch": 1, "input": "é" * 50, "score": float("nan") if i == 1 else 1.0} for i in range(3)]


def archive(method: int = zipfile.ZIP_DEFLATED, **members: bytes) -> bytes:
    """As Inspect 0.3 lays it out, which packs with zstd: that is put in by hand, as zipfile knows it from Python 3.14 on."""
    content = {f"samples/{one['id']}_epoch_1.json": json.dumps(one, indent=1).encode() for one in SAMPLES}
    content |= {"_journal/start.json": b"{}", "summaries.json": b"[]", "header.json": b"{}"}
    content |= members
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as written:
        for name, raw in content.items():
            written.writestr(name, raw, method)
    return file.getvalue()


def zstd_archive() -> bytes:
    """The same, packed with zstd, number 93."""
    packed = {f"samples/{one['id']}_epoch_1.json": json.dumps(one).encode() for one in SAMPLES}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as written:
        written.writestr("header.json", b"{}")
        for name, raw in packed.items():
            written.writestr(name, pa.compress(raw, "zstd", asbytes=True))
        for member in written.infolist()[1:]:
            member.compress_type, member.CRC = 93, zlib.crc32(packed[member.filename])
            member.file_size = len(packed[member.filename])
    return file.getvalue()


@pytest.mark.parametrize(
    "content", [archive(), archive(zipfile.ZIP_STORED), zstd_archive()], ids=["deflate", "stored", "zstd"]
)
def test_every_sample_is_a_record(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "log.eval").write_bytes(content)
    for source in (tmp_path / "log.eval", io.BytesIO(content)):
        found = list(records(source))
        assert [record.place for record in found] == [f"samples/s{i}_epoch_1.json" for i in range(3)]
        assert [record.fields for record in found] == [SAMPLES[0], SAMPLES[1] | {"score": None}, SAMPLES[2]]


def test_a_sample_that_is_damaged_costs_no_other() -> None:
    content = archive(
        zipfile.ZIP_STORED,
        **{"samples/cut.json": b'{"id": "cut', "samples/list.json": b"[1]", "samples/no.json": b"[]"},
    )
    changed = content.replace(b'"s0"', b'"sX"', 1)
    found = list(records(io.BytesIO(changed)))
    assert [record.fields is None for record in found] == [True, False, False, True, True, True]
    assert "Bad CRC-32" in found[0].problem
    assert found[3].problem == "the document, line 1: not JSON: Unterminated string starting at"
    assert found[4].problem == "wanted a JSON object; got int"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (archive()[:-30], "it is cut or damaged: File is not a zip file"),
        (archive()[:100], "it is cut or damaged"),
        (b"PK\3\4 and nothing", "it is cut or damaged"),
    ],
    ids=["no end", "the beginning", "nothing"],
)
def test_an_archive_that_is_damaged_is_refused(content: bytes, why: str) -> None:
    with pytest.raises(InputError, match=why):
        list(records(io.BytesIO(content)))


def test_another_archive_is_refused_with_advice(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "sheet.xlsx", "w") as file:
        file.writestr("xl/workbook.xml", "<workbook/>")
    with pytest.raises(InputError, match="is a zip archive, and no log of Inspect: of Excel, save CSV"):
        list(records(tmp_path / "sheet.xlsx"))


def test_a_log_that_inspect_wrote_itself_holds_what_its_json_holds(tmp_path: Path) -> None:
    log = pytest.importorskip("inspect_ai.log", reason="inspect_ai is not installed")
    folder = (
        Path(os.environ.get("FOUREYES_SHARED", Path(__file__).parents[3] / "shared")) / "data" / "answer_file_layouts"
    )
    if not folder.is_dir():
        pytest.skip("the data set answer_file_layouts is not here")
    as_json = folder / "inspect_ai_log.json"
    log.write_eval_log(log.read_eval_log(str(as_json)), str(tmp_path / "log.eval"))
    [document] = records(as_json)
    assert document.fields is not None
    found: list[Any] = [record.fields for record in records(tmp_path / "log.eval")]
    assert [(one["id"], one["input"], one["output"]["completion"]) for one in found] == [
        (one["id"], one["input"], one["output"]["completion"]) for one in document.fields["samples"]
    ]
