import json

import numpy as np
import pytest

from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.auroc_prior import UNINFORMED_PRIOR, AurocPrior, PriorModel


def cells(n_groups=12, noise=0.02, seed=0):
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(n_groups), 4)
    cme, disagree = rng.uniform(1, 3, len(groups)), rng.uniform(0, 1, len(groups))
    auroc = 0.9 - 0.1 * cme + 0.05 * disagree + noise * rng.normal(size=len(groups))
    return {"cme": cme, "disagree": disagree}, np.clip(auroc, 0, 1), groups


def test_a_line_is_found_and_its_error_is_that_of_held_out_groups():
    evidence, auroc, groups = cells()
    learnt = PriorModel.fit(evidence, auroc, groups=groups, ridge=0)
    assert learnt.informative
    assert learnt.weights == pytest.approx((-0.1, 0.05), abs=0.03)
    assert learnt.sd == pytest.approx(0.02, abs=0.008)
    assert learnt.sd < learnt.sd_blind / 2
    assert learnt.expect({"cme": 2.0, "disagree": 0.5}).auroc == pytest.approx(0.725, abs=0.02)
    assert (learnt.n_cells, learnt.n_groups) == (48, 12)


def test_the_order_of_the_evidence_does_not_matter():
    evidence, auroc, groups = cells()
    learnt = PriorModel.fit(dict(reversed(evidence.items())), auroc, groups=groups)
    other = PriorModel.fit(evidence, auroc, groups=groups)
    seen = {"disagree": 0.1, "cme": 1.5}
    assert learnt.expect(seen).auroc == pytest.approx(other.expect(seen).auroc)


def test_evidence_that_predicts_nothing_is_not_used():
    rng, used = np.random.default_rng(1), 0
    for _ in range(100):
        auroc = rng.uniform(0.5, 0.9, 40)
        learnt = PriorModel.fit({"noise": rng.normal(size=40)}, auroc, groups=np.arange(40) % 10)
        used += learnt.informative
        if not learnt.informative:
            assert learnt.expect({"noise": 100.0}).auroc == pytest.approx(auroc.mean())
            assert learnt.sd == learnt.sd_blind == pytest.approx(auroc.std(), rel=0.3)
    assert used <= 15


def test_what_holds_within_groups_only_does_not_count():
    """Evidence that names the group: perfect on its rows, worthless for a new one."""
    rng = np.random.default_rng(2)
    groups = np.repeat(np.arange(8), 10)
    level = rng.uniform(0.5, 0.9, 8)[groups]
    names = {f"group {g}": (groups == g).astype(float) for g in range(8)}
    learnt = PriorModel.fit(names, level, groups=groups)
    assert learnt.sd >= 0.9 * level.std()


def test_an_expectation_stays_within_the_range_of_an_auroc():
    evidence, auroc, groups = cells()
    learnt = PriorModel.fit(evidence, auroc, groups=groups)
    assert learnt.expect({"cme": 1e6, "disagree": 0.0}).auroc == 0.0
    assert learnt.expect({"cme": -1e6, "disagree": 0.0}).auroc == 1.0


def test_a_perfect_fit_still_leaves_some_doubt():
    learnt = PriorModel.fit({"x": [1, 2, 3, 4]}, [0.5, 0.6, 0.7, 0.8], groups=[0, 1, 2, 3], ridge=0)
    assert learnt.sd == pytest.approx(1e-3)


def test_constant_evidence_does_no_harm():
    learnt = PriorModel.fit({"x": [1, 1, 1]}, [0.5, 0.6, 0.7], groups=[0, 1, 2])
    assert not learnt.informative
    assert learnt.expect({"x": 1}).auroc == pytest.approx(0.6)


def test_it_survives_json():
    evidence, auroc, groups = cells()
    learnt = PriorModel.fit(evidence, auroc, groups=groups)
    assert PriorModel.from_json(learnt.to_json()) == learnt


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not an experience"),
        ("[]", "not an experience"),
        ("{}", "not an experience"),
        ('{"format": "foureyes.experience", "version": 1}', "not an experience"),
    ],
)
def test_json_that_is_no_experience(text, message):
    with pytest.raises(InputError, match=message):
        PriorModel.from_json(text)


def test_another_version_is_refused():
    evidence, auroc, groups = cells()
    text = PriorModel.fit(evidence, auroc, groups=groups).to_json().replace('"version": 1', '"version": 2')
    with pytest.raises(InputError, match=r"version 1; got 'foureyes.experience' version 2"):
        PriorModel.from_json(text)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sd": "wide"}, "finite numbers; got 'wide'"),
        ({"sd": 0}, "spread above 0"),
        ({"weights": [1.0]}, "a weight a name"),
        ({"surprise": 1}, "not an experience"),
    ],
)
def test_json_from_a_stranger_is_checked(change, message):
    evidence, auroc, groups = cells()
    document = json.loads(PriorModel.fit(evidence, auroc, groups=groups).to_json()) | change
    with pytest.raises(InputError, match=message):
        PriorModel.from_json(json.dumps(document))


def test_too_few_groups_teach_nothing():
    with pytest.raises(NotEnoughData, match="at least 3 groups of cells; got 2"):
        PriorModel.fit({"x": [1, 2, 3]}, [0.5, 0.6, 0.7], groups=[0, 1, 1])


@pytest.mark.parametrize(
    ("evidence", "auroc", "message"),
    [
        ({}, [0.5], "needs evidence; got none"),
        ({"x": [1, np.inf, 1]}, [0.5] * 3, "evidence 'x' must be finite"),
        ({"x": [1, 2, 3]}, [0.5, 0.5, 1.5], r"auroc must lie in \[0, 1\]"),
        ({"x": [1, 2]}, [0.5] * 3, "same length"),
    ],
)
def test_cells_that_cannot_be_used(evidence, auroc, message):
    with pytest.raises(InputError, match=message):
        PriorModel.fit(evidence, auroc, groups=np.arange(len(auroc)))


def test_other_evidence_than_it_learnt_from_is_refused():
    evidence, auroc, groups = cells()
    learnt = PriorModel.fit(evidence, auroc, groups=groups)
    with pytest.raises(InputError, match="learnt from cme, disagree; got cme"):
        learnt.expect({"cme": 1.0})


@pytest.mark.parametrize(("auroc", "sd"), [(1.2, 0.1), (0.5, 0.0), (0.5, float("nan")), (float("nan"), 0.1)])
def test_an_expectation_is_a_real_guess(auroc, sd):
    with pytest.raises(InputError, match="an expectation needs"):
        AurocPrior(auroc, sd)


def test_knowing_nothing_allows_everything():
    assert UNINFORMED_PRIOR.auroc - 1.96 * UNINFORMED_PRIOR.sd < 0.4
    assert UNINFORMED_PRIOR.auroc + 1.96 * UNINFORMED_PRIOR.sd > 0.9
