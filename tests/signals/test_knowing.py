import pytest

from foureyes.models.scripted import ScriptedReader
from foureyes.signals.knowing import answerless, p_ik, p_true
from foureyes.types import Exchange, Message, Unscored


class Listening(ScriptedReader):
    """Remembers what it was asked."""

    def __init__(self, *arguments, **settings):
        super().__init__(*arguments, **settings)
        self.heard = []

    def read(self, exchanges, *, top_k=0):
        self.heard += [exchange.prompt for exchange in exchanges]
        return super().read(exchanges, top_k=top_k)


@pytest.mark.parametrize("signal", [p_ik, answerless])
def test_both_are_the_share_of_the_doubting_letter(signal):
    assert signal(["Capital of Australia?"], ScriptedReader({"A": 0.1, "B": 0.3})) == [pytest.approx(0.75)]


@pytest.mark.parametrize("signal", [p_ik, answerless])
def test_an_empty_question_is_unscored_and_disturbs_no_other(signal):
    rows = signal(["one", "  ", (Message("user", ""),), "two"], ScriptedReader({"A": 0.5, "B": 0.5}))
    assert rows[0] == rows[3] == 0.5
    assert rows[1].reason == "empty_prompt"


@pytest.mark.parametrize("signal", [p_ik, answerless])
def test_failures_are_passed_on(signal):
    gone = Unscored("unavailable", "gone")
    assert signal(["one"], ScriptedReader(failures={"B": gone})) == [gone]


def test_the_answerless_control_differs_from_p_true_by_the_answer_only():
    with_answer, without = Listening(), Listening()
    p_true([Exchange("Capital?", "Sydney")], with_answer)
    answerless(["Capital?"], without)
    assert [prompt.replace("Sydney", "(withheld)") for prompt in with_answer.heard] == without.heard


def test_no_answer_is_ever_seen():
    reader = Listening()
    p_ik(["Capital?"], reader)
    assert (
        reader.heard
        == ["Capital?\n\nDo you know the answer to this question?\nA) Yes\nB) No\nAnswer with the letter only."] * 2
    )
