"""Runs the conversion of a GGUF file in a child process.

The gigabytes it takes go back to the system, its libraries' progress bars and warnings stay out of ours, and a crash is
a message.
"""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from foureyes.errors import ConfigError, ModelUnavailable
from foureyes.models.weights.redaction import last_words

__all__ = ["convert_in_child_process", "require_converter", "versions"]

_NEEDED: Final = ("torch", "transformers", "accelerate", "gguf", "safetensors")


def require_converter() -> None:
    """Raises unless everything a conversion needs is installed; cheap, nothing is imported.

    Raises:
        ConfigError: a package is missing.
    """
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise ConfigError(f"GGUF files need {', '.join(missing)}: pip install 'foureyes[local]'")


def versions() -> dict[str, str]:
    """Versions of the packages that decide what a conversion gives."""
    return {name: version(name) for name in ("foureyes", "transformers", "torch", "gguf")}


def convert_in_child_process(gguf: Path, folder: Path, model: str) -> None:
    """Converts in a process of its own; see :func:`foureyes.models.weights.convert.convert`.

    Args:
        gguf: the file, alone in its folder: transformers would read configuration beside it.
        folder: where to write; made.
        model: name of the model, for messages.

    Raises:
        ModelUnavailable: the file cannot be converted; the message ends with the child's last words.
    """
    command = [sys.executable, "-P", "-m", "foureyes.models.weights.convert", str(gguf), str(folder)]
    offline = {**os.environ, "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
    done = subprocess.run(command, capture_output=True, check=False, env=offline)  # noqa: S603 - our own module, no shell
    if done.returncode < 0:
        raise ModelUnavailable(
            f"{model}: the conversion was killed by signal {-done.returncode}; out of memory?", model=model
        )
    if done.returncode:
        raise ModelUnavailable(f"{model} cannot be converted: {last_words(done.stderr)}", model=model)
