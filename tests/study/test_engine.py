"""A study from questions to rows, stopped and gone on with, with models that fail."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from foureyes.errors import InputError, ModelUnavailable
from foureyes.study.cells import Cell, load_cells, save_cells
from foureyes.study.engine import StudyResults, run_study
from foureyes.study.plan import ModelRef, Study
from foureyes.study.protocols import load_tasks
from foureyes.study.store import CallStore
from foureyes.study.tasks.loading import TaskSpec
from foureyes.types import Unscored
from tests.study.conftest import CountingReader, ScriptedWriter, Shop, a_usage

SIGNALS = ("log_cmp", "cme", "p_option", "option_entropy", "v_agree", "p_true")


def refs(*names: str) -> tuple[ModelRef, ...]:
    return tuple(ModelRef(name, name) for name in names)


def own_study(**changes) -> Study:
    settings = {
        "title": "t",
        "generators": refs("g"),
        "verifiers": refs("v", "w"),
        "tasks": (TaskSpec("own", "own.jsonl"),),
        "signals": SIGNALS,
    }
    return Study(**{**settings, **changes})


def done(study: Study, shop: Shop, data: Path, store: CallStore, **budget: float) -> StudyResults:
    return run_study(study, load_tasks(study.tasks, data=data, seed=0), shop.openers(), store, a_usage(**budget))


def plain(cells: list[Cell], path: Path) -> list[dict]:
    """Cells without their costs, which hold seconds."""
    save_cells(path, cells)
    found = [json.loads(line) for line in path.read_text().splitlines()]
    for cell in found:
        del cell["cost"]
        for signal in cell["signals"]:
            del signal["cost"]
    return found


def test_every_row_has_every_signal_of_every_verifier(shop: Shop, data: Path, tmp_path: Path) -> None:
    with CallStore(tmp_path / "s") as store:
        results = done(own_study(), shop, data, store)
    (cell,) = results.cells
    assert (cell.task, cell.generator, len(cell.answers)) == ("own", "g", 40)
    taken = [f"{v}.{s}" for v in "vw" for s in SIGNALS]
    assert [s.key for s in cell.signals] == [
        "own.log_g_ppl",
        "own.g_ent",
        *taken,
        "control.difficulty",
        "control.wording",
    ]
    assert all(isinstance(value, float) for signal in cell.signals for value in signal.values)
    assert all(answer.text in "ABCD" for answer in cell.answers)
    assert set(cell.verified or {}) == {"v", "w"}
    assert (results.failures, results.notes, results.unfinished) == ({}, [], "")


def test_a_signal_shares_what_another_has_paid_for(shop: Shop, data: Path, tmp_path: Path) -> None:
    with CallStore(tmp_path / "s") as store:
        done(own_study(signals=("log_cmp",)), shop, data, store)
        asked = len(shop.readers["v"].asked)  # type: ignore[attr-defined]
        assert asked == 160  # four letters a question
        done(own_study(signals=("log_cmp", "cme", "p_option", "option_entropy", "v_agree")), shop, data, store)
        assert len(shop.readers["v"].asked) == asked  # type: ignore[attr-defined]


def test_a_finished_study_opens_no_model(shop: Shop, data: Path, tmp_path: Path) -> None:
    with CallStore(tmp_path / "s") as store:
        first = done(own_study(), shop, data, store)
        shop.opened.clear()
        again = done(own_study(), shop, data, store)
        assert shop.opened == []
        assert again.cells == first.cells


def test_a_stopped_study_goes_on_and_equals_an_undisturbed_one(shop: Shop, data: Path, tmp_path: Path) -> None:
    with CallStore(tmp_path / "undisturbed") as store:
        whole = done(own_study(), shop, data, store)
    with CallStore(tmp_path / "stopped") as store:
        interrupted = Shop()
        interrupted.readers["w"] = CountingReader("w", dies_after=160)
        with pytest.raises(KeyboardInterrupt):
            done(own_study(), interrupted, data, store)
        resumed = Shop()
        results = done(own_study(), resumed, data, store)
        assert "g" not in resumed.readers  # all of its work was kept
        assert plain(results.cells, tmp_path / "a") == plain(whole.cells, tmp_path / "b")


def test_a_budget_leaves_a_result_with_its_gap_named(shop: Shop, data: Path, tmp_path: Path) -> None:
    with CallStore(tmp_path / "s") as store:
        results = done(own_study(), shop, data, store, tokens=1)
        assert "budget of 1 tokens is spent" in results.unfinished
        done(own_study(verifiers=refs("w"), signals=("log_cmp",)), shop, data, store)
        later = done(own_study(), shop, data, store, tokens=1)  # v is not paid for yet; w's readings are stored
        assert later.unfinished
        assert later.cells[0].signal("w", "log_cmp") is not None
        while results.unfinished:
            results = done(own_study(), shop, data, store, tokens=1)
        assert len(results.cells[0].signals) == 2 + 2 * len(SIGNALS) + 2


def test_a_model_that_fails_as_a_whole_is_named_and_the_others_go_on(shop: Shop, data: Path, tmp_path: Path) -> None:
    class Gone(CountingReader):
        def read(self, exchanges, *, top_k=0):  # noqa: ARG002 - the role's
            raise ModelUnavailable("w: connection refused", model="w", retryable=True)

    shop.readers["w"] = Gone("w")
    with CallStore(tmp_path / "s") as store:
        results = done(own_study(), shop, data, store)
    assert results.failures == {"w": "w: connection refused"}
    assert results.cells[0].verifiers == ["v"]


def test_a_row_that_cannot_be_read_is_unscored_and_still_there(shop: Shop, data: Path, tmp_path: Path) -> None:
    shop.readers["v"] = type("Full", (CountingReader,), {})("v")
    shop.readers["v"]._failures = {"A": Unscored("context", "too long")}
    with CallStore(tmp_path / "s") as store:
        results = done(own_study(), shop, data, store)
    signal = results.cells[0].signal("v", "log_cmp")
    assert signal is not None
    answers = [answer.text for answer in results.cells[0].answers]
    assert [isinstance(value, Unscored) for value in signal.values] == [text == "A" for text in answers]


def test_entries_of_other_weights_are_named_and_not_used(shop: Shop, data: Path, tmp_path: Path) -> None:
    study = own_study(verifiers=refs("v"))
    tasks = load_tasks(study.tasks, data=data, seed=0)
    with CallStore(tmp_path / "s") as store:
        run_study(study, tasks, shop.openers(lambda r: f"old {r}"), store, a_usage())
        newer = Shop()
        newer.readers["v"] = CountingReader("v, retrained")
        results = run_study(study, tasks, newer.openers(lambda r: f"new {r}"), store, a_usage())
    assert len(results.notes) == 1
    assert "v: the store holds" in results.notes[0]
    assert "none was used" in results.notes[0]
    assert len(newer.readers["v"].asked) > 0  # type: ignore[attr-defined]


@pytest.fixture
def free(tmp_path: Path) -> Path:
    folder = tmp_path / "free"
    folder.mkdir()
    rows = [
        {"question": "Capital of Australia?", "answer": ["Canberra"]},
        {"question": "Capital of France?", "answer": "Paris"},
        {"question": "Capital of Italy?", "answer": "Rome"},
    ]
    (folder / "own.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def test_free_answers_are_graded_and_nothing_said_is_no_error(shop: Shop, free: Path, tmp_path: Path) -> None:
    shop.writers["g"] = ScriptedWriter("g", {"Australia": "Sydney", "France": "It is Paris.", "Italy": None})
    shop.writers["v"] = ScriptedWriter("v", {"Australia": "Canberra", "France": "Paris", "Italy": "Rome"})
    study = own_study(verifiers=refs("v"), signals=("log_cmp", "v_agree"))
    with CallStore(tmp_path / "s") as store:
        (cell,) = done(study, shop, free, store).cells
    assert [answer.grade for answer in cell.answers] == ["wrong", "right", "unparseable"]
    agree, cmp = cell.signal("v", "v_agree"), cell.signal("v", "log_cmp")
    assert agree is not None
    assert cmp is not None
    assert agree.values[:2] == (1.0, 0.0)
    assert [value.reason for value in (agree.values[2], cmp.values[2])] == ["unparseable", "empty_answer"]  # type: ignore[union-attr]
    assert (cell.verified or {})["v"] == ("right", "right", "right")


def test_models_that_only_write_answer_and_agree_in_words_and_what_they_cannot_is_noted(
    shop: Shop, data: Path, tmp_path: Path
) -> None:
    shop.only_write = {"g", "v"}
    shop.writers["g"] = ScriptedWriter("g", {f"Question {i}?": "ABCD"[i % 4] for i in range(30)})
    shop.writers["v"] = ScriptedWriter("v", {"Question": "The answer is (A)."})
    study = own_study(verifiers=refs("v"), signals=("log_cmp", "v_agree"))
    with CallStore(tmp_path / "s") as store:
        results = done(study, shop, data, store)
    (cell,) = results.cells
    grades = [answer.grade for answer in cell.answers]
    assert (grades.count("right"), grades.count("unparseable")) == (30, 10)
    agree = cell.signal("v", "v_agree")
    assert agree is not None
    assert [agree.values[i] for i in range(5)] == [0.0 if cell.answers[i].text == "A" else 1.0 for i in range(5)]
    assert cell.signal("v", "log_cmp") is None
    assert results.notes == ["v can only write: it has no log_cmp"]
    assert results.failures == {}
    assert set(cell.verified or {}) == {"v"}


def test_published_answers_make_a_cell_a_model(shop: Shop, tmp_path: Path) -> None:
    rows = [
        {"question": f"q{i}", "response": "yes", "correct": i % 2, "generator": name}
        for i in range(6)
        for name in ("large", "small")
    ]
    (tmp_path / "own.jsonl").write_text("".join(json.dumps({"id": n, **row}) + "\n" for n, row in enumerate(rows)))
    with CallStore(tmp_path / "s") as store:
        both = done(own_study(generators=refs("stored"), signals=("log_cmp",)), shop, tmp_path, store)
        one = done(own_study(generators=refs("stored:large"), signals=("log_cmp",)), shop, tmp_path, store)
        assert [cell.generator for cell in both.cells] == ["large", "small"]
        assert [cell.generator for cell in one.cells] == ["large"]
        pool = (ModelRef("both", "stored", pooled=True),)
        (pooled,) = done(own_study(generators=pool, signals=("log_cmp",)), shop, tmp_path, store).cells
        assert (pooled.generator, len(pooled.answers)) == ("both", 12)
        with pytest.raises(InputError, match="no task has published answers of 'huge'"):
            done(own_study(generators=refs("stored:huge")), shop, tmp_path, store)


def test_log_probs_in_a_log_give_the_authors_own_signals(shop: Shop, tmp_path: Path) -> None:
    stated = [{"token": text, "logprob": value, "bytes": None} for text, value in (("No", -0.5), (".", -0.25))]
    row = {"prompt": "Is 91 prime?", "answer": "No.", "correct": True, "model": "large"}
    rows = [row | {"logprobs": stated}, row | {"prompt": "Is 7?", "correct": False}]
    (tmp_path / "own.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with CallStore(tmp_path / "s") as store:
        wanted = own_study(generators=refs("stored"), signals=("log_cmp",), tasks=(TaskSpec("own", "own.jsonl"),))
        [cell] = done(wanted, shop, tmp_path, store).cells
    assert cell.generator == "large"
    own = {signal.key: signal.values for signal in cell.signals if signal.model == "own"}
    assert own["own.log_g_ppl"] == (0.375, Unscored("bad_reply", "the log holds no log-probabilities of this answer"))
    assert own["own.g_ent"][0] == Unscored("bad_reply", "only bounds on the entropy are known")


def test_a_model_cannot_be_graded_on_stored_verdicts(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "own.jsonl").write_text(json.dumps({"question": "q", "response": "yes", "correct": True}) + "\n")
    with CallStore(tmp_path / "s") as store, pytest.raises(InputError, match="no generator has an answer to any task"):
        done(own_study(), shop, tmp_path, store)


def test_cells_come_back_from_their_file(shop: Shop, data: Path, tmp_path: Path) -> None:
    with CallStore(tmp_path / "s") as store:
        results = done(own_study(), shop, data, store)
    save_cells(tmp_path / "cells", results.cells)
    assert load_cells(tmp_path / "cells") == results.cells


@pytest.mark.parametrize("text", ["not JSON\n", "{}\n", '{"task": 1}\n', "[]\n"])
def test_a_file_that_holds_something_else_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "cells").write_text(text)
    with pytest.raises(InputError, match="cells does not hold the results of a study"):
        load_cells(tmp_path / "cells")
