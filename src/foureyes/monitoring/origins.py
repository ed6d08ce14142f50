"""Figures for every agent, session and memory source that answers come from, and an alarm on one that stands out.

An agent with a poisoned memory gives answers that verifiers contradict, since they never saw that memory. Whichever name
the poisoned answers share (of the agent, of the session, of the memory) then has a higher share of disputed answers
than the rest of the traffic:

1. an answer is *disputed* when a verifier that took a side calls it unsafe;
2. every decision of a name is paired with the newest decision without that name, out of the latest 256, that was not
   paired with it before; no pair, no evidence (a name that all traffic has cannot stand out);
3. a :class:`~foureyes.maths.two_rates.RateComparison` bets on each pair that the name's answers are disputed more often.

Of the chance of a false alarm each kind of origin has a third, and the i-th name seen of it 1/(i(i + 1)) of that: all names
together stay within it, however many come. It is about chance only: a memory whose questions are harder stands out too.

Memory is bounded: of each kind the ``most`` names seen last are remembered, with their counts since they were first seen.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, get_args

from foureyes.errors import InputError
from foureyes.maths.bounds import clopper_pearson
from foureyes.maths.two_rates import RateComparison
from foureyes.monitoring.alarms import Alarm
from foureyes.monitoring.observation import FreshReading, Observation, Origin, OriginKind

__all__ = ["ORIGIN_KINDS", "OriginFigures", "OriginWatch"]

ORIGIN_KINDS: Final[tuple[OriginKind, ...]] = get_args(OriginKind)

_RECENT: Final = 256
_WORDS: Final[Mapping[OriginKind, str]] = {
    "agent": "Answers of the agent {}",
    "session": "Answers in the session {}",
    "source": "Answers that drew on the memory {}",
}


@dataclass(slots=True)
class OriginFigures:
    """Counts of the decisions with one name.

    Attributes:
        decisions, held: made, and not let through.
        compared, differing: on which two verifiers took a side, and took different ones.
        sided, disputed: on which a verifier took a side, and one said unsafe.
        readings, log_cmp: of readers, and the sum of theirs, nats a token.
        fresh, shift_readings, shift: fresh readings, those with a shift, and the sum of the shifts.
        fresh_compared, fresh_differing: those whose own answer could be compared, and said something else.
        last: when it was seen last, in seconds since 1970.
    """

    decisions: int = 0
    held: int = 0
    compared: int = 0
    differing: int = 0
    sided: int = 0
    disputed: int = 0
    readings: int = 0
    log_cmp: float = 0.0
    fresh: int = 0
    shift_readings: int = 0
    shift: float = 0.0
    fresh_compared: int = 0
    fresh_differing: int = 0
    last: float = 0.0

    def add(self, o: Observation) -> None:
        """Counts one decision in."""
        self.decisions += 1
        self.held += not o.safe
        disagreement, disputed = o.disagreement, o.disputed
        self.compared += disagreement is not None
        self.differing += bool(disagreement)
        self.sided += disputed is not None
        self.disputed += bool(disputed)
        for vote in o.opinions:
            if vote.log_cmp is not None:
                self.readings += 1
                self.log_cmp += vote.log_cmp
        self.last = max(self.last, o.at)

    def add_fresh(self, reading: FreshReading) -> None:
        """Counts one fresh reading in."""
        self.fresh += 1
        self.shift_readings += reading.shift is not None
        self.shift += reading.shift or 0.0
        self.fresh_compared += reading.differs is not None
        self.fresh_differing += bool(reading.differs)


@dataclass(slots=True)
class _Named:
    """What is known of one name."""

    comparison: RateComparison
    counts: OriginFigures = field(default_factory=OriginFigures)
    paired: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Decision:
    """One of the latest decisions, to pair others with."""

    number: int
    disputed: bool
    origins: frozenset[Origin]


class OriginWatch:
    """Figures by agent, session and memory source, and alarms on those that stand out.

    Args:
        alpha: chance that *any* of these alarms, ever, is false; in (0, 1).
        most: names remembered of each kind, ≥ 1.

    Example:
        >>> watch = OriginWatch(alpha=0.01, most=100)
        >>> from foureyes.monitoring.observation import ObservedVote
        >>> def seen(t, verdict, source):
        ...     return Observation(float(t), safe=False, consensus=True, opinions=(ObservedVote("a", verdict),), sources=(source,))
        >>> alarms = []
        >>> for t in range(40):
        ...     alarms += watch.observe(seen(t, "safe", "manual")) + watch.observe(seen(t, "unsafe", "notes"))
        >>> [alarm.key for alarm in alarms]
        ['origin:source:notes']
    """

    def __init__(self, *, alpha: float, most: int) -> None:
        self._alpha = alpha
        self._most = most
        self._names: dict[OriginKind, OrderedDict[str, _Named]] = {kind: OrderedDict() for kind in ORIGIN_KINDS}
        self._opened: dict[OriginKind, int] = dict.fromkeys(ORIGIN_KINDS, 0)
        self._recent: deque[_Decision] = deque(maxlen=_RECENT)
        self._number = 0

    def observe(self, o: Observation) -> list[Alarm]:
        """Counts a decision for each of its names.

        Returns:
            The alarms it raises, usually none.
        """
        alarms, origins, disputed = [], o.origins, o.disputed
        for kind, name in origins:
            named = self._named(kind, name)
            named.counts.add(o)
            if disputed is not None and self._paired(named, (kind, name), event=disputed):
                alarms.append(_alarm(kind, name, named, o.at))
        if disputed is not None:
            self._number += 1
            self._recent.append(_Decision(self._number, disputed, frozenset(origins)))
        return alarms

    def observe_fresh(self, reading: FreshReading) -> None:
        """Counts a fresh reading for each of its names."""
        for kind, name in reading.origins:
            self._named(kind, name).counts.add_fresh(reading)

    def acknowledge(self, kind: OriginKind, name: str) -> None:
        """Begins anew with a name: what was counted of it is forgotten."""
        self._names[kind].pop(name, None)

    def figures(self, level: float, *, most: int) -> dict[str, Any]:
        """By kind: how many names are known, and those with the most evidence against them, as plain JSON values.

        Args:
            level: of the intervals.
            most: names listed of each kind.
        """
        return {
            kind: {
                "known": len(names),
                "forgotten": self._opened[kind] - len(names),
                "shown": [_row(name, names[name], level) for name in _worst(names, most)],
            }
            for kind, names in self._names.items()
        }

    def state(self) -> dict[str, Any]:
        """All of it as plain JSON values."""
        return {
            "opened": dict(self._opened),
            "number": self._number,
            "recent": [[d.number, d.disputed, sorted(d.origins)] for d in self._recent],
            "names": {
                kind: [[name, asdict(n.counts), n.comparison.state(), sorted(n.paired)] for name, n in names.items()]
                for kind, names in self._names.items()
            },
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes back what :meth:`state` gave.

        Raises:
            InputError: not such a state.
        """
        try:
            for kind in ORIGIN_KINDS:
                self._opened[kind] = int(state["opened"][kind])
                for name, counts, comparison, paired in state["names"][kind]:
                    test = RateComparison.from_state(comparison)
                    self._names[kind][name] = _Named(test, OriginFigures(**counts), set(paired))
            self._number = int(state["number"])
            for number, disputed, origins in state["recent"]:
                pairs = frozenset((kind, name) for kind, name in origins)
                self._recent.append(_Decision(number, disputed, pairs))
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"not the state of a watch on origins: {error!r}") from error

    def _named(self, kind: OriginKind, name: str) -> _Named:
        names = self._names[kind]
        if name in names:
            names.move_to_end(name)
            return names[name]
        if len(names) >= self._most:
            names.popitem(last=False)
        self._opened[kind] += 1
        i = self._opened[kind]
        share = self._alpha / (len(ORIGIN_KINDS) * i * (i + 1))
        return names.setdefault(name, _Named(RateComparison(alpha=share)))

    def _paired(self, named: _Named, origin: Origin, *, event: bool) -> bool:
        """Whether this decision of a name, paired with one without it, raises the alarm."""
        if len(named.paired) > _RECENT:  # some are of decisions that nobody remembers any more
            oldest = self._recent[0].number
            named.paired = {number for number in named.paired if number >= oldest}
        partner = next(self._partners(named, origin), None)
        if partner is None:
            return False
        named.paired.add(partner.number)
        return named.comparison.observe(event=event, other=partner.disputed)

    def _partners(self, named: _Named, origin: Origin) -> Iterator[_Decision]:
        for decision in reversed(self._recent):
            if decision.number not in named.paired and origin not in decision.origins:
                yield decision


