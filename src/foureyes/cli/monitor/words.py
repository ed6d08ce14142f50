"""What ``foureyes monitor`` prints for a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from foureyes.cli.output import seen
from foureyes.display import plural

if TYPE_CHECKING:
    from foureyes.cli.monitor.monitored import Monitored
    from foureyes.monitoring import MonitorSettings

__all__ = ["print_monitored"]

_MOST_NAMES: Final = 10
_WIDEST_NAME: Final = 32
_TITLES: Final = {"agent": "agents", "session": "sessions", "source": "memory sources"}


def print_monitored(done: Monitored, settings: MonitorSettings) -> None:
    """Figures, alarms, and the agents, sessions and memories with the most evidence against them."""
    for line in _lines(done, settings):
        print(seen(line))


def _lines(done: Monitored, settings: MonitorSettings) -> Iterator[str]:
    figures = done.snapshot["figures"]
    yield f"{plural(done.rows, 'row')}; disagreement of verifiers {_share(figures['disagreement'])}, failed votes {_share(figures['verifier_errors'])}"
    for name, mean in done.rolling.items():
        limit = "" if settings.max_log_cmp is None else f"; limit {settings.max_log_cmp:.3g}"
        yield (
            f"rolling log_cmp of {name} (mean of {mean['window']}): median {mean['median']:.3g}, "
            f"5 to 95 % {mean['q05']:.3g} to {mean['q95']:.3g}, highest {mean['highest']:.3g}{limit}"
        )
    if (fresh := done.snapshot["fresh"]) is not None:
        yield from _fresh(fresh)
    for kind, title in _TITLES.items():
        yield from _origins(title, done.snapshot["origins"][kind])
    yield ""
    yield plural(len(done.alarms), "alarm") if done.alarms else "no alarm"
    for row, alarm in done.alarms:
        yield f"  row {row}: {alarm.statement}"
        yield f"    false alarm: {alarm.false_alarms}"


def _fresh(fresh: Mapping[str, Any]) -> Iterator[str]:
    shift = fresh["shift"]
    moved = (
        "not read"
        if shift is None
        else f"{shift['mean']:+.3g} nats a token on average (median {shift['median']:+.3g}, 5 to 95 % {shift['q05']:+.3g} to {shift['q95']:+.3g})"
    )
    yield f"put afresh {plural(fresh['n'], 'question')}: the clean model answers something else in {_share(fresh['differs'])}; shift {moved}"


def _origins(title: str, found: Mapping[str, Any]) -> Iterator[str]:
    rows = found["shown"][:_MOST_NAMES]
    if not rows:
        return
    forgotten = f", {found['forgotten']} forgotten" if found["forgotten"] else ""
    yield ""
    yield f"{found['known']} {title}{forgotten}, the most disputed first"
    yield f"  {'':<{_WIDEST_NAME}}  {'rows':>6}  {'disputed':>8}  {'others':>8}  {'differ':>8}  {'log_cmp':>8}  {'shift':>8}  {'afresh':>8}"
    for row in rows:
        name = row["name"] if len(row["name"]) <= _WIDEST_NAME else f"{row['name'][: _WIDEST_NAME - 1]}…"
        shares = [row["disputed"], row["others_disputed"], row["disagreement"]]
        cells = [_percent(share) for share in shares] + [_number(row["log_cmp"]), _number(row["fresh_shift"])]
        cells.append(_percent(row["fresh_differs"]))
        mark = "  ALARM" if row["alarmed"] else ""
        yield f"  {name:<{_WIDEST_NAME}}  {row['decisions']:>6}  {'  '.join(f'{cell:>8}' for cell in cells)}{mark}"


def _share(share: Mapping[str, Any] | None) -> str:
    return "–" if share is None else f"{share['value']:.1%} ({share['k']:,} of {share['n']:,})"


def _percent(share: Mapping[str, Any] | None) -> str:
    return "–" if share is None else f"{share['value']:.0%}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
