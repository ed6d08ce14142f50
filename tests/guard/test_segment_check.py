"""Fine-grained checking: evidence is believed only where it can be found, and nothing unchecked is called accurate."""

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.virtual import run
from foureyes.errors import InputError, ModelUnavailable
from foureyes.guard.comparison import comparison_prompt, correction_prompt, parse_comparison, parse_correction
from foureyes.guard.rephrasing import N_PHRASINGS, rephrase
from foureyes.guard.segment_check import (
    SegmentCheckLimits,
    SegmentEvidence,
    check_segments,
    combine_labels,
    correct_segments,
)
from foureyes.models.judging import MalformedReply
from foureyes.signals.segments import split_segments
from foureyes.types import Exchange, Message
from tests.guard.parts import Saying

EXCHANGE = Exchange("Tell me of Australia.", "The capital is Sydney. It is large. 🙂  It has koalas.\n")
CODE = "5eed5eed"


def entry(number, label="neutral", quote=""):
    return {"number": number, "label": label, "quote": quote}


def reply(*entries, code=CODE):
    return json.dumps({"code": code, "segments": list(entries)})


def comparer(*entries):
    """A comparer that always says the same, under the code of the request."""
    return Saying(lambda prompt: reply(*entries, code=prompt[1].content.rsplit(" ", 1)[1][:-1]), name="comparer")


GOOD = (entry(0, "contradictory", "Canberra"), entry(1, "accurate", "vast"), entry(2))
ANSWER = "Its capital is Canberra. The land is vast."


def test_segments_are_labelled_with_the_words_that_show_it():
    report = run(check_segments(EXCHANGE, [Saying(ANSWER)], comparer(*GOOD), plan=SegmentCheckLimits(wordings=1)))
    assert [finding.label for finding in report.findings] == ["contradictory", "accurate", "neutral"]
    assert report.findings[0].evidence == (SegmentEvidence(0, "contradictory", "Canberra"),)
    assert [finding.segment.text for finding in report.flagged] == ["The capital is Sydney."]
    assert report.checked
    assert report.missing == ()
    assert report.answers[0].text == ANSWER


def test_answers_are_given_without_having_seen_the_response():
    answerers = [Saying(ANSWER, name="a"), Saying(ANSWER, name="b")]
    report = run(check_segments(EXCHANGE, answerers, comparer(*GOOD), plan=SegmentCheckLimits(wordings=3)))
    assert len(report.answers) == 6
    for answerer in answerers:
        assert answerer.asked == [rephrase(EXCHANGE.prompt, number) for number in range(3)]
        assert "Sydney" not in repr(answerer.asked)


def test_who_fails_is_listed_and_is_no_evidence():
    answerers = [Saying(ANSWER), Saying(ModelUnavailable("gone", model="m"), name="gone"), Saying(1e9, name="late")]
    report = run(check_segments(EXCHANGE, answerers, comparer(*GOOD), plan=SegmentCheckLimits(wordings=1)))
    assert len(report.answers) == 1
    assert len(report.findings[0].evidence) == 1
    assert report.missing == (
        "test gone, wording 0: the model cannot be had now",
        "test late, wording 0: was not done in time",
    )


@pytest.mark.parametrize(
    "broken",
    [
        Saying("All accurate."),
        Saying(ModelUnavailable("gone", model="m")),
        Saying(1e9),
        Saying(ValueError("a bug")),
        comparer(*GOOD[:2]),
        comparer(*GOOD, entry(3)),
        comparer(entry(1), entry(0), entry(2)),
        comparer(entry(0, "contradictory", "not in the answer"), *GOOD[1:]),
        comparer(entry(0, "accurate"), *GOOD[1:]),
        comparer(entry(0, "neutral", "Canberra"), *GOOD[1:]),
        comparer(entry(0, "fine", "Canberra"), *GOOD[1:]),
        Saying(reply(*GOOD, code="00000000")),
    ],
)
def test_a_comparison_that_failed_makes_nothing_accurate(broken):
    report = run(check_segments(EXCHANGE, [Saying(ANSWER)], broken, plan=SegmentCheckLimits(wordings=1)))
    assert [finding.label for finding in report.findings] == ["neutral"] * 3
    assert not any(finding.checked or finding.flagged for finding in report.findings)
    assert not report.checked
    assert report.missing[0].startswith("comparison with answer 0: ")


@pytest.mark.parametrize("said", ["", " \n", None, 7])
def test_an_answer_without_words_is_none(said):
    report = run(
        check_segments(EXCHANGE, [Saying(lambda _: said)], comparer(*GOOD), plan=SegmentCheckLimits(wordings=1))
    )
    assert report.answers == ()
    assert report.missing == ("test saying, wording 0: the model said nothing",)


