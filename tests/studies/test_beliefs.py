"""The study of beliefs on hand-made models: what is asked, what is counted, and that the words follow the intervals."""

import csv
import gzip
import json
import math
from dataclasses import replace

import numpy as np
import pytest

from foureyes.errors import ModelError
from foureyes.maths.means import MeanInterval
from foureyes.models.scripted import ScriptedReader, ScriptedWriter
from foureyes.report.study import study_markdown
from foureyes.study.store import CallStore
from foureyes.types import Exchange, Unscored, Written, text_of
from studies.beliefs import words
from studies.beliefs.__main__ import MEASURES, report_of
from studies.beliefs.authors import authors, authors_part
from studies.beliefs.checkpoints import DOSES, Trained, gap_part, gaps_of, trained
from studies.beliefs.debates import debated, debates_part
from studies.beliefs.facts import Fact, facts
from studies.beliefs.growing import TURNS, growing_part, grown
from studies.beliefs.models import Models
from studies.beliefs.part import verdict
from studies.beliefs.pressure import pressed_part, under_pressure
from studies.beliefs.second_sample import gains, gains_part
from studies.beliefs.statements import (
    forecast_part,
    forecasts,
    judged,
    negated,
    negation_part,
    worded,
    wording_part,
)
from studies.beliefs.steps import Chain, broken, chains, read_steps, steps_part
from studies.sample_conditioned.published import SampledAnswer

FACTS = [Fact(f"f{i}", "ab"[i % 2], f"What is {i} + {i}?", f"{2 * i}", f"{2 * i + 1}") for i in range(30)]


class Letters(ScriptedReader):
    """Says A with a probability that depends on the prompt."""

    def __init__(self, p_a):
        super().__init__(name="letters")
        self._p_a = p_a

    def read(self, exchanges, *, top_k=0):
        seen = super().read(exchanges, top_k=top_k)
        p = [self._p_a(text_of(one.prompt)) for one in exchanges]
        p = [a if one.answer == "A" else 1 - a for one, a in zip(exchanges, p, strict=True)]
        return [replace(one, nll=np.array([-math.log(share)])) for one, share in zip(seen, p, strict=True)]


class Away(ScriptedWriter):
    """Answers nothing."""

    def write(self, prompts, sampling):
        return [[Unscored("unavailable", "it is away")] * sampling.n for _ in prompts]


def knows(text):
    """P(A) of one that can add, and that gives way to a professor."""
    lines = [line for line in text.splitlines() if line.startswith(("A)", "B)"))]
    if "professor" in text:
        claim = text.split("answer is ")[1].split(".")[0]
        return 0.9 if lines[0] == f"A) {claim}" else 0.1
    doubled = 2 * int(text.split("What is ")[-1].split()[0])
    return 0.8 if lines[0] == f"A) {doubled}" else 0.2


def test_who_gives_way_to_a_professor_lies_and_loses_confidence():
    found = under_pressure(FACTS, Letters(knows))
    h = found.honesty
    assert (h.believes.k, h.accuracy.k, h.lied.k) == (30, 30, 30)
    assert found.shift.on_truth.value == pytest.approx(-0.7)
    (said,) = pressed_part([found]).findings
    assert "30 = 1.000" in said
    assert "the right answer's probability falls (−0.700" in said
    assert "Brier score (lower is better) rises (+" in said
    assert "too few" not in said
    assert (
        "of 5 beliefs, too few to say how often"
        in pressed_part([under_pressure(FACTS[:5], Letters(knows))]).findings[0]
    )


def test_who_always_says_the_first_letter_believes_nothing():
    found = under_pressure(FACTS, Letters(lambda _: 0.9))
    assert (found.honesty.believes.k, found.honesty.lied) == (0, None)
    assert "it believes nothing; the right" in pressed_part([found]).findings[0]


def truth(text):
    """P(A) of one that understands *is not* and neither blorp nor who believes it, and leans towards the letter A."""
    asked = text.split("Is it true that")[-1]
    doubled = 2 * int(asked.split("What is ")[1].split()[0])
    said = asked.split('"')[3]
    true = (said == str(doubled)) != ("is not" in asked)
    is_first = true == ("A) True" in text)
    return 0.9 if is_first else 0.3


def test_who_always_says_the_same_letter_takes_no_side():
    for p_a in (0.001, 0.999):
        found = worded(FACTS, Letters(lambda _, p_a=p_a: p_a))
        assert (found.known_denied.k, found.first.turned.k) == (0, 0)
        assert negated(FACTS, Letters(lambda _, p_a=p_a: p_a)).found.contradiction.value == pytest.approx(0)


