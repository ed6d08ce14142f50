"""What a promise remembers of the answers it was made on, and whether others are drawn like them.

A promise holds for answers like the labelled ones. It cannot see whether answers to come are as often right as they were,
but it can see whether their confidences are spread alike. A newcomer starts at :meth:`MadeOn.compare`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foureyes.calibration.artefact import require_rows_of_numbers
from foureyes.display import Result, plural
from foureyes.errors import InputError, NotEnoughData
from foureyes.maths.columns import fraction, probabilities

__all__ = ["DataShift", "MadeOn"]

_BINS: Final = 20
_SIMULATED: Final = 1999
_SLACK: Final = 1e-12


@dataclass(frozen=True, slots=True, repr=False)
class DataShift(Result):
    """Whether confidences are spread like those a promise was made on.

    Attributes:
        n: confidences compared.
        n_made: those of the promise.
        below: the confidence at which the two differ most.
        share, share_made: how many of them, and of the promise's, lie below it.
        p_value: chance of so large a difference, or a larger one, between two samples of the same answers.
        level: at which that counts as a difference.
    """

    n: int
    n_made: int
    below: float
    share: float
    share_made: float
    p_value: float
    level: float

    @property
    def differs(self) -> bool:
        """Whether the promise was made for other data: wrongly so with a chance of at most ``level``."""
        return self.p_value <= self.level

    @property
    def statement(self) -> str:
        """The finding in words."""
        seen = (
            f"{self.share:.1%} of these {self.n:,} confidences lie below {self.below:.3g}, of the {self.n_made:,} it was made "
            f"on {self.share_made:.1%} did (test of equal distributions, p = {self.p_value:.2g}, level {self.level:g})"
        )
        if self.differs:
            return f"The promise was made for other data: {seen}."
        return (
            f"No sign that the promise was made for other data: {seen}. What cannot be seen in confidences may differ."
        )


@dataclass(frozen=True, slots=True, repr=False)
class MadeOn(Result):
    """The confidences that a promise was made on, in short.

    Attributes:
        edges: ascending; quantiles of the confidences, with the smallest and what is just above the largest.
        counts: rows below the first edge, from each edge to the next, and from the last on.
        calibrator: whose confidences, see :attr:`foureyes.calibration.Calibrator.identity`; empty where nobody said.

    Raises:
        InputError: edges that do not ascend, or counts that are none of theirs.
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    calibrator: str = ""

    def __post_init__(self) -> None:
        require_rows_of_numbers("threshold", edges=self.edges, counts=self.counts)
        whole = all(isinstance(count, int) and count >= 0 for count in self.counts)
        ascending = all(low < high for low, high in zip(self.edges, self.edges[1:], strict=False))
        if not (ascending and whole and len(self.counts) == len(self.edges) + 1 and sum(self.counts) > 0):
            raise InputError("threshold: made_on wants ascending edges and a count between any two, and at both ends")
        if not isinstance(self.calibrator, str):
            raise InputError(f"threshold: made_on.calibrator is text; got {self.calibrator!r:.60}")

    @classmethod
    def of(cls, confidence: NDArray[np.float64], calibrator: str = "") -> MadeOn:
        """Takes down (N,) confidences, N ≥ 1."""
        inner = np.quantile(confidence, np.arange(1, _BINS) / _BINS, method="lower")
        ends = confidence.min(), np.nextafter(confidence.max(), np.inf)
        edges = np.unique(np.concatenate([inner, ends]))
        return cls(tuple(edges.tolist()), tuple(_counts(confidence, edges).tolist()), calibrator)

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> MadeOn:
        """Reads what ``dataclasses.asdict`` made of it.

        Raises:
            InputError: another object.
        """
        if set(document) != {"edges", "counts", "calibrator"}:
            raise InputError(f"threshold: made_on wants edges, counts and calibrator; got {document!r:.60}")
        lists = (document["edges"], document["counts"])
        if not all(isinstance(values, list) for values in lists):
            raise InputError("threshold: made_on.edges and made_on.counts are lists")
        return cls(tuple(lists[0]), tuple(lists[1]), document["calibrator"])

    @property
    def n(self) -> int:
        """Rows."""
        return sum(self.counts)

    def compare(self, confidence: ArrayLike, *, level: float = 0.01, seed: int = 0) -> DataShift:
        """Tests whether other confidences are drawn like these: the largest difference in the share below any edge.

        Its p-value is exact for every number of rows and every distribution without ties, by 1,999 simulated draws.

        Args:
            confidence: (N,) in [0, 1], of answers that do not hang together.
            level: chance of seeing a difference where there is none, in (0, 1).
            seed: of the simulation.

        Raises:
            InputError: confidences outside [0, 1] or NaN, a level outside (0, 1).
            NotEnoughData: no confidences.

        Example:
            >>> rng = np.random.default_rng(0)
            >>> made = MadeOn.of(rng.beta(4, 1, 500))
            >>> made.compare(rng.beta(4, 1, 800)).differs, made.compare(rng.beta(2, 1, 800)).differs
            (False, True)
        """
        c, level = probabilities("confidence", confidence), fraction("level", level)
        if not len(c):
            raise NotEnoughData("a comparison needs confidences; got none")
        now = _counts(c, np.array(self.edges))
        gaps = np.abs(_below(np.array(self.counts)) - _below(now))
        place = int(gaps.argmax())
        p_value = (1 + int((self._gaps_by_chance(len(c), seed) >= gaps[place] - _SLACK).sum())) / (1 + _SIMULATED)
        shares = float(_below(now)[place]), float(_below(np.array(self.counts))[place])
        return DataShift(len(c), self.n, self.edges[place], *shares, p_value, level)

    def _gaps_by_chance(self, n: int, seed: int) -> NDArray[np.float64]:
        """The largest gap in simulated draws of n answers like these.

        Between order statistics of a sample the chances of further draws are Dirichlet, whatever the distribution.
        """
        spacings = np.array(self.counts, np.float64)
        spacings[[0, -1]] += 1
        spacings[-2] -= 1  # its last row is the largest, which nothing of it lies above
        rng = np.random.default_rng(seed)
        kept = spacings > 0
        chances = np.zeros((_SIMULATED, len(spacings)))
        chances[:, kept] = rng.dirichlet(spacings[kept], _SIMULATED)
        found: NDArray[np.float64] = np.abs(_below(np.array(self.counts)) - _below(rng.multinomial(n, chances))).max(
            axis=-1
        )
        return found

    def require(self, calibrator: str) -> None:
        """Refuses the confidences of another calibrator; says nothing where nobody said whose these were.

        Raises:
            InputError: they are another's.
        """
        if self.calibrator and calibrator != self.calibrator:
            raise InputError(f"this threshold was made on confidences of {self.calibrator}; got those of {calibrator}")

    def __str__(self) -> str:
        """How many, and whose."""
        return f"{plural(self.n, 'confidence')} of {self.calibrator or 'a calibrator that was not named'}"


def _counts(confidence: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.bincount(np.searchsorted(edges, confidence, side="right"), minlength=len(edges) + 1)


def _below(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """(…, E) the share of rows below each edge."""
    found: NDArray[np.float64] = counts[..., :-1].cumsum(axis=-1) / counts.sum(axis=-1, keepdims=True)
    return found