def _worst(names: Mapping[str, _Named], most: int) -> list[str]:
    """The names with the most evidence against them first, then those with the most disputed answers."""
    rank = {
        name: (n.comparison.alarmed, n.comparison.capital, n.counts.disputed, n.counts.last)
        for name, n in names.items()
    }
    return sorted(rank, key=rank.__getitem__, reverse=True)[:most]


def _row(name: str, named: _Named, level: float) -> dict[str, Any]:
    counts, test = named.counts, named.comparison
    return {
        "name": name,
        "decisions": counts.decisions,
        "held": _share(counts.held, counts.decisions, level),
        "disagreement": _share(counts.differing, counts.compared, level),
        "disputed": _share(counts.disputed, counts.sided, level),
        "others_disputed": _share(test.other_events, test.pairs, level),
        "log_cmp": counts.log_cmp / counts.readings if counts.readings else None,
        "fresh": counts.fresh,
        "fresh_shift": counts.shift / counts.shift_readings if counts.shift_readings else None,
        "fresh_differs": _share(counts.fresh_differing, counts.fresh_compared, level),
        "last": counts.last,
        "capital": test.capital,
        "limit": test.limit,
        "alarmed": test.alarmed,
    }


def _share(k: int, n: int, level: float) -> dict[str, Any] | None:
    if not n:
        return None
    low, high = clopper_pearson(k, n, level)
    return {"value": k / n, "low": low, "high": high, "k": k, "n": n}


def _alarm(kind: OriginKind, name: str, named: _Named, at: float) -> Alarm:
    test = named.comparison
    share, others = test.events / test.pairs, test.other_events / test.pairs
    return Alarm(
        key=f"origin:{kind}:{name}",
        kind="origin",
        at=at,
        statement=f"{_WORDS[kind].format(name)} are disputed more often than the others: {100 * share:.0f} % against "
        f"{100 * others:.0f} %, in {test.pairs} pairs.",
        false_alarms=f"a chance of at most {100 * test.alpha:.2g} %, ever, on this name; it cannot tell a poisoned memory "
        "from harder questions",
        resume="Ends when acknowledged; its answers are then counted anew.",
    )