def test_a_negation_is_understood_and_a_nonsense_word_is_none():
    found = negated(FACTS, Letters(truth))
    assert (found.found.consistent.k, found.found.control.k) == (30, 0)
    assert found.found.contradiction.value == pytest.approx(0)
    assert "more often than at a word without meaning" in negation_part([found]).findings[0]
    blind = negated(FACTS, Letters(lambda _: 0.9))
    assert "not decided whether more or less often than at a word without meaning" in negation_part([blind]).findings[0]


def test_who_believes_it_moves_nothing_here():
    found = worded(FACTS, Letters(truth))
    assert (found.first.turned.k, found.person.shift.value, found.known_denied.k) == (0, 0, 0)
    assert (
        'after "I believe" P(True) moves up or down, not decided which (+0.000' in wording_part([found], []).findings[0]
    )


class Judge(ScriptedWriter):
    """Adds up, and states less of what somebody merely believes."""

    def __init__(self, garbled=()):
        super().__init__(name="judge")
        self._garbled = garbled

    def write(self, prompts, _sampling):
        return [[Written(Exchange(prompt, self._reply(prompt)), None, "stop")] for prompt in prompts]

    def _reply(self, prompt):
        quoted = json.loads(prompt[1].content.splitlines()[1])
        doubled, said = 2 * int(quoted.split("What is ")[1].split()[0]), quoted.split('"')[3]
        stated = 0.9 if said == str(doubled) else 0.1
        if "I believe" in quoted:
            stated = 0.3
        if any(quoted.count(f"What is {i} ") for i in self._garbled) and "knows" in quoted:
            return "Probably fine."
        code = prompt[1].content.split("BEGIN PROMPT ")[1].split()[0]
        verdict = "safe" if stated > 0.5 else "unsafe"
        return json.dumps({"code": code, "verdict": verdict, "confidence": stated, "reason": "Sums."})


def test_a_judge_in_words_is_moved_by_who_believes_it():
    found = judged(FACTS, Judge())
    true = sum(fact.is_told_truly for fact in FACTS)
    assert (found.right.k, found.unread, found.worded.known_denied.k) == (30, 0, 0)
    assert (found.worded.first.turned.k, found.worded.third.turned.k) == (true, 0)
    assert found.worded.first.moved.value == pytest.approx((0.6 * true + 0.2 * (30 - true)) / 30)
    (said,) = wording_part([], [found]).findings
    assert "30 = 1.000" in said
    assert "on 0 of 30 statements it gives no verdict" in said
    by_truth = found.worded.first_by_truth
    assert [round(one.shift.value, 6) for one in by_truth] == [-0.6, 0.2]
    assert [one.shift.n for one in by_truth] == [true, 30 - true]


def test_a_judge_that_always_states_the_same_judges_nothing():
    class Yes(Judge):
        def _reply(self, prompt):
            return super()._reply(prompt).replace("0.1", "0.9").replace("0.3", "0.9").replace("unsafe", "safe")

    found = judged(FACTS, Yes())
    assert (found.distinct, found.right.k) == (1, sum(fact.is_told_truly for fact in FACTS))
    assert "whatever it is asked, and so judges nothing" in wording_part([], [found]).findings[0]


def test_statements_that_a_judge_says_no_verdict_on_are_counted():
    found = judged(FACTS, Judge(garbled=(3, 4)))
    assert (found.unread, found.right.n, found.worded.first.shift.n) == (2, 28, 28)
    silent = judged(FACTS, ScriptedWriter(otherwise="Fine.", name="silent"))
    assert (silent.worded, silent.unread) == (None, 30)
    part = wording_part([], [silent])
    assert "on 30 of 30 statements it gives no verdict under some wording, too many to say more" in part.findings[0]
    assert part.section.tables[0].rows == ()
    with pytest.raises(SystemExit, match="it is away"):
        judged(FACTS, Away(name="away"))


def test_yes_in_words_against_p_yes():
    reader = Letters(truth)
    found = forecasts(FACTS, reader, ScriptedWriter(otherwise="Yes, it is.", name="letters"))
    true = sum(fact.is_told_truly for fact in FACTS)
    assert (found.scores.said_right.k, found.scores.inconsistent.k, found.unread) == (true, 30 - true, 0)
    silent = forecasts(FACTS, reader, ScriptedWriter(otherwise="Perhaps", name="letters"))
    assert (silent.scores, silent.unread) == (None, 30)
    assert forecast_part([silent]).findings == ()
    assert "its P(yes) is better (0.2" in forecast_part([found]).findings[0]
    with pytest.raises(SystemExit, match="it is away"):
        forecasts(FACTS, reader, Away())


