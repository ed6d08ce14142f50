"""Chat templates within bounds, on one day, with arguments."""

import os
import subprocess
import sys

import pytest

from foureyes.errors import ConfigError
from foureyes.models.chat_template import ChatTemplate
from foureyes.models.template_messages import TemplateConversation
from foureyes.models.transformers import TransformersReader
from foureyes.types import Exchange, Message, Reading, Unscored
from tests.conftest import build_tiny_model

ASKED = TemplateConversation([{"role": "user", "content": "Hi", "name": None}])


def rendered(source, arguments=None, **variables):
    return ChatTemplate({"default": source}, variables, arguments).render(ASKED)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("{{ raise_exception('roles must alternate') }}", "roles must alternate"),
        ("{% if %}", "Expected an expression"),
        ("{{ messages.append }}{{ ''.__class__.__mro__ }}", "unsafe"),
        ("{{ namespace(_x=1) }}", "_x"),
        ("{% macro f(n) %}{{ f(n) }}{% endmacro %}{{ f(1) }}", "recursion"),
        ("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}", "repeats itself"),
        ("{% macro f() %}{% endmacro %}{% for a in range(99999) %}" + "{{ f() }}" * 20 + "{% endfor %}", "repeats"),
        (
            "{% set n = namespace(x='ab') %}{% for a in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
            "joins more than",
        ),
        ("{% set n = namespace(x='ab') %}{% for a in range(60) %}{% set n.x = n.x + n.x %}{% endfor %}", "joins"),
        ("{{ 'a' * 10**10 }}", "joins|power"),
        ("{{ 'a' * 10000000000 }}", "joins more than"),
        ("{% set x = 'a' * 1000000 %}{% for a in range(99999) %}{{ x }}{% endfor %}", "writes more than"),
        ("{{ 1 // 0 }}", "zero"),
        ("{{ messages[3].content.strip() }}", "no element|undefined"),
        ("{{ messages[0].content['a'] + 1 }}", ""),
        ("{{ tools | length }}", ""),
    ],
)
def test_whatever_a_template_does_is_the_reason_of_a_row(source, says):
    found = rendered(source)
    assert isinstance(found, Unscored)
    assert found.reason == "template"
    import re

    assert re.search(says, found.detail), found.detail


def test_loops_keep_what_jinja_gives_them():
    source = (
        "{% for m in messages %}{{ loop.length }}{{ loop.last }}{{ m.name is defined }}{% endfor %}"
        "{% for k, v in {'a': 1}.items() %}{{ k }}{{ v }}{% endfor %}{% for x in nothing %}{% else %}none{% endfor %}"
        "{% for i in range(9) %}{% if i == 2 %}{% break %}{% endif %}{{ i }}{% endfor %}"
        "{% for c in 'ab' | list if c != 'a' %}{{ c }}{{ loop.index }}{% endfor %}{% generation %}g{% endgeneration %}"
    )
    assert rendered(source) == "1TrueFalsea1none01b1g"


DATED = "{{ strftime_now('%Y-%m-%d') }}|{{ date_string }}|{{ messages[0].content }}"
CALENDAR = """
import sys, datetime, time
from tests.models.test_chat_template import DATED, rendered
print(rendered(DATED))
"""


def test_the_date_is_a_fixed_one():
    assert rendered(DATED) == "2024-07-26|26 Jul 2024|Hi"
    assert rendered(DATED, {"date_string": "1 Jan 2020"}) == "2024-07-26|1 Jan 2020|Hi"


def test_the_date_is_the_same_in_every_zone_and_language():
    for zone in ("Pacific/Kiritimati", "America/Adak"):
        found = subprocess.run(
            [sys.executable, "-c", CALENDAR],
            env={**os.environ, "TZ": zone, "LC_ALL": "C"},
            capture_output=True,
            text=True,
            check=True,
        )
        assert found.stdout.strip() == "2024-07-26|26 Jul 2024|Hi"


def test_arguments_are_those_that_the_template_reads():
    source = "{% if enable_thinking is defined and not enable_thinking %}closed{% endif %}{{ level }}{{ bos_token }}"
    assert rendered(source, {"enable_thinking": False, "level": 3}, bos_token="<s>") == "closed3<s>"
    for wrong in ({"enable_thinkin": False}, {"bos_token": "x"}, {"messages": []}, {"tools": []}):
        with pytest.raises(ConfigError, match=r"reads no variable .*; those that it reads: enable_thinking, level"):
            rendered(source, wrong, bos_token="<s>")


