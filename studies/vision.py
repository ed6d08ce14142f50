"""What becomes of a calibrated vision model as questions get harder? ``python -m studies.vision --data FOLDER``.

Published logits of 26 vision-language models on MMBench (vlm_mmbench_logits): one temperature for each and a router between two of them
are fitted on half of the questions of coarse perception, and judged on the other half and on each other kind of question. Nothing
is refitted. No model is run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

import foureyes as fe
from foureyes.calibration import Temperature
from foureyes.cascade.lead import router_lead
from foureyes.cascade.routers import ThresholdRouter
from foureyes.maths.resampling import group_weights, percentiles
from foureyes.report.cascade_shift import CascadeShiftRow, cascade_severity_table
from foureyes.report.forest import ForestMark, ForestPlot
from foureyes.report.shift import ShiftRow, severity_table
from foureyes.report.study import Section, StudyReport, TextTable
from studies.pages import add_pages, command_again, save_pages, study_parser

LARGE: Final = "llava-v1.6-34b"
SMALL_AT_MOST: Final = 3.1
"""Billions of parameters of a small model."""

HOME: Final = "coarse_perception"
BINS: Final = 5
_DRAWS: Final = 1000
_ROTATED: Final = 1_000_000
"""Rows with larger ids are rotations of another row's options; one row a question is taken."""

