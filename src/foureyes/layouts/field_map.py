"""Which fields of a record are meant, where a user says so: ``--map prompt=context+question``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

from foureyes.errors import InputError

__all__ = ["FieldMap"]


@dataclass(frozen=True, slots=True)
class FieldMap:
    """Fields by what they hold; empty for whatever the layout says.

    Args:
        prompt: names of fields that are joined with a line between them, in this order.
        answer: name of the answer's field.
        label: name of the field that says whether the answer is right.
        tools: name of the field that says what the model could call.
        system: name of the field that holds the system's words.

    A name may lead into objects and lists with dots: ``doc.question``, ``resps.0.0``.
    """

    prompt: tuple[str, ...] = ()
    answer: str = ""
    label: str = ""
    tools: str = ""
    system: str = ""

    @classmethod
    def of(cls, words: Sequence[str]) -> FieldMap:
        """From ``WHAT=FIELD`` or ``prompt=FIELD+FIELD`` each.

        Raises:
            InputError: what is not of that form, names an unknown thing, or the same one twice.

        Example:
            >>> FieldMap.of(["prompt=context+question", "answer=reply"])
            FieldMap(prompt=('context', 'question'), answer='reply', label='', tools='', system='')
        """
        known = [field.name for field in fields(cls)]
        found: dict[str, str] = {}
        for word in words:
            what, sign, field = word.partition("=")
            if not sign or not field or what not in known:
                raise InputError(f"a map wants WHAT=FIELD, where WHAT is one of {', '.join(known)}; got {word!r:.80}")
            if what in found:
                raise InputError(f"a map says twice which field is the {what}: {found[what]!r} and {field!r}")
            found[what] = field
        prompt = tuple(found.pop("prompt", "").split("+")) if "prompt" in found else ()
        if not all(prompt or ("x",)):
            raise InputError("a map of the prompt wants FIELD or FIELD+FIELD; one of them is empty")
        return cls(prompt=prompt, **found)
