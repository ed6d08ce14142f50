"""Which verifiers a request may choose: among the configured ones, by name, and nothing else.

What a request says is only ever compared with what is configured. It is never parsed, resolved, normalised, matched by a
pattern, or handed to a client: what goes on from here is the configured value, not the requested one.
"""

from __future__ import annotations

from collections.abc import Sequence

from foureyes.config.settings import TenantSettings, Verifier
from foureyes.errors import InputError

__all__ = ["choose_members"]

_SHOWN = 60


def choose_members(tenant: TenantSettings, requested: Sequence[tuple[str, str]]) -> tuple[Verifier, ...]:
    """The tenant's verifiers that a request asks for.

    Args:
        tenant: with its verifiers.
        requested: (provider, model) of each; none for all. The tenant's quorum stays in force whatever is chosen.

    Returns:
        Configured verifiers, in the order of the request.

    Raises:
        InputError: more than there are, one that is not configured, exactly as written, or one twice. The
            message shows what was asked for escaped and shortened.

    Example:
        >>> from foureyes.config.settings import JudgeVerifier
        >>> acme = TenantSettings("acme", verifiers=(JudgeVerifier("a", "openai", "gpt-5"),))
        >>> [verifier.name for verifier in choose_members(acme, [("openai", "gpt-5")])]
        ['a']
        >>> choose_members(acme, [("http://169.254.169.254/", "gpt-5")])
        Traceback (most recent call last):
        foureyes.errors.InputError: no such verifier: 'http://169.254.169.254/' 'gpt-5'; there are openai gpt-5
    """
    known = {(verifier.provider, verifier.model): verifier for verifier in tenant.verifiers}
    if len(requested) > len(known):
        raise InputError(f"{len(requested)} verifiers were asked for; there are {len(known)}")
    if not requested:
        return tenant.verifiers
    chosen = tuple(_known(known, pair) for pair in requested)
    if len(set(chosen)) < len(chosen):
        raise InputError("a verifier has one vote: it was asked for twice")
    return chosen


def _known(known: dict[tuple[str, str], Verifier], pair: tuple[str, str]) -> Verifier:
    provider, model = pair
    found = known.get((provider, model)) if isinstance(provider, str) and isinstance(model, str) else None
    if found is None:
        there = ", ".join(" ".join(name) for name in known)
        raise InputError(f"no such verifier: {_shown(provider)} {_shown(model)}; there are {there}")
    return found


def _shown(word: object) -> str:
    return ascii(word[:_SHOWN]) if isinstance(word, str) else f"a {type(word).__name__}"
