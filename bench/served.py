"""Reading over HTTP beside vLLM's own benchmark client: ``python -m bench.served --markdown docs/reading-over-http.md``.

One vLLM server on this machine answers both in turn, round after round, on the same texts: the reader reads exchanges from
their words on (template, tokens, log-probabilities, statistics), ``vllm bench serve`` sends the same prompt and answer as one
text and wants the same log-probabilities, by ``echo`` and ``logprobs``. A second column has it without them: what the
server does when nobody reads. The prefix cache is off, so that no round is spared what another had.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any, Final

import httpx

from bench.machine import describe
from bench.ratios import per_round
from bench.section import at_least, grid, put
from bench.session import ROOT
from foureyes.models.completions import CompletionsReader
from foureyes.models.completions.dialects import VLLM, LogprobRequest
from foureyes.models.completions.entries import decoded
from foureyes.models.weights import ensure
from foureyes.types import Exchange, Reading

__all__ = ["Rates", "measured", "page"]

_TOOL: Final = ROOT / "tools" / "vllm-server"
_START_S: Final = 600.0
_SHOWN: Final = 20
_WITH: Final = {"echo": True, "logprobs": _SHOWN}


@dataclass(slots=True)
class Rates:
    """Tokens of prompt and answer a second, by round.

    Attributes:
        reader: ours.
        client: of vLLM's benchmark client that wants log-probabilities.
        without: of the same client that wants none.
        tokens: of all texts.
        at_once: requests that the reader had under way at the end of each round.
        own_ms: of a processor that the reader itself took for a text, in each round.
        memory: bytes for each token of one long reply: on the wire, held at most while it is read, and as Python's objects.
    """

    reader: list[float] = field(default_factory=list)
    client: list[float] = field(default_factory=list)
    without: list[float] = field(default_factory=list)
    tokens: int = 0
    at_once: list[int] = field(default_factory=list)
    own_ms: list[float] = field(default_factory=list)
    memory: tuple[float, float, float] = (0.0, 0.0, 0.0)


def measured(model: str, n: int, rounds: int) -> Rates:
    """Both in turn, in every round.

    Raises:
        RuntimeError: a text could not be read, or the client failed.
    """
    found, folder = Rates(), ensure(model).folder
    exchanges = _exchanges(n)
    with tempfile.TemporaryDirectory() as scratch, _server(folder, model) as url:
        place = Path(scratch)
        (place / "texts.jsonl").write_text("".join(_texts(url, model, exchanges)), encoding="utf-8")
        with CompletionsReader.open(f"{url}/v1", shown=_SHOWN) as reader:
            _read(reader, exchanges[:8])
            found.memory = _memory(url, model)
            for number in range(rounds):
                own = time.process_time()
                seconds, found.tokens = _read(reader, exchanges)
                found.own_ms.append((time.process_time() - own) * 1000 / len(exchanges))
                found.reader.append(found.tokens / seconds)
                found.at_once.append(reader.rows_at_once // 2)
                found.client.append(_client(place, url, folder, model, len(exchanges), _WITH))
                found.without.append(_client(place, url, folder, model, len(exchanges), {}))
                print(f"round {number + 1} of {rounds}: {found}", file=sys.stderr)
    return found


def _exchanges(n: int) -> list[Exchange]:
    """The demo's questions with both of their answers, again and again, told apart by their beginning."""
    lines = (ROOT / "src/foureyes/demo/questions.jsonl").read_text(encoding="utf-8").splitlines()
    pairs = [(one["prompt"], one[side]) for one in map(json.loads, lines) for side in ("right", "wrong")]
    asked = zip(range(n), cycle(pairs), strict=False)
    return [Exchange(f"{i // len(pairs)}. {prompt}", answer) for i, (prompt, answer) in asked]


def _texts(url: str, model: str, exchanges: Sequence[Exchange]) -> Iterator[str]:
    """Prompt and answer as one text, as the server's own template writes it."""
    with httpx.Client(base_url=url, timeout=60) as server:
        for one in exchanges:
            messages = [{"role": "user", "content": one.prompt}]
            asked = server.post("/tokenize", json={"model": model, "messages": messages}).raise_for_status()
            ids = asked.json()["tokens"]
            text = server.post("/detokenize", json={"model": model, "tokens": ids}).raise_for_status().json()["prompt"]
            yield json.dumps({"prompt": text + one.answer}) + "\n"


def _read(reader: CompletionsReader, exchanges: Sequence[Exchange]) -> tuple[float, int]:
    """Seconds, and tokens that were read."""
    start = time.perf_counter()
    rows = reader.read(exchanges)
    seconds = time.perf_counter() - start
    read = [row for row in rows if isinstance(row, Reading)]
    if len(read) != len(rows):
        raise RuntimeError(f"wanted {len(rows)} readings; got {len(read)}")
    return seconds, sum(row.n_prompt_tokens + len(row.token_ids) for row in read)