_PREFACE: Final = (
    "Models answer questions about pictures. One temperature for each is fitted on half of the questions of coarse perception; the "
    "first line of each table is the other half, those below are other kinds of questions, the ones that models know best first. "
    "Every question counts once, as it was published: rotations of its options are left out. Options are the four letters. Intervals "
    "are 95 %, questions drawn anew."
)


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """Questions of one kind: logits (M, N, 4) of all models, and the right letters (N,)."""

    name: str
    logits: NDArray[np.float64]
    gold: NDArray[np.intp]

    @property
    def right(self) -> NDArray[np.bool_]:
        """(M, N) of every model."""
        found: NDArray[np.bool_] = self.logits.argmax(axis=2) == self.gold
        return found

    def take(self, rows: NDArray[np.bool_], name: str) -> Kind:
        """Some of them."""
        return Kind(name, self.logits[:, rows], self.gold[rows])


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """What was fitted at home, and the questions that judge it.

    Attributes:
        names: of the M models.
        warm: a temperature for each.
        fit: the questions that it was fitted on.
        judged: others, those of the same kind first.
        pair: index of the small and of the large model of the cascade.
        n_broken: questions left out, since a logit of some model is no number.
    """

    names: list[str]
    warm: list[Temperature]
    fit: Kind
    judged: list[Kind]
    pair: tuple[int, int]
    n_broken: int = 0

    @classmethod
    def of(cls, names: list[str], sizes: NDArray[np.float64], found: Sequence[Kind], seed: int) -> Fitted:
        """Fits; the small model is the one of :data:`SMALL_AT_MOST` whose confidence is furthest from its accuracy there."""
        half = np.zeros(len(found[0].gold), np.bool_)
        half[np.random.default_rng(seed).permutation(len(half))[: len(half) // 2]] = True
        fit = found[0].take(half, HOME)
        off = [fe.ece(_stated(said), right).value for said, right in zip(fit.logits, fit.right, strict=True)]
        small = max(np.flatnonzero(sizes <= SMALL_AT_MOST).tolist(), key=lambda i: off[i])
        warm = [Temperature.fit(said, fit.gold) for said in fit.logits]
        judged = [found[0].take(~half, f"{HOME}, other half"), *found[1:]]
        return cls(names, warm, fit, judged, (small, names.index(LARGE)))


def main(argv: Sequence[str] | None = None) -> None:
    """Measures, and writes the page."""
    parser = study_parser("vision", __doc__)
    parser.add_argument("--seed", type=int, default=0, help="of the half to fit on (default: %(default)s)")
    add_pages(parser)
    args = parser.parse_args(argv)
    with np.load(args.data / "vlm_mmbench_logits" / "logits.npz", allow_pickle=False) as file:
        data = {name: file[name] for name in ("logits", "gold", "ids", "models", "params_b", "l2_category")}
    sizes = data["params_b"].astype(np.float64)
    fitted = Fitted.of(data["models"].tolist(), sizes, list(kinds(data)), args.seed)
    fitted = replace(fitted, n_broken=n_broken(data))
    report = report_of(fitted, command_again(parser, args))
    print("\n".join(report.findings))
    save_pages(report, args)


def kinds(data: dict[str, NDArray[Any]]) -> Iterator[Kind]:
    """The kinds of questions, the one to fit on first, then by the models' accuracy."""
    logits = np.asarray(data["logits"][:, :, :4], np.float64)
    whole = _as_published(data) & _has_logits(data)
    gold = data["gold"].astype(np.intp)
    every = [
        Kind(str(name), logits[:, rows], gold[rows])
        for name in np.unique(data["l2_category"])
        for rows in [whole & (data["l2_category"] == name)]
    ]
    yield from sorted(every, key=lambda kind: (kind.name != HOME, -float(kind.right.mean())))


def n_broken(data: dict[str, NDArray[Any]]) -> int:
    """Questions, rotations aside, of which some model's logits are no numbers."""
    return int((_as_published(data) & ~_has_logits(data)).sum())


def _as_published(data: dict[str, NDArray[Any]]) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = data["ids"].astype(np.int64) < _ROTATED
    return found


def _has_logits(data: dict[str, NDArray[Any]]) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = np.isfinite(data["logits"][:, :, :4]).all(axis=(0, 2))
    return found


def report_of(fitted: Fitted, command: str) -> StudyReport:
    """Judges everywhere what was fitted at home."""
    small, large = fitted.pair
    names = f"{fitted.names[small]} → {fitted.names[large]}"
    raw, calm = _reports(fitted, small)
    confidences = [fitted.warm[i].confidence(fitted.fit.logits[i]) for i in fitted.pair]
    router = fe.AdvantageRouter.fit(*confidences, bins=BINS, correct=tuple(fitted.fit.right[list(fitted.pair)]))
    routed = [_routed(fitted, kind, router) for kind in fitted.judged]
    errors = [_errors(fitted, kind) for kind in fitted.judged]
    marks = tuple(ForestMark(kind.name, *_saved(fitted, kind)) for kind in fitted.judged)
    picture = ForestPlot("Brier score saved by one temperature, mean of all models", marks, chance=0.0)
    every = TextTable(
        ("questions", "rows", "mean accuracy", "mean ECE as given", "one temperature", "lower in"),
        tuple(_line(kind, error) for kind, error in zip(fitted.judged, errors, strict=True)),
        f"{len(fitted.names)} models",
    )
    chosen = f"{fitted.names[small]} is the model of at most {SMALL_AT_MOST} billion parameters that is least calibrated at home."
    sections = (
        Section("All models", (), (every,), picture),
        Section("One of them", (chosen,), (_named(severity_table(raw), "As given"), _named(severity_table(calm), "One temperature"))),
        Section("A cascade", (), (_named(cascade_severity_table(routed), names),)),
    )  # fmt: skip
    return StudyReport(
        "What becomes of a calibrated vision model as questions get harder?",
        (_PREFACE,),
        tuple(_findings(fitted, marks, errors, routed)),
        tuple(_missing(fitted)),
        sections,
        command,
    )


def _missing(fitted: Fitted) -> Iterator[str]:
    yield "Kinds of questions are not corruptions of pictures: published logits of those are not at hand."
    if fitted.n_broken:
        yield f"Questions left out, since a logit of some model is no number: {fitted.n_broken}."


def _reports(fitted: Fitted, model: int) -> tuple[list[ShiftRow], list[ShiftRow]]:
    """A model as given, and with its temperature."""
    said = [(kind, kind.logits[model]) for kind in fitted.judged]
    raw = [ShiftRow(kind.name, 0, fe.calibration_report(_stated(one), kind.right[model])) for kind, one in said]
    return raw, [ShiftRow(kind.name, 0, fitted.warm[model].report(one, kind.gold)) for kind, one in said]


def _errors(fitted: Fitted, kind: Kind) -> NDArray[np.float64]:
    """(M, 2) ECE as given and with one temperature."""
    return np.array(
        [
            [
                fe.ece(_stated(said), right).value,
                fe.ece(warm.confidence(said), right).value,
            ]
            for warm, said, right in zip(fitted.warm, kind.logits, kind.right, strict=True)
        ]
    )


def _saved(fitted: Fitted, kind: Kind) -> tuple[float, float, float]:
    """Mean of the models' Brier scores saved, with its interval; questions are drawn."""
    claims = [np.array([_stated(said) for said in kind.logits])]
    claims.append(np.array([warm.confidence(said) for warm, said in zip(fitted.warm, kind.logits, strict=True)]))
    before, after = ((claim - kind.right) ** 2 for claim in claims)
    saved = (before - after).mean(axis=0)
    drawn = [(w @ saved) / w.sum() for w in group_weights(len(saved), _DRAWS, np.random.default_rng(0))]
    return float(saved.mean()), *percentiles(np.array(drawn), 0.95)


def _line(kind: Kind, errors: NDArray[np.float64]) -> tuple[str, ...]:
    lower = int((errors[:, 1] < errors[:, 0]).sum())
    means = [f"{mean:.3f}" for mean in errors.mean(axis=0)]
    return kind.name, str(len(kind.gold)), f"{kind.right.mean():.1%}", *means, f"{lower} of {len(errors)}"


def _stated(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    stated: NDArray[np.float64] = 1 / p.sum(axis=1)
    return stated


def _routed(fitted: Fitted, kind: Kind, router: fe.AdvantageRouter) -> CascadeShiftRow:
    small, large = fitted.pair
    confidence, right = fitted.warm[small].confidence(kind.logits[small]), (kind.right[small], kind.right[large])
    curve = fe.cascade_curve(confidence, *right, router)
    lead = router_lead((router, confidence), (ThresholdRouter(), confidence), *right)
    return CascadeShiftRow(kind.name, 0, curve, lead)


def _findings(
    fitted: Fitted,
    saved: Sequence[ForestMark],
    errors: Sequence[NDArray[np.float64]],
    routed: Sequence[CascadeShiftRow],
) -> Iterator[str]:
    home, away = errors[0].mean(axis=0), np.mean([error.mean(axis=0) for error in errors[1:]], axis=0)
    yield (
        f"Mean ECE of {len(fitted.names)} models at home {home[0]:.3f} → {home[1]:.3f} with one temperature, on the other kinds "
        f"{away[0]:.3f} → {away[1]:.3f}. Drawing questions anew adds to this error, so it has no interval here: whether a temperature helps is decided by the Brier score."
    )
    if all(row.lead.over_random_low == row.lead.over_random_high == 0 for row in routed):
        yield (
            "The router of these bins keeps the order of the small model's confidence, so it is the same as a threshold: over a threshold it "
            "gains nothing on any line."
        )
    better = sum(mark.low is not None and mark.low > 0 for mark in saved[1:])
    worse = sum(mark.high is not None and mark.high < 0 for mark in saved[1:])
    yield f"Of the {len(saved) - 1} other kinds, a temperature fitted at home surely saves Brier score on {better} and loses on {worse}."
    small, large = fitted.pair
    ahead = [row for row in routed if row.curve.over_random_low > 0]
    areas = ", ".join("no gap" if row.curve.apgr is None else f"{row.curve.apgr:.3f}" for row in routed)
    yield (
        f"The router fitted at home from {fitted.names[small]} to {fitted.names[large]} is surely above a random one on {len(ahead)} of "
        f"{len(routed)} lines (APGR {areas})."
    )


def _named(table: TextTable, caption: str) -> TextTable:
    return replace(table, columns=("questions", *table.columns[1:]), caption=caption)


if __name__ == "__main__":
    main()
