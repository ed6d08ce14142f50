from collections.abc import Callable
from itertools import permutations

import numpy as np
import pytest

from foureyes.demo.measures import SIGNALS, Caught, DemoResults, study, together
from foureyes.demo.questions import DemoQuestion, load
from foureyes.errors import InputError, NotEnoughData
from foureyes.types import Exchange, Unscored
from tests.demo.verifiers import Opinionated, reading_of

QUESTIONS = load()
RIGHT = {(q.prompt, q.right) for q in QUESTIONS}


def knowing(exchange: Exchange) -> float:
    return 1.0 if (exchange.prompt, exchange.answer) in RIGHT else 2.0


def contrary(exchange: Exchange) -> float:
    return 4.0 - knowing(exchange)


def test_who_knows_everything_finds_every_wrong_answer_and_who_has_it_backwards_none() -> None:
    for surprise, value in ((knowing, 1.0), (contrary, 0.0)):
        found = study(QUESTIONS, [reading_of(Opinionated("v", surprise))])
        assert found.overall.auroc.value == found.overall.preference.value == value


def test_numbers_without_meaning_are_at_chance(arbitrary: DemoResults) -> None:
    for measured in arbitrary.measured:
        assert measured.auroc.low < 0.5 < measured.auroc.high or abs(measured.auroc.value - 0.5) < 0.1


def test_every_signal_of_every_verifier_is_measured_and_one_of_all_together(arbitrary: DemoResults) -> None:
    kinds = [(m.verifier, m.signal) for m in arbitrary.measured]
    assert kinds == [(v, s) for v in ("first", "second") for s in SIGNALS] + [("together", "nats_per_byte")]
    assert arbitrary.overall.verifier == "together"


def test_a_model_in_the_authors_place_is_measured_and_decides_nothing() -> None:
    author, reader = reading_of(Opinionated("a", contrary), by="author"), reading_of(Opinionated("r", knowing))
    for reads in ([author, reader], [reader, author]):
        found = study(QUESTIONS, reads)
        assert (found.author, found.verifiers) == (author, (reader,))
        assert (found.overall.verifier, found.overall.auroc.value) == ("r", 1.0)
        assert found.by("a")["nats_per_byte"].auroc.value == 0.0
    with pytest.raises(InputError, match="one or more verifiers"):
        study(QUESTIONS, [author])


def test_what_the_second_reader_sees_of_the_authors_mistakes_is_counted() -> None:
    first, second = QUESTIONS[0], QUESTIONS[1]

    def wrong_about(*questions: DemoQuestion) -> Callable[[Exchange], float]:
        texts = {question.prompt for question in questions}
        return lambda exchange: (contrary if exchange.prompt in texts else knowing)(exchange)

    author = reading_of(Opinionated("a", wrong_about(first, second)), by="author")
    reader = reading_of(Opinionated("r", wrong_about(second)))
    assert study(QUESTIONS, [author, reader]).caught == Caught(n_fooled=2, n_caught=1)
    assert study(QUESTIONS, [reader]).caught is None


def test_together_is_the_mean_of_nats_per_byte(arbitrary: DemoResults) -> None:
    first, second = (arbitrary.by(name)["nats_per_byte"].pairs for name in ("first", "second"))
    np.testing.assert_allclose(arbitrary.overall.pairs.wrong, (first.wrong + second.wrong) / 2)
    np.testing.assert_allclose(arbitrary.overall.pairs.right, (first.right + second.right) / 2)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_together_does_not_depend_on_the_order_of_the_verifiers(order: tuple[int, ...]) -> None:
    reads = [reading_of(Opinionated(name, knowing)) for name in "ab"] + [reading_of(Opinionated("c", contrary))]
    one, other = together(reads), together([reads[k] for k in order])
    np.testing.assert_allclose(one.right, other.right)


def test_a_single_verifier_stands_for_itself() -> None:
    found = study(QUESTIONS, [reading_of(Opinionated("alone", knowing))])
    assert (found.overall.verifier, found.overall.signal) == ("alone", "nats_per_byte")


def test_entropy_cannot_tell_two_one_token_answers_to_a_prompt_apart() -> None:
    found = study(QUESTIONS, [reading_of(Opinionated("v", knowing))])
    assert found.by("v")["cme"].preference.value == 0.5
    assert found.by("v")["cme"].preference.n_ties == 120


def test_a_question_with_an_unread_answer_is_left_out_everywhere_it_matters() -> None:
    def mute(exchange: Exchange) -> float | Unscored:
        return Unscored("unavailable") if exchange.answer == "Sydney" else knowing(exchange)

    found = study(QUESTIONS, [reading_of(Opinionated("mute", mute)), reading_of(Opinionated("whole", knowing))])
    assert found.n_left_out == 1
    assert 0 not in found.overall.pairs.question
    assert found.by("mute")["log_cmp"].preference.n == 119
    assert found.by("whole")["log_cmp"].preference.n == 120


def test_a_signal_a_verifier_cannot_tell_is_not_measured() -> None:
    found = study(QUESTIONS, [reading_of(Opinionated("topk", knowing, exact=False))])
    assert set(found.by("topk")) == set(SIGNALS) - {"cme", "excess"}


def test_the_worst_offenders_come_first() -> None:
    def odd(exchange: Exchange) -> float:
        return {"Sydney": 0.1, "Canberra": 9.0, "Toronto": 0.2, "Ottawa": 8.0}.get(exchange.answer, knowing(exchange))

    found = study(QUESTIONS, [reading_of(Opinionated("odd", odd))])
    assert found.most_liked_wrong(2) == [0, 1]
    assert found.most_disliked_right(2) == [0, 1]
    assert found.by_gap()[:2] == [0, 1]
    assert sorted(found.by_gap()) == list(range(120))


def test_the_same_rows_give_the_same_numbers() -> None:
    once, again = (study(QUESTIONS, [reading_of(Opinionated("v", lambda e: float(len(e.answer) % 7)))]) for _ in "12")
    assert once.overall.auroc == again.overall.auroc
    assert once.overall.preference == again.overall.preference
    assert (once.overall.curve().low == again.overall.curve().low).all()


def test_what_it_refuses() -> None:
    one = reading_of(Opinionated("one", knowing))
    with pytest.raises(InputError, match="got none"):
        study(QUESTIONS, [])
    with pytest.raises(InputError, match="got one, one"):
        study(QUESTIONS, [one, one])
    dead = reading_of(Opinionated("dead", lambda _: Unscored("unavailable", "connection refused")))
    with pytest.raises(NotEnoughData, match=r"dead could read both answers to 0 questions.*connection refused"):
        study(QUESTIONS, [dead])
