"""Conventions that every class keeps, read off the source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import foureyes

ROOT = Path(foureyes.__file__).parent


def methods() -> Iterator[tuple[str, str, ast.FunctionDef]]:
    """Every method of every class: where it stands, its name, itself."""
    for path in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                for part in node.body:
                    if isinstance(part, ast.FunctionDef):
                        yield f"{path.relative_to(ROOT)}: {node.name}.{part.name}", part.name, part


def test_json_is_text_and_a_dict_is_a_dict() -> None:
    """``to_json`` gives text, ``from_json`` takes text, ``to_dict`` gives a dict, ``from_dict`` takes one."""
    seen = dict.fromkeys(("to_json", "from_json", "to_dict", "from_dict"), 0)
    for where, name, method in methods():
        if name not in seen:
            continue
        seen[name] += 1
        kind = "str" if name.endswith("json") else "dict[str, Any]"
        told = method.returns if name.startswith("to_") else method.args.args[1].annotation
        assert told is not None, where
        assert ast.unparse(told) == kind, where
    assert all(seen.values()), seen


def test_what_is_written_as_json_text_can_be_read_back() -> None:
    holders = {
        name: {where.rpartition(".")[0] for where, found, _ in methods() if found == name}
        for name in ("to_json", "from_json")
    }
    assert holders["to_json"] == holders["from_json"]
