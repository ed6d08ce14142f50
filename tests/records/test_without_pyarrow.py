"""Without pyarrow, what needs it says so, and everything else is read."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pyarrow as pa

SCRIPT = """
import sys
sys.modules["pyarrow"] = None  # as if it were not installed
from foureyes.errors import ConfigError
from foureyes.records import records
from foureyes.tables import open_table
folder = sys.argv[1]
said = []
for name in ("a.csv", "a.json", "a.jsonl.gz", "a.parquet", "a.arrow", "a.jsonl.zst"):
    for read in (lambda path: list(records(path)), lambda path: len(open_table(path))):
        try:
            read(f"{folder}/{name}")
            said.append("read")
        except ConfigError as error:
            said.append(str(error))
import json
print(json.dumps(said))
"""


def test_what_needs_pyarrow_says_so(tmp_path: Path) -> None:
    frame = pl.DataFrame({"a": [1]})
    frame.write_csv(tmp_path / "a.csv")
    frame.write_json(tmp_path / "a.json")
    frame.write_ndjson(tmp_path / "a.jsonl")
    frame.write_parquet(tmp_path / "a.parquet")
    frame.write_ipc(tmp_path / "a.arrow")
    lines = (tmp_path / "a.jsonl").read_bytes()
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(lines))
    (tmp_path / "a.jsonl.zst").write_bytes(pa.compress(lines, "zstd", asbytes=True))
    done = subprocess.run([sys.executable, "-c", SCRIPT, str(tmp_path)], check=True, capture_output=True, text=True)
    said = json.loads(done.stdout)
    needs = "Parquet and Arrow files need pyarrow: pip install 'foureyes[parquet]'"
    zstd = (
        "read" if sys.version_info >= (3, 14) else "zstd needs Python 3.14 or pyarrow: pip install 'foureyes[parquet]'"
    )
    assert said == ["read"] * 6 + [needs] * 4 + [zstd] * 2
