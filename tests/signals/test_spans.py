import pytest

from foureyes.errors import InputError
from foureyes.signals.spans import final_answer_span


@pytest.mark.parametrize(
    ("answer", "pattern", "found"),
    [
        ("6*7=42\n#### 42", "####", "42"),
        ("#### 1\nno, wait\n#### 2 apples \nbye", "####", "2 apples"),
        ("no marker", "####", None),
        ("#### ", "####", None),
        ("####\n42", "####", None),
        (r"\boxed{1} then \boxed{\frac{1}{2}}", "boxed", r"\frac{1}{2}"),
        (r"\boxed{1} then \boxed{unclosed", "boxed", "1"),
        (r"\boxed{}", "boxed", None),
        ("answer: 7; answer: 8", r"answer: (\d+)", "8"),
        ("nothing", r"answer: (\d+)", None),
    ],
)
def test_the_last_final_answer_is_found(answer, pattern, found):
    span = final_answer_span(answer, pattern)
    assert (None if span is None else answer[slice(*span)]) == found


@pytest.mark.parametrize("pattern", ["(", "no group", "(two)(groups)"])
def test_a_pattern_needs_exactly_one_group(pattern):
    with pytest.raises(InputError, match="final-answer pattern"):
        final_answer_span("x", pattern)
