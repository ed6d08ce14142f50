"""What routing by a read answer buys at equal cost, beside other rules. ``python -m studies.route --data FOLDER``.

Published data needs no model. ``--stored N`` lets a local reader read N stored answers to GSM8K, and ``--live N`` lets two local
writers answer N questions; both keep what they made in ``--cache``, so that a second run is quick.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from studies.pages import add_pages, command_again, save_pages, study_parser
from studies.route.own import live_setting, stored_settings
from studies.route.page import Part, other_halves, report_of
from studies.route.published import language_settings, mmbench_settings, mmlu_setting
from studies.route.rules import LEARNED, OWN, PROMPT

OTHER_HALVES: Final = 3
"""Ways of halving MMBench besides the page's own."""

_MMBENCH: Final = (
    "Vision-language models of 1.7 to 3 billion parameters as small writers, two of 34 as large ones (vlm_mmbench_logits). A reader "
    "of another family looks at the letter that the small writer chose. An answer is one letter, so reading costs what writing "
    "would: as many billions of parameters. Costs are those. A route learns from the reader, the writer's log-probs and the question; of the "
    "question there are no words in these data, only which of 20 categories it is of, and that stands in for them. The form of what is learnt was settled while looking at these questions, both halves of them: a "
    "lead here is what it does on these data, and no proof on others."
)
_LANGUAGE: Final = (
    "Four families on three multiple-choice sets (llm_mcq_confidence). Nobody else read these answers: own doubt is all there is, "
    "which semantic-router's log-prob rule orders alike. Costs are billions of parameters used for a token."
)
_MMLU: Final = (
    "Mixtral and GPT-4 on MMLU (routellm_mmlu): who is right and the questions. What a rule buys that sees no answer."
)
_STORED: Final = (
    "Stored answers of Llama 3 to GSM8K (zeroeval_gsm8k), read by a model of half a billion parameters. Their writers' log-probs are "
    "not known. Costs are billions of parameters times thousands of tokens read and written."
)
_LIVE: Final = (
    "Questions of ARC-Challenge with two options, answered on this machine by a writer of half a billion parameters or by one of 1.5, "
    "read by one of 0.27. Semantic-router's self-verification is asked of the small writer, and paid for."
)


def main() -> None:
    """Measures, and writes the page."""
    parser = _parser()
    args = parser.parse_args()
    parts, missing = _published(args.data, args.seed), []
    if args.stored:
        parts.append(Part("GSM8K", _STORED, tuple(stored_settings(args.data, args.cache, args.stored)), LEARNED))
    else:
        missing.append("Stored answers to GSM8K were not read: give --stored N.")
    if args.live:
        parts.append(Part("ARC, here", _LIVE, (live_setting(args.data, args.cache, args.live),), LEARNED))
    else:
        missing.append(
            "Semantic-router's self-verification was not measured: it takes writers at hand, --live N. No stored data hold a small "
            "writer's grade of its own answer beside a large writer's answer."
        )
    halved = {seed: mmbench_settings(args.data, seed) for seed in range(args.seed + 1, args.seed + 1 + OTHER_HALVES)}
    report = report_of(parts, missing, command_again(parser, args), beside=[other_halves("MMBench", halved)])
    print("\n".join(report.findings))
    save_pages(report, args)


def _published(data: Path, seed: int) -> list[Part]:
    return [
        Part("MMBench", _MMBENCH, tuple(mmbench_settings(data, seed)), LEARNED),
        Part("Multiple choice", _LANGUAGE, tuple(language_settings(data)), OWN),
        Part("MMLU, prompts only", _MMLU, (mmlu_setting(data),), PROMPT),
    ]


def _parser() -> argparse.ArgumentParser:
    parser = study_parser("route", __doc__)
    parser.add_argument("--stored", type=int, default=0, metavar="N", help="stored answers to GSM8K to read")
    parser.add_argument("--live", type=int, default=0, metavar="N", help="questions to ask local writers")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="of the halves of MMBench")
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache/foureyes/studies/route", metavar="FOLDER")
    add_pages(parser)
    return parser


if __name__ == "__main__":
    main()
