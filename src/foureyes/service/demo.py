"""The service of ``foureyes serve --demo``: no configuration, no keys to bring, no network beyond loopback.

Two small embedded readers with the calibration that is shipped for them, a ledger in a temporary folder, personal data
concealed by its shape, one tenant, one key made for this run, and sample traffic. It shows how a guard works. Such small
readers tell right from wrong hardly better than chance on most questions: see :func:`foureyes.guard.reader_judge.shipped_calibration`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from secrets import token_hex
from sys import stderr
from typing import Final

from fastapi import FastAPI

from foureyes.config import NewKey, ReaderVerifier, Secret, Settings, TenantSettings, new_key, wiring
from foureyes.config.settings import LedgerSettings
from foureyes.guard.reader_judge import SHIPPED_MODELS
from foureyes.ledger import Signer
from foureyes.models.catalog import open_reader
from foureyes.models.weights import OnStep
from foureyes.service.app import create_app
from foureyes.service.app_state import Instruments
from foureyes.service.logs import open_log
from foureyes.service.traffic import trickle
from foureyes.service.wiring import parts_of

__all__ = ["Demo", "demo_app", "demo_settings"]

TENANT: Final = "demo"
_LEDGER_KEY: Final = "ledger.key"
_DEADLINE_S: Final = 60.0
_QUICKLY: Final = 24
_PAUSE_S: Final = 2.0


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


def demo_app(folder: Path, *, on_step: OnStep) -> Demo:
    """Loads the readers and wires the rest.

    Args:
        folder: where the ledger is kept.
        on_step: told what is going on while weights are fetched or converted.

    Raises:
        ConfigError: an extra is not installed.
        ModelUnavailable: the weights cannot be had.
    """
    key = new_key(TENANT, {"admin"})
    Signer.generate("foureyes.demo/ledger").save(folder / _LEDGER_KEY)
    built = wiring.build(demo_settings(folder, key), open_reader=partial(open_reader, on_step=on_step))
    app = create_app(replace(parts_of(built), close=built.close), Instruments(log=open_log(stderr)))
    return Demo(app, key.presented, partial(trickle, app.state.foureyes, TENANT, quickly=_QUICKLY, pause_s=_PAUSE_S))


def demo_settings(folder: Path, key: NewKey) -> Settings:
    """What a configuration of the demo would say."""
    verifiers = tuple(ReaderVerifier(model, "foureyes", model, model) for model in SHIPPED_MODELS)
    ledger = LedgerSettings(Secret(f"sqlite:{folder / 'ledger.db'}"), folder / _LEDGER_KEY)
    tenant = TenantSettings(
        TENANT,
        keys=(key.stored,),
        verifiers=verifiers,
        deadline_s=_DEADLINE_S,
        salt=Secret(token_hex(32)),
        ledger=ledger,
        show_texts=True,
    )
    return Settings(tenants=(tenant,))
