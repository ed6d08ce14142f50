"""Tries a GGUF file in a process of its own first, since llama.cpp ends the process on some files that are whole and broken.

Its own checks are assertions: of counts of layers and experts, of scales, of vocabularies. So a child loads the file, makes its
tokens and reads a line; whatever ends the child is a message, and the file is not loaded here.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

from foureyes.errors import ModelUnavailable
from foureyes.models.weights.redaction import last_words

__all__ = ["require_sound"]

_WHY: Final = re.compile(rb"(?:GGML_ASSERT\(.*\) failed|what\(\): .*)")
_MOST: Final = 200


def require_sound(path: Path, name: str) -> None:
    """Refuses a file that ends whoever loads it. One that is refused by name there is left to be refused here.

    Args:
        path: the file; its header was found to be whole.
        name: what a person calls the model.

    Raises:
        ModelUnavailable: llama.cpp, or what reads its tokens, fails on it.
    """
    command = [sys.executable, "-P", "-m", "foureyes.models.llama_cpp.try_file", str(path.absolute())]
    environment = {**os.environ, "GGML_NO_BACKTRACE": "1"}
    done = subprocess.run(  # noqa: S603 - our own module, no shell
        command, capture_output=True, check=False, stdin=subprocess.DEVNULL, env=environment
    )
    if not done.returncode:
        return
    found = _WHY.search(done.stderr)
    why = found.group().decode(errors="replace") if found else last_words(done.stderr)
    raise ModelUnavailable(
        f"{path} cannot be used: trying it ended a process ({done.returncode}): {why[:_MOST]}", model=name
    )
