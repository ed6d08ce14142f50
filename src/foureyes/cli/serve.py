"""``foureyes serve``: the guard as a service, from a configuration or, with ``--demo``, from nothing at all.

Binds loopback unless told otherwise. Without ``--demo`` it refuses to start when no tenant has a key, since nobody could
call it. Words for a person go to stderr; ``--json`` prints one object with address and key (of the demo) to stdout.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from foureyes.errors import ConfigError

if TYPE_CHECKING:
    import socket

__all__ = ["configure", "run"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the options of ``foureyes serve``."""
    parser.set_defaults(refuse=parser.error)
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="the configuration, TOML; read again when it changes"
    )
    parser.add_argument("--demo", action="store_true", help="no configuration: embedded verifiers and sample traffic")
    parser.add_argument("--host", help="address to listen on (default: the configuration's, 127.0.0.1)")
    parser.add_argument(
        "--port", type=_port, help="port to listen on, 0 for any free one (default: the configuration's, 8321)"
    )
    parser.add_argument("--check", action="store_true", help="read the configuration, wire everything, and stop")
    parser.add_argument(
        "--json", action="store_true", help="address and, of the demo, the key as one JSON object on stdout"
    )


def run(args: argparse.Namespace) -> int:
    """Serves until it is told to stop.

    Raises:
        ConfigError: the configuration is broken, the address is taken, or a part is not installed.
    """
    if args.demo == (args.config is not None):
        args.refuse("give either --config FILE or --demo")
    try:
        import foureyes.service.app  # noqa: F401, PLC0415 - an extra; asked for before anything else is begun
    except ModuleNotFoundError as error:
        raise ConfigError(f"the service needs an extra ({error.name}): pip install 'foureyes[service]'") from error
    return _demo(args) if args.demo else _configured(args)


def _demo(args: argparse.Namespace) -> int:
    from foureyes.cli.models import tell  # noqa: PLC0415 - reads the list of weights
    from foureyes.service.demo import demo_app  # noqa: PLC0415 - heavy
    from foureyes.service.running import listen, run  # noqa: PLC0415

    listening = listen(args.host or "127.0.0.1", 8321 if args.port is None else args.port)
    with listening, TemporaryDirectory(prefix="foureyes-demo-") as folder:
        demo = demo_app(Path(folder), on_step=tell)
        _announce(args, listening, demo.key)
        run(demo.app, listening, beside=[demo.traffic])
    return 0


def _configured(args: argparse.Namespace) -> int:
    from foureyes.config import Reloader  # noqa: PLC0415
    from foureyes.service.running import listen, run  # noqa: PLC0415
    from foureyes.service.wiring import follow  # noqa: PLC0415

    reloader = Reloader(args.config, os.environ)
    server = reloader.settings.server
    if not any(tenant.keys for tenant in reloader.settings.tenants):
        raise ConfigError(
            "no tenant has an API key, so nobody could call the service: make one with `foureyes keys TENANT`"
        )
    with listen(args.host or server.host, server.port if args.port is None else args.port) as listening:
        service = follow(reloader)
        if args.check:
            asyncio.run(service.close())
            print("the configuration is right", file=sys.stderr)
            return 0
        _announce(args, listening, None)
        run(service.app, listening, again=service.check)
    return 0


def _announce(args: argparse.Namespace, listening: socket.socket, key: str | None) -> None:
    from foureyes.service.running import address_of, is_open_to_others  # noqa: PLC0415

    address = address_of(listening)
    if args.json:
        print(json.dumps({"url": address, **({} if key is None else {"key": key})}), flush=True)
    print(f"foureyes serves at {address}/ (stop with Ctrl-C)", file=sys.stderr)
    if key is not None:
        print(f"Open that page and give it this key, made for this run only: {key}", file=sys.stderr)
    if is_open_to_others(listening):
        print(
            "It listens beyond this machine without encryption: put it behind a proxy that speaks TLS.", file=sys.stderr
        )


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"wanted a whole number from 0 to 65535; got {text!r}")
    return int(text)
