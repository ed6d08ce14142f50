"""cleanlab in a virtual environment of its own, for the tests that ask it the same as us.

python -m tools.cleanlab_peer         make .cleanlab once: 400 MB, a minute
python -m tools.cleanlab_peer where   print its Python

cleanlab's licence (AGPL) is not ours, so that it is asked in a process of its own and is no dependency. NumPy is the one we
run with: where rows tie, its sort decides. FOUREYES_CLEANLAB names another Python that has it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from importlib.metadata import version
from pathlib import Path
from typing import Final

__all__ = ["VERSION", "peer"]

VERSION: Final = "2.9.0"

_FOLDER: Final = Path(__file__).parents[1] / ".cleanlab"


def peer() -> Path | None:
    """The Python that has it; ``None`` where it has not been made."""
    named = os.environ.get("FOUREYES_CLEANLAB")
    if named:
        return Path(named)
    return _python() if (_FOLDER / "complete").exists() else None


def make() -> None:
    """Makes it where it is not there."""
    if peer() is not None:
        return
    venv.create(_FOLDER, with_pip=True, clear=True)
    wanted = [f"cleanlab=={VERSION}", f"numpy=={version('numpy')}", f"pytest=={version('pytest')}", "lazy-loader"]
    subprocess.run([_python(), "-m", "pip", "install", "--quiet", *wanted], check=True)  # noqa: S603 - ours
    (_FOLDER / "complete").touch()


def _python() -> Path:
    return _FOLDER / "bin" / "python"


def main(arguments: list[str]) -> None:
    """The command line."""
    if arguments == ["where"]:
        print(peer() or _python())  # noqa: T201
    elif arguments:
        sys.exit(__doc__)
    else:
        make()


if __name__ == "__main__":
    main(sys.argv[1:])
