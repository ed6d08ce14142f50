"""Cascade steps in which one model writes, another reads, and a calibrator turns the reading into a confidence.

The verifier's reading is part of what a step costs; :class:`foureyes.cascade.curves.Costs` has a place for it.
"""

from __future__ import annotations

from collections.abc import Sequence

from foureyes.calibration.calibrator import ScoreCalibrator
from foureyes.calibration.provenance import Source
from foureyes.cascade.driver import Reply, Step
from foureyes.errors import ConfigError
from foureyes.models.roles import Reader, Sampling, Writer
from foureyes.signals.catalog import require_one_pass
from foureyes.signals.cross import score
from foureyes.types import Prompt, Scored, Unscored, Written

__all__ = ["write_and_read_step"]


def write_and_read_step(
    writer: Writer,
    reader: Reader,
    calibrator: ScoreCalibrator,
    *,
    sampling: Sampling | None = None,
    signal: str = "log_cmp",
) -> Step[Prompt, Written]:
    """Builds a step that answers prompts, with P(correct) from a verifier's reading of each answer.

    Args:
        writer: the model that answers.
        reader: the verifier that reads each answer once.
        calibrator: fitted on this signal of this reader.
        sampling: how the writer chooses its words; greedy by default, and one answer a prompt.
        signal: what is calibrated, by its name in the catalogue; one of one reading.

    Returns:
        A step for :func:`foureyes.cascade.driver.run_cascade`: (what was written, P(correct)), or ``Unscored`` in place of the
        confidence where the model could not write or the verifier could not read.

    Raises:
        InputError: there is no such signal of one reading.
        ConfigError: the calibrator was fitted on another signal or reader, or more than one answer is asked for.
    """
    require_one_pass([signal])
    chosen = sampling or Sampling()
    if chosen.n != 1:
        raise ConfigError(f"a cascade takes one answer a prompt; got sampling with n = {chosen.n}")
    source = None if calibrator.fitted_on.source is None else Source(signal, reader.name)
    calibrator.fitted_on.require(source)

    def step(prompts: Sequence[Prompt]) -> list[Reply[Written]]:
        answers = [answer for (answer,) in writer.write(prompts, chosen)]
        rows = iter(score((answer.exchange for answer in answers if isinstance(answer, Written)), reader))
        return [
            (answer, _confidence(next(rows), calibrator, signal)) if isinstance(answer, Written) else (None, answer)
            for answer in answers
        ]

    return step


def _confidence(row: Scored | Unscored, calibrator: ScoreCalibrator, signal: str) -> float | Unscored:
    if isinstance(row, Unscored):
        return row
    value = row[signal]
    if value is None:
        return Unscored("bad_reply", f"this reading cannot tell {signal}")
    return float(calibrator.predict_proba([value])[0])
