"""A reader as a verifier: calibrated surprise against a cut."""

# ruff: noqa: ARG002 - the signatures are the ports'

import asyncio

import numpy as np
import pytest

from foureyes.calibration import FlagRate, Isotonic, Platt, Source, flag_rate, promise
from foureyes.errors import ConfigError, InputError, ModelUnavailable
from foureyes.guard.batcher import ReaderBatcher
from foureyes.guard.reader_judge import SHIPPED_MODELS, ReaderJudge, shipped_calibration, shipped_judge
from foureyes.models.scripted import ScriptedReader
from foureyes.types import Exchange, Unscored

ROWS = [0.2, 0.9, 1.4, 0.5, 3.1, 2.2], [1, 1, 1, 0, 0, 0]
PLATT = Platt.fit(*ROWS)
READER = ScriptedReader(
    {"Canberra": 0.9, "Sydney": 0.05},
    failures={"lost": Unscored("unavailable", "the server died"), "nan": Unscored("not_finite", "NaN")},
)


def vote(answer, cut=0.5, calibrator=PLATT, reader=READER):
    async def once():
        judge = ReaderJudge(reader, calibrator, cut)
        try:
            return await judge.vote(Exchange("Capital of Australia?", answer))
        finally:
            await judge.aclose()

    return asyncio.run(once())


def test_what_surprises_little_is_safe_and_what_surprises_much_is_not():
    assert vote("Canberra").verdict == "safe"
    assert vote("Sydney").verdict == "unsafe"


def test_its_confidence_is_the_calibrators():
    assert vote("Canberra").confidence == pytest.approx(float(PLATT.predict_proba([-np.log(0.9)])[0]))
    assert vote("Canberra").confidence > 0.5 > vote("Sydney").confidence


def test_its_reason_says_confidence_cut_and_surprise():
    assert vote("Sydney").reason.startswith("confidence 0.2")
    assert "wanted 0.500 or more (its claim, 'Sydney': surprise 3.00 nats a token)" in vote("Sydney").reason


def test_a_near_miss_is_told_from_a_hit():
    certainty = vote("Sydney").confidence
    reason = vote("Sydney", cut=certainty + 0.0001).reason
    assert f"confidence {certainty:.6f}, wanted {certainty + 0.0001:.6f} or more" in reason


def test_its_reason_names_the_worst_claim():
    assert "the worst of 2 claims, 'Sydney': surprise 3.00 nats" in vote("Canberra. Canberra! Sydney").reason
    assert "Sydney" in vote("Sydney, " * 30).reason
    assert len(vote("Sydney, " * 300).reason) < 300


def test_words_around_a_claim_do_not_make_it_safer():
    calm = ScriptedReader({"Sydney": 0.05, "Sydney.": 0.05, "1": 0.99, "2": 0.99, "3": 0.99})
    for answer in ("Sydney", "Sydney. 1 2 3 1 2 3 1 2 3", "1 2 3 1 2 3 1 2 3. Sydney."):
        assert vote(answer, reader=calm).confidence <= vote("Sydney").confidence + 1e-9
    padded = vote("Sydney. 1 2 3 1 2 3 1 2 3", reader=calm)
    assert padded.log_cmp < 1, "the mean says nothing any more"


def test_its_surprise_is_stated_as_a_number_too():
    assert vote("Sydney").log_cmp == pytest.approx(-np.log(0.05))
    certain = ScriptedReader({"Canberra": 1.0})
    assert vote("Canberra", reader=certain).log_cmp == 0


def test_a_calibrator_that_turns_surprise_round_is_refused_unless_it_was_accepted():
    surprises, right = ROWS[0], [1 - flag for flag in ROWS[1]]
    with pytest.raises(InputError, match="of worst_claim, larger is worse by the catalogue"):
        ReaderJudge(READER, Platt.fit(surprises, right), 0.5)
    source = Source("worst_claim", READER.name)
    accepted = Platt.fit(surprises, right, source=source, accept_direction="worst_claim")
    note = "direction of worst_claim accepted against the catalogue of signals: larger is better here"
    assert vote("Sydney", calibrator=accepted).reason.endswith(note)
    assert ReaderJudge(READER, accepted, 0.5).direction_note == note


@pytest.mark.parametrize("answer", ["", "lost", "nan"])
def test_what_could_not_be_read_is_an_abstention_and_never_confident(answer):
    found = vote(answer)
    assert (found.verdict, found.confidence, found.log_cmp) == ("abstain", None, None)
    assert found.reason


def test_a_confidence_at_the_cut_is_safe():
    at = vote("Canberra").confidence
    assert vote("Canberra", cut=at).verdict == "safe"
    assert vote("Canberra", cut=float(np.nextafter(at, 1))).verdict == "unsafe"


