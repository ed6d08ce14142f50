"""What every reader promises, as tests."""

# ruff: noqa: D102 - the name of a promise is its sentence

from __future__ import annotations

import math
import sys
import tracemalloc
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from foureyes.models.roles import Reader
from foureyes.testing.samples import EXCHANGES, PAYMENT, TEXTS, UNREAD, pytest
from foureyes.types import Exchange, Message, Reading, ToolCall, Unscored

__all__ = ["ReaderContract"]

_QUESTION: Final = "Repeat after me."


class ReaderContract:
    """What every :class:`~foureyes.models.roles.Reader` promises.

    Override :meth:`reader`, and the attributes where yours differs.

    Attributes:
        tolerance: nats by which a value may move with batch size, order and neighbours: the arithmetic's, so about
            1e-4 in float32 and 0.1 in bfloat16.
        coherent: whether the numbers come from next-token distributions, so that what stands later in an answer
            cannot change what is said of its beginning. A scripted reader's need not.
        vocabulary: number of tokens, or an upper bound; entropies may not exceed its logarithm.
        too_long: words that surely overflow the reader's context; 0 for a reader without a limit.
        bytes_per_row: Python memory that one more short row may cost while a batch is read, its reading included.
        growth: bytes by which the process may grow at its peak when a call gets four times as many rows.
    """

    tolerance: ClassVar[float] = 1e-4
    coherent: ClassVar[bool] = True
    vocabulary: ClassVar[int] = 1 << 20
    too_long: ClassVar[int] = 50_000
    bytes_per_row: ClassVar[int] = 64 * 1024
    growth: ClassVar[int] = 64 << 20

    @pytest.fixture
    def reader(self) -> Any:
        """The implementation under test. Override it; class scope saves loading a model for every promise."""
        raise NotImplementedError("override the fixture `reader` to give the contract an implementation")

    def test_it_is_a_reader(self, reader: Reader) -> None:
        assert isinstance(reader, Reader)
        assert reader.name

    def test_its_fingerprint_does_not_change_by_reading(self, reader: Reader) -> None:
        before = reader.fingerprint
        reader.read(EXCHANGES[:2])
        assert before
        assert reader.fingerprint == before

    def test_every_exchange_is_read(self, reader: Reader) -> None:
        rows = _readings(reader.read(EXCHANGES))
        assert [row.answer for row in rows] == [exchange.answer for exchange in EXCHANGES]

    def test_nothing_to_read_gives_nothing(self, reader: Reader) -> None:
        assert reader.read([]) == []

    def test_order_does_not_matter(self, reader: Reader) -> None:
        order = sorted(range(len(EXCHANGES)), key=lambda i: (i * 3) % 7)
        straight = _readings(reader.read(EXCHANGES))
        shuffled = _readings(reader.read([EXCHANGES[i] for i in order]))
        for place, i in enumerate(order):
            self._same(straight[i], shuffled[place])

    def test_neighbours_and_batch_size_do_not_matter(self, reader: Reader) -> None:
        together = _readings(reader.read(EXCHANGES))
        for exchange, row in zip(EXCHANGES, together, strict=True):
            self._same(row, _readings(reader.read([exchange]))[0])

    def test_equal_rows_get_equal_readings(self, reader: Reader) -> None:
        first, *others = _readings(reader.read([EXCHANGES[1]] * 4))
        for other in others:
            self._same(first, other)

    def test_an_unreadable_row_does_not_disturb_the_others(self, reader: Reader) -> None:
        rows = reader.read([EXCHANGES[0], Exchange("Capital of Australia?", ""), EXCHANGES[1]])
        self._same(_readings(rows[:1])[0], _readings(reader.read(EXCHANGES[:1]))[0])
        self._same(_readings(rows[2:])[0], _readings(reader.read(EXCHANGES[1:2]))[0])

    def test_an_empty_answer_is_unscored(self, reader: Reader) -> None:
        assert _reason(reader, Exchange("Capital of Australia?", "")) == "empty_answer"

    def test_an_empty_prompt_is_unscored(self, reader: Reader) -> None:
        assert _reason(reader, Exchange("", "Sydney")) == "empty_prompt"

    def test_an_answer_longer_than_the_context_is_unscored_with_both_numbers(self, reader: Reader) -> None:
        if not self.too_long:
            pytest.skip("this reader has no limit")
        (row,) = reader.read([Exchange("Capital of Australia?", "word " * self.too_long)])
        assert isinstance(row, Unscored)
        assert row.reason == "context"
        assert row.got is not None
        assert row.limit is not None
        assert row.got > row.limit > 0

    def test_numbers_obey_their_laws(self, reader: Reader) -> None:
        for row in _readings(reader.read(EXCHANGES)):
            surprise_of_best = -np.log(row.top1)
            best = row.rank == 1
            assert np.isfinite(row.nll).all()
            assert np.allclose(row.nll[best], surprise_of_best[best], rtol=0, atol=1e-5), "rank 1 is the most likely"
            assert (row.nll >= surprise_of_best - 1e-5).all(), "nothing is likelier than the most likely"
            assert (row.entropy_low <= row.entropy_high).all()
            assert (row.entropy_high <= math.log(self.vocabulary) + 1e-6).all()
            assert (row.entropy_high - row.entropy_low)[row.missing_mass == 0].max(initial=0) <= 1e-9

    @pytest.mark.parametrize("script", TEXTS)
    def test_spans_cover_the_answer_in_order(self, reader: Reader, script: str) -> None:
        text = TEXTS[script]
        (row,) = _readings(reader.read([Exchange(_QUESTION, text)]))
        raw = text.encode()
        start, end = row.spans[:, 0], row.spans[:, 1]
        assert (start >= 0).all()
        assert (start <= end).all()
        assert (end <= len(raw)).all()
        assert (np.diff(start) >= 0).all()
        assert (np.diff(end) >= 0).all()
        assert not _uncovered(raw, row.spans).strip(), "every byte but white space belongs to a token"
        for a, b in row.spans:
            raw[a:b].decode()  # a token never covers part of a character

    def test_the_span_of_the_final_answer_selects_its_tokens(self, reader: Reader) -> None:
        answer = "Let me think. It is Canberra"
        span = (answer.index("Canberra"), len(answer))
        (row,) = _readings(reader.read([Exchange("Capital of Australia?", answer, answer_span=span)]))
        assert row.selected.any()
        assert not row.selected.all()
        assert ((row.spans[:, 1] > span[0]) & (row.spans[:, 1] > row.spans[:, 0]) == row.selected).all()

    def test_the_question_matters(self, reader: Reader) -> None:
        one, other = _readings(
            reader.read([Exchange("Capital of Australia?", "Canberra"), Exchange("Who wrote Hamlet?", "Canberra")])
        )
        assert np.array_equal(one.token_ids, other.token_ids)
        assert not np.allclose(one.nll, other.nll, atol=1e-3), "the answer is read as an answer to its question"

    def test_only_the_answer_counts(self, reader: Reader) -> None:
        short, long = _readings(
            reader.read(
                [Exchange("Say yes.", "Yes, yes."), Exchange("Say yes. " + "Think it over. " * 40, "Yes, yes.")]
            )
        )
        assert len(short.nll) == len(long.nll)
        assert long.n_prompt_tokens > short.n_prompt_tokens > 0

    def test_one_question_as_text_or_as_a_message_is_the_same(self, reader: Reader) -> None:
        text, message = _readings(
            reader.read([Exchange("Say yes.", "Yes"), Exchange((Message("user", "Say yes."),), "Yes")])
        )
        self._same(text, message)

    def test_a_part_that_cannot_be_read_is_unscored_and_named(self, reader: Reader) -> None:
        first, *rows, last = reader.read([EXCHANGES[0], *UNREAD.values(), EXCHANGES[1]])
        for (kind, exchange), row in zip(UNREAD.items(), rows, strict=True):
            assert isinstance(row, Unscored), kind
            assert row.reason == "unread_part", kind
            assert all(named in row.detail for named in exchange.unread), kind
        for one, alone in zip([first, last], reader.read(EXCHANGES[:2]), strict=True):
            self._same(_readings([one])[0], _readings([alone])[0])

    def test_a_tool_call_is_read_and_its_arguments_are_found(self, reader: Reader) -> None:
        (row,) = _readings(reader.read([PAYMENT]))
        said = {part.path: row.answer[slice(*part.span)] for part in row.parts}
        assert said["text"] == "On it."
        assert said["arguments.amount"] == "12.50"
        assert "AT01" in said["arguments.to"]
        assert "Ana" in said["arguments.note"]
        for part in row.parts:
            assert row.tokens_of(part).any()
            assert (row.tokens_of(part) <= row.selected).all()

    def test_an_argument_matters(self, reader: Reader) -> None:
        turns = [Message.of("assistant", [ToolCall("pay", f'{{"to": "{to}"}}')]) for to in ("Ana", "Zzyzx")]
        one, other = _readings(reader.read([Exchange.of(PAYMENT.prompt, turn) for turn in turns]))
        nats = [row.nll[row.tokens_of(part)].sum() for row in (one, other) for part in row.parts if part.path != "name"]
        assert abs(nats[0] - nats[1]) > 1e-3

    def test_calls_and_results_before_the_answer_are_read(self, reader: Reader) -> None:
        whole = PAYMENT.prompt if isinstance(PAYMENT.prompt, tuple) else ()
        more, less = _readings(reader.read([Exchange(whole[1:], "Paid."), Exchange(whole[1:2], "Paid.")]))
        assert more.n_prompt_tokens > less.n_prompt_tokens
        assert not np.allclose(more.nll, less.nll, atol=1e-3)

    def test_what_follows_does_not_change_what_was_read(self, reader: Reader) -> None:
        if not self.coherent:
            pytest.skip("this reader's numbers are scripted")
        whole = "The capital is Canberra. It was founded in 1913."
        long, short = _readings(
            reader.read([Exchange("Capital of Australia?", whole), Exchange("Capital of Australia?", whole[:24])])
        )
        n = int((long.token_ids[: len(short.token_ids)] == short.token_ids).cumprod().sum())
        assert n > 0, "the two answers begin with the same token"
        for name in ("nll", "rank", "top1", "entropy_low", "entropy_high"):
            same = getattr(long, name)[:n], getattr(short, name)[:n]
            assert np.allclose(*same, rtol=0, atol=self.tolerance if name != "rank" else 0.5), name

    def test_what_is_expected_first_does_not_depend_on_the_answer(self, reader: Reader) -> None:
        if not self.coherent:
            pytest.skip("this reader's numbers are scripted")
        answers = ("Canberra", "Sydney", "42", "don't know")
        rows = _readings(reader.read([Exchange("Capital of Australia?", answer) for answer in answers]))
        tops = [float(row.top1[0]) for row in rows]
        assert max(tops) - min(tops) <= self.tolerance, "statistics belong to the position that predicts the token"
        assert max(row.entropy_low[0] for row in rows) <= min(row.entropy_high[0] for row in rows) + self.tolerance

    def test_alternatives_come_best_first_and_only_when_asked_for(self, reader: Reader) -> None:
        (without,) = _readings(reader.read(EXCHANGES[1:2]))
        (row,) = _readings(reader.read(EXCHANGES[1:2], top_k=3))
        assert without.alternatives == ()
        self._same(without, row)
        for t, alternatives in enumerate(row.alternatives):
            logprobs = [a.logprob for a in alternatives]
            assert len(alternatives) == 3
            assert logprobs == sorted(logprobs, reverse=True)
            assert max(logprobs) <= 0
            if self.coherent:
                assert logprobs[0] == pytest.approx(math.log(row.top1[t]), abs=1e-5)
                assert row.rank[t] > 3 or min(abs(p + row.nll[t]) for p in logprobs) <= 1e-5

    def test_memory_does_not_grow_by_more_than_the_readings(self, reader: Reader) -> None:
        reader.read(EXCHANGES[:2] * 8)
        few, many = _peak(reader, 16), _peak(reader, 64)
        assert many - few <= 48 * self.bytes_per_row

    @pytest.mark.skipif(sys.platform == "win32", reason="the peak size of a process is not to be had")
    def test_the_process_does_not_grow_with_the_rows(self, reader: Reader) -> None:
        reader.read(EXCHANGES * 2)
        before = _largest_size()
        reader.read(EXCHANGES * 8)
        assert _largest_size() - before <= self.growth

    def _same(self, one: Reading, other: Reading) -> None:
        """Whether two readings of one exchange differ by no more than the arithmetic."""
        assert np.array_equal(one.token_ids, other.token_ids)
        assert np.array_equal(one.spans, other.spans)
        assert np.array_equal(one.selected, other.selected)
        assert one.n_prompt_tokens == other.n_prompt_tokens
        for name in ("nll", "entropy_low", "entropy_high", "missing_mass", "top1"):
            moved = float(np.abs(getattr(one, name) - getattr(other, name)).max())
            assert moved <= self.tolerance, f"{name} moved by {moved:.2g}"


def _readings(rows: list[Reading | Unscored]) -> list[Reading]:
    unscored = [str(row) for row in rows if isinstance(row, Unscored)]
    assert not unscored, f"wanted readings; got {unscored}"
    return [row for row in rows if isinstance(row, Reading)]


def _reason(reader: Reader, exchange: Exchange) -> str:
    (row,) = reader.read([exchange])
    assert isinstance(row, Unscored), f"wanted no reading of {exchange}; got one"
    return row.reason


def _uncovered(raw: bytes, spans: NDArray[np.int64]) -> str:
    covered = np.zeros(len(raw), dtype=np.bool_)
    for start, end in spans:
        covered[start:end] = True
    return bytes(byte for byte, hit in zip(raw, covered, strict=True) if not hit).decode(errors="replace")


def _peak(reader: Reader, rows: int) -> int:
    """Most Python memory in use while so many rows are read, above what was in use before."""
    tracemalloc.start()
    try:
        reader.read(EXCHANGES[:2] * (rows // 2))
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _largest_size() -> int:
    """The largest size of this process so far, bytes."""
    import resource  # noqa: PLC0415 - not there on Windows

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
