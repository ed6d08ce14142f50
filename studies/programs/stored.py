"""Programs for HumanEval that models wrote in 2023, published with verdicts: writers of many sizes, read here."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Final

from studies.route.cache import Row

__all__ = ["LARGE", "LARGE_SHOWN", "WRITERS", "published_programs"]

WRITERS: Final = (
    "GeorgiaTechResearchInstitute_starcoder-gpteacher-code-instruct",
    "TheBloke_WizardLM-30B-GPTQ",
    "sahil2801_instruct-codegen-16B",
    "TheBloke_guanaco-65B-GPTQ",
)
"""Four open models of 16 to 65 B that solve 38 to 56 of 164: near enough for a choice among their programs."""

LARGE: Final = "gpt3"
"""The file's name for it."""

LARGE_SHOWN: Final = "“gpt3” (by its score GPT-3.5-turbo)"
"""What a page calls it: the data's SOURCE.md reads the name so, and their publisher does not say."""


def published_programs(data: Path, writers: tuple[str, ...]) -> dict[str, Row]:
    """By problem, one program of each writer in this order; problems in the order of the file."""
    found: dict[str, dict[str, Row]] = {}
    with gzip.open(data / "humaneval_completions_2023" / "completions.jsonl.gz", "rt", encoding="utf-8") as file:
        for row in map(json.loads, file):
            found.setdefault(row["task_id"], {})[row["model"]] = {"text": row["completion"], "right": row["passed"]}
    return {
        one: {"programs": [of[writer] for writer in writers]}
        for one, of in found.items()
        if all(writer in of for writer in writers)
    }
