"""The report of a study: its sections, made of the rows of its cells.

Figures come from :mod:`foureyes.study.measures`, their looks from :mod:`foureyes.report.study`; here they become text. A
figure that is missing is shown as its reason. Start at :func:`build_report`.
"""

from __future__ import annotations

from collections.abc import Sequence

from foureyes.report.study import Section, StudyReport, TextTable
from foureyes.study.cells import Cell
from foureyes.study.claims import decide
from foureyes.study.plan import Study
from foureyes.study.provenance import StudyManifest
from foureyes.study.sections.labelled import calibration, choices, combinations, labels
from foureyes.study.sections.pairs import pairs
from foureyes.study.sections.ranking import answers, claims, controls, failing, rank_all, signals
from foureyes.study.sections.robustness import protocol_sections

__all__ = ["build_report"]


def build_report(study: Study, cells: Sequence[Cell], manifest: StudyManifest, command: str) -> StudyReport:
    """The whole report.

    Args:
        study: what was asked.
        cells: what was found.
        manifest: where it comes from.
        command: that makes it again.
    """
    decided = [decide(claim, cells) for claim in study.claims]
    found = rank_all(cells)
    sections = [
        *([claims(decided)] if decided else []),
        *protocol_sections(study, cells),
        answers(cells),
        signals(found),
        controls(cells),
        pairs(cells),
        calibration(cells),
        combinations(cells),
        *([labels(study, cells), choices(study, cells)] if study.labels else []),
        failing(found),
        _provenance(manifest),
    ]
    return StudyReport(
        study.title,
        tuple(part.replace("\n", " ") for part in study.preface.strip().split("\n\n") if part),
        tuple(one.sentence for one in decided),
        _warnings(manifest),
        tuple(section for section in sections if section.tables or section.paragraphs),
        command,
    )


def _provenance(manifest: StudyManifest) -> Section:
    tasks = tuple(
        (
            task.name,
            task.layout,
            f"{task.n_items:,} of {task.n_records:,}",
            "; ".join(f"{n} × {reason}" for reason, n in task.refused.items()) or "none",
            task.licence,
            "; ".join(f"{name} {digest}" for name, digest in task.checksums.items()),
        )
        for task in manifest.tasks
    )
    models = tuple((name, fingerprint) for name, fingerprint in manifest.fingerprints.items())
    versions = ", ".join(f"{name} {number}" for name, number in manifest.versions.items())
    said = f"Seed {manifest.seed}. {manifest.machine}. {versions}."
    columns = ("task", "layout", "questions of records", "records refused", "licence", "sha256")
    return Section(
        "Where it comes from", (said,), (TextTable(columns, tasks), TextTable(("model", "fingerprint"), models))
    )


def _warnings(manifest: StudyManifest) -> tuple[str, ...]:
    failed = tuple(f"{name} could not be used: {why}" for name, why in manifest.failures.items())
    return (*([f"Unfinished: {manifest.unfinished}."] if manifest.unfinished else []), *failed, *manifest.notes)
