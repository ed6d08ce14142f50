"""The command line of ``foureyes completion``."""

from __future__ import annotations

import argparse
from typing import Final

__all__ = ["configure"]

_EPILOG: Final = (
    "bash: foureyes completion bash > ~/.local/share/bash-completion/completions/foureyes; "
    "zsh: the same into _foureyes in a folder of $fpath; "
    "fish: foureyes completion fish > ~/.config/fish/completions/foureyes.fish."
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the shell."""
    parser.epilog = _EPILOG
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help="which shell is to complete")