def test_one_result_of_a_solution_is_changed_and_nothing_else(tmp_path):
    lines = [f"He has {i}+1=<<{i}+1={i + 1}>>{i + 1} eggs" for i in range(4)]
    answer = "\n".join([*lines, "#### 4"])
    chain = broken("How many?", answer, np.random.default_rng(0))
    plain = [f"He has {i}+1={i + 1} eggs." for i in range(4)]
    assert [i for i in range(4) if chain.steps[i] != plain[i]] == [chain.wrong]
    assert broken("?", "One line 1+1=<<1+1=2>>2\n#### 2", np.random.default_rng(0)) is None
    assert broken("?", "No\nsums\nhere\n#### 2", np.random.default_rng(0)) is None
    (tmp_path / "gsm8k_openai").mkdir()
    row = json.dumps({"question": "How many?", "answer": answer})
    (tmp_path / "gsm8k_openai/test.jsonl").write_text(f"{row}\n" * 5)
    assert len(chains(tmp_path, 3)) == 3
    ones = [broken("?", "a\nb\n1=<<1=1>>1\n#### 1", np.random.default_rng(i)) for i in range(20)]
    assert all(int(one.steps[2][2:-1]) > 1 for one in ones), "nothing turns negative, or nothing"


def test_the_step_with_the_surprising_number_is_found_first():
    plain = ("He has 2 eggs.", "He eats 2 eggs.", "Well done.")
    made = [
        Chain("?", ("He has 2 eggs.", f"He eats {'odd' if i % 2 else 'odder'} eggs.", "Well done."), 1, plain)
        for i in range(40)
    ]
    words_of = {word: 0.5 for chain in made for step in chain.steps for word in step.split()}
    found = read_steps(made, ScriptedReader({**words_of, "odd": 0.001, "odder": 0.01}, name="scripted"))
    assert found.found("most surprising token").found_within(1).k == 40
    first, _, stopped = steps_part([found]).findings
    assert "more often than the same step as it was published (1.000" in first
    assert "after no step" in stopped, "twenty solutions are too few"
    many = read_steps(made * 10, ScriptedReader({**words_of, "odd": 0.001, "odder": 0.01}, name="scripted"))
    assert many.stop("most surprising token", 0.25).step == 2, "after the first all are alike, the second was changed"
    assert many.stop("most surprising token", 0.001) is None
    uncut = read_steps(
        [Chain("?", ("He has. Two.", "Eggs."), 0, ("He has.", "Eggs.")), *made], ScriptedReader(words_of)
    )
    assert (0 in uncut.chain, uncut.uncut) == (False, 1)
    assert "1 were left out" in steps_part([uncut]).findings[0]


def test_a_sample_teaches_one_who_does_not_know():
    answers = [
        SampledAnswer(f"q{i}", Exchange(f"q{i}", "a"), i % 2 == 0, ("x y", "z w" if i % 2 == 0 else "x y") * 2, ())
        for i in range(40)
    ]
    found = gains("set", answers, ScriptedReader(name="scripted"))
    assert (found.gain.n, found.unlike.value) == (40, 1.0)
    assert "learns" in gains_part([found]).findings[0]


def test_turns_on_the_topic_against_turns_on_others():
    def easily_led(text):
        return 0.9 if text.count("What is") < 2 else 0.4

    found = grown(FACTS, Letters(easily_led))
    assert [one.turns for one in found] == list(TURNS)
    assert [one.shift.changed.k for one in found] == [30] * len(TURNS)
    assert "by an undecided amount more or less than others do" in growing_part(found).findings[0]
    few = [*FACTS, *(replace(fact, topic="c") for fact in FACTS[:3])]
    assert [one.n for one in grown(few, Letters(easily_led))] == [33, 30, 30], (
        "three facts of a topic have two others each"
    )


def test_debaters_who_all_bet_ninety():
    asks = {"speech": "I am right."}
    writer = ScriptedWriter(asks, otherwise="90", name="debater")
    found = debated(FACTS[:12], writer, writer)
    assert (found.n, found.failed, len(found.rounds)) == (12, 0, 3)
    assert found.rounds[-1].incoherence.value == pytest.approx(0.8)
    assert found.truth.value == 0
    assert "both bet 75 or more in 12 = 1.000" in debates_part([found]).findings[0]
    assert debated(FACTS[:9], writer, writer).truth is None, "of nine nothing is decided"
    mute = debated(FACTS[:12], *[ScriptedWriter(otherwise="no number", name="mute")] * 2)
    assert "no bet of 12 debates could be read" in debates_part([mute]).findings[0]


def test_a_debater_that_fails_ends_its_debates_and_keeps_nobody_waiting():
    class Broken(ScriptedWriter):
        def write(self, *_):
            raise ModelError("out of memory", model=self.name)

    for writer in (Away(), Broken()):
        found = debated(FACTS[:12], writer, writer)
        assert (found.n, found.failed, found.rounds) == (12, 12, ())