TEMPLATE = (
    "{% if strict %}S{% endif %}{% for m in messages %}<|{{ m.role }}|>{{ m.content }}\n{% endfor %}<|assistant|>"
)


def test_arguments_and_a_date_are_part_of_the_fingerprint(tmp_path):
    folder = build_tiny_model(tmp_path / "m")
    plain = TransformersReader.load(folder, dtype="float32")
    assert plain.fingerprint.endswith(":float32:refuse")
    (folder / "chat_template.jinja").write_text(TEMPLATE)
    readers = [
        TransformersReader.load(folder, dtype="float32", fingerprint="f", template_args=arguments)
        for arguments in (None, {"strict": True}, {"strict": False})
    ]
    assert [r.fingerprint for r in readers] == [
        "f:float32:refuse",
        'f:float32:refuse:{"strict": true}',
        'f:float32:refuse:{"strict": false}',
    ]
    first, strict, loose = (r.read([Exchange("Hi", "Hello")])[0] for r in readers)
    assert first.nll.tolist() == loose.nll.tolist() != strict.nll.tolist()
    (folder / "chat_template.jinja").write_text("{{ strftime_now('%d') }}" + TEMPLATE)
    dated = TransformersReader.load(folder, dtype="float32", fingerprint="f")
    assert dated.fingerprint == 'f:float32:refuse:{"date_string": "26 Jul 2024"}'


def test_a_model_without_a_template_takes_no_arguments(tiny_base_model):
    with pytest.raises(ConfigError, match="no chat template that reads strict"):
        TransformersReader.load(tiny_base_model, template_args={"strict": True})


def test_a_template_that_breaks_on_one_row_leaves_the_others(tmp_path):
    folder = build_tiny_model(tmp_path / "m")
    loops = (
        "{% if 'loop' in messages[0].content %}{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}"
        "{% endfor %}{% endif %}{{ messages[0].content }}"
    )
    (folder / "chat_template.jinja").write_text(loops)
    rows = TransformersReader.load(folder, dtype="float32").read([Exchange("loop", "a"), Exchange("go", "a")])
    assert rows[0].reason == "template"
    assert isinstance(rows[1], Reading)


def test_a_template_for_tools_is_taken_where_there_are_tools():
    template = ChatTemplate({"default": "d", "tool_use": "t"}, {})
    assert template.render(ASKED) == "d"
    assert template.render(TemplateConversation(ASKED.messages, tools=[{}])) == "t"


def test_the_ends_of_a_prompt_stay_when_its_middle_is_cut(tmp_path):
    folder = build_tiny_model(tmp_path / "m")
    (folder / "chat_template.jinja").write_text("<s>You are helpful.\n" + TEMPLATE)
    reader = TransformersReader.load(folder, dtype="float32", truncate="left")
    turns = (Message("user", "a" * 300), Message("assistant", "b" * 100), Message("user", "c" * 200))
    head, foot = "<s>You are helpful.\n<|user|>", "\n<|assistant|>"
    (item,) = reader._format.items([Exchange(turns, "xyz")])
    text = reader._loaded.tokenizer.decode(item.prompt_ids)
    whole = head + "a" * 300 + "\n<|assistant|>" + "b" * 100 + "\n<|user|>" + "c" * 200 + foot
    n_head = len(head) - len("<s>") + 1
    n_whole = len(whole) - len("<s>") + 1
    assert item.n_dropped == n_whole + 3 - 512
    assert len(item.prompt_ids) == 512 - 3
    assert text == head + whole[len(head) + item.n_dropped :]
    assert int(item.prompt_ids[0]) == 0
    assert n_head < n_whole
    (hopeless,) = reader.read([Exchange("q", "a" * (512 - n_head))])
    assert hopeless.reason == "context"


def test_the_start_token_of_a_base_model_stays(tiny_base_model):
    from tokenizers.processors import TemplateProcessing

    reader = TransformersReader.load(tiny_base_model, dtype="float32", truncate="left")
    tokenizer = reader._loaded.tokenizer.backend_tokenizer
    tokenizer.post_processor = TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 1)])
    (item,) = reader._format.items([Exchange("q" * 600, "abc")])
    text = reader._loaded.tokenizer.decode(item.prompt_ids)
    assert text == "<s>Question: " + "q" * (512 - 4 - 1 - len("Question: \nAnswer:")) + "\nAnswer:"
