#!/usr/bin/env python3
"""Fits the calibrations that come with the package, on the demo's questions.

    python tools/fit_shipped.py            # writes src/foureyes/guard/shipped/*.json
    python tools/fit_shipped.py --check    # fits again and compares, writes nothing

Every question gives two rows, its right and its wrong answer, so half of the rows are wrong. The figures in the provenance
come from five folds over questions, so that no question is measured on which the calibration was fitted; the calibration
that is written is fitted on all of them. The score is the one that the guard votes on, ``worst_claim``. Two models with equal votes let through what neither of them flags; how much that
is, is printed for the pairs that commands use.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

import foureyes as fe
from foureyes.calibration import Source, flag_rate
from foureyes.demo.questions import load
from foureyes.guard.reader_judge import SHIPPED_MODELS
from foureyes.models.weights import SMALL_PAIR, STANDARD_PAIR
from foureyes.signals.worst import worst_claim

FOLDS = 5
RATE = 0.5
TARGET = Path(__file__).parents[1] / "src" / "foureyes" / "guard" / "shipped"


def fitted(model: str) -> tuple[dict[str, Any], Any, Any]:
    """The document of one model; (questions, 2) whether it flags the right and the wrong answer, held out; their surprise."""
    questions = load()
    reader = fe.open_reader(model)
    rows = worst_claim([exchange for question in questions for exchange in question.exchanges], reader)
    read = np.array([not isinstance(row, fe.Unscored) for row in rows])
    surprise = np.array([0.0 if isinstance(row, fe.Unscored) else row for row in rows])[read]
    correct = np.tile([True, False], len(questions))[read]
    question = np.repeat(np.arange(len(questions)), 2)[read]
    platt = fe.Platt.fit(surprise, correct, source=Source("worst_claim", reader.name))
    cut = flag_rate(platt.predict_proba(surprise), rate=RATE)
    flagged, figures = _held_out(surprise, correct, question)
    blocked, surprises = np.ones(len(read), dtype=bool), np.full(len(read), np.inf)
    blocked[read], surprises[read] = flagged, surprise  # what could not be read is not let through
    document = {
        "format": "foureyes.reading_judge",
        "version": 1,
        "calibrator": json.loads(platt.to_json()),
        "cut": asdict(cut),
        "provenance": {
            "command": "python tools/fit_shipped.py",
            "foureyes": fe.__version__,
            "fingerprint": reader.fingerprint,
            "questions": "foureyes.demo/questions.jsonl",
            "questions_sha256": _digest(),
            "rows": int(read.sum()),
            "unread": int((~read).sum()),
            **figures,
            "says": cut.statement,
        },
    }
    return document, blocked.reshape(-1, 2), surprises.reshape(-1, 2)


def _held_out(surprise: Any, correct: Any, question: Any) -> tuple[Any, dict[str, Any]]:
    """What it flags of questions it was not fitted on, and how well that does."""
    confidence, flagged = np.empty(len(correct)), np.empty(len(correct), dtype=bool)
    for fold in range(FOLDS):
        out = question % FOLDS == fold
        platt = fe.Platt.fit(surprise[~out], correct[~out])
        confidence[out] = platt.predict_proba(surprise[out])
        flagged[out] = confidence[out] < flag_rate(platt.predict_proba(surprise[~out]), rate=RATE).cut
    auroc, ece = fe.auroc(-confidence, wrong=~correct, groups=question), fe.ece(confidence, correct, groups=question)
    return flagged, {
        "auroc": [round(float(value), 3) for value in (auroc.value, auroc.low, auroc.high)],
        "ece": [round(float(value), 3) for value in (ece.value, ece.low, ece.high)],
        "flagged_of_wrong": round(float(flagged[~correct].mean()), 3),
        "flagged_of_right": round(float(flagged[correct].mean()), 3),
    }


def _told(name: str, blocked: Any) -> str:
    right, wrong = blocked.mean(axis=0)
    return f"{name}: {right:.0%} of right answers blocked, {1 - wrong:.0%} of wrong ones passed\n"


def _digest() -> str:
    return hashlib.sha256(files("foureyes.demo").joinpath("questions.jsonl").read_bytes()).hexdigest()


def main() -> int:
    """Fits every shipped calibration."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare with what is there and write nothing")
    check, same = parser.parse_args().check, True
    TARGET.mkdir(exist_ok=True)
    blocked, surprise = {}, {}
    for model in SHIPPED_MODELS:
        document, blocked[model], surprise[model] = fitted(model)
        text = json.dumps(document, indent=1) + "\n"
        path = TARGET / f"{model}.json"
        if check:
            same = same and _agree(json.loads(path.read_text(encoding="utf-8")), json.loads(text))
        else:
            path.write_text(text, encoding="utf-8")
        sys.stdout.write(_told(model, blocked[model]))
    for pair in (SMALL_PAIR, STANDARD_PAIR):
        either = blocked[pair.author] | blocked[pair.reader]
        sys.stdout.write(_told(f"{pair.author} and {pair.reader}, equal votes", either))
        as_many = np.quantile(surprise[pair.reader][:, 0], 1 - either[:, 0].mean())
        alone = surprise[pair.reader] > as_many
        sys.stdout.write(_told(f"{pair.reader} alone, with a cut that blocks as many right ones", alone))
    return 0 if same else 1


def _agree(one: Any, other: Any) -> bool:
    """Whether two fits say the same but for the arithmetic of another machine."""
    lines = [document["calibrator"]["parameters"] for document in (one, other)]
    near = all(abs(lines[0][name] - lines[1][name]) < 0.05 for name in ("slope", "intercept"))
    return near and one["provenance"]["questions_sha256"] == other["provenance"]["questions_sha256"]


if __name__ == "__main__":
    sys.exit(main())
