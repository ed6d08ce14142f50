"""Chat templates in this process: within bounds, and the same on every day.

A template is a program of whoever made the model. It runs in Jinja's sandbox, with what transformers gives it. Other than
there, the date is a fixed one, and how often it may repeat and how much it may write is bounded.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any, Final

import jinja2
from jinja2 import nodes
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension, loopcontrols
from jinja2.meta import find_undeclared_variables
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from foureyes.errors import ConfigError
from foureyes.models.prompts import TEMPLATE_DATE
from foureyes.models.template_messages import TemplateConversation
from foureyes.types import Unscored

__all__ = ["ChatTemplate"]

MOST_REPEATS: Final = 1_000_000
"""Rounds of loops and calls of macros in one conversation, all together: well under a second."""

MOST_CHARACTERS: Final = 1 << 26
"""Of what a template writes, and of every text that it joins."""

_DATE: Final = datetime(2024, 7, 26)  # noqa: DTZ001 - a day of no place
""":data:`TEMPLATE_DATE`, at midnight."""

_GIVEN: Final = {"messages", "tools", "documents", "add_generation_prompt"}
_DATED: Final = {"strftime_now", "date_string"}


class ChatTemplate:
    """One chat template, with the arguments that it is always given.

    Args:
        sources: the template by its name, as tokenizers have it: ``"default"``, and ``"tool_use"`` where there is another
            for tools.
        variables: what else it can read: the tokenizer's special tokens.
        arguments: values by the name of the template's variable: ``{"enable_thinking": False}``.

    Raises:
        ConfigError: the template reads no variable of that name, or it is not the caller's to set.
    """

    def __init__(
        self,
        sources: Mapping[str, str],
        variables: Mapping[str, Any],
        arguments: Mapping[str, Any] | None = None,
    ) -> None:
        self._sources = sources
        self._fixed: dict[str, Any] = {**variables, "date_string": TEMPLATE_DATE}
        self.arguments: Mapping[str, Any] = dict(arguments or {})
        self._compiled: dict[str, _Program] = {}
        self._require_read()

    @property
    def identity(self) -> str:
        """What readings depend on besides the model: arguments, and the date where it is read; empty where neither is."""
        told: dict[str, Any] = dict(self.arguments)
        if self.reads & _DATED and "date_string" not in told:
            told["date_string"] = TEMPLATE_DATE
        return json.dumps(told, sort_keys=True, ensure_ascii=False) if told else ""

    @cached_property
    def reads(self) -> frozenset[str]:
        """The variables that it reads; those of a template that is none are not known."""
        found: set[str] = set()
        environment = _environment()
        environment.globals.clear()  # so that what they are called is told too
        for source in self._sources.values():
            try:
                found |= find_undeclared_variables(environment.parse(source))
            except (jinja2.TemplateError, RecursionError):
                continue  # said of each row, by render
        return frozenset(found)

    @property
    def literals(self) -> str:
        """All texts of it, in which the control tokens stand that it writes."""
        return "\n".join(self._sources.values())

    def render(self, asked: TemplateConversation, **further: Any) -> str | Unscored:
        """What it makes of a conversation, or why it makes nothing: reason ``template``."""
        try:
            return self._program(asked).text(
                messages=[{key: value for key, value in turn.items() if value is not None} for turn in asked.messages],
                tools=asked.tools,
                documents=None,
                add_generation_prompt=asked.generation,
                **{**self._fixed, **self.arguments, **further},
            )
        except Exception as error:  # noqa: BLE001 - what a stranger's program may raise is anything
            words = str(error) or type(error).__name__
            return Unscored("template", f"the verifier's chat template refuses these messages: {words[:2000]}")

    def _program(self, asked: TemplateConversation) -> _Program:
        name = "tool_use" if asked.tools is not None and "tool_use" in self._sources else "default"
        if name not in self._compiled:
            self._compiled[name] = _Program(self._sources[name])
        return self._compiled[name]

    def _require_read(self) -> None:
        settable = self.reads - _GIVEN - _environment().globals.keys() - (self._fixed.keys() - {"date_string"})
        unknown = sorted(self.arguments.keys() - settable)
        if unknown:
            read = ", ".join(sorted(settable)) or "none"
            raise ConfigError(f"the chat template reads no variable {', '.join(unknown)}; those that it reads: {read}")


class _Program:
    """A compiled template that counts what it does."""

    def __init__(self, source: str) -> None:
        self._left = 0
        environment = _environment()
        environment.filters["foureyes_counted"] = self._counted
        environment.filters["foureyes_bounded"] = _bounded
        environment.globals["foureyes_tick"] = self._tick
        bounded = _Bounds().visit(environment.parse(source))
        self._template = environment.from_string(bounded.set_environment(environment))

    def text(self, **variables: Any) -> str:
        self._left = MOST_REPEATS
        pieces: list[str] = []
        size = 0
        for piece in self._template.generate(**variables):
            pieces.append(piece)
            size += len(piece)
            if size > MOST_CHARACTERS:
                raise OverflowError(f"it writes more than {MOST_CHARACTERS} characters")
        return "".join(pieces)

    def _tick(self) -> str:
        self._left -= 1
        if self._left < 0:
            raise OverflowError(f"it repeats itself more than {MOST_REPEATS} times")
        return ""

    def _counted(self, values: Iterable[Any]) -> Any:
        return _Counted(values, self._tick) if isinstance(values, Iterable) else values


class _Counted:
    """Values that are counted as they are gone through; of the same length, since templates ask a loop for its length."""

    def __init__(self, values: Iterable[Any], tick: Any) -> None:
        self._values, self._tick = values, tick

    def __iter__(self) -> Iterator[Any]:
        for value in self._values:
            self._tick()
            yield value

    def __len__(self) -> int:
        return len(self._values)  # type: ignore[arg-type]  # TypeError where there is none, as Jinja expects


class _Bounds(NodeTransformer):
    """Puts a count into every loop and macro, and a bound on every text that is joined."""

    def visit_For(self, node: nodes.For) -> nodes.For:  # noqa: N802 - Jinja's name
        self.generic_visit(node)
        node.iter = nodes.Filter(node.iter, "foureyes_counted", [], [], None, None)
        return node

    def visit_Macro(self, node: nodes.Macro) -> nodes.Macro:  # noqa: N802 - Jinja's name
        self.generic_visit(node)
        tick = nodes.Call(nodes.Name("foureyes_tick", "load"), [], [], None, None)
        node.body = [nodes.Output([tick], lineno=node.lineno), *node.body]
        return node

    def _joined(self, node: Any) -> nodes.Expr:
        self.generic_visit(node)
        return nodes.Filter(node, "foureyes_bounded", [], [], None, None)

    visit_Concat = visit_Add = visit_Mul = _joined  # noqa: N815 - Jinja's names


def _bounded(value: Any) -> Any:
    if isinstance(value, str | list | tuple) and len(value) > MOST_CHARACTERS:
        raise OverflowError(f"it joins more than {MOST_CHARACTERS} characters")
    return value


class _Generation(Extension):
    """``{% generation %}``, which marks what the assistant says for those who train."""

    tags = {"generation"}  # noqa: RUF012 - as Jinja declares it

    def parse(self, parser: Parser) -> nodes.Node | list[nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


class _Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's sandbox, in which texts and lists cannot be multiplied without bound."""

    intercepted_binops = frozenset({"*", "**"})

    def call_binop(self, context: jinja2.runtime.Context, operator: str, left: Any, right: Any) -> Any:
        for text, times in ((left, right), (right, left)):
            if isinstance(text, str | list | tuple) and isinstance(times, int):
                return _bounded_product(text, times)
        if operator == "**":
            raise OverflowError("it raises to a power")
        return super().call_binop(context, operator, left, right)


