"""Arguments for chat templates on the command line."""

import argparse

import pytest

from foureyes.cli.options import add_template_args, template_args_of


def parsed(*words):
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_template_args(parser)
    return template_args_of(parser.parse_args(words))


def test_values_are_json():
    assert parsed() is None
    words = ["enable_thinking=false", "level=3", 'mode="a=b"', "names=[1, null]"]
    told = parsed(*(word for one in words for word in ("--template-arg", one)))
    assert told == {"enable_thinking": False, "level": 3, "mode": "a=b", "names": [1, None]}


@pytest.mark.parametrize("wrong", ["enable_thinking", "=1", "a b=1", "mode=fast", "mode="])
def test_what_is_no_json_is_refused_with_what_was_wanted(wrong):
    with pytest.raises(argparse.ArgumentError, match=r"wanted (NAME=JSON|JSON behind)"):
        parsed("--template-arg", wrong)
