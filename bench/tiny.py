"""``python -m bench.tiny FOLDER`` saves the tests' tiny random model."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.conftest import build_tiny_model

if __name__ == "__main__":
    build_tiny_model(Path(sys.argv[1]))