def _memory(url: str, model: str) -> tuple[float, float, float]:
    """Bytes a token of one reply to a thousand tokens."""
    ask = LogprobRequest(model, tuple(range(100, 1100)), 900, _SHOWN)
    reply = httpx.post(f"{url}/v1/completions", json=VLLM().body(ask), timeout=600).raise_for_status().content
    n = len(ask.ids)

    def peak(read: Callable[[], object]) -> float:
        tracemalloc.start()
        try:
            read()
            return tracemalloc.get_traced_memory()[1] / n
        finally:
            tracemalloc.stop()

    def read() -> object:
        whole = decoded(reply, VLLM().place, lambda t, decode: VLLM().taken(t, decode, ask))
        return VLLM().understand(whole, ask)

    return len(reply) / n, peak(read), peak(lambda: json.loads(reply))


def _client(place: Path, url: str, folder: Path, model: str, n: int, extra: Mapping[str, Any]) -> float:
    """Tokens a second by vLLM's benchmark client, by its own count."""
    vllm = Path(subprocess.run([_TOOL, "where"], check=True, capture_output=True, text=True).stdout.strip())
    options = {
        "backend": "openai",
        "base-url": url,
        "model": str(folder),
        "served-model-name": model,
        "dataset-name": "custom",
        "dataset-path": str(place / "texts.jsonl"),
        "custom-output-len": "1",
        "num-prompts": str(n),
        "extra-body": json.dumps(extra),
        "result-dir": str(place),
        "result-filename": "client.json",
    }
    command = [str(vllm / "bin" / "vllm"), "bench", "serve", *(f"--{name}={value}" for name, value in options.items())]
    flags = ["--skip-chat-template", "--disable-shuffle", "--no-oversample", "--save-result", "--disable-tqdm"]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "VLLM_TARGET_DEVICE": "cpu", "VLLM_NO_USAGE_STATS": "1"}
    run = subprocess.run([*command, *flags], env=environment, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise RuntimeError(f"vllm bench serve: {run.stderr[-2000:]}")
    result = json.loads((place / "client.json").read_text(encoding="utf-8"))
    if result["completed"] != n:
        raise RuntimeError(f"vllm bench serve: wanted {n} answers; got {result['completed']}")
    return float(result["total_input_tokens"] / result["duration"])


@contextmanager
def _server(folder: Path, model: str) -> Iterator[str]:
    with tempfile.NamedTemporaryFile() as log:
        port = _free_port()
        options = [
            "--served-model-name",
            model,
            "--dtype",
            "float32",
            "--max-model-len",
            "2048",
            "--no-enable-prefix-caching",
        ]
        server = subprocess.Popen([_TOOL, "serve", folder, str(port), *options], stdout=log, stderr=log)
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(url, server, Path(log.name))
            yield url
        finally:
            server.terminate()
            server.wait(60)


def _wait(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_S
    while True:
        try:
            if httpx.get(f"{url}/health", timeout=2).is_success:
                return
        except httpx.TransportError:
            pass  # not yet
        if server.poll() is not None or time.monotonic() > deadline:
            said = log.read_text(encoding="utf-8", errors="replace")[-2000:]
            raise RuntimeError(f"{url}: vLLM did not start; tools/vllm-server client makes it. It said:\n{said}")
        time.sleep(0.5)


def _free_port() -> int:
    import socket  # noqa: PLC0415 - for this alone

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def page(found: Rates, model: str, load: float) -> str:
    """The table of one run, as Markdown."""
    machine = describe(Path(sys.executable), Path("none"), ("foureyes", "httpx"))
    ratio = per_round(found.reader, found.client)
    aim = at_least("reader ÷ client", 0.95, ratio)
    about = (
        f"{model} in float32 in vLLM 0.32 on {machine['processor']}, {machine['processors']} processors for server and clients together; "
        f"{found.tokens} tokens of prompts and answers, {len(found.reader)} rounds in turn, load {load:.1f} before; made by "
        "`python -m bench.served --markdown docs/reading-over-http.md`."
    )
    columns = {
        "the reader, log-probabilities of 20 tokens": found.reader,
        "`vllm bench serve`, the same log-probabilities (`echo`)": found.client,
        "`vllm bench serve`, none": found.without,
    }
    rows = [(name, f"{sorted(rates)[len(rates) // 2]:.0f}") for name, rates in columns.items()]
    kept = (
        f"Reader ÷ client with the same log-probabilities: {ratio} (aim {aim.wanted}, {'kept' if aim.kept else 'missed'}); ÷ without "
        f"any: {per_round(found.reader, found.without)}. The reader had {', '.join(map(str, found.at_once))} requests under way at the "
        f"ends of the rounds; the client sends all at once. Of a processor the reader itself took {min(found.own_ms):.1f} to "
        f"{max(found.own_ms):.1f} ms a text."
    )
    wire, held, objects = found.memory
    memory = (
        f"A token of a reply to 1,000, of which the last 100 are the answer, takes {wire:.0f} bytes on the wire, and while it is read "
        f"{held:.0f} more at most; as Python's dicts it takes {objects:.0f}."
    )
    return "\n\n".join([about, grid(("", "tokens/s"), rows), kept, memory])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.served", description=__doc__)
    parser.add_argument("--model", default="smollm2-135m")
    parser.add_argument("--texts", type=int, default=80, help="read in every round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="put the table between the marks of this page")
    args = parser.parse_args()
    load = os.getloadavg()[0]
    table = page(measured(args.model, args.texts, args.rounds), args.model, load)
    print(table)
    if args.markdown:
        put(args.markdown, "bench.served", table)


if __name__ == "__main__":
    main()
