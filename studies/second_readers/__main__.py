"""What is a second reader worth? ``python -m studies.second_readers --data DIR --markdown docs/studies/second_readers.md``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from foureyes.study.stored_options import StoredOptions, load_stored_options
from studies.know_when.published_data import PublishedData
from studies.published_study import PublishedStudy, Settings, StudyChapter, run_published
from studies.second_readers import accuracy_gap, difficulty, doubt, shared_misses, thresholds
from studies.second_readers.misses import families_chapter, loses_chapter
from studies.second_readers.pairs import measure_pairs
from studies.second_readers.panels import votes_chapter, weaker_chapter

__all__ = ["STUDY", "main"]

_FILE: Final = "vlm_mmbench_logits/logits.npz"


def stored_options(store: PublishedData) -> StoredOptions:
    """Option logits of 26 vision-language models; 4,377 rows are 1,176 questions in rotations of their options."""
    return load_stored_options(store.file(_FILE), same_question="ids % 1000000")


def mmbench(store: PublishedData, settings: Settings) -> Sequence[StudyChapter]:
    """All chapters on the vision-language models."""
    options = stored_options(store)
    pairs = measure_pairs(options, settings)
    return [
        accuracy_gap.chapter(pairs),
        weaker_chapter(pairs),
        loses_chapter(pairs),
        families_chapter(pairs),
        shared_misses.chapter(pairs),
        thresholds.chapter(pairs),
        difficulty.chapter(pairs),
        votes_chapter(pairs, settings.seed),
    ]


STUDY: Final = PublishedStudy(
    "second_readers",
    "What is a second reader worth?",
    (
        (
            "Twenty-six vision-language models of 1.6 to 34 B parameters answered the multiple-choice questions of MMBench, and somebody "
            "published their logits of the options. So every model can be the author of an answer and every other its reader, without "
            "running one of them."
        ),
    ),
    {"mmbench": mmbench, "language": doubt.chapters},
)


def main(argv: Sequence[str] | None = None) -> None:
    """Runs the study."""
    run_published(STUDY, argv)


if __name__ == "__main__":
    main()
