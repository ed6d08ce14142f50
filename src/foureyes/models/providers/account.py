"""What an operator configures of a provider."""

from __future__ import annotations

from dataclasses import dataclass, field

from foureyes.errors import ConfigError, InputError
from foureyes.models.attempts import Limits
from foureyes.models.wording import fits_a_header

__all__ = ["Account"]


@dataclass(frozen=True, slots=True)
class Account:
    """A key, and the model that is asked with it.

    Args:
        model: the provider's name for it.
        key: the API key. Never shown.
        url: another address than the provider's own; ``None`` for that one. Environment variables of the SDK do not
            change it.
        most_tokens: most tokens of a reply, ≥ 64.
        limits: how long, how often, how much.

    Raises:
        ConfigError: no model, no key, or a key that no header can carry.
        InputError: too few tokens for a verdict.
    """

    model: str
    key: str = field(repr=False)
    url: str | None = None
    most_tokens: int = 512
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        if not self.model:
            raise ConfigError("an account needs the name of a model; got an empty one")
        if not fits_a_header(self.key):
            raise ConfigError("an account needs a key that a header can carry: visible ASCII, no white space")
        if self.most_tokens < 64:
            raise InputError(f"a verdict needs at least 64 tokens; got {self.most_tokens}")
