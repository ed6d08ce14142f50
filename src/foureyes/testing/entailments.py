"""What every model of entailment promises, as tests."""

# ruff: noqa: D102 - the name of a promise is its sentence

from __future__ import annotations

from typing import Any, ClassVar, Final

from foureyes.models.entailment import Entailment, Pair
from foureyes.testing.samples import TEXTS, pytest
from foureyes.types import Message, Unscored

__all__ = ["EntailmentContract"]

_PAIRS: Final = (
    Pair("Capital of Australia?", "It is Canberra.", "Canberra"),
    Pair("Capital of Australia?", "Canberra", "It is Canberra."),
    Pair("Capital of Australia?", "Sydney", "Canberra"),
    Pair("Who won?", "The home team won by two goals to one after a long and even match.", "The home team won."),
)


class EntailmentContract:
    """What every :class:`~foureyes.models.entailment.Entailment` promises.

    Override :meth:`entailment`, and the attributes where yours differs.

    Attributes:
        tolerance: by which a probability may move with batch size, order and neighbours: the arithmetic's.
        too_long: words that surely overflow the model's context; 0 for a model without a limit.
    """

    tolerance: ClassVar[float] = 1e-4
    too_long: ClassVar[int] = 5_000

    @pytest.fixture
    def entailment(self) -> Any:
        """The implementation under test."""
        raise NotImplementedError("override the fixture `entailment` to give the contract an implementation")

    def test_it_is_an_entailment(self, entailment: Entailment) -> None:
        assert isinstance(entailment, Entailment)
        assert entailment.name

    def test_its_fingerprint_does_not_change_by_judging(self, entailment: Entailment) -> None:
        before = entailment.fingerprint
        entailment.entails(_PAIRS)
        assert before
        assert entailment.fingerprint == before

    def test_every_pair_gets_a_probability(self, entailment: Entailment) -> None:
        found = _probabilities(entailment, *_PAIRS)
        assert all(0 <= p <= 1 for p in found), found

    def test_nothing_to_judge_gives_nothing(self, entailment: Entailment) -> None:
        assert entailment.entails([]) == []

    def test_neighbours_order_and_batch_size_do_not_matter(self, entailment: Entailment) -> None:
        alone = [_probabilities(entailment, pair)[0] for pair in _PAIRS]
        assert _probabilities(entailment, *_PAIRS) == pytest.approx(alone, abs=self.tolerance)
        assert _probabilities(entailment, *_PAIRS[::-1]) == pytest.approx(alone[::-1], abs=self.tolerance)

    def test_equal_pairs_get_equal_probabilities(self, entailment: Entailment) -> None:
        found = _probabilities(entailment, *[_PAIRS[0]] * 3)
        assert found == pytest.approx([found[0]] * 3, abs=self.tolerance)

    @pytest.mark.parametrize("script", TEXTS)
    def test_a_text_in_any_script_is_judged(self, entailment: Entailment, script: str) -> None:
        (p,) = _probabilities(entailment, Pair("Repeat after me.", TEXTS[script], "yes"))
        assert 0 <= p <= 1

    def test_a_question_may_be_a_conversation(self, entailment: Entailment) -> None:
        asked = (Message("user", "Capital of Australia?"), Message("assistant", "Sydney."), Message("user", "Sure?"))
        (p,) = _probabilities(entailment, Pair(asked, "It is Canberra.", "Canberra"))
        assert 0 <= p <= 1

    def test_a_pair_that_is_too_long_is_unscored_and_disturbs_no_other(self, entailment: Entailment) -> None:
        if not self.too_long:
            pytest.skip("this model has no limit")
        long = Pair("Capital of Australia?", "word " * self.too_long, "Canberra")
        first, failed, last = entailment.entails([_PAIRS[0], long, _PAIRS[1]])
        assert isinstance(failed, Unscored)
        assert failed.reason == "context"
        assert [first, last] == pytest.approx(_probabilities(entailment, *_PAIRS[:2]), abs=self.tolerance)


def _probabilities(entailment: Entailment, *pairs: Pair) -> list[float]:
    rows = entailment.entails(pairs)
    assert len(rows) == len(pairs)
    unscored = [str(row) for row in rows if isinstance(row, Unscored)]
    assert not unscored, f"wanted probabilities; got {unscored}"
    return [row for row in rows if not isinstance(row, Unscored)]
