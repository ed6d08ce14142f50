"""From what a person writes to a folder that can be loaded.

Start at :func:`ensure`, which every reader in this process goes through. :func:`pull` also mends what is damaged.
"""

from __future__ import annotations

from foureyes.errors import ModelUnavailable
from foureyes.models.weights.reference import Hub, parse
from foureyes.models.weights.sources import WeightSource, source_of
from foureyes.models.weights.store import cache_folder
from foureyes.models.weights.values import OnStep, Step, Weights, ignore_step

__all__ = ["ensure", "locate", "pull", "verify"]


def ensure(reference: str, *, on_step: OnStep = ignore_step) -> Weights:
    """Makes a model's weights ready on this machine, fetching and converting them if they are not there.

    Args:
        reference: what names the model, in one of the forms of :mod:`foureyes.models.weights.reference`; not a server.
        on_step: told what is going on, if anything takes long.

    Raises:
        ConfigError: the reference is none, or a package that the work needs is not installed.
        ModelUnavailable: the weights cannot be fetched, or what is there is damaged; the message then names the
            command that mends it.
        ModelRefused: the hub says no.

    Example:
        >>> ensure("gemma3-270m").folder.name      # doctest: +SKIP
        'gemma3-270m-a5fd3b62230a'
    """
    source = source_of(parse(reference), cache_folder())
    return source.locate() or source.fetch(on_step)


def pull(reference: str, *, every_byte: bool = False, on_step: OnStep = ignore_step) -> Weights:
    """Fetches a model, or mends one that is damaged.

    Args:
        reference: what names the model. A repository of the hub is brought up to date.
        every_byte: whether what is there is read in full to see if it is damaged; only sizes are looked at otherwise.
        on_step: told what is going on.

    Raises:
        ConfigError, ModelUnavailable, ModelRefused: as :func:`ensure`.
    """
    target = parse(reference)
    source = source_of(target, cache_folder())
    try:
        found = _every_byte(source, on_step) if every_byte else source.locate()
    except ModelUnavailable:
        return source.fetch(on_step, again=True)
    may_have_moved_on = isinstance(target, Hub)
    return source.fetch(on_step) if found is None or may_have_moved_on else found


def locate(reference: str) -> Weights | None:
    """The weights if they are on this machine, ``None`` if they are not; never fetches.

    Raises:
        ConfigError: the reference is none.
        ModelUnavailable: what is there is damaged.
    """
    return source_of(parse(reference), cache_folder()).locate()


def verify(reference: str, *, on_step: OnStep = ignore_step) -> Weights | None:
    """Reads every byte of a model on this machine and compares it with what it was when it was made.

    On folders and repositories of others nothing is on record but what the files say of themselves: their lengths, and
    for the hub's large files their sha256.

    Returns:
        The weights; ``None`` if they are not on this machine.

    Raises:
        ConfigError: the reference is none.
        ModelUnavailable: a file is damaged; the message names it and the command that mends it.
    """
    return _every_byte(source_of(parse(reference), cache_folder()), on_step)


def _every_byte(source: WeightSource, on_step: OnStep) -> Weights | None:
    on_step(Step(source.name, "check"))
    return source.verify()
