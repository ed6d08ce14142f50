"""Turns as chat templates write them: templates that know tools in several ways, and those that know none."""

import json
import os
from dataclasses import replace
from pathlib import Path

import jinja2
import pytest
from jinja2.sandbox import ImmutableSandboxedEnvironment

from foureyes.models.template_messages import TemplateConversation
from foureyes.models.turn_template import TurnTemplate, TurnText
from foureyes.testing.samples import PAYMENT
from foureyes.types import Exchange, Message, Reasoning, ToolCall, ToolDefinition, Unscored, render_parts

SHARED = Path(os.environ.get("FOUREYES_SHARED", Path(__file__).parents[2].parent / "shared")) / "data"
TEMPLATES = sorted((SHARED / "chat_templates").glob("*.jinja"))

XML = """{% for t in tools or [] %}<tool>{{ t.function.name }} {{ t.function.parameters | tojson }}</tool>{% endfor %}
{%- for m in messages %}[{{ m.role }}]{{ (m.content or '').strip() }}
{%- for c in m.tool_calls or [] %}
<call name={{ c.function.name }}>
{%- for k, v in c.function.arguments.items() %}
<arg {{ k }}>{{ v if v is string else v | tojson }}</arg>
{%- endfor %}
</call>
{%- endfor %}<end>
{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}"""

PLAIN = """{% for m in messages %}{% if m.role not in ('system', 'user', 'assistant') %}
{{- raise_exception('unknown role ' + m.role) }}{% endif %}[{{ m.role }}]{{ m.content }}<end>
{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}"""

STRICT = """{% for m in messages %}{% if m.tool_calls %}[assistant]{% for c in m.tool_calls %}
{%- if c.id | length != 9 %}{{ raise_exception('an id must have 9 letters') }}{% endif -%}
<call>{{ {'name': c.function.name, 'arguments': c.function.arguments, 'id': c.id} | tojson }}{% endfor %}<end>
{%- elif m.role == 'tool' %}[tool {{ m.tool_call_id }}]{{ m.content }}
{%- else %}[{{ m.role }}]{{ m.content }}{{ '<end>' if m.role == 'assistant' }}{% endif %}{% endfor %}
{%- if add_generation_prompt %}[assistant]{% endif %}"""

ONE_CALL = """{% for m in messages %}[{{ m.role }}]{% if m.tool_calls %}
{%- if m.tool_calls | length > 1 %}{{ raise_exception('one call at once') }}{% endif -%}
{"name": "{{ m.tool_calls[0].function.name }}", "parameters": {{ m.tool_calls[0].function.arguments | tojson }}}
{%- else %}{{ m.content }}{% endif %}<end>{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}"""

THINKS = """{% for m in messages %}[{{ m.role }}]{% if m.role == 'assistant' %}<think>
{{ m.reasoning or '' }}
</think>

{% endif %}{{ (m.content or '').split('</think>')[-1].strip() }}{% for c in m.tool_calls or [] %}
<call>{{ c.function | tojson }}</call>{% endfor %}<end>
{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}"""

OPEN_THINK = """{% for m in messages %}[{{ m.role }}]{{ m.content or '' }}{% for c in m.tool_calls or [] %}
<call>{{ c.function.name + c.function.arguments }}</call>{% endfor %}<end>
{% endfor %}{% if add_generation_prompt %}[assistant]<think>
{% endif %}"""

CALL = ToolCall(
    "pay", '{"to": "Ana \\"A\\" <x>", "amount": 12.50, "n": [1, {"deep": null}], "on": true, "none": {}}', "c9"
)


def template_of(text):
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    environment.filters["tojson"] = lambda value: json.dumps(value, ensure_ascii=False)

    def refuse(words):
        raise jinja2.TemplateError(words)

    environment.globals["raise_exception"] = refuse
    compiled = environment.from_string(text)

    def render(asked: TemplateConversation):
        try:
            return compiled.render(
                messages=asked.messages,
                tools=asked.tools,
                add_generation_prompt=asked.generation,
                bos_token="<s>",
                eos_token="</s>",
            )
        except (jinja2.TemplateError, TypeError) as error:
            return Unscored("template", str(error))

    return TurnTemplate(render), render


def said(turn: TurnText):
    return [(part.path, turn.text[slice(*part.span)]) for part in turn.parts]


def paying(*parts):
    return Exchange.of("Pay Ana.", Message.of("assistant", parts), tools=[ToolDefinition("pay")])


def test_a_template_of_xml_is_read_as_it_stands_with_the_place_of_every_argument():
    template, _ = template_of(XML)
    turn = template.turn(paying("On it.", CALL))
    assert turn.text.startswith('On it.<call name=pay><arg to>Ana "A" <x></arg><arg amount>12.50</arg>')
    assert turn.text.endswith("</call>")
    assert said(turn) == [
        ("text", "On it."),
        ("name", "pay"),
        ("arguments.to", 'Ana "A" <x>'),
        ("arguments.amount", "12.50"),
        ("arguments.n[0]", "1"),
        ("arguments.n[1].deep", "null"),
        ("arguments.on", "true"),
        ("arguments.none", "{}"),
    ]


