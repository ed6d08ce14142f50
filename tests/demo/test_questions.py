"""The questions measure what a verifier knows, so nothing else may tell right answers from wrong ones."""

import re
from collections import Counter

import pytest

from foureyes.demo.questions import DemoQuestion, load
from foureyes.maths.ranking import auroc

QUESTIONS = load()


def words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))


def area(of_right: list[float], of_wrong: list[float]) -> float:
    return auroc(of_right + of_wrong, wrong=[False] * len(of_right) + [True] * len(of_wrong)).value


def test_there_are_120_in_nine_topics_two_thirds_of_them_easy() -> None:
    assert len(QUESTIONS) == 120
    assert Counter(q.level for q in QUESTIONS) == {"easy": 80, "hard": 40}
    topics = Counter(q.topic for q in QUESTIONS)
    assert len(topics) == 9
    assert min(topics.values()) >= 8


def test_about_25_answers_are_sentences_and_the_others_a_few_words() -> None:
    sentences = [q for q in QUESTIONS if q.right.endswith(".")]
    assert 20 <= len(sentences) <= 30
    for q in QUESTIONS:
        assert q.right.endswith(".") == q.wrong.endswith("."), q.id
        if q not in sentences:
            assert max(len(q.right.split()), len(q.wrong.split())) <= 6, q.id


@pytest.mark.parametrize("field", ["id", "prompt", "note"])
def test_nothing_occurs_twice(field: str) -> None:
    assert [value for value, n in Counter(getattr(q, field) for q in QUESTIONS).items() if n > 1] == []


@pytest.mark.parametrize("q", QUESTIONS, ids=lambda q: q.id)
def test_a_question_is_well_formed(q: DemoQuestion) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", q.id)
    assert words(q.right) != words(q.wrong) or q.right.split() != q.wrong.split()
    for value in (q.topic, q.prompt, q.right, q.wrong, q.note):
        assert value
        assert value == value.strip()
    assert q.note.endswith(".")
    assert q.right[0].isupper() == q.wrong[0].isupper()
    assert abs(len(q.right.split()) - len(q.wrong.split())) <= 3, "the answers have the same form"
    assert max(len(q.right), len(q.wrong)) <= 2 * min(len(q.right), len(q.wrong)) + 3


@pytest.mark.parametrize("q", QUESTIONS, ids=lambda q: q.id)
def test_the_prompt_says_how_to_answer_and_holds_neither_answer(q: DemoQuestion) -> None:
    assert re.search(r"Answer (in|with) |^Rewrite |^Translate ", q.prompt)
    for answer in (q.right, q.wrong):
        assert not re.search(rf"(?<!\w){re.escape(answer)}(?!\w)", q.prompt, re.IGNORECASE)


def test_length_gives_nothing_away() -> None:
    assert 0.45 <= area([len(q.right) for q in QUESTIONS], [len(q.wrong) for q in QUESTIONS]) <= 0.55
    longer = (
        sum(len(q.wrong) > len(q.right) for q in QUESTIONS) + sum(len(q.wrong) == len(q.right) for q in QUESTIONS) / 2
    )
    assert 0.45 <= longer / len(QUESTIONS) <= 0.55


def test_the_alphabet_gives_nothing_away() -> None:
    assert 0.4 <= sum(q.right < q.wrong for q in QUESTIONS) / len(QUESTIONS) <= 0.6


def test_the_size_of_a_number_gives_little_away() -> None:
    pairs = [(float(q.right), float(q.wrong)) for q in QUESTIONS if re.fullmatch(r"[\d.]+", q.right)]
    assert len(pairs) >= 15
    assert 0.3 <= sum(wrong > right for right, wrong in pairs) / len(pairs) <= 0.7


def test_words_shared_with_the_prompt_give_nothing_away() -> None:
    right = [len(words(q.right) & words(q.prompt)) for q in QUESTIONS]
    wrong = [len(words(q.wrong) & words(q.prompt)) for q in QUESTIONS]
    assert 0.45 <= area([float(n) for n in right], [float(n) for n in wrong]) <= 0.55
    assert sum(a != b for a, b in zip(right, wrong, strict=True)) <= 3


def test_a_question_makes_two_exchanges_the_right_one_first() -> None:
    right, wrong = QUESTIONS[0].exchanges
    assert (right.prompt, right.answer) == (QUESTIONS[0].prompt, "Canberra")
    assert (wrong.prompt, wrong.answer) == (QUESTIONS[0].prompt, "Sydney")


def test_the_question_alone_leaves_out_how_long_an_answer_should_be() -> None:
    assert QUESTIONS[0].text == "What is the capital of Australia?"
    assert not [q.id for q in QUESTIONS if "Answer" in q.text]
    assert all(q.prompt.startswith(q.text) for q in QUESTIONS)