def test_when_nobody_answers_nothing_is_checked():
    asked = comparer(*GOOD)
    report = run(check_segments(EXCHANGE, [Saying(1e9)], asked))
    assert not report.checked
    assert asked.asked == []


def test_it_ends_in_time():
    async def scene():
        loop = asyncio.get_running_loop()
        await check_segments(
            EXCHANGE,
            [Saying(ANSWER), Saying(1e9, name="late")],
            Saying(1e9),
            plan=SegmentCheckLimits(answer_s=2, compare_s=3),
        )
        return loop.time()

    assert run(scene()) == 5


def test_an_empty_response_has_nothing_to_check():
    report = run(check_segments(Exchange("Say nothing.", " \n"), [Saying(1e9)], Saying(1e9)))
    assert report.findings == ()
    assert report.checked


def test_nobody_to_ask_is_the_callers_mistake():
    with pytest.raises(InputError, match="somebody who answers"):
        run(check_segments(EXCHANGE, [], comparer()))


labels = st.lists(st.sampled_from(["accurate", "contradictory", "neutral"]), max_size=8)


@given(labels)
def test_evidence_folds_by_its_rule(said):
    got = combine_labels([SegmentEvidence(i, label, "") for i, label in enumerate(said)])
    support, against = said.count("accurate"), said.count("contradictory")
    assert (got == "accurate") == (support > against)
    assert (got == "contradictory") == (against > 0 and against >= support)
    assert (got == "neutral") == (support == against == 0)


@given(labels, st.randoms(use_true_random=False))
def test_the_order_of_the_evidence_does_not_matter(said, random):
    shuffled = [*said]
    random.shuffle(shuffled)
    one, other = ([SegmentEvidence(i, label, "") for i, label in enumerate(row)] for row in (said, shuffled))
    assert combine_labels(one) == combine_labels(other)


def report_on(exchange=EXCHANGE, entries=GOOD):
    return run(check_segments(exchange, [Saying(ANSWER)], comparer(*entries), plan=SegmentCheckLimits(wordings=1)))


def editor(*texts):
    said = iter(texts)
    return Saying(
        lambda prompt: json.dumps({"code": prompt[1].content.rsplit(" ", 1)[1][:-1], "replacement": next(said)}),
        name="editor",
    )


def test_only_flagged_segments_are_rewritten_and_the_rest_is_the_same_bytes():
    corrected = run(correct_segments(EXCHANGE, report_on(), editor("The capital is Canberra.")))
    assert corrected.text == "The capital is Canberra. It is large. 🙂  It has koalas.\n"
    assert (corrected.replaced, corrected.missing) == ((0,), ())


def test_several_segments_are_rewritten_in_their_places():
    entries = (entry(0, "contradictory", "Canberra"), entry(1), entry(2, "contradictory", "vast"))
    corrected = run(correct_segments(EXCHANGE, report_on(entries=entries), editor("A.", "Zz.")))
    assert corrected.text == "A. It is large. Zz.\n"
    assert corrected.replaced == (0, 2)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=120), st.data())
def test_whatever_is_rewritten_everything_else_is_byte_identical(answer, data):
    exchange, cut = Exchange("Go on.", answer), split_segments(answer)
    flagged = data.draw(st.sets(st.sampled_from(range(len(cut))))) if cut else set()
    entries = [entry(i, "contradictory", "vast") if i in flagged else entry(i) for i in range(len(cut))]
    corrected = run(correct_segments(exchange, report_on(exchange, entries), editor(*["X"] * len(cut))))
    rebuilt, done = "", 0
    for number, segment in enumerate(cut):
        rebuilt += answer[done : segment.start] + ("X" if number in flagged else segment.text)
        done = segment.end
    assert corrected.text == rebuilt + answer[done:]
    assert corrected.replaced == tuple(sorted(flagged))


@pytest.mark.parametrize("said", ["", "  ", None, 7, "two\nlines", "much " * 200])
def test_a_correction_that_is_none_leaves_the_segment_and_is_listed(said):
    corrected = run(correct_segments(EXCHANGE, report_on(), editor(said)))
    assert corrected.text == EXCHANGE.answer
    assert corrected.replaced == ()
    assert corrected.missing[0][0] == 0


def test_an_editor_that_hangs_leaves_the_response_as_it_was_in_time():
    corrected = run(correct_segments(EXCHANGE, report_on(), Saying(1e9), plan=SegmentCheckLimits(compare_s=1)))
    assert corrected.text == EXCHANGE.answer
    assert corrected.missing == ((0, "was not done in time"),)


