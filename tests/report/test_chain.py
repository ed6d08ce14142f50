"""The page of a chain: every model, every policy, in numbers and drawn."""

from __future__ import annotations

import json

import numpy as np

from foureyes.cascade.chain_curves import Chain, chain_curve
from foureyes.cascade.points import cheapest
from foureyes.report.chain import ChainFindings, chain_lines, chain_page, model_lines, point_lines

NAMES = ("tiny <b>", "middle", "huge")


def findings(*, abstain: float | None = None, target: bool = True) -> ChainFindings:
    def models(seed: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
        rng = np.random.default_rng(seed)
        confs = [rng.beta(4 * skill, 4 * (1 - skill), 500) for skill in (0.5, 0.7, 0.9)]
        return confs, [rng.random(500) < conf for conf in confs]

    chain = Chain.fit(models(0)[0], (1, 5, 25), abstain=abstain)
    curve = chain_curve(chain, *models(1), (1, 5, 25), unit="cents")
    return ChainFindings(curve, NAMES, 2, cheapest(curve.points, 0.7) if target else None)


def test_every_line_is_on_the_page_and_on_the_terminal():
    found = findings()
    page, terminal = chain_page(found), "\n".join(chain_lines(found))
    for line in point_lines(found):
        assert f"<td>{line.accuracy}</td>" in page
        assert line.accuracy in terminal
    for model in model_lines(found)[1:]:
        assert f'<th scope="row">{model.name}</th><td>{model.cost}</td>' in page
        assert model.name in terminal
    assert page.count("<svg") == 1
    assert page.count('class="chosen"') == 1
    assert terminal.count("← target") == 1
    assert "costs are in cents." in page
    assert "2 more lack something" in page
    assert "Answered" not in page
    assert chain_page(found) == page


def test_names_from_outside_are_text():
    page = chain_page(findings())
    assert "tiny <b>" not in page
    assert "tiny &lt;b&gt;" in page


def test_abstention_is_shown_where_there_is_one():
    found = findings(abstain=0.85)
    page = chain_page(found)
    assert found.abstains
    assert page.count("<svg") == 2
    assert "0.85 if it is left unanswered" in page
    assert "of the answers" in chain_lines(found)[-1]


def test_a_policy_that_is_beaten_in_everything_is_left_out_of_the_table():
    found = findings(target=False)
    shown = point_lines(found)
    assert 1 < len(shown) <= len(found.curve.points)
    costs = [float(line.cost) for line in shown]
    accuracies = [float(line.accuracy.split("%")[0]) for line in shown]
    assert costs == sorted(costs)
    assert accuracies == sorted(accuracies)


def test_it_is_json():
    found = json.loads(json.dumps(findings(abstain=0.85).to_dict(), allow_nan=False))
    assert found["models"] == list(NAMES)
    assert len(found["over_mixture"]) == len(found["points"])
    assert found["chosen"]["policy"]["first"]["gates"]
