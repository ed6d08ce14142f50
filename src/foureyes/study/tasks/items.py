"""Questions, and the prompts made of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from foureyes.errors import InputError
from foureyes.signals.choice import MultipleChoice
from foureyes.study.tasks.code import CodeProblem
from foureyes.types import Prompt, Reading, Unscored

__all__ = ["Kind", "PublishedAnswer", "TaskItem"]

Kind: TypeAlias = Literal["letter", "number", "text", "code", "judged"]

_ASKS: dict[Kind, str] = {
    "number": "{}\nReason step by step, then write the result as a number after ####.",
    "text": "{}\nAnswer with a few words.",
    "code": "{}",
    "judged": "{}",
}


@dataclass(frozen=True, slots=True)
class PublishedAnswer:
    """An answer that somebody's model gave once, published with its question.

    Attributes:
        generator: what the publisher calls that model.
        text: the answer as published; may be empty.
        correct: the publisher's verdict; ``None`` where the task's own grading decides.
        own: what that model saw of its own words, where a log holds its log-probabilities; ``Unscored`` where those are not
            of the answer.
        option_log_p: natural logarithms of the probabilities it gave the question's letters, among these, in their order;
            empty where they were not published.
    """

    generator: str
    text: str
    correct: bool | None = None
    own: Reading | Unscored | None = None
    option_log_p: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class TaskItem:
    """A question with what is right, as a task holds it.

    Attributes:
        id: unlike any other of its task.
        question: in words, without options.
        kind: how an answer is graded: a ``letter``, a ``number``, a ``text`` against aliases, ``code`` by its
            tests, or ``judged`` by whoever published it.
        gold: what is right: one letter, one number, all accepted texts, or a program that passes; empty where only stored
            verdicts or tests exist, and for a choice whose options are all wrong.
        options: of a multiple-choice question, in the order shown.
        context: a passage to answer from; shown before the question.
        brief: ask for a few words although somebody else judges the answer, because the published ones are a few words.
        published: answers that were published with it.
        changed_prompt: what a *generator* is shown where that differs from :attr:`prompt`: a poisoned memory, pressure, earlier
            turns. Verifiers always see :attr:`prompt`.
        base: id of the question that this one was made of, by a protocol; empty for a question as published.
        problem: what a program is tested with, of ``code``.
        change: what a protocol has to remember of its change, say the wrong answer that was asserted.
        same_as: what rows that hang together share, say one question in several orders of its options; empty where the
            question is its own.

    Raises:
        InputError: the parts do not make a question.

    Example:
        >>> print(TaskItem("1", "2 + 2 = ?", "letter", ("B",), options=("3", "4")).prompt)
        2 + 2 = ?
        A. 3
        B. 4
        Answer with the letter only.
    """

    id: str
    question: str
    kind: Kind
    gold: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    context: str = ""
    brief: bool = False
    published: tuple[PublishedAnswer, ...] = ()
    changed_prompt: Prompt | None = None
    base: str = ""
    problem: CodeProblem | None = None
    change: str = ""
    same_as: str = ""

    def __post_init__(self) -> None:
        if not self.question.strip():
            raise InputError("a question needs words; got none")
        if self.kind == "letter":
            letters = self.letters
            if len(self.gold) > 1 or not set(self.gold) <= set(letters):
                raise InputError(f"wanted the right letter among {', '.join(letters)}; got {', '.join(self.gold)}")
        elif self.kind == "code":
            if self.problem is None:
                raise InputError("a question for code needs tests; got none")
        elif self.kind != "judged" and not any(text.strip() for text in self.gold):
            raise InputError("a question needs what is right; got nothing")

    @property
    def letters(self) -> tuple[str, ...]:
        """A, B, … as many as there are options; two at least."""
        return tuple(chr(ord("A") + i) for i in range(len(self.choice.options)))

    @property
    def choice(self) -> MultipleChoice:
        """The question with its options.

        Raises:
            InputError: fewer than 2 or more than 26 options.
        """
        return MultipleChoice(self._in_context, self.options)

    @property
    def prompt(self) -> str:
        """What verifiers are shown."""
        if self.kind == "letter":
            return self.choice.prompt()
        return _ASKS["text" if self.brief else self.kind].format(self._in_context)

    @property
    def generator_prompt(self) -> Prompt:
        """What generators are shown."""
        return self.prompt if self.changed_prompt is None else self.changed_prompt

    @property
    def _in_context(self) -> str:
        return f"{self.context}\n\n{self.question}" if self.context else self.question
