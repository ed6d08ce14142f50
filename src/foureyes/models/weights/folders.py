"""What a model folder holds, and whether its weights are all there, without reading them.

A safetensors file says in its header how long it is, so a file cut short by a broken copy or a full disk is told from
a whole one at the price of reading a few kilobytes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from foureyes.errors import ModelUnavailable
from foureyes.models.weights.digests import fingerprint, remembered_sha256

__all__ = ["MANIFEST", "check_weights", "decides_values", "folder_fingerprint"]

MANIFEST: Final = "manifest.json"
"""What the store writes into the folders it makes; no part of the model."""

_DECIDING: Final = frozenset({".safetensors", ".bin", ".json", ".jinja", ".model", ".tiktoken", ".txt"})

_INDEX: Final = "model.safetensors.index.json"


def decides_values(name: str) -> bool:
    """Whether a file of a model folder can change what the model computes, by its path within the folder.

    Weights, configuration, tokenizer and chat template do; readmes, licences, subfolders and the manifest do not.

    Example:
        >>> decides_values("model.safetensors"), decides_values("README.md"), decides_values("licences/NOTICE.txt")
        (True, False, False)
    """
    return Path(name).suffix in _DECIDING and "/" not in name and not name.startswith(".") and name != MANIFEST


def folder_fingerprint(folder: Path, memory: Path) -> str:
    """Identity of the files of a folder that decide values.

    Args:
        folder: a model folder.
        memory: where sha256 of large files are remembered between runs.
    """
    paths = [path for path in folder.iterdir() if decides_values(path.name) and path.is_file()]
    return fingerprint({path.name: remembered_sha256(path, memory) for path in paths})


def check_weights(folder: Path, model: str, *, mend: str) -> None:
    """Raises unless every weights file of a folder is there and as long as it says it is.

    Args:
        folder: a model folder.
        model: its name, for the message.
        mend: what the reader of the message can do about it.

    Raises:
        ModelUnavailable: a file is missing, cut short or not safetensors; or there are no weights at all.
    """
    files = {path.name for path in folder.glob("*.safetensors")}
    files |= _shards(folder, model, mend)
    if not files and not any(folder.glob("*.bin")):
        raise ModelUnavailable(f"{folder} holds no weights: wanted *.safetensors; {mend}", model=model)
    for name in sorted(files):
        _check_length(folder / name, model, mend)


def _shards(folder: Path, model: str, mend: str) -> set[str]:
    index = folder / _INDEX
    if not index.is_file():
        return set()
    try:
        return set(json.loads(index.read_bytes())["weight_map"].values())
    except (ValueError, KeyError, AttributeError) as error:
        raise ModelUnavailable(f"{index} is not an index of safetensors files; {mend}", model=model) from error


def _check_length(path: Path, model: str, mend: str) -> None:
    if not path.is_file():
        raise ModelUnavailable(f"{path} is missing; {mend}", model=model)
    got = path.stat().st_size
    try:
        wanted = _stated_length(path)
    except (ValueError, KeyError, TypeError) as error:
        raise ModelUnavailable(
            f"{path} has {got} bytes that do not begin as safetensors do; {mend}", model=model
        ) from error
    if got != wanted:
        raise ModelUnavailable(f"{path} has {got} bytes; wanted {wanted}; {mend}", model=model)


def _stated_length(path: Path) -> int:
    """Bytes of the length, the header and the last tensor's end."""
    with path.open("rb") as file:
        n_header = int.from_bytes(file.read(8), "little")
        if n_header > path.stat().st_size:
            raise ValueError("the header is longer than the file")
        header = json.loads(file.read(n_header))
    ends = [tensor["data_offsets"][1] for name, tensor in header.items() if name != "__metadata__"]
    return 8 + n_header + max(ends, default=0)
