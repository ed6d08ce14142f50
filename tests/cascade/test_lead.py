import numpy as np
import pytest

from foureyes.cascade.curves import cascade_curve
from foureyes.cascade.lead import router_lead
from foureyes.cascade.routers import AdvantageRouter, InSample, ThresholdRouter
from foureyes.errors import InputError


def pair(seed=0, n=3000, large=0.9):
    """A small model that knows when it knows, what is left of that after noise, and a large one."""
    rng = np.random.default_rng(seed)
    confidence = rng.random(n)
    blurred = np.clip(confidence + rng.normal(0, 0.4, n), 0, 1)
    return confidence, blurred, rng.random(n) < confidence, rng.random(n) < large


def test_a_lead_is_the_difference_of_the_curves_with_an_interval_around_it():
    confidence, blurred, small, large = pair()
    one, other = (ThresholdRouter(), confidence), (ThresholdRouter(), blurred)
    lead = router_lead(one, other, small, large)
    areas = [cascade_curve(read, small, large, router) for router, read in (one, other)]
    assert lead.apgr == pytest.approx(areas[0].apgr - areas[1].apgr)
    assert lead.over_random == pytest.approx(areas[0].over_random - areas[1].over_random)
    assert 0 < lead.low < lead.apgr < lead.high
    assert 0 < lead.over_random_low < lead.over_random < lead.over_random_high
    assert (lead.level, lead.n) == (0.95, 3000)
    back = router_lead(other, one, small, large)
    assert (back.apgr, back.over_random) == pytest.approx((-lead.apgr, -lead.over_random))


def test_it_tells_routers_apart_whose_own_bands_overlap():
    confidence, blurred, small, large = pair(n=1200)
    slightly = 0.2 * confidence + 0.8 * blurred
    curves = [cascade_curve(read, small, large, ThresholdRouter()) for read in (slightly, blurred)]
    assert curves[0].low < curves[1].high
    lead = router_lead((ThresholdRouter(), slightly), (ThresholdRouter(), blurred), small, large)
    assert lead.low > 0


def test_without_a_gap_accuracies_can_still_be_compared():
    confidence, blurred, small, _ = pair()
    lead = router_lead((ThresholdRouter(), confidence), (ThresholdRouter(), blurred), small, np.roll(small, 1))
    assert (lead.apgr, lead.low, lead.high) == (None, None, None)
    assert lead.over_random_low > 0


def test_a_gap_that_may_be_none_does_not_bound_the_area():
    confidence, blurred, small, large = pair(seed=1, n=60, large=0.6)
    assert 0 < large.mean() - small.mean() < 0.1
    lead = router_lead((ThresholdRouter(), confidence), (ThresholdRouter(), blurred), small, large)
    assert lead.apgr is not None
    assert (lead.low, lead.high) == (None, None)


def test_a_router_that_has_seen_the_rows_is_refused_unless_it_is_said_aloud():
    confidence, blurred, small, large = pair(n=200)
    fitted = AdvantageRouter.fit(confidence, np.full(200, 0.9))
    with pytest.raises(InputError, match="the router was fitted on"):
        router_lead((ThresholdRouter(), blurred), (fitted, confidence), small, large)
    assert router_lead((InSample(fitted), confidence), (ThresholdRouter(), blurred), small, large).n == 200