class _Namespace(jinja2.utils.Namespace):
    """Jinja's namespace without names that reach into Python."""

    def __init__(*args: Any, **values: Any) -> None:
        own, *rest = args
        given = dict(*rest, **values)
        for name in given:
            _require_plain(name)
        jinja2.utils.Namespace.__init__(own, given)

    def __setitem__(self, name: str, value: Any) -> None:
        _require_plain(name)
        super().__setitem__(name, value)


def _require_plain(name: object) -> None:
    if isinstance(name, str) and name.startswith("_"):
        raise SecurityError(f"a namespace has no {name!r}")


def _bounded_product(text: Any, times: int) -> Any:
    if len(text) * times > MOST_CHARACTERS:
        raise OverflowError(f"it joins more than {MOST_CHARACTERS} characters")
    return text * times


def _environment() -> _Sandbox:
    environment = _Sandbox(trim_blocks=True, lstrip_blocks=True, extensions=[_Generation, loopcontrols])
    environment.filters["tojson"] = _tojson
    environment.globals["namespace"] = _Namespace
    environment.globals["raise_exception"] = _raise_exception
    environment.globals["strftime_now"] = _strftime_now
    return environment


def _tojson(
    value: Any,
    ensure_ascii: bool = False,  # noqa: FBT001, FBT002 - templates give these by place
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,  # noqa: FBT001, FBT002
) -> str:
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def _raise_exception(message: str) -> None:
    raise jinja2.TemplateError(message)


def _strftime_now(form: str) -> str:
    return _DATE.strftime(form)