@pytest.mark.parametrize("number", ["1.50", "1e400", "-0", "12345678901234567890.5", "9" * 5000, "0.1", "7"])
def test_numbers_are_read_with_the_digits_that_were_written(number):
    turn = template_of(XML)[0].turn(paying(ToolCall("pay", f'{{"amount": {number}}}')))
    assert dict(said(turn))["arguments.amount"] == number


def test_a_template_that_knows_no_tools_shows_json_in_the_roles_it_knows():
    template, render = template_of(PLAIN)
    assert (template.knows.tools, template.knows.calls, template.knows.results) == (False, None, False)
    assert template.turn(paying(CALL)).text == render_parts([CALL]).text
    text = render(template.conversation(PAYMENT.prompt, PAYMENT.tools))
    assert text.startswith("[system]You may call these functions:\n")
    assert "Pay what the user asks for.<end>\n[user]Pay Ana 12.50.<end>\n" in text
    assert '[assistant]Who is that?\n{"name": "find_person", "arguments": {"name": "Ana"}}<end>\n' in text
    assert '[user]Result of find_person:\n{"account": "AT01"}<end>\n[assistant]' in text


def test_ids_are_numbered_for_templates_that_are_strict_about_them():
    template, render = template_of(STRICT)
    text = render(template.conversation(PAYMENT.prompt))
    assert '"id": "call00001"' not in text  # it shows no words beside a call, so that turn is told in JSON
    calls = (Message("user", "Pay."), Message.of("assistant", [CALL]), Message("tool", "done"))
    assert "[tool call00001]done[assistant]" in render(template.conversation(calls))
    turn = template.turn(Exchange.of(calls, Message.of("assistant", [CALL])))
    assert '"id": "call00002"' in turn.text
    assert ("arguments.amount", "12.50") in said(turn)


def test_a_template_that_refuses_is_named():
    template, _ = template_of(ONE_CALL)
    assert template.turn(paying(CALL)).text.startswith('{"name": "pay", "parameters": {"to"')
    refused = template.turn(paying(CALL, CALL))
    assert refused == Unscored("template", "one call at once")


def test_what_a_template_would_leave_out_is_read_as_json():
    turn = template_of(ONE_CALL)[0].turn(paying("Words beside the call.", CALL))
    assert turn.text == render_parts(["Words beside the call.", CALL]).text


def test_an_empty_thought_is_nobodys_words_and_the_end_is_not_read():
    turn = template_of(THINKS)[0].turn(paying("On it.", CALL))
    assert turn.lead == "<think>\n\n</think>\n\n"
    assert turn.text.startswith("On it.<call>")
    assert turn.text.endswith("</call>")


def test_thoughts_that_a_template_drops_are_read_as_json_and_signals_taken_behind_them():
    turn = template_of(THINKS)[0].turn(paying(Reasoning("Whom?"), CALL))
    assert turn.text == render_parts([Reasoning("Whom?"), CALL]).text
    assert turn.text[slice(*turn.span)] == render_parts([CALL]).text


def test_thoughts_that_a_template_shows_are_read_and_signals_taken_behind_them():
    turn = template_of(XML)[0].turn(paying(Reasoning("Whom?"), CALL))
    assert turn.text.startswith("<think>\nWhom?\n</think>")
    assert turn.text[slice(*turn.span)].startswith("<call name=pay>")


def test_a_turn_that_does_not_begin_as_the_template_begins_to_write_is_read_as_json():
    template, _ = template_of(OPEN_THINK)
    assert template.knows.calls.arguments == "text"
    assert template.turn(paying(CALL)).text == render_parts([CALL]).text


def test_a_span_that_was_asked_for_is_of_the_exchanges_own_text():
    exchange = paying(CALL)
    asked = Exchange(exchange.prompt, exchange.answer, (0, 5), turn=exchange.turn)
    turn = template_of(XML)[0].turn(asked)
    assert (turn.text, turn.span) == (exchange.answer, (0, 5))
    thought = paying(Reasoning("Whom?"), CALL)
    turn = template_of(XML)[0].turn(replace(thought, answer_span=(0, 5)))
    assert (turn.text, turn.span) == (thought.answer, (0, 5))


def test_plain_conversations_are_handed_over_as_they_are_and_ask_nothing_of_the_template():
    asked = []
    template = TurnTemplate(asked.append)
    turns = (Message("system", "Be brief."), Message("user", "Hi"))
    assert template.conversation(turns).messages == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
    ]
    assert template.turn(Exchange(turns, "Hello")) == TurnText("Hello")
    assert asked == []


@pytest.mark.skipif(not TEMPLATES, reason=f"the shared data is not here: {SHARED / 'chat_templates'}")
@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_templates_of_well_known_models_lose_nothing(path):
    template, render = template_of(path.read_text())
    asked = render(template.conversation(PAYMENT.prompt, PAYMENT.tools))
    if isinstance(asked, Unscored):
        assert asked.detail
        return
    for words in ("Pay what the user asks for.", "Pay Ana 12.50.", "Who is that?", "find_person", "AT01", "Pays."):
        assert words in asked
    turn = template.turn(PAYMENT)
    assert turn.text.startswith("On it.")
    assert dict(said(turn))["arguments.amount"] == "12.50"
    assert template.knows.end.strip() not in turn.text or not template.knows.end.strip()
    assert bool(template.knows.calls) == (path.stem == "qwen2.5-instruct")
