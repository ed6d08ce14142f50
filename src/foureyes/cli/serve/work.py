"""Runs the guard as a service, from a configuration or, with ``--demo``, from nothing at all.

Binds loopback unless told otherwise. Without ``--demo`` it refuses to start when no tenant has a key, since nobody could
call it. Words for a person go to stderr; ``--json`` prints address and key (of the demo) as soon as it serves.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from foureyes.cli.output import CommandOutput
from foureyes.cli.words import tell_cost, tell_step
from foureyes.config import Reloader
from foureyes.errors import ConfigError
from foureyes.guard.threads import all_idle
from foureyes.models.weights.fetch_cost import fetch_cost
from foureyes.models.weights.known import SMALL_PAIR, STANDARD_PAIR
from foureyes.service import running
from foureyes.service.configured import ConfiguredService
from foureyes.service.demo import demo_app
from foureyes.service.running import address_of, is_open_to_others, listen

__all__ = ["run"]

_GRACE_S: Final = 5.0
"""What is read when the service has ended may be finished."""


def run(args: argparse.Namespace, output: CommandOutput) -> None:
    """Serves until it is told to stop.

    Raises:
        ConfigError: the configuration is broken, or the address is taken.
    """
    if args.small and not args.demo:
        args.refuse("--small goes with --demo")
    if args.demo:
        _demo(args, output)
    else:
        _configured(args, output)
    if not all_idle(_GRACE_S):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(output.status)  # a reader that hangs in its library would abort Python's own ending


def _demo(args: argparse.Namespace, output: CommandOutput) -> None:
    pair = SMALL_PAIR if args.small else STANDARD_PAIR
    tell_cost(fetch_cost([pair.author, pair.reader]), way_out="" if args.small else "or add --small")
    listening = listen(args.host or "127.0.0.1", 8321 if args.port is None else args.port)
    with listening, TemporaryDirectory(prefix="foureyes-demo-") as folder:
        demo = demo_app(Path(folder), pair, on_step=tell_step)
        _announce(output, listening, demo.key)
        running.run(demo.app, listening, state=demo.app.state.foureyes, background=[demo.traffic])


def _configured(args: argparse.Namespace, output: CommandOutput) -> None:
    reloader = Reloader(args.config, os.environ)
    server = reloader.settings.server
    if not any(tenant.keys for tenant in reloader.settings.tenants.values()):
        raise ConfigError(
            "no tenant has an API key, so nobody could call the service: make one with `foureyes keys TENANT`"
        )
    with listen(args.host or server.host, server.port if args.port is None else args.port) as listening:
        service = ConfiguredService.open(reloader)
        if args.check:
            asyncio.run(service.close())
            output.say("the configuration is right")
            return
        _announce(output, listening, None)
        running.run(service.app, listening, state=service.app.state.foureyes, reload=service.check)


def _announce(output: CommandOutput, listening: socket.socket, key: str | None) -> None:
    address = address_of(listening)
    if is_open_to_others(listening):
        output.warn("it listens beyond this machine without encryption: put it behind a proxy that speaks TLS")
    output.give_now({"url": address, **({} if key is None else {"key": key})})
    output.say(f"foureyes serves at {address}/ (stop with Ctrl-C)")
    if key is not None:
        output.say(f"Open that page and give it this key, made for this run only: {key}")
