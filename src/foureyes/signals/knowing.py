"""What the verifier says when it is asked in words: is this answer true, does it know one itself?

:func:`p_true` is shown the answer. :func:`p_ik` and :func:`answerless` never see one. They are controls: a signal that
does read answers has to beat them, or all it found was which questions are hard.
"""

from __future__ import annotations

from collections.abc import Sequence

from foureyes.models.roles import Reader
from foureyes.signals.asking import share_of_second, two_options
from foureyes.types import Exchange, Prompt, Unscored, text_of

__all__ = ["answerless", "p_ik", "p_true"]


def p_true(exchanges: Sequence[Exchange], reader: Reader) -> list[float | Unscored]:
    """Asks the verifier in words whether the answer is correct, and reads the probability of "False".

    The question ends with ``A) True  B) False``; the probabilities of the two letters are renormalised over the two,
    and 1 − P(True) is returned, so that this too is an uncertainty: 0 sure of true, 1 sure of false.

    Args:
        exchanges: prompts and answers.
        reader: the verifier that is asked.

    Returns:
        One number in [0, 1] or one :class:`Unscored` per exchange, in order.

    Source: Kadavath et al. 2022, arXiv 2207.05221, section 3 (P(True)).
    """
    shares = iter(share_of_second([_true_or_false(e) for e in exchanges if e.answer.strip()], reader))
    return [next(shares) if e.answer.strip() else _NOTHING_TO_JUDGE for e in exchanges]


_NOTHING_TO_JUDGE = Unscored("empty_answer", "the answer is empty; wanted a statement to call true or false")


def _true_or_false(exchange: Exchange) -> str:
    question = f"{text_of(exchange.prompt)}\n\nProposed answer: {exchange.answer}\n\nIs the proposed answer correct?"
    return two_options(question, "True", "False")


def p_ik(prompts: Sequence[Prompt], reader: Reader) -> list[float | Unscored]:
    """Asks the verifier whether it knows the answer, and reads the probability of "No".

    Args:
        prompts: the questions.
        reader: the verifier that is asked.

    Returns:
        1 − P(I know) in [0, 1], or :class:`Unscored`, one a question, in order.

    Example:
        >>> from foureyes.models.scripted import ScriptedReader
        >>> round(p_ik(["Capital of Australia?"], ScriptedReader({"A": 0.6, "B": 0.2}))[0], 6)
        0.25

    Source: Kadavath et al. 2022, arXiv 2207.05221, section 5, P(IK); there a trained head, here the words of section 3.
    """
    asked = [two_options(f"{text_of(p)}\n\nDo you know the answer to this question?", "Yes", "No") for p in prompts]
    return _read(prompts, asked, reader)


def answerless(prompts: Sequence[Prompt], reader: Reader) -> list[float | Unscored]:
    """P(True) with the answer withheld: how likely an answer is to be wrong, judged by its question.

    The wording is that of :func:`p_true`, so that the two differ by the answer and nothing else.

    Args:
        prompts: the questions.
        reader: the verifier that is asked.

    Returns:
        A number in [0, 1], 1 = surely wrong, or :class:`Unscored`, one a question, in order.

    Source: Xiao et al. 2025, arXiv 2509.24988 (answerless controls).
    """
    asked = [
        two_options(f"{text_of(p)}\n\nProposed answer: (withheld)\n\nIs the proposed answer correct?", "True", "False")
        for p in prompts
    ]
    return _read(prompts, asked, reader)


_NOTHING_ASKED = Unscored("empty_prompt", "the question is empty; wanted something that can be known")


def _read(prompts: Sequence[Prompt], asked: Sequence[str], reader: Reader) -> list[float | Unscored]:
    there = [bool(text_of(prompt).strip()) for prompt in prompts]
    shares = iter(share_of_second([text for text, is_there in zip(asked, there, strict=True) if is_there], reader))
    return [next(shares) if is_there else _NOTHING_ASKED for is_there in there]
