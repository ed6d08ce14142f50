"""``foureyes keys``: makes an API key. It is shown once, on stderr; what the configuration keeps of it goes to stdout.

So ``foureyes keys acme --scope verify >> foureyes.toml`` adds a key, and the service picks it up by itself.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Final

__all__ = ["configure", "run"]

_SCOPES: Final = ("verify", "audit", "admin")


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the options of ``foureyes keys``."""
    parser.add_argument("tenant", metavar="TENANT", help="whose key: letters, digits, - and _, as in the configuration")
    parser.add_argument(
        "--scope",
        action="append",
        choices=_SCOPES,
        help="what it may do; may be given several times (default: verify)",
    )
    parser.add_argument("--json", action="store_true", help="key and configuration as one JSON object on stdout")


def run(args: argparse.Namespace) -> int:
    """Makes a key from the system's randomness.

    Raises:
        InputError: the tenant's name is none.
    """
    from foureyes.config import new_key  # noqa: PLC0415 - so that `--help` does not wait for it

    made = new_key(args.tenant, frozenset(args.scope or ["verify"]))
    if args.json:
        print(json.dumps({"key": made.presented, "id": made.stored.id, "toml": made.toml}))
        return 0
    print(f"The key, shown this once: {made.presented}", file=sys.stderr)
    print(made.toml, end="")
    return 0
