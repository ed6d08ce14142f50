"""SAC3's published answers of a chat model: where they are, and what people said of them.

Source: Zhang et al. 2023, arXiv 2311.01740.
"""

from __future__ import annotations

from typing import Final

__all__ = ["SETS", "found_wrong"]

SETS: Final = {
    "HotpotQA": "sac3/hotpotQA_250_eval_labeled-SC.json",
    "NQ": "sac3/nq_open_250_eval_labeled-SC.json",
}
"""Files below the folder of the data."""

_MEANT: Final = {"True": False, "False": True}


def found_wrong(label: object) -> bool | None:
    """Whether people found an answer wrong, by its label "True" or "False"; ``None`` where it is neither.

    Example:
        >>> found_wrong("False"), found_wrong("True"), found_wrong("false"), found_wrong(None)
        (True, False, None, None)
    """
    return _MEANT.get(label) if isinstance(label, str) else None
