"""What was aimed at, beside what was reached. Pure: a run's results in, lines of a table out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bench.ratios import Spread, marginal, per_round
from bench.session import TimedCell

__all__ = ["TARGETS", "Results", "Target", "memory_ratio", "speed_ratio", "steadiness"]


@dataclass(frozen=True, slots=True)
class Results:
    """Everything that a run measured.

    Attributes:
        about: when, where and how it ran.
        cells: one per model, arithmetic and workload.
        scaling: by verifier, a run per size.
        start_up: of the command line.
    """

    about: Mapping[str, Any]
    cells: Sequence[TimedCell]
    scaling: Mapping[str, Sequence[Mapping[str, Any]]]
    start_up: Mapping[str, Any]

    @property
    def processor(self) -> str:
        """What it ran on, with the instructions that count."""
        return str(self.about["machine"]["processor"])

    def cell(self, model: str, dtype: str, workload: str) -> TimedCell | None:
        """One cell, if it was run."""
        asked = (model, dtype, workload)
        return next((cell for cell in self.cells if (cell.model, cell.dtype, cell.workload) == asked), None)


@dataclass(frozen=True, slots=True)
class Target:
    """One line: a ratio of every cell of one workload, and the bound it is to keep on a processor."""

    name: str
    workload: str
    reached: Callable[[TimedCell], Spread | None]
    bound: Callable[[TimedCell, str], float | None]
    at_most: bool = False

    def met(self, cell: TimedCell, spread: Spread, processor: str) -> bool | None:
        """Whether the median keeps the bound; ``None`` where there is none."""
        bound = self.bound(cell, processor)
        if bound is None:
            return None
        return spread.median <= bound if self.at_most else spread.median >= bound


def speed_ratio(cell: TimedCell, ours: str, theirs: str, quantity: str = "seconds") -> Spread | None:
    """How many times as fast one contender was as another, within each round."""
    return per_round(cell.column(theirs, quantity), cell.column(ours, quantity))


def memory_ratio(cell: TimedCell, ours: str, theirs: str) -> Spread | None:
    """One contender's peak memory over another's, of the whole process."""
    return per_round(cell.peak(ours), cell.peak(theirs))


def ceiling_share(cell: TimedCell, contender: str) -> Spread | None:
    """Share of the machine's matrix product that a contender reached, by the formula's count of its work."""
    most = cell.notes.get("ceiling", {}).get("flop")
    if most is None:
        return None
    rates = [cell.work["flop"] / seconds for seconds in cell.column(contender, "seconds")]
    return per_round(rates, [most / seconds for seconds in cell.column("ceiling", "seconds")])


def steadiness(runs: Sequence[Mapping[str, Any]], quantity: str) -> float | None:
    """What a row costs from the last but one size to the last, over what it costs from the one before: 1 is linear."""
    costs = marginal([run["rows"] for run in runs], [run[quantity] for run in runs])
    return costs[-1] / costs[-2] if len(costs) > 1 else None


WORKLOADS: Final = {"short": "short pairs", "long": "512-token prompts"}

ALONE: Final = "foureyes, nothing shared"


def _alone_to_floor(cell: TimedCell) -> Spread | None:
    return speed_ratio(cell, ALONE, "floor")


def _called_to_floor(cell: TimedCell) -> Spread | None:
    return speed_ratio(cell, "foureyes", "floor")


def _called_to_lm_eval(cell: TimedCell) -> Spread | None:
    return speed_ratio(cell, "foureyes", "lm-eval")


def _called_to_converted(cell: TimedCell) -> Spread | None:
    return speed_ratio(cell, "foureyes", "foureyes, head converted")


def _memory_to_lm_eval(cell: TimedCell) -> Spread | None:
    return memory_ratio(cell, "foureyes", "lm-eval")


def _working_to_lm_eval(cell: TimedCell) -> Spread | None:
    return per_round(cell.working("foureyes"), cell.working("lm-eval"))


def _share(cell: TimedCell) -> Spread | None:
    return ceiling_share(cell, ALONE)


def _share_of_floor(cell: TimedCell) -> Spread | None:
    return ceiling_share(cell, "floor")


def _together(cell: TimedCell) -> Spread | None:
    return speed_ratio(cell, "foureyes", "foureyes, apart")


def _always(bound: float) -> Callable[[TimedCell, str], float]:
    return lambda _cell, _processor: bound


def _never(_cell: TimedCell, _processor: str) -> None:
    return None


def _multiplies_by_amx(cell: TimedCell, processor: str) -> bool:
    return cell.dtype == "bfloat16" and "amx_bf16" in processor


def _times_floor(cell: TimedCell, processor: str) -> float:
    return 1.1 if _multiplies_by_amx(cell, processor) else 0.9


def _times_lm_eval(cell: TimedCell, processor: str) -> float | None:
    if _multiplies_by_amx(cell, processor):
        return {"short": 3.0, "long": 2.0}[cell.workload]
    return {"smollm2-135m": 2.0, "gemma3-270m": 3.0}.get(cell.model)


def _of_ceiling(cell: TimedCell, _processor: str) -> float | None:
    return 0.6 if cell.dtype == "bfloat16" else None


def _of_both_workloads() -> Iterator[Target]:
    for workload, words in WORKLOADS.items():
        yield Target(f"speed ÷ floor, same tokens, {words}", workload, _alone_to_floor, _times_floor)
        yield Target(f"speed ÷ floor, as called, {words}", workload, _called_to_floor, _times_floor)
        yield Target(f"speed ÷ lm-eval, {words}", workload, _called_to_lm_eval, _times_lm_eval)
        yield Target(f"speed ÷ the head converted to float32, {words}", workload, _called_to_converted, _never)
        yield Target(f"peak memory ÷ lm-eval, {words}", workload, _memory_to_lm_eval, _always(0.4), at_most=True)
        yield Target(f"memory to read ÷ lm-eval, {words}", workload, _working_to_lm_eval, _never)


TARGETS: Final = (
    *_of_both_workloads(),
    Target("share of the matrix-product ceiling, 512-token prompts", "long", _share, _of_ceiling),
    Target("the floor's own share of it", "long", _share_of_floor, _never),
    Target("8 answers to one 512-token prompt ÷ read apart", "answers", _together, _always(4.0)),
)
