"""Our functions in the place of cleanlab's, for cleanlab's own published tests.

python -m tools.cleanlab_stand_in TESTS [PYTEST ARGUMENTS]

TESTS is ``tests/test_filter_count.py``, ``test_rank.py`` or ``test_multilabel_classification.py`` of a checkout of cleanlab 2.9.0.
They run in the virtual environment of :mod:`tools.cleanlab_peer`, this module being a plugin of pytest there: whatever of
cleanlab the tests use that is not ours stays cleanlab's.
"""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Final

MODULES: Final = (
    "count",
    "filter",
    "rank",
    "multilabel_classification",
    "multilabel_classification.filter",
    "multilabel_classification.rank",
)
PRIVATE: Final = {"filter": ("_keep_at_least_n_per_class", "_reduce_prune_counts")}


def pytest_configure() -> None:
    """Puts ours in their place, before a test is imported."""
    for name in MODULES:
        ours, theirs = import_module(f"foureyes.compat.cleanlab.{name}"), import_module(f"cleanlab.{name}")
        for function in (*ours.__all__, *PRIVATE.get(name, ())):
            if callable(getattr(ours, function)):
                setattr(theirs, function, getattr(ours, function))


def main(arguments: list[str]) -> int:
    """The command line; the exit status is pytest's."""
    from tools.cleanlab_peer import peer  # noqa: PLC0415 - the plugin runs without it

    if not arguments or arguments[0].startswith("-"):
        sys.exit(__doc__)
    python = peer()
    if python is None:
        sys.exit("cleanlab_stand_in: no cleanlab: run python -m tools.cleanlab_peer")
    root = Path(__file__).parents[1]
    paths = os.pathsep.join([str(root), str(root / "src")])
    asked = [str(python), "-m", "pytest", "-q", "-p", "tools.cleanlab_stand_in", "-p", "no:cacheprovider"]
    folder = Path(arguments[0]).resolve().parent
    return subprocess.run(  # noqa: S603 - ours
        [*asked, str(Path(arguments[0]).resolve()), *arguments[1:]],
        env={**os.environ, "PYTHONPATH": paths},
        cwd=folder,
        check=False,
    ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
