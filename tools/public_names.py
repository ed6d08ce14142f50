#!/usr/bin/env python3
"""Writes docs/api.md: every public name with the first sentence of its docstring.

python tools/public_names.py            # writes the page
python tools/public_names.py --check    # exits 1 if the page does not say what the code says
"""

from __future__ import annotations

import inspect
import re
import sys
import types
from importlib import import_module
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "api.md"
MODULES = (
    "foureyes",
    "foureyes.types",
    "foureyes.records",
    "foureyes.route",
    "foureyes.layouts",
    "foureyes.models",
    "foureyes.signals",
    "foureyes.maths",
    "foureyes.calibration",
    "foureyes.cascade",
    "foureyes.cleaning",
    "foureyes.compat.cleanlab.filter",
    "foureyes.compat.cleanlab.rank",
    "foureyes.compat.cleanlab.count",
    "foureyes.compat.cleanlab.multilabel_classification.filter",
    "foureyes.compat.cleanlab.multilabel_classification.rank",
    "foureyes.guard",
    "foureyes.http",
    "foureyes.privacy",
    "foureyes.ledger",
    "foureyes.monitoring",
    "foureyes.sandbox",
)

INTRODUCTION = """# Public names

Most programs need `import foureyes as fe` and the first table. Each name's docstring gives shapes, units, ranges, errors and
source: `help(fe.ece)`. Made by `python tools/public_names.py`.
"""


def page() -> str:
    """The page as Markdown."""
    parts = [INTRODUCTION]
    for name in MODULES:
        module = import_module(name)
        rows = [(public, sentence(getattr(module, public))) for public in sorted(module.__all__, key=str.lower)]
        listed = "\n".join(f"| `{public}` | {text} |" for public, text in rows if text)
        parts.append(f"## {name}\n\n{sentence(module)}\n\n| name | what it is |\n| --- | --- |\n{listed}\n")
    return "\n".join(parts)


def sentence(value: object) -> str:
    """The first sentence of a docstring; nothing for aliases and constants, which have none of their own."""
    if not isinstance(value, (type, types.FunctionType, types.ModuleType)):
        return ""
    first = (inspect.getdoc(value) or "").split("\n\n")[0].replace("\n", " ")
    return re.sub(r":\w+:`~?(?:[\w.]*\.)?(\w+)`", r"`\1`", first).replace("|", "\\|")


def main() -> int:
    """Writes or compares the page."""
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(page(), encoding="utf-8")
        return 0
    same = PAGE.read_text(encoding="utf-8") == page()
    if not same:
        print("docs/api.md is not current: python tools/public_names.py", file=sys.stderr)  # noqa: T201
    return int(not same)


if __name__ == "__main__":
    sys.exit(main())
