"""A record that nothing watches from outside is named when the service starts."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest

from foureyes.config import load, new_key
from foureyes.service.configured import log_unwitnessed
from foureyes.service.logs import open_log


@pytest.mark.parametrize(
    ("url", "witness", "warned"),
    [
        ("postgresql://foureyes@db/records", "", ["acme"]),
        ("postgres://foureyes@db/records", "", ["acme"]),
        ("postgresql://foureyes@db/records", 'witness = "/mnt/other/{tenant}.checkpoint"', []),
        ("sqlite:/var/lib/foureyes/{tenant}.db", "", []),
    ],
)
def test_a_record_in_postgresql_without_a_witness_is_named(
    tmp_path: Path, url: str, witness: str, warned: list[str]
) -> None:
    file = tmp_path / "foureyes.toml"
    tenant = '[tenants.acme]\nverifiers = ["reader"]\nsalt_env = "SALT"\n'
    verifier = (
        '[verifiers.reader]\nkind = "judge"\nprovider = "stub"\nmodel = "a"\nbase_url = "http://127.0.0.1:1/v1"\n'
    )
    ledger = f'[ledger]\nurl = "{url}"\nkey_file = "acme.key"\n{witness}\n'
    file.write_text(verifier + ledger + tenant + new_key("acme", {"verify"}).toml)
    stream = StringIO()
    log_unwitnessed(load(file, {"SALT": "a salt of sixteen bytes"}), open_log(stream))
    said = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["tenant"] for line in said] == warned
    assert all(line["level"] == "warning" and "witness" in line["note"] for line in said)
