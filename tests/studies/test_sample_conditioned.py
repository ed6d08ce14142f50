"""The study of surprise behind samples: what is read once, what is compared with what."""

import json

import numpy as np
import pytest

from foureyes.models.scripted import ScriptedReader
from foureyes.report.study import study_markdown
from studies.sample_conditioned.forms import CONDITIONED, mixture
from studies.sample_conditioned.judging import judged
from studies.sample_conditioned.page import OVERLAP, WordsAlone, report_of
from studies.sample_conditioned.published import SETS, load
from studies.sample_conditioned.readings import PLACES, surprises


def written(folder, n=60):
    rows = [
        {
            "question": f"q{i}",
            "generated_answer": ["odd word"] if i % 3 else "word word",
            "label": str(i % 3 == 0),
            "self_evaluations": ["word word", "word", "word word"],
            "perb_evaluations": ["word"] * 3,
        }
        for i in range(n)
    ]
    (folder / "sac3").mkdir()
    for path in SETS.values():
        (folder / path).write_text(json.dumps(rows))
    return folder


class Copier(ScriptedReader):
    """Knows what its prompt says, and counts what it reads."""

    n_read = 0

    def read(self, exchanges, *, top_k=0):
        self.n_read += len(exchanges)
        return super().read(exchanges, top_k=top_k)


@pytest.fixture
def reader():
    return Copier({"odd": 0.01, "word": 0.5}, name="copier")


def test_equal_samples_are_read_once_and_a_second_run_reads_nothing(tmp_path, reader):
    answers = load(written(tmp_path, 4), "NQ")
    samples = [answer.own for answer in answers]
    seen = surprises(answers, samples, reader, tmp_path, "behind the question")
    assert reader.n_read == 4 * (1 + 2)
    assert [one.behind.shape for one in seen] == [(3, 2)] * 4
    again = surprises(answers, samples, reader, tmp_path, "behind the question")
    assert reader.n_read == 12
    assert np.array_equal(again[1].behind, seen[1].behind)


def test_the_cost_is_of_samples_that_are_unlike(tmp_path, reader):
    answers = load(written(tmp_path, 4), "NQ")
    one, three = (
        judged("NQ", answers, own, surprises(answers, own, reader, tmp_path, "behind the question"))
        for own in ([answer.own[:k] for answer in answers] for k in (1, 3))
    )
    assert 1 < one.cost < three.cost < 3 * one.cost


def test_a_sample_stands_in_the_prompt_wherever_it_stands(tmp_path):
    (answer, *_) = load(written(tmp_path, 1), "NQ")
    for place in PLACES.values():
        changed = place(answer.exchange, "a sample")
        assert "a sample" in str(changed.prompt)
        assert "q0" in str(changed.prompt)
        assert changed.answer == answer.exchange.answer


def test_the_mixture_lies_between_the_mean_and_the_least():
    behind = np.array([[1.0, 5.0], [3.0, 0.5]])
    mixed = mixture(behind)
    assert mixed == pytest.approx(-np.log(np.exp(-behind).mean(axis=0)))
    assert (behind.min(axis=0) <= mixed).all()
    assert (mixed <= behind.mean(axis=0)).all()
    assert mixture(np.array([[800.0], [900.0]])) == pytest.approx(800 + np.log(2))


def test_the_page_says_what_its_figures_say(tmp_path, reader):
    written(tmp_path)
    sets = {name: load(tmp_path, name) for name in SETS}
    by_k = [
        [
            judged(name, rows, own, surprises(rows, own, reader, tmp_path, "behind the question"))
            for name, rows in sets.items()
            for own in [[row.own[:k] for row in rows]]
        ]
        for k in (1, 3)
    ]
    words = [WordsAlone("the same question", 3, tuple(one.ranked(OVERLAP).area for one in by_k[-1]))]
    readers = [("copier", by_k[0]), ("another", by_k[0])]
    report = report_of(by_k, [("behind the question", by_k[0])], readers, words, "copier", "COMMAND")
    text = study_markdown(report)
    assert "NQ: is another a better reader behind samples than copier? Not decided: +0.000" in text
    assert "better than words that a sample lacks, with the same samples? Not decided: +0.000" in text
    assert all(f"behind samples: {form}" in text for form in CONDITIONED)
    assert by_k[-1][0].ranked(OVERLAP).area.value == 1