def test_the_editor_sees_the_evidence_and_is_asked_for_one_segment():
    asked = editor("The capital is Canberra.")
    run(correct_segments(EXCHANGE, report_on(), asked))
    ((_, user),) = asked.asked
    assert '"Canberra"' in user.content
    assert "BEGIN SEGMENT" in user.content


def test_a_report_on_another_response_is_refused():
    with pytest.raises(InputError, match="another response"):
        run(
            correct_segments(
                Exchange("Tell me.", "Something else entirely, and longer than that."), report_on(), editor("x")
            )
        )


@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
)
def test_texts_in_a_comparison_are_data(answer, independent):
    exchange = Exchange("p", answer)
    system, user = comparison_prompt(exchange, split_segments(answer), independent, CODE)
    plain, _ = comparison_prompt(Exchange("", ""), [], "", CODE)
    assert system == plain
    lines = user.content.split("\n")
    assert len(lines) == 9 + max(1, len(split_segments(answer)))
    assert json.loads(lines[lines.index(f"BEGIN ANSWER {CODE}") + 1]) == independent


def test_a_label_needs_a_passage_of_the_answer():
    assert [c.label for c in parse_comparison(reply(*GOOD), CODE, 3, ANSWER)] == [
        "contradictory",
        "accurate",
        "neutral",
    ]
    for wrong in (
        entry(0, "accurate", "vast") | {"number": False},
        entry(0, "accurate", " "),
        entry(0) | {"extra": 1},
        None,
        [],
        "accurate",
    ):
        with pytest.raises(MalformedReply):
            parse_comparison(reply(wrong), CODE, 1, ANSWER)


def test_a_correction_is_one_text():
    (segment,) = split_segments("The capital is Sydney.")
    assert parse_correction(json.dumps({"code": CODE, "replacement": " Canberra. "}), CODE, segment) == "Canberra."
    system, user = correction_prompt(EXCHANGE, segment, ["Canberra"], CODE)
    assert CODE in system.content
    assert "Sydney" not in system.content
    assert user.content.count("\n") == 12


def test_wordings_keep_the_question_and_differ():
    worded = [rephrase("Capital of {asked} Australia?", number) for number in range(N_PHRASINGS)]
    assert worded[0] == "Capital of {asked} Australia?"
    assert len(set(worded)) == N_PHRASINGS
    assert all("Capital of {asked} Australia?" in text for text in worded)
    turns = (
        Message("user", "Hi"),
        Message("assistant", "Hello"),
        Message("user", "Capital?"),
        Message("assistant", "Hm"),
    )
    found = rephrase(turns, 2)
    assert [turn.content for turn in found][:2] == ["Hi", "Hello"]
    assert found[2].content.startswith("Capital?\n\nSay only")
    assert found[3] == turns[3]
    assert rephrase((Message("system", "Be kind."),), 1) == (Message("system", "Be kind."),)
    for number in (-1, N_PHRASINGS):
        with pytest.raises(InputError, match="wordings are numbered"):
            rephrase("x", number)


@pytest.mark.parametrize(
    "wrong", [{"wordings": 0}, {"wordings": N_PHRASINGS + 1}, {"answer_s": 0}, {"compare_s": float("inf")}]
)
def test_a_plan_is_valid_once_built(wrong):
    with pytest.raises(InputError):
        SegmentCheckLimits(**wrong)


def test_without_a_comparer_segments_are_ranked_by_words_and_none_is_called_anything():
    answerers = [Saying(ANSWER), Saying("The capital is Canberra. It is large.", name="b")]
    report = run(check_segments(EXCHANGE, answerers, None, plan=SegmentCheckLimits(wordings=1)))
    assert [finding.label for finding in report.findings] == ["neutral"] * 3
    assert not report.checked
    assert report.flagged == ()
    # "the capital is sydney" lacks one word of four in both, "it is large" two of three in the first, "it has koalas" 3 and 2
    assert [finding.unsupported for finding in report.findings] == pytest.approx([1 / 4, 1 / 3, 5 / 6])
    assert report.ranked[0].segment.text.endswith("It has koalas.")
    assert report.missing == (
        "nobody compares: segments have no label, only the share of their words that the answers lack",
    )


def test_the_share_stands_beside_the_label_and_is_none_without_an_answer():
    report = run(check_segments(EXCHANGE, [Saying(ANSWER)], comparer(*GOOD), plan=SegmentCheckLimits(wordings=1)))
    assert [finding.unsupported for finding in report.findings] == pytest.approx([1 / 4, 2 / 3, 1])
    gone = [Saying(ModelUnavailable("gone", model="m"))]
    silent = run(check_segments(EXCHANGE, gone, None, plan=SegmentCheckLimits(wordings=1)))
    assert [finding.unsupported for finding in silent.findings] == [None] * 3
