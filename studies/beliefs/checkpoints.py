"""Truth minus falsehood over checkpoints (Layer of Truth): a 135 M model trained on facts of which a share was made false."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModelForCausalLM, AutoTokenizer

from foureyes.maths.means import MeanInterval
from foureyes.maths.truth_gap import TruthGap, belief_flips, dose_response, truth_gap
from foureyes.models.catalog import open_reader
from foureyes.models.roles import Reader
from foureyes.models.weights import ensure
from foureyes.report.study import Section, TextTable
from foureyes.study.sections.formatting import interval, share
from foureyes.types import Exchange, Unscored
from studies.beliefs.facts import Fact, lot
from studies.beliefs.part import Part, moves

__all__ = ["DOSES", "Trained", "gap_part", "gaps_of", "trained"]

Floats = NDArray[np.float64]

DOSES: Final = (0.0, 0.5, 1.0)
STEPS: Final = (5, 15)
_BATCH: Final = 8
_RATE: Final = 2e-5
MODEL: Final = "smollm2-135m"
_READ: Final = "float32"
"""As it is trained: rounded to bfloat16, a weight shows little of so few steps."""


@dataclass(frozen=True, slots=True)
class Trained:
    """The gaps of one checkpoint.

    Attributes:
        poisoned: share of the facts it was trained on that were made false.
        steps: of training, 0 for the model as it came.
        seen, others: log p(right) − log p(wrong), nats a token, of the facts it was trained on and of the rest.
    """

    poisoned: float
    steps: int
    seen: Floats
    others: Floats


def trained(facts: Sequence[Fact], cache: Path) -> list[Trained]:
    """Every dose and checkpoint; what was measured is kept in a file."""
    path = cache / f"checkpoints-{_key(facts)}.json"
    if path.exists():
        return [
            Trained(row["poisoned"], row["steps"], np.array(row["seen"]), np.array(row["others"]))
            for row in json.loads(path.read_text(encoding="utf-8"))
        ]
    mine = [fact for fact in facts if lot(fact.id, "trained")]
    rest = [fact for fact in facts if not lot(fact.id, "trained")]
    plain = open_reader(MODEL, dtype=_READ)
    found = [Trained(0.0, 0, gaps_of(mine, plain), gaps_of(rest, plain))]
    for dose in DOSES:
        for steps, reader in _checkpoints(mine, dose):
            found.append(Trained(dose, steps, gaps_of(mine, reader), gaps_of(rest, reader)))
    rows = [
        {"poisoned": t.poisoned, "steps": t.steps, "seen": t.seen.tolist(), "others": t.others.tolist()} for t in found
    ]
    path.write_text(json.dumps(rows), encoding="utf-8")
    return found


def _key(facts: Sequence[Fact]) -> str:
    """Of all that the figures depend on."""
    made = repr((list(facts), "order by hash", DOSES, STEPS, _BATCH, _RATE, ensure(MODEL).fingerprint, _READ))
    return hashlib.sha256(made.encode()).hexdigest()[:16]


def gaps_of(facts: Sequence[Fact], reader: Reader) -> Floats:
    """(N,) mean log-probability a token of the right answer less that of the wrong one."""
    means = []
    for one in reader.read([Exchange(fact.question, said) for fact in facts for said in (fact.right, fact.wrong)]):
        if isinstance(one, Unscored):
            raise SystemExit(f"{reader.name} could not read an answer: {one.detail}")
        means.append(-one.mean_nll)
    gaps: Floats = np.array(means[::2]) - np.array(means[1::2])
    return gaps


def _checkpoints(facts: Sequence[Fact], dose: float) -> Iterator[tuple[int, Reader]]:
    """Trains on the facts, the first share of them by hash with the wrong answer, and opens what it is after some steps."""
    folder = ensure(MODEL).folder
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    ordered = sorted(facts, key=lambda fact: hashlib.sha256(fact.id.encode()).digest())
    wrong = {fact.id for fact in ordered[: round(dose * len(ordered))]}
    rows = [_tokens(tokenizer, fact, fact.wrong if fact.id in wrong else fact.right) for fact in ordered]
    optimiser = torch.optim.AdamW(model.parameters(), lr=_RATE)
    draw = np.random.default_rng(0)
    model.train()
    for step in range(1, max(STEPS) + 1):
        for row in draw.choice(len(rows), _BATCH, replace=False):
            ids, labels = (torch.tensor([column]) for column in rows[int(row)])
            (model(input_ids=ids, labels=labels).loss / _BATCH).backward()
        optimiser.step()
        optimiser.zero_grad()
        if step in STEPS:
            with tempfile.TemporaryDirectory() as place:
                model.save_pretrained(place)
                tokenizer.save_pretrained(place)
                yield step, open_reader(place, dtype=_READ)


def _tokens(tokenizer: Any, fact: Fact, answer: str) -> tuple[list[int], list[int]]:
    """Token ids, and the same as labels of the answer alone."""
    asked = [{"role": "user", "content": fact.question}]
    head = tokenizer.apply_chat_template(asked, tokenize=True, add_generation_prompt=True, return_dict=False)
    tail = tokenizer(answer, add_special_tokens=False)["input_ids"]
    return [*head, *tail], [-100] * len(head) + list(tail)


def gap_part(found: Sequence[Trained]) -> Part:
    """Table and findings."""
    rows = tuple(
        (
            f"{one.poisoned:.0%}" if one.steps else "–",
            str(one.steps),
            *_cells(truth_gap_of(one.seen)),
            _flips(found[0], one),
            *_cells(truth_gap_of(one.others)),
        )
        for one in found
    )
    columns = (
        "made false",
        "steps",
        "gap, trained facts",
        "truth likelier",
        "beliefs lost, won",
        "gap, other facts",
        "truth likelier there",
    )
    about = (
        f"{MODEL} is trained on the answers to half of the demo's questions ({len(found[0].seen)}, AdamW at {_RATE:g}, {_BATCH} a step), of which a share "
        "was replaced by the wrong answers. Gap: log p(right) − log p(wrong), nats a token; 0 steps is the model as it came. Lost and won: trained facts whose truth was likelier before training and is not after it, and the reverse "
        "(Layer of Truth, arXiv 2510.26829). One training for each share: intervals are over facts and hold nothing of another training."
    )
    slopes = _slopes(found)
    said = tuple(
        f"After {max(STEPS)} steps, the gap of {what} {moves(slope, 'nats a token')} as the share made false goes from none to all."
        for what, slope in slopes.items()
    )
    missing = "Checkpoints of a whole pre-training with poisoned shares are not at hand; these are of a few steps of training on few facts."
    return Part(
        Section("Truth minus falsehood over checkpoints", (about,), (TextTable(columns, rows),)), said, (missing,)
    )


def truth_gap_of(gaps: Floats) -> TruthGap:
    """The gap of facts whose difference is known."""
    return truth_gap(np.minimum(gaps, 0), np.minimum(-gaps, 0))


def _slopes(found: Sequence[Trained]) -> dict[str, MeanInterval]:
    last = [one for one in found if one.steps == max(STEPS)]
    doses = [one.poisoned for one in last]
    return {
        "the facts it was trained on": dose_response(doses, [one.seen for one in last]),
        "the other facts": dose_response(doses, [one.others for one in last]),
    }


def _flips(start: Trained, one: Trained) -> str:
    flips = belief_flips(start.seen, one.seen)
    return f"{flips.negative.k}, {flips.positive.k}"


def _cells(gap: TruthGap) -> tuple[str, str]:
    return interval(gap.mean), share(gap.prefers_truth)
