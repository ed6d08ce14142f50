"""Files of fitted routers, chains and policies. A policy remembers the rows it was chosen on."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foureyes.calibration.rows import Rows
from foureyes.cascade.mixture import PolicyMix
from foureyes.cascade.policy import Policy
from foureyes.display import plural
from foureyes.errors import InputError
from foureyes.json_text import parsed_json
from foureyes.tables import write_text

__all__ = ["kind_of", "read_policy", "require_unseen", "write_policy"]


def read_policy(text: str, path: Path) -> Policy | PolicyMix:
    """A policy, or a mix of two.

    Raises:
        InputError: the text is neither.
    """
    return PolicyMix.from_json(text) if kind_of(text, path) == "cascade_mix" else Policy.from_json(text)


def write_policy(path: Path, policy: Policy | PolicyMix, confidence: NDArray[np.float64]) -> None:
    """Writes a policy, with the rows it was chosen on as the first model's confidences tell them apart."""
    chosen_on = asdict(Rows.of([confidence]))
    write_text(path, json.dumps({**json.loads(policy.to_json()), "chosen_on": chosen_on}, allow_nan=False))


def require_unseen(text: str, confidence: NDArray[np.float64]) -> None:
    """Refuses to judge a policy on the rows it was chosen on. One made elsewhere remembers none, and is let pass.

    Raises:
        InputError: the rows were among those, or the file is none of ours.
    """
    memory = parsed_json(text).get("chosen_on")
    if memory is None:
        return
    try:
        rows = Rows(memory["n"], memory["digest"], tuple(memory["sketch"]))
    except (KeyError, TypeError) as error:
        raise InputError("not a cascade policy: chosen_on must hold n, digest and sketch") from error
    if rows.shared_with([confidence]):
        raise InputError(
            f"the policy was chosen on {plural(rows.n, 'row')}, and these {len(confidence):,} are among them; wanted "
            "others (--allow-fitted-rows takes them)"
        )


def kind_of(text: str, path: Path) -> str:
    """What a JSON file of ours holds, by its ``kind``.

    Raises:
        InputError: the file is not a JSON object that says so.
    """
    try:
        document: Any = parsed_json(text)
    except json.JSONDecodeError as error:
        raise InputError(f"{path} is not JSON: {error}") from error
    if not isinstance(document, dict) or not isinstance(document.get("kind"), str):
        raise InputError(f"{path} is neither a router nor a chain: it has no kind")
    return str(document["kind"])
