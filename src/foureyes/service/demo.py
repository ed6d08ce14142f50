"""The service of ``foureyes serve --demo``: no configuration, no keys to bring, no network beyond loopback.

Two embedded readers with the calibration that is shipped for them, a ledger in a temporary folder, personal data concealed
by its shape, one tenant, one key made for this run, and sample traffic. It shows how a guard works and makes no agent safe:
:func:`foureyes.guard.reader_judge.shipped_calibration` says how well such readers tell right from wrong.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from secrets import token_hex
from sys import stderr
from typing import Final

from fastapi import FastAPI

from foureyes.config import NewKey, ReaderVerifier, Secret, Settings, TenantSettings, new_key, wiring
from foureyes.config.settings import LedgerSettings
from foureyes.guard import Timing
from foureyes.ledger import Signer
from foureyes.models.catalog import open_reader
from foureyes.models.weights import ModelPair, OnStep
from foureyes.service.app import create_app
from foureyes.service.app_state import Instruments
from foureyes.service.logs import open_log
from foureyes.service.traffic import trickle

__all__ = ["Demo", "demo_app", "demo_settings"]

TENANT: Final = "demo"
_LEDGER_KEY: Final = "ledger.key"
_DEADLINE_S: Final = 60.0
_QUICKLY: Final = 24
_PAUSE_S: Final = 2.0
_READER_WEIGHT: Final = 2.0
"""Against 1 of the author's model: the second reader decides, and the other's vote is seen beside it. Two equals would
block what either of them doubts: 41 % of right answers, where the reader alone blocks 24 %."""


@dataclass(frozen=True, slots=True)
class Demo:
    """A service to look at.

    Attributes:
        app: the application.
        key: of its one tenant; may do everything; made for this run.
        traffic: verifies sample answers for ever.
    """

    app: FastAPI
    key: str
    traffic: Callable[[], Awaitable[None]]


def demo_app(folder: Path, pair: ModelPair, *, on_step: OnStep) -> Demo:
    """Loads the readers and wires the rest.

    Args:
        folder: where the ledger is kept.
        pair: the models that vote.
        on_step: told what is going on while weights are fetched or converted.

    Raises:
        ConfigError: an extra is not installed.
        ModelUnavailable: the weights cannot be had.
    """
    key = new_key(TENANT, {"admin"})
    Signer.generate("foureyes.demo/ledger").save(folder / _LEDGER_KEY)
    built = wiring.build(demo_settings(folder, pair, key), open_reader=partial(open_reader, on_step=on_step))
    app = create_app(built, Instruments(log=open_log(stderr)))
    return Demo(app, key.presented, partial(trickle, app.state.foureyes, TENANT, quickly=_QUICKLY, pause_s=_PAUSE_S))


def demo_settings(folder: Path, pair: ModelPair, key: NewKey) -> Settings:
    """What a configuration of the demo would say."""
    verifiers = tuple(
        ReaderVerifier(name=model, reader=model, weight=weight)
        for model, weight in ((pair.author, 1.0), (pair.reader, _READER_WEIGHT))
    )
    tenant = TenantSettings(
        name=TENANT,
        keys=(key.stored,),
        verifiers=verifiers,
        timing=Timing(deadline_s=_DEADLINE_S),
        ledger=LedgerSettings(url=Secret(f"sqlite:{folder / 'ledger.db'}"), key_file=folder / _LEDGER_KEY),
        salt=Secret(token_hex(32)),
        show_texts=True,
    )
    return Settings(tenants={TENANT: tenant})
