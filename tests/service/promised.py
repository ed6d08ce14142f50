"""A service made of a configuration whose one reader follows a script, and answers that drift."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.asgi import call
from foureyes.calibration import Platt, Threshold
from foureyes.config import NewKey, load, new_key, wiring
from foureyes.config.parts import Parts
from foureyes.models.scripted import ScriptedReader
from foureyes.monitoring import Alarm
from foureyes.service.app import create_app

NAME = "promise:foureyes/scripted"
CALM = {f"calm{i}": 0.7 + 0.02 * (i * 5 % 13) for i in range(40)}
DRIFTED = {f"drifted{i}": 0.35 + 0.01 * (i * 5 % 13) for i in range(40)}
PROMISED = Threshold(0.3, "error_rate", 0.05, 0.05, 0.01, 500, 300, 0.6, 0.55, 0.65)
CONFIGURED = """
[monitoring]
alpha = 0.1

[verifiers.reader]
kind = "reader"
reader = "scripted"
calibrator = "platt.json"
threshold = "cut.json"

[tenants.acme]
pii = "off"
"""


class Serving:
    """A service made of a configuration, whose one verifier reads from a script."""

    def __init__(
        self, folder: Path, configured: str = CONFIGURED, *, key: NewKey | None = None, threshold: Threshold = PROMISED
    ) -> None:
        self.folder = folder
        self.configured = configured
        self.key = key or new_key("acme", {"admin"})
        self.sent: list[Alarm] = []
        platt = Platt.fit([0.1, 0.2, 0.4, 0.3, 1.5, 2.0], [1, 1, 1, 0, 0, 0])
        (folder / "platt.json").write_text(platt.to_json())
        self.built = self.build(threshold=threshold)
        self.app: Any = create_app(self.parts())

    def build(self, more: str = "", *, threshold: Threshold = PROMISED) -> Parts:
        (self.folder / "cut.json").write_text(threshold.to_json())
        file = self.folder / "foureyes.toml"
        file.write_text(self.configured + more + self.key.toml)
        reader = ScriptedReader(CALM | DRIFTED)
        return wiring.build(load(file, {}), before=getattr(self, "built", None), open_reader=lambda _: reader)

    def parts(self) -> Parts:
        return replace(self.built, sinks=(self,))

    def reload(self, more: str = "", *, threshold: Threshold = PROMISED) -> None:
        self.built = self.build(more, threshold=threshold)
        self.app.state.foureyes.replace(self.parts())

    def send(self, alarm: Alarm) -> None:
        """As a sink."""
        self.sent.append(alarm)

    def call(self, method: str, path: str, body: bytes = b"") -> Any:
        headers = {"x-api-key": self.key.presented, "content-type": "application/json"}
        return asyncio.run(call(self.app, method, path, body, headers))

    def verify(self, answer: str) -> dict[str, Any]:
        body = f'{{"prompt": "Which word?", "response": "{answer}"}}'.encode()
        answered: dict[str, Any] = self.call("POST", "/v1/guard/verify", body).json()
        return answered

    def alarms(self) -> list[str]:
        return [alarm["key"] for alarm in self.call("GET", "/v1/monitoring").json()["monitor"]["alarms"]]

    async def stop(self) -> None:
        """Runs the application's whole life, and so its end."""
        async with self.app.router.lifespan_context(self.app):
            pass


def drift(serving: Serving) -> None:
    """Answers such as came at first, then others, until an answer of those is no longer let through."""
    for word in CALM:
        assert serving.verify(word)["safe"] is True
    for word in [*DRIFTED, *DRIFTED]:
        if not serving.verify(word)["safe"]:
            return
    raise AssertionError("drift was not noticed")