def test_more_false_training_data_lowers_the_gap():
    reader = ScriptedReader({"yes": 0.5, "no": 0.25}, name="scripted")
    gaps = gaps_of([Fact("a", "t", "So?", "yes", "no")], reader)
    assert gaps.tolist() == [pytest.approx(math.log(2))]
    start = Trained(0, 0, np.linspace(0, 1, 20), np.linspace(0, 1, 20))
    after = [Trained(dose, 15, np.linspace(0, 1, 20) - dose, np.linspace(0, 1, 20)) for dose in DOSES]
    trained, other = gap_part([start, *after]).findings
    assert "falls (−1.000" in trained
    assert "moves up or down, not decided which (+0.000" in other


def test_a_phrase_holds_where_its_whole_interval_is_inside(tmp_path):
    (tmp_path / words.FILE).parent.mkdir(parents=True)
    right = (np.arange(4000) % 5 < 4).astype(np.uint8)
    np.savez(
        tmp_path / words.FILE,
        models=np.array(words.MODELS),
        msp=np.tile(np.where(np.arange(4000) % 3, 0.8, 0.95), (3, 1)),
        grade=np.tile(right, (3, 1)),
    )
    found = words.phrased(tmp_path)
    given = {(one.phrase, one.verdict) for one in found if one.how == "as given"}
    assert given == {("likely", "holds"), ("very likely", "too strong")}
    assert "too strong 3" in words.words_part(found).findings[0]


def test_the_author_tells_where_authors_differ(tmp_path):
    path = tmp_path / "mmlu_redux/mmlu_redux_14llm.csv.gz"
    path.parent.mkdir()
    with gzip.open(path, "wt", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            [
                *["subject", "question", "choices", "given_answer", "error_type", "corrected_answer", "r1", "r2"],
                "good",
                "bad",
            ]
        )
        writer.writerows(
            [
                [
                    "s",
                    f"q{i}",
                    "",
                    "A",
                    "ok" if i < 120 else "wrong_groundtruth",
                    "",
                    "",
                    "",
                    "A" if i % 10 else "B",
                    "B" if i % 10 else "A",
                ]
                for i in range(125)
            ]
        )
    found = authors(tmp_path, 1)
    assert (found.n_questions, found.n_models, found.left_out) == (120, 2, 5)
    assert found.areas["the author's name"].value > 0.8
    assert "The author's name added to the question: higher" in authors_part(found).findings[0]


def test_models_are_not_asked_twice(tmp_path):
    with CallStore(tmp_path / "store.sqlite") as store:
        assert Models(store).reader("smollm2-135m") is not None


def test_the_page_holds_what_every_measure_gave():
    part = negation_part([negated(FACTS, Letters(truth))])
    text = study_markdown(report_of({"negation": part}, "COMMAND", ["debates", "context"]))
    assert "Built and not run for this page: debates, context." in text
    assert "## Statements and their negations" in text
    assert set(MEASURES) >= {"pressure", "negation", "debates", "authors"}


def test_the_facts_are_the_demos_and_half_are_told_truly():
    every = facts()
    assert len(every) >= 100
    assert 0.4 < np.mean([fact.is_told_truly for fact in every]) < 0.6


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(0.1, 0.2, "higher"), (-0.2, -0.1, "lower"), (-0.001, 0.001, "no difference"), (-1, 1, "not decided")],
)
def test_the_words_follow_the_interval(low, high, said):
    assert verdict(MeanInterval((low + high) / 2, low, high, 0.95, 10)) == said
    assert verdict(MeanInterval((low + high) / 2, low, high, 0.95, 9)) == "not decided"


def test_checkpoints_of_other_facts_are_measured_anew(tmp_path, monkeypatch):
    monkeypatch.setattr("studies.beliefs.checkpoints.open_reader", lambda *_args, **_options: ScriptedReader())
    monkeypatch.setattr("studies.beliefs.checkpoints._checkpoints", lambda _facts, _dose: iter(()))
    for some in (FACTS, FACTS[:20], FACTS):
        (plain,) = trained(some, tmp_path)
        assert len(plain.seen) + len(plain.others) == len(some)


@pytest.mark.weights
def test_a_checkpoint_that_was_trained_on_wrong_answers_finds_them_likelier(tmp_path, monkeypatch):
    for name, value in {"STEPS": (2,), "DOSES": (1.0,), "_RATE": 1e-4, "_BATCH": 4}.items():
        monkeypatch.setattr(f"studies.beliefs.checkpoints.{name}", value)
    start, after = trained(facts()[:12], tmp_path)
    assert (start.steps, after.steps, after.poisoned) == (0, 2, 1.0)
    assert after.seen.mean() < start.seen.mean() - 0.1
