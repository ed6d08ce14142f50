from foureyes.demo.recorded import recorded
from foureyes.types import Unscored
from tests.demo.verifiers import live


def test_every_answer_and_both_versions_of_every_program_are_read() -> None:
    read, known = live(), recorded()
    for answer, seen in zip(known.answers, read.answers, strict=True):
        assert seen is not None
        assert seen.ends[-1] == len(answer.answer.encode())
    for bug, (right, wrong) in zip(known.bugs, read.bugs, strict=True):
        assert right is not None
        assert wrong is not None
        assert right.ends[-1] - wrong.ends[-1] == len(bug.was.encode()) - len(bug.now.encode())


def test_what_cannot_be_read_is_none_and_does_not_count_as_read() -> None:
    answer = recorded().answers[0].answer
    failed = live({answer: Unscored("context")})
    assert failed.answers[0] is None
    assert failed.n_tokens < live().n_tokens


def test_the_pace_is_tokens_over_seconds() -> None:
    read = live()
    assert read.pace == f"{read.n_tokens:,} tokens in 2.0 s, {read.n_tokens / 2:,.0f} tokens/s"
