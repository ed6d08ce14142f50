"""A complete small server that speaks vLLM's, the echo and SGLang's formats over a deterministic toy model.

Its model is a hash: the logits at a position depend on every token before it, so conditioning, positions and entropies
can be checked against :meth:`ToyModel.logprobs` exactly. Its tokenizer is byte-level with a few merged words and writes
its vocabulary as GPT-2 does. It can be told to misbehave in the ways real servers do.
"""

from __future__ import annotations

import hashlib
import json
import math
import socket
import threading
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import numpy as np

WORDS = [" the", " The", "The", " capital", " of", " is", " Paris", " word", "word", " it", "\n\n", "  ", "é", " 👍"]
BOS, USER, ASSISTANT, SYSTEM, END = 0, 1, 2, 3, 4
SPECIAL = ["<bos>", "<|user|>", "<|assistant|>", "<|system|>", "<|end|>"]


class ToyModel:
    """A tokenizer and a language model of 275 tokens."""

    def __init__(self, *, template: bool = True, tools: bool = False, salt: str = "") -> None:
        self.template = template
        self.tools = tools
        self.salt = salt
        self.raw = [s.encode() for s in SPECIAL] + [bytes([b]) for b in range(256)] + [w.encode() for w in WORDS]
        self.size = len(self.raw)
        self._ids = {raw: token for token, raw in enumerate(self.raw) if token >= len(SPECIAL)}
        self._longest = max(map(len, self._ids))

    def encode(self, text: str) -> list[int]:
        """Greedy, longest match first."""
        raw, place, ids = text.encode(), 0, []
        while place < len(raw):
            size = next(n for n in range(self._longest, 0, -1) if raw[place : place + n] in self._ids)
            ids.append(self._ids[raw[place : place + size]])
            place += size
        return ids

    def chat(self, messages: list[dict[str, Any]], tools: Any = None, *, generation: bool = True) -> list[int]:
        """The toy chat template; like some real ones it knows no empty conversation, and no tool unless told to."""
        marker = {"user": USER, "assistant": ASSISTANT, "system": SYSTEM}
        if not self.template:
            raise ValueError("As of transformers v4.44, default chat template is no longer allowed")
        if any(m["content"] == "raise from the template" for m in messages):
            raise ValueError("Conversation roles must alternate user/assistant")
        ids = [BOS]
        if tools and self.tools:
            ids += [SYSTEM, *self.encode(f"Tools: {json.dumps(tools)}")]
        for message in messages:
            role, content = message["role"], message["content"] or ""
            if role not in marker and not (self.tools and role == "tool"):
                raise ValueError(f"Unexpected message role {role}")
            ids += [marker.get(role, USER), *self.encode(f"result: {content}" if role == "tool" else content)]
            for call in message.get("tool_calls", []) if self.tools else []:
                said = call["function"]
                if not isinstance(said["arguments"], str):
                    raise ValueError("arguments: Input should be a valid string")  # noqa: TRY004 - as a refusal
                arguments = json.dumps(json.loads(said["arguments"]), ensure_ascii=False)  # as vLLM does it
                ids += self.encode(f"<call {said['name']}>{arguments}</call>")
            ids += [END] * (role == "assistant")
        return [*ids, ASSISTANT] if generation else ids

    def text(self, token: int) -> str:
        """One token decoded by itself."""
        return self.raw[token].decode(errors="replace")

    def piece(self, token: int) -> str:
        """As the vocabulary file writes it."""
        return SPECIAL[token] if token < len(SPECIAL) else "".join(_LETTER[b] for b in self.raw[token])

    def logprobs(self, prefix: Sequence[int]) -> np.ndarray:
        """(V,) the next token's distribution."""
        seed = hashlib.sha256(self.salt.encode() + np.array(prefix, dtype=np.int32).tobytes()).digest()
        logits = np.random.default_rng(int.from_bytes(seed[:8], "big")).normal(0, 3, self.size)
        peak = logits.max()
        return np.asarray(logits - peak - math.log(np.exp(logits - peak).sum()))


def _letters() -> dict[int, str]:
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [b for b in range(256) if b not in plain]
    return {b: chr(b) for b in plain} | {b: chr(256 + i) for i, b in enumerate(others)}


_LETTER = _letters()


