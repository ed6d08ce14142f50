"""The tutorials do what they say: every command and program of a page is run, in order, in an empty folder."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import NamedTuple

import pytest

from tests.ports import free_port

ROOT = Path(__file__).parents[1]
PAGES = sorted(ROOT.glob("docs/tutorials/*.md"))
_BLOCK = re.compile(r"^```(sh|python|text|toml[^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


class Step(NamedTuple):
    """A block to run, and what has to come out of it; ``…`` stands for anything within a line."""

    script: str
    wanted: list[str]


def steps(page: Path, folder: Path) -> list[Step]:
    found: list[Step] = []
    for i, (kind, body) in enumerate(_BLOCK.findall(page.read_text(encoding="utf-8"))):
        if kind == "text":
            found[-1] = found[-1]._replace(wanted=body.splitlines())
        elif kind == "python":
            (folder / f"block{i}.py").write_text(body, encoding="utf-8")
            found.append(Step(f"python block{i}.py\n", []))
        elif kind == "sh":
            found.append(Step(body, []))
        else:
            (folder / kind.split()[1]).write_text(body, encoding="utf-8")
    return found


class LargeModel(BaseHTTPRequestHandler):
    """Stands in for a model behind an API: the tests reach no network."""

    def do_GET(self) -> None:
        self.reply({"object": "list", "data": [{"id": "large", "object": "model"}]})

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        message = {"role": "assistant", "content": "Canberra"}
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
        self.reply({"id": "1", "object": "chat.completion", "created": 0, "model": asked["model"], "choices": [choice]})

    def reply(self, said: object) -> None:
        body = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing on stderr."""


@pytest.fixture
def large() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), LargeModel)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1#large"
    server.shutdown()
    server.server_close()


def run_all(script: str, folder: Path, large: str) -> tuple[int, str]:
    """One shell for the whole page, so that what it starts in the background goes on; ended with all it started."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    env = {**os.environ, "PATH": path, "PORT": str(free_port()), "COLUMNS": "200", "LARGE": large}
    shell = ["bash", "-euo", "pipefail", "-c", script]
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(shell, cwd=folder, env=env, stdout=said, stderr=said, start_new_session=True)
        try:
            status = process.wait(900)
        finally:
            subprocess.run(["pkill", "-KILL", "-s", str(process.pid)], check=False)
    return status, (folder / "said").read_text(encoding="utf-8", errors="replace")


def pattern(line: str) -> str:
    return ".*".join(map(re.escape, line.rstrip().split("…")))


@pytest.mark.tutorials
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_tutorial_does_what_it_says(page: Path, tmp_path: Path, large: str) -> None:
    found = steps(page, tmp_path)
    assert found
    script = "".join(f"printf '\\n@@ {i}\\n'\n{step.script}" for i, step in enumerate(found))
    status, said = run_all(script, tmp_path, large)
    assert status == 0, said[-3000:]
    told = dict(enumerate(re.split(r"^@@ \d+\n", said, flags=re.MULTILINE)[1:]))
    for i, step in enumerate(found):
        lines = iter(told[i].splitlines())
        for wanted in step.wanted:
            assert any(re.fullmatch(pattern(wanted), line.rstrip()) for line in lines), (
                f"{page.name}, after\n{step.script}no line {wanted!r} in order in\n{told[i]}"
            )


def test_every_kind_of_user_has_a_page() -> None:
    wanted = {"ml-engineer", "evaluator", "data-cleaner", "platform-engineer", "auditor", "router-builder"}
    assert {page.stem for page in PAGES} == wanted
