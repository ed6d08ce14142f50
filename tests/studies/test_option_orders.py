"""Four orders of the same options: what stands where, and what each way makes of it, on logits made by hand."""

import numpy as np
import pytest

from foureyes.errors import InputError, NotEnoughData
from foureyes.study.stored_options import load_stored_options
from studies.option_orders import MEAN, ONE, RANK, SHARE, measure, orders_of
from studies.option_orders import main as page
from studies.published_study import Settings

QUESTIONS = 40
ROTATED = 1_000_000


def published(path, believed, *, orders=4, turns=1):
    """One file of the questions in their orders: ``believed(model, question, order)`` gives six logits by what the options say."""
    rows = [(q, r) for q in range(QUESTIONS) for r in range(orders)]
    logits = np.array([[_as_lettered(believed(m, q, r), r) for q, r in rows] for m in range(2)], np.float32)
    np.savez(
        path,
        logits=logits,
        gold=np.array([(q % 4 + turns * r) % 4 for q, r in rows]),
        models=np.array(["one", "other"]),
        ids=np.array([q + ROTATED * r for q, r in rows]),
    )
    return path


def _as_lettered(by_option, order):
    found = list(by_option)
    for j in range(4):
        found[(j + order) % 4] = by_option[j]
    return found


def unsure_when_wrong(model, q, order):
    """Right in three orders of four on every fifth question, and always on the others; wrong first where it is unsure."""
    logits = [0.0, 0.0, 0.0, 0.0, -3.0, -4.0]
    logits[q % 4] = 3.0
    logits[(q + 1) % 4] = 1.0 + model / 10
    if q % 5 == 0 and order == 0:
        logits[(q + 1) % 4] = 6.0
    return logits


def options(tmp_path, believed, **how):
    return load_stored_options(published(tmp_path / "logits.npz", believed, **how), same_question=f"ids % {ROTATED}")


def test_options_are_put_side_by_side_by_what_they_say(tmp_path):
    found = orders_of(options(tmp_path, lambda m, q, _: unsure_when_wrong(m, q, 1)))
    assert found.p.shape == (2, QUESTIONS, 4, 6)
    np.testing.assert_allclose(found.p, np.repeat(found.p[:, :, :1], 4, axis=2))
    assert (found.answer == found.gold).all()


def test_every_way_sees_the_order_that_disagrees(tmp_path):
    found = orders_of(options(tmp_path, unsure_when_wrong))
    made = found.by_option()
    wrong = np.arange(QUESTIONS) % 5 == 0
    assert ((found.answer != found.gold) == wrong).all()
    said = {name: np.take_along_axis(of, found.answer[:, :, None], axis=2)[0, :, 0] for name, of in made.items()}
    assert set(said[SHARE][wrong]) == {0.25}
    assert set(said[SHARE][~wrong]) == {1.0}
    assert said[RANK][wrong] == pytest.approx(0.25, abs=0.01), "one order of four puts it before the right one"
    assert (said[RANK][~wrong] > 0.99).all()
    for values in made.values():
        np.testing.assert_allclose(values.sum(axis=2), 1)
    measured = measure(found, Settings(draws=50))
    assert {name: measured.mean(of).value for name, of in measured.area.items()} == {
        ONE: 0.0,  # surer where it is wrong
        SHARE: 1.0,
        MEAN: 1.0,
        RANK: 1.0,
    }
    hits = {name: measured.mean(of).value for name, of in measured.hits.items()}
    assert (hits[ONE], hits[RANK], hits[MEAN]) == (0.8, 1.0, 1.0)


def test_equal_options_share_what_they_are_counted_for_and_no_place_wins(tmp_path):
    found = orders_of(options(tmp_path, lambda *_: [1.0, 1.0, 1.0, 1.0, -9.0, -9.0]))
    made = found.by_option()
    np.testing.assert_allclose(made[SHARE][:, :, :4], 0.25)
    np.testing.assert_allclose(made[RANK][:, :, :4], 0.25, atol=1e-4)
    measured = measure(found, Settings(draws=10))
    assert {measured.mean(of).value for of in measured.hits.values()} == {0.25}


def test_options_that_turn_the_other_way_are_refused(tmp_path):
    options_of = load_stored_options(
        published(tmp_path / "logits.npz", unsure_when_wrong, turns=-1), same_question=f"ids % {ROTATED}"
    )
    with pytest.raises(InputError, match=f"got others in {QUESTIONS} questions"):
        orders_of(options_of)


def test_questions_without_all_their_orders_are_left_out(tmp_path):
    with pytest.raises(NotEnoughData, match="all 4; got none"):
        orders_of(options(tmp_path, unsure_when_wrong, orders=3))


def test_the_page_decides_each_claim_by_its_interval(tmp_path, capsys):
    (tmp_path / "vlm_mmbench_logits").mkdir()
    published(tmp_path / "vlm_mmbench_logits" / "logits.npz", unsure_when_wrong)
    file = tmp_path / "page.md"
    page(["--data", str(tmp_path), "--draws", "50", "--html", str(tmp_path / "page.html"), "--markdown", str(file)])
    said = file.read_text()
    assert "- Pair rank finds wrong answers better than one order's probability? Yes: 1.000 [1.000, 1.000]" in said
    assert "- Pair rank finds wrong answers better than the share that agrees? No difference: 0.000" in said
    assert "holds         pair rank finds wrong answers better than one order's probability" in capsys.readouterr().out
