"""Which field of a row is the answer, where a table holds the expected one and the model's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from foureyes.errors import InputError
from foureyes.layouts.fields import ANSWER_FIELDS, only

__all__ = ["answer_field"]

_PREDICTED: Final = (
    *("prediction", "predictions", "predicted_answer", "pred", "generated_text", "generated_answer", "generation"),
    *("model_answer", "model_output", "model_response", "llm_answer", "llm_output", "llm_response"),
)
"""What tables call a model's answer where they call the expected one ``answer`` or ``output``."""


def answer_field(row: Mapping[str, Any]) -> str:
    """The one field of a row that holds the answer.

    Raises:
        InputError: there is none, or two fields may be meant.
    """
    found = only(row, ANSWER_FIELDS, "answer")
    predicted = next((name for name in _PREDICTED if row.get(name)), None)
    if predicted is not None and row[predicted] != row[found]:
        raise InputError(
            f"both {found!r} and {predicted!r} are there; say which is meant with --map answer={predicted}, "
            f"or --map answer={found}"
        )
    return found
