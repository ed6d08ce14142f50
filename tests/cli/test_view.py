"""foureyes view as a process."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path

import pytest

from foureyes.cli import main

SCORED = [
    {
        "prompt": f"Question {i}?",
        "answer": f"</script><b>{i}</b>",
        "foureyes": {"v": {"log_cmp": float(i), "cme_low": 1.0, "cme_high": 1.0, "n_tokens": 3}},
    }
    for i in range(30)
]


@pytest.fixture
def scored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FOUREYES_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "scored.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in SCORED))
    return path


def test_it_serves_until_it_is_told_to_stop(scored: Path) -> None:
    command = [sys.executable, "-m", "foureyes", "view", str(scored), "--no-browser", "--json", "--sort", "n_tokens"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = json.loads(process.stdout.readline())["result"]["url"]
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        assert browser.open(address, timeout=60).status == 200
        told = json.load(browser.open(f"{address.partition('?')[0]}api/file", timeout=60))
        assert (told["files"][0]["name"], told["default_sort"]) == ("scored.jsonl", "n_tokens")
        assert told["sidecar"] == str(scored.with_name("scored.labels.jsonl"))
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
        assert "labels are saved" in process.stderr.read()


def test_the_worst_rows_become_one_page(scored: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "page.html"
    assert main(["view", str(scored), "--export", str(out), "--limit", "5", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["result"]
    assert told == {"output": str(out), "rows": 5, "of": 30, "sort": "log_cmp"}
    page = out.read_text()
    held = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert held is not None
    data = json.loads(held[1])
    assert [row["row"] for row in data["rows"]["rows"]] == [29, 28, 27, 26, 25]
    assert data["details"]["29"]["answer"] == "</script><b>29</b>"
    assert page.count("<b>29</b>") == 0


def test_what_it_cannot_show_is_told_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain = tmp_path / "log.jsonl"
    plain.write_text('{"prompt": "a", "answer": "b"}\n')
    for words, file in (("score it first: foureyes score", plain), ("No such file", tmp_path / "none.jsonl")):
        assert main(["view", str(file), "--no-browser"]) == 1
        assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "words"),
    [
        (["--limit", "0"], "--limit must be at least 1"),
        (["--sort", "log_cpm"], "no signal 'log_cpm' in the first rows"),
        (["--map", "prompt"], "WHAT=FIELD"),
        (["--layout", "none"], "layout"),
        (["--export", "nowhere/page.html"], "cannot write"),
        (["--labels", "nowhere/labels.jsonl"], "cannot write"),
    ],
)
def test_options_that_cannot_be_used_are_refused(
    scored: Path, option: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["view", str(scored), "--no-browser", *option]) == 1
    assert words in capsys.readouterr().err


def test_a_full_disk_is_told_and_the_page_does_not_call_it_saved(scored: Path) -> None:
    from foureyes.errors import InputError
    from foureyes.view.labels import LabelDecision, Labels

    if not Path("/dev/full").exists():
        pytest.skip("/dev/full as on Linux")
    link = scored.with_name("full.jsonl")
    link.symlink_to("/dev/full")
    with pytest.raises(InputError, match="No space left"):
        Labels(link).add(LabelDecision("f", 0, "", "0", "right"))


def test_a_run_that_has_not_ended_can_be_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from foureyes.view.opening import open_viewer
    from foureyes.view.scored_rows import RowReader

    monkeypatch.setenv("FOUREYES_CACHE", str(tmp_path / "cache"))
    source, out = tmp_path / "in.jsonl", tmp_path / "scored.jsonl"
    source.write_text("".join(json.dumps({"prompt": row["prompt"], "answer": row["answer"]}) + "\n" for row in SCORED))
    scripted = Path(__file__).with_name("scripted_score.py")
    command = [sys.executable, str(scripted), "score", str(source), "-o", str(out), "--verifier", "v:dies:2"]
    assert subprocess.run([*command, "--window", "10"], capture_output=True, check=False, timeout=120).returncode == 1
    viewer = open_viewer([Path(f"{out}.part") / "rows"], RowReader(), labels=tmp_path / "labels.jsonl")
    viewer.start()
    viewer.read_to_end(print)
    assert viewer.file()["files"][0]["indexed"] == 20
    viewer.close()
