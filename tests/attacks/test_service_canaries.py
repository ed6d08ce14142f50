"""Texts, personal data and keys are looked for everywhere they must not be: logs, ledger, metrics, errors, other answers."""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
from typing import Any

import pytest

from foureyes.errors import LedgerError, PrivacyError
from foureyes.models.scripted import ScriptedJudge
from foureyes.types import Vote
from tests.service.house import House, open_house

__all__ = ["open_house"]

PROMPT, RESPONSE = "canary-prompt-7f3a", "canary-response-7f3a"
EMAIL = "canary.7f3a@example.com"
MARKS = ("canary",)


class Quoting(ScriptedJudge):
    """Quotes what it saw in its reason, as judges do."""

    async def vote(self, exchange: Any) -> Vote:
        return Vote(self.provider, self.name, "unsafe", 0.1, f"I saw {exchange.answer}")


class Screaming(ScriptedJudge):
    """Has a bug whose message quotes the text."""

    async def vote(self, exchange: Any) -> Vote:
        raise ValueError(f"cannot read {exchange.answer} of {exchange.prompt}")


class Failing:
    """A detector, and a recorder, that quote the text in what they raise."""

    def __init__(self, error: type[Exception]) -> None:
        self.error = error
        self.clear_reasons = False

    def find(self, text: str) -> Any:
        raise self.error(f"cannot look at {text}")

    def text_hash(self, _: str, text: str) -> str:
        raise self.error(f"cannot hash {text}")

    def append(self, _: str, payload: Any) -> Any:
        raise self.error(f"cannot append {payload}")


BODIES: list[tuple[str, str, Any]] = [
    ("POST", "/v1/guard/verify", {"prompt": PROMPT, "response": RESPONSE}),
    ("POST", "/v1/guard/verify", {"prompt": f"{PROMPT} {EMAIL}", "response": RESPONSE, "session_id": "s-1"}),
    ("POST", "/v1/guard/verify", {"prompt": PROMPT, "response": [RESPONSE]}),
    (
        "POST",
        "/v1/guard/verify",
        {"prompt": PROMPT, "response": RESPONSE, "models": [{"provider": PROMPT, "model": RESPONSE}]},
    ),
    ("POST", "/v1/guard/verify", (json.dumps({"prompt": PROMPT})[:-1] + RESPONSE).encode()),
    ("POST", "/v1/guard/verify/batch", {"items": [{"prompt": PROMPT, "response": RESPONSE}]}),
    ("POST", "/v1/guard/verify/stream", {"prompt": PROMPT, "response": RESPONSE}),
    ("POST", "/v1/guard/pii/tokenize", {"text": f"{PROMPT} {EMAIL}"}),
    ("POST", "/v1/guard/pii/rehydrate", {"text": PROMPT, "session_id": "s-2"}),
    ("POST", "/beta/litellm_basic_guardrail_api", {"input_type": "request", "texts": [EMAIL]}),
    ("POST", "/v1/guardrail/checks", {"messages": [{"role": "user", "content": PROMPT}]}),
    ("GET", f"/v1/{PROMPT}?q={RESPONSE}", None),
    ("POST", f"/v1/ledger/{PROMPT}", None),
    ("GET", f"/v1/decisions?limit={PROMPT}", None),
]


def suffer(house: House) -> None:
    """Sends every body, with good keys and bad ones."""
    for method, path, body in BODIES:
        for key in ("verify", "audit", None):
            headers = {"content-type": "application/json"} if body is not None else {}
            house.call(method, path, body, key=key, headers=headers)
        house.call(
            method,
            path,
            body,
            key=None,
            headers={"x-api-key": "canary-key-7f3a", "authorization": "Bearer canary-7f3a"},
        )


def stored(house: House) -> str:
    """Everything in the ledger's file."""
    house.ledger.checkpoint()
    with sqlite3.connect(house.folder / "ledger.db") as db:
        text = "\n".join(db.iterdump())
        blobs = b"".join(bytes(entry) for (entry,) in db.execute("SELECT entry FROM entries"))
    db.close()
    return text + blobs.decode()


@pytest.mark.parametrize("what", ["all well", "judges quote", "judges scream", "detector", "recorder", "both crash"])
def test_no_text_is_anywhere_it_must_not_be(
    house: House, what: str, caplog: pytest.LogCaptureFixture, capsys: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    if what == "judges quote":
        house.change(judges=[Quoting("safe", name=name) for name in "abc"])
    if what == "judges scream":
        house.change(judges=[Screaming("safe", name=name) for name in "abc"])
    if what == "detector":
        house.change(detector=Failing(PrivacyError))
    if what == "recorder":
        house.change(guard=house.guard(recorder=Failing(LedgerError)))
    if what == "both crash":
        house.change(detector=Failing(IndexError), guard=house.guard(recorder=Failing(KeyError)))
    suffer(house)
    out, err = capsys.readouterr()
    metrics = house.call("GET", "/metrics", key=None).body.decode()
    keys = [key.presented for key in house.keys.values()]
    for place, text in {
        "log": house.log.getvalue(), "logging": caplog.text, "stdout": out, "stderr": err,
        "ledger": stored(house), "metrics": metrics,
    }.items():  # fmt: skip
        found = [mark for mark in (*MARKS, *keys, *(key.split("_", 2)[2] for key in keys)) if mark in text]
        assert not found, f"{found} in the {place}: …{text[max(0, text.find(found[0]) - 200) :][:400]}"
    assert [line["event"] for line in house.logged()].count("request") >= len(BODIES) * 4


def test_errors_quote_no_values(house: House) -> None:
    for method, path, body in BODIES:
        for key in ("admin", None):
            headers = {"content-type": "application/json"} if body is not None else {}
            reply = house.call(method, path, body, key=key, headers=headers)
            if reply.status >= 400:
                problem = reply.json()
                problem.pop("errors", None)
                assert "canary" not in json.dumps(problem) or "no such verifier" in problem["detail"]


def test_one_callers_answer_has_nothing_of_anothers() -> None:
    """Many at once: every answer quotes its own response and no other."""

    async def run(house: House) -> None:
        house.change(judges=[Quoting("safe", name="a")])
        bodies = [{"prompt": "p", "response": f"canary-{i:04d}-end"} for i in range(200)]
        replies = await asyncio.gather(*(house.acall("POST", "/v1/guard/verify", body) for body in bodies))
        for body, reply in zip(bodies, replies, strict=True):
            assert reply.json()["votes"][0]["reason"] == f"I saw {body['response']}"

    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder, House(Path(folder)) as house:
        asyncio.run(run(house))
