"""What can be configured of the council that a route asks about risky answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import Field, ValidationInfo, field_validator

from foureyes.config.fields import ConfigSource, Known, SettingsTable, Text
from foureyes.config.named_verifiers import named_verifiers
from foureyes.config.verifier_settings import Verifier

__all__ = ["CouncilSettings", "RiskSettings"]


class RiskSettings(SettingsTable):
    """Which answers a council is asked about: those that everything stated here fits.

    Attributes:
        tool: a tool that the answer calls, by name, ``*`` and ``?`` allowed.
        prompt: a regular expression found in the conversation.
        answer: a regular expression found in the answer.
        confidence_below: P(correct) below this.
    """

    tool: Text | None = None
    prompt: Text | None = None
    answer: Text | None = None
    confidence_below: Annotated[float, Field(gt=0, le=1)] | None = None


class CouncilSettings(SettingsTable):
    """Who is asked about risky answers. What the council does not find safe is not returned.

    Attributes:
        verifiers: by name; their tables stand in the same file.
        quorum: least number of them that must say safe or unsafe; ``None`` for a majority.
        deadline_s: most seconds until they have voted.
        when: which answers are risky; without any those that call a tool.
    """

    verifiers: tuple[Verifier, ...]
    quorum: Annotated[int, Field(ge=1, le=1_000)] | None = None
    deadline_s: Annotated[float, Field(gt=0, le=600)] = 10.0
    when: Annotated[tuple[RiskSettings, ...], Field(strict=False)] = ()

    @field_validator("verifiers", mode="before")
    @classmethod
    def _by_name(cls, names: Any, info: ValidationInfo) -> Any:
        return tuple(named_verifiers(names, info.context)) if isinstance(info.context, ConfigSource) else names

    @classmethod
    def objections(cls, key: str, value: Any, known: Known) -> Iterator[str]:
        """How many there are."""
        n = len(known.get("verifiers", ()))
        if key == "quorum" and value is not None and 0 < n < value:
            yield f"{value} of {n} verifiers can never vote: nothing would be safe"
