"""Makes an API key. It is shown once, on stderr; what the configuration keeps of it goes to stdout.

So ``foureyes keys acme --scope verify >> foureyes.toml`` adds a key, and the service picks it up by itself.
"""

from __future__ import annotations

import argparse

from foureyes.cli.output import CommandOutput
from foureyes.config import NewKey, new_key

__all__ = ["run"]


def run(args: argparse.Namespace, output: CommandOutput) -> None:
    """Makes a key from the system's randomness.

    Raises:
        InputError: the tenant's name is none.
    """
    made = new_key(args.tenant, frozenset(args.scope or ["verify"]))
    output.give(lambda: {"key": made.presented, "id": made.stored.id, "toml": made.toml}, lambda: _show(made, output))


def _show(made: NewKey, output: CommandOutput) -> None:
    output.say(f"The key, shown this once: {made.presented}")
    print(made.toml, end="")