def test_the_cut_may_be_a_promise_or_a_flag_rate():
    rng = np.random.default_rng(0)
    confidence = rng.random(2000)
    promised = promise(confidence, rng.random(2000) < confidence, max_error=0.1)
    flagged = flag_rate(confidence, rate=0.9)
    assert vote("Canberra", cut=promised).verdict == "unsafe"
    assert vote("Canberra", cut=FlagRate(0.0, 0.1, 0.0, 10)).verdict == "safe"
    assert vote("Canberra", cut=flagged).verdict == "unsafe"


def test_any_calibrator_of_one_score_will_do():
    assert vote("Canberra", calibrator=Isotonic.fit(*ROWS)).verdict == "safe"


@pytest.mark.parametrize(
    "source", [Source("cme", "scripted"), Source("log_cmp", "scripted"), Source("worst_claim", "another")]
)
def test_a_calibrator_of_another_signal_or_model_is_refused(source):
    with pytest.raises(ConfigError, match="fitted on"):
        ReaderJudge(READER, Platt.fit(*ROWS, source=source), 0.5)


def test_a_calibrator_of_this_model_is_taken():
    ReaderJudge(READER, Platt.fit(*ROWS, source=Source("worst_claim", "scripted")), 0.5)


@pytest.mark.parametrize("cut", [-0.1, 1.1, float("nan")])
def test_a_cut_is_a_confidence(cut):
    with pytest.raises(InputError, match="a cut is a confidence"):
        ReaderJudge(READER, PLATT, cut)


def test_a_reader_that_is_gone_raises():
    class Gone(ScriptedReader):
        def read(self, exchanges, *, top_k=0):
            raise ModelUnavailable("gone", model=self.name)

    with pytest.raises(ModelUnavailable, match="gone"):
        vote("Canberra", reader=Gone())


@pytest.mark.parametrize("model", SHIPPED_MODELS)
def test_a_calibration_is_shipped_with_its_provenance(model):
    found = shipped_calibration(model)
    assert found.calibrator.fitted_on.source == Source("worst_claim", model)
    assert found.calibrator.slope < 0, "the more surprise, the less confidence"
    assert 0 < found.cut.cut < 1
    assert found.provenance["rows"] == found.cut.n == found.calibrator.fitted_on.rows.n
    value, low, high = found.provenance["auroc"]
    assert 0.5 < value < 0.9, "no oracle, and said to be none"
    assert low < value < high
    assert "nothing is promised about errors" in found.provenance["says"]
    assert found.provenance["flagged_of_wrong"] > found.provenance["flagged_of_right"]


def test_shipped_calibrations_know_the_questions_they_were_fitted_on():
    import hashlib
    from importlib.resources import files

    digest = hashlib.sha256(files("foureyes.demo").joinpath("questions.jsonl").read_bytes()).hexdigest()
    for model in SHIPPED_MODELS:
        assert shipped_calibration(model).provenance["questions_sha256"] == digest, (
            "run python tools/fit_shipped.py again"
        )


def test_none_is_shipped_for_other_models():
    with pytest.raises(ConfigError, match=r"shipped for smollm2-135m, gemma3-270m, .*; got 'gpt-5'"):
        shipped_calibration("gpt-5")


def test_a_shipped_judge_opens_its_reader():
    opened = []

    def open_reader(model):
        opened.append(model)
        return ScriptedReader(name=model)

    judge = shipped_judge("smollm2-135m", open_reader)
    assert (judge.provider, judge.name, opened) == ("foureyes", "smollm2-135m", ["smollm2-135m"])
    assert judge.cut == shipped_calibration("smollm2-135m").cut.cut
    asyncio.run(judge.aclose())


@pytest.mark.weights
def test_the_shipped_judges_verify_together_without_a_key():
    from foureyes.guard import Council, CouncilMember
    from foureyes.models.catalog import open_reader

    async def once():
        judges = [shipped_judge(model, open_reader) for model in ("smollm2-135m", "gemma3-270m")]
        council = Council([CouncilMember(judge) for judge in judges], deadline_s=60)
        right = await council.ask(Exchange("What is the capital of France? Answer with the name only.", "Paris"))
        wrong = await council.ask(Exchange("What is the capital of France? Answer with the name only.", "Qxzzy Blorp"))
        for judge in judges:
            await judge.aclose()
        return right, wrong

    right, wrong = asyncio.run(once())
    assert right.safe
    assert wrong.consensus_reached
    assert not wrong.safe


def test_a_shared_batcher_outlives_the_judges_that_use_it():
    async def once():
        batcher = ReaderBatcher(READER)
        first, second = (ReaderJudge(batcher, PLATT, cut) for cut in (0.4, 0.5))
        await first.aclose()
        try:
            return await second.vote(Exchange("Capital of Australia?", "Canberra"))
        finally:
            batcher.close()

    assert asyncio.run(once()).verdict == "safe"
