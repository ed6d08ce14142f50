"""How far a verifier's expectations lie from the generator's, over the whole vocabulary, where both models are at hand.

CMP asks how surprised the verifier is by the tokens that were written; this asks how surprised it would be by whatever the
generator might have written in their place.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from foureyes.errors import ConfigError
from foureyes.models.roles import Predicted, Predictor
from foureyes.types import Exchange, Unscored

__all__ = ["cross_entropy"]


def cross_entropy(exchanges: Iterable[Exchange], generator: Predictor, verifier: Predictor) -> list[float | Unscored]:
    """``H(p_g, p_v) = −(1/T) Σ_t Σ_w p_g(w | x, y_<t) ln p_v(w | x, y_<t)`` over the T answer tokens.

    Each model reads prompt and answer in its own chat template; the answer's tokens must be the same, so that w runs over
    one vocabulary. With the generator as its own verifier it is the generator's entropy (G-Ent), and never less for
    another one: the difference is the Kullback-Leibler divergence of the verifier from the generator.

    Args:
        exchanges: prompts and the generator's answers.
        generator: the model that gave them.
        verifier: a model of the same vocabulary, usually of the same family.

    Returns:
        Nats a token, ≥ 0, or one :class:`Unscored` per exchange, in order.

    Raises:
        ConfigError: the vocabularies differ, or cut an answer differently.

    Source: mean cross-entropy of the two next-token distributions; Cover & Thomas, Elements of Information Theory, §2.3.
    """
    _require_one_vocabulary(generator, verifier)
    return [_between(generator.predict(exchange), verifier.predict(exchange)) for exchange in exchanges]


def _between(expected: Predicted | Unscored, by_verifier: Predicted | Unscored) -> float | Unscored:
    if isinstance(expected, Unscored):
        return expected
    if isinstance(by_verifier, Unscored):
        return by_verifier
    if not np.array_equal(expected.token_ids, by_verifier.token_ids):
        raise ConfigError(
            f"two models of one vocabulary cut an answer differently: {expected.token_ids} and {by_verifier.token_ids}"
        )
    shared = min(expected.log_p.shape[1], by_verifier.log_p.shape[1])  # heads are padded beyond the vocabulary
    chosen = expected.selected
    log_p, log_q = expected.log_p[chosen, :shared], by_verifier.log_p[chosen, :shared]
    p = np.exp(log_p)
    terms = np.multiply(p, log_q, out=np.zeros_like(p), where=p > 0)  # 0 · ln 0 is 0
    value = float(-terms.sum(axis=1, dtype=np.float64).mean())
    if not np.isfinite(value):
        return Unscored("not_finite", "a model returned NaN, or called impossible what the other expects")
    return value


def _require_one_vocabulary(generator: Predictor, verifier: Predictor) -> None:
    theirs, ours = generator.vocabulary, verifier.vocabulary
    if theirs == ours:
        return
    places = (i for i, (a, b) in enumerate(zip(theirs, ours, strict=False)) if a != b)
    first = next(places, min(len(theirs), len(ours)))
    raise ConfigError(
        f"wanted two models of one vocabulary; {generator.name} has {len(theirs):,} tokens, {verifier.name} has "
        f"{len(ours):,}, and they differ from token {first} on: compare them by log_cmp or nats_per_byte instead"
    )