class Refused(Exception):
    """An error reply."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Simulator:
    """A server on loopback. Use it in a ``with`` block; ``url`` is its address.

    Attributes:
        kind: "vllm" or "sglang", which routes it has.
        ignores: request fields it pretends not to know.
        forbids: request fields it refuses with 400.
        tamper: applied to every reply of the completion route before it is sent.
        trouble: called instead of sending a reply of the completion route, with the handler and the reply.
        down: whether every request is turned away with a 503.
        dies_after: completion requests after which the server is gone.
        requests: (path, body) of everything it was asked.
        headers: of the last request.
    """

    def __init__(self, model: ToyModel | None = None, *, kind: str = "vllm", context: int = 4096, most: int = 20):
        self.model = model or ToyModel()
        self.kind = kind
        self.context = context
        self.most = most
        self.names = ["toy"]
        self.ignores: set[str] = set()
        self.forbids: set[str] = set()
        self.tamper: Callable[[Any], Any] = lambda reply: reply
        self.trouble: Callable[[BaseHTTPRequestHandler, Any], bool] | None = None
        self.down = False
        self.dies_after = math.inf
        self.requests: list[tuple[str, Any]] = []
        self.headers: dict[str, str] = {}
        self.release = threading.Event()
        self.completed = 0
        self._computed = lru_cache(maxsize=8192)(self._compute)
        self._sockets: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.release.set()
        self.stop()

    def stop(self) -> None:
        """Dies: hangs up on everyone and refuses new connections."""
        with self._lock:
            sockets, self._sockets = self._sockets, set()
        self._server.shutdown()
        self._server.server_close()
        for open_socket in sockets:
            try:
                open_socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # hung up already

    def completes(self, path: str) -> bool:
        """Whether a path is that of a completion, which can be tampered with."""
        return path in {"/v1/completions", "/generate"}

    def answer(self, path: str, body: Any) -> Any:
        """The reply to a request."""
        if self.down:
            raise Refused(503, "starting")
        routes = {
            "/v1/models": self._models,
            "/version": lambda _: {"version": "0.0-toy"},
            "/get_server_info": lambda _: {"version": "0.0-toy"},
            "/tokenize": self._tokenize,
            "/detokenize": lambda b: {
                "prompt": b"".join(self.model.raw[i] for i in b["tokens"]).decode(errors="replace")
            },
            "/v1/completions": self._completions,
            "/generate": self._generate,
        }
        other = {"vllm": {"/generate", "/get_server_info"}, "sglang": {"/version"}}[self.kind]
        if path not in routes or path in other:
            raise Refused(404, "Not Found")
        return routes[path](body)

    def _models(self, _: object) -> Any:
        cards = [
            {"id": n, "owned_by": self.kind, "root": f"/weights/{n}", "max_model_len": self.context} for n in self.names
        ]
        return {"object": "list", "data": cards}

    def _tokenize(self, body: Any) -> Any:
        if "messages" in body:
            try:
                ids = self.model.chat(
                    body["messages"], body.get("tools"), generation=body.get("add_generation_prompt", True)
                )
            except ValueError as error:
                raise Refused(400, f"{error} (chat template)") from error
        else:
            ids = [BOS] * bool(body.get("add_special_tokens", True)) + self.model.encode(body["prompt"])
        reply = {"count": len(ids), "max_model_len": self.context, "tokens": ids}
        if body.get("return_token_strs") and self.kind == "vllm":
            reply["token_strs"] = [self.model.piece(i) for i in ids]
        return reply

    def _completions(self, body: Any) -> Any:
        if bad := self.forbids & set(body):
            raise Refused(400, f"Unrecognized request argument supplied: {', '.join(bad)}")
        body = {name: value for name, value in body.items() if name not in self.ignores}
        if any(int(token) >= self.model.size for token in body.get("logit_bias", {})):
            raise Refused(
                400, f"token_id(s) in logit_bias contain out-of-vocab token ids. Vocabulary size: {self.model.size}"
            )
        ids = [BOS, *self.model.encode(body["prompt"])] if isinstance(body["prompt"], str) else body["prompt"]
        self._check(ids, body.get("prompt_logprobs", body.get("logprobs", 0)))
        choice: dict[str, Any] = {"index": 0, "text": "x", "logprobs": None, "finish_reason": "length"}
        if "prompt_logprobs" in body:
            choice["prompt_logprobs"] = self._vllm(ids, body["prompt_logprobs"])
            choice["prompt_token_ids"] = ids if body.get("return_token_ids") else None
        if "logprobs" in body:
            choice["logprobs"] = self._echo(ids, body) if body.get("echo") else self._generated()
        return {"object": "text_completion", "model": body["model"], "choices": [choice]}

    def _check(self, ids: list[int], k: int) -> None:
        if k > self.most:
            raise Refused(400, f"Requested prompt logprobs of {k}, which is greater than max allowed: {self.most}")
        if len(ids) + 1 > self.context:
            raise Refused(400, f"This model's maximum context length is {self.context} tokens")

    def _shown(self, ids: list[int], t: int, k: int) -> list[tuple[int, float, int]]:
        return self._computed(tuple(ids[: t + 1]), k)

    def _compute(self, ids: tuple[int, ...], k: int) -> list[tuple[int, float, int]]:
        """(token, log-probability, rank) of the last token first, then of the k most likely in its place."""
        *prefix, actual = ids
        p = self.model.logprobs(prefix)
        best = np.argsort(-p)
        rank = np.empty_like(best)
        rank[best] = np.arange(1, len(p) + 1)
        tokens = dict.fromkeys([actual, *best[:k].tolist()])
        return [(token, float(p[token]), int(rank[token])) for token in tokens]

    def _vllm(self, ids: list[int], k: int) -> list[Any]:
        return [None] + [
            {
                str(token): {"logprob": p, "rank": rank, "decoded_token": self.model.text(token)}
                for token, p, rank in self._shown(ids, t, k)
            }
            for t in range(1, len(ids))
        ]

    def _echo(self, ids: list[int], body: Any) -> Any:
        name = (lambda i: f"token_id:{i}") if body.get("return_tokens_as_token_ids") else self.model.text
        shown = [self._shown(ids, t, body["logprobs"]) for t in range(1, len(ids))]
        return {
            "tokens": [name(i) for i in ids],
            "token_logprobs": [None] + [row[0][1] for row in shown],
            "top_logprobs": [None] + [{name(token): p for token, p, _ in row} for row in shown],
            "text_offset": [0] * len(ids),
        }

    def _generated(self) -> Any:
        return {"tokens": ["x"], "token_logprobs": [-1.0], "top_logprobs": [{"x": -1.0}], "text_offset": [0]}

    def _generate(self, body: Any) -> Any:
        ids, start, k = body["input_ids"], body["logprob_start_len"], body["top_logprobs_num"]
        self._check(ids, k)
        shown = [self._shown(ids, t, k) for t in range(start + 1, len(ids))]
        text = self.model.text if body.get("return_text_in_logprobs") else lambda _: None
        tops = [sorted(row, key=lambda entry: entry[2])[:k] for row in shown]
        meta = {
            "input_token_logprobs": [[None, ids[start], text(ids[start])]]
            + [[row[0][1], row[0][0], text(row[0][0])] for row in shown],
            "input_top_logprobs": [None] + [[[p, token, text(token)] for token, p, _ in row] for row in tops],
        }
        return {"text": "x", "meta_info": meta}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        simulator = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self) -> None:
                super().setup()
                with simulator._lock:
                    simulator._sockets.add(self.connection)

            def finish(self) -> None:
                super().finish()
                with simulator._lock:
                    simulator._sockets.discard(self.connection)

            def log_message(self, *args: object) -> None:
                pass

            def do_GET(self) -> None:
                simulator._serve(self, None)

            def do_POST(self) -> None:
                simulator._serve(self, json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        return Handler

    def _serve(self, handler: BaseHTTPRequestHandler, body: Any) -> None:
        with self._lock:
            self.requests.append((handler.path, body))
            self.headers = dict(handler.headers)
        completion = self.completes(handler.path)
        try:
            reply, status = self.answer(handler.path, body), 200
        except Refused as refused:
            reply, status = {"error": {"message": str(refused), "code": refused.status}}, refused.status
        if completion and self._die():
            handler.close_connection = True
            return
        if completion and status == 200:
            reply = self.tamper(reply)
            if self.trouble is not None and self.trouble(handler, reply):
                return
        send(handler, json.dumps(reply).encode(), status)

    def _die(self) -> bool:
        with self._lock:
            self.completed += 1
            dead, now = self.completed > self.dies_after, self.completed == self.dies_after + 1
        if now:
            threading.Thread(target=self.stop, daemon=True).start()
        return dead

    def hang(self, handler: BaseHTTPRequestHandler, _reply: Any) -> bool:
        """Trouble: never answers."""
        self.release.wait(60)
        handler.close_connection = True
        return True

    def drip(self, handler: BaseHTTPRequestHandler, reply: Any) -> bool:
        """Trouble: answers a byte at a time, each in time."""
        content = json.dumps(reply).encode()
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        for i in range(len(content)):
            if self.release.wait(0.02):
                break
            try:
                handler.wfile.write(content[i : i + 1])
            except OSError:
                break  # the client had enough
        handler.close_connection = True
        return True


class SmallServer(Simulator):
    """A server that takes so many requests at once, a while each, and turns the others away.

    Attributes:
        capacity: requests at once.
        takes_s: seconds that each takes.
        says: status and headers of a reply to one that is turned away.
        everywhere: whether requests for tokens count as those for readings do.
        n_turned_away: how many were, so far.
    """

    def __init__(self, capacity: float, takes_s: float, says: tuple[int, dict[str, str]] = (429, {})) -> None:
        super().__init__()
        self.capacity, self.takes_s, self.says = capacity, takes_s, says
        self.everywhere = False
        self.n_turned_away = 0
        self._under_way = 0

    def _serve(self, handler: BaseHTTPRequestHandler, body: Any) -> None:
        if not (self.everywhere or self.completes(handler.path)):
            super()._serve(handler, body)
            return
        with self._lock:
            has_room = self._under_way < self.capacity
            self._under_way += has_room
            self.n_turned_away += not has_room
        if not has_room:
            status, headers = self.says
            send(handler, b'{"error": {"message": "too much to do"}}', status, **headers)
            return
        try:
            self.release.wait(self.takes_s)
            super()._serve(handler, body)
        finally:
            with self._lock:
                self._under_way -= 1


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that hang up are part of the tests."""


def send(handler: BaseHTTPRequestHandler, content: bytes, status: int = 200, **headers: str) -> bool:
    """Sends a whole reply."""
    handler.send_response(status)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(content)))
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(content)
    return True


def wait_until(condition: Callable[[], bool], seconds: float = 10.0, *, every_s: float = 0.01) -> None:
    """Waits for something another thread does."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(every_s)
