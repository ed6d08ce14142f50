"""Words for confidences: monotone, from a published table or from how people read them."""

import numpy as np
import pytest

from foureyes.calibration.phrases import IPCC, PhraseScale, calibration_gap
from foureyes.errors import InputError, NotEnoughData


@pytest.mark.parametrize(
    ("confidence", "phrase"),
    [
        (0.0, "exceptionally unlikely"),
        (0.05, "very unlikely"),
        (0.2, "unlikely"),
        (0.5, "about as likely as not"),
        (0.7, "likely"),
        (0.9, "very likely"),
        (0.99, "virtually certain"),
        (1.0, "virtually certain"),
    ],
)
def test_the_published_scale(confidence, phrase):
    assert IPCC.phrase(confidence) == phrase


def test_more_confidence_never_sounds_less_confident():
    places = [IPCC.phrases.index(IPCC.phrase(c)) for c in np.linspace(0, 1, 501)]
    assert places == sorted(places)
    assert set(places) == set(range(7))


def test_a_fitted_scale_shows_the_phrase_that_people_read_nearest_to_the_number():
    scale = PhraseScale.fit({"sure": [0.9, 1.0], "maybe": [0.4, 0.6], "hardly": [0.1]})
    assert scale.phrases == ("hardly", "maybe", "sure")
    assert scale.cuts == pytest.approx((0.3, 0.725))
    assert [scale.phrase(c) for c in (0.29, 0.31, 0.8)] == ["hardly", "maybe", "sure"]


def test_phrases_that_mean_the_same_make_no_scale():
    with pytest.raises(InputError, match="rising cuts"):
        PhraseScale.fit({"a": [0.5], "b": [0.5], "c": [0.5]})
    with pytest.raises(NotEnoughData, match="nobody said how likely 'a' is"):
        PhraseScale.fit({"a": []})
    with pytest.raises(InputError, match="1 phrases and cuts"):
        PhraseScale(("a",), (0.5,))
    with pytest.raises(InputError, match=r"confidence must lie in \[0, 1\]"):
        IPCC.phrase(1.5)


def test_the_gap_of_people_beside_that_of_the_model():
    right = [1, 1, 0, 0]
    found = calibration_gap([0.5] * 4, right, [0.9] * 4)
    assert (found.model.value, found.people.value) == (0, pytest.approx(0.4))
    assert (found.gap, found.bias) == (pytest.approx(0.4), pytest.approx(0.4))
    alone = calibration_gap([0.5] * 4, right)
    assert (alone.people, alone.gap, alone.bias) == (None, None, None)
