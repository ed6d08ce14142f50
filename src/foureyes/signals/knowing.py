"""What a question alone says: does the verifier think that it knows the answer?

Both signals here never see an answer. They are controls: a signal that does read answers has to beat them, or all it
found was which questions are hard.
"""

from __future__ import annotations

from collections.abc import Sequence

from foureyes.models.roles import Reader
from foureyes.signals.asking import share_of_second, two_options
from foureyes.types import Prompt, Unscored, text_of

__all__ = ["answerless", "p_ik"]


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

    The wording is that of :func:`foureyes.signals.cross.p_true`, so that the two differ by the answer and nothing else.

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
