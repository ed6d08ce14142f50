"""``foureyes score``: reads every answer of a JSONL or Parquet file. See docs/score.md for the formats."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from foureyes.errors import InputError

if TYPE_CHECKING:
    from foureyes.batch.results import RowTally, Tallies
    from foureyes.batch.run import Job
    from foureyes.models.roles import Reader

__all__ = ["configure", "job_of", "run", "summary", "work"]

_EPILOG: Final = (
    "Rows have a prompt (or messages, or input) and an answer (or response, completion, output, or a last turn of the "
    "assistant). OUT appears when it is complete; until then finished rows are kept in OUT.part, and --resume goes on "
    "from there, after a kill too."
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the options of ``foureyes score``."""
    parser.epilog = _EPILOG
    parser.add_argument("source", metavar="IN", help="JSONL or Parquet file; - for JSONL on standard input")
    parser.add_argument(
        "-o", "--out", required=True, metavar="OUT", help="JSONL or Parquet file; - for JSONL on standard output"
    )
    parser.add_argument(
        "--verifier",
        action="append",
        required=True,
        metavar="REF",
        help="a model that reads the answers; repeat for more",
    )
    verifiers = parser.add_argument_group("verifiers")
    verifiers.add_argument("--dtype", help="arithmetic of local verifiers (default: the fastest of this machine)")
    verifiers.add_argument("--device", help="cpu, cuda or mps (default: the best there is)")
    verifiers.add_argument(
        "--truncate",
        choices=("refuse", "left"),
        default="refuse",
        help="a prompt that does not fit: leave the row unscored, or cut the prompt from its left (n_dropped says by how much)",
    )
    parser.add_argument("--tokens", action="store_true", help="add what was seen at every token, as arrays")
    rows = parser.add_argument_group("rows")
    rows.add_argument("--format", choices=("jsonl", "parquet"), help="of IN and OUT, whatever their suffixes say")
    rows.add_argument("--prompt-field", metavar="NAME", help="text or chat messages")
    rows.add_argument(
        "--answer-field", metavar="NAME", help="text; the prompt field's own name stands for the last turn of messages"
    )
    rows.add_argument(
        "--final-answer", metavar="PATTERN", help="score only the final answer: ####, boxed, or a regex with one group"
    )
    rows.add_argument(
        "--overwrite-field", action="store_true", help='replace a field "foureyes" that rows have already'
    )
    running = parser.add_argument_group("running")
    running.add_argument(
        "--resume", action="store_true", help="go on with the unfinished run in OUT.part, if there is one"
    )
    running.add_argument(
        "--force", action="store_true", help="replace an OUT that exists; without --resume, OUT.part too"
    )
    running.add_argument(
        "--window", type=int, default=512, metavar="ROWS", help="most rows between two saves (default: %(default)s)"
    )
    running.add_argument("-q", "--quiet", action="store_true", help="neither progress nor summary on stderr")
    running.add_argument("--json", action="store_true", help="the summary as JSON on stdout")


def run(args: argparse.Namespace) -> int:
    """Scores the file with verifiers of the catalog."""
    from foureyes.cli.models import tell  # noqa: PLC0415 - reads the list of weights
    from foureyes.models.catalog import open_reader  # noqa: PLC0415 - as above

    return work(args, partial(open_reader, dtype=args.dtype, device=args.device, truncate=args.truncate, on_step=tell))


def work(args: argparse.Namespace, open_reader: Callable[[str], Reader]) -> int:
    """Scores the file with readers opened by the given function.

    Returns:
        0 even when some rows are unscored, 1 when there are rows and none could be scored.

    Raises:
        InputError: an option, the input or the output cannot be used.
        ModelError: a verifier failed as a whole.
    """
    # What the verb needs is loaded here, so that `foureyes score --help` does not wait for it.
    from foureyes.batch.run import score_file  # noqa: PLC0415
    from foureyes.cli.progress import Pace, progress_on  # noqa: PLC0415

    job = job_of(args)
    pace = Pace(time.monotonic)

    def open_readers() -> list[Reader]:
        readers = [open_reader(ref) for ref in args.verifier]
        pace.start()
        return readers

    with progress_on(sys.stderr, pace, quiet=args.quiet) as progress:
        tallies = score_file(job, open_readers, on_window=progress)
    if not args.quiet:
        print(summary(tallies, args.out, pace.seconds), file=sys.stderr)
    if args.json:
        print(json.dumps({**tallies.to_dict(), "seconds": pace.seconds, "output": args.out}, ensure_ascii=False))
    return _status(tallies)


def job_of(args: argparse.Namespace) -> Job:
    """What the arguments ask for.

    Raises:
        InputError: they cannot go together.
    """
    from foureyes.batch.rows import Fields  # noqa: PLC0415 - numpy
    from foureyes.batch.run import Job  # noqa: PLC0415 - numpy
    from foureyes.batch.window import WindowLimits  # noqa: PLC0415 - numpy

    if args.json and args.out == "-":
        raise InputError("--json prints the summary on stdout, where -o - puts the rows; give -o a file")
    twice = [ref for ref in args.verifier if args.verifier.count(ref) > 1]
    if twice:
        raise InputError(f"--verifier {twice[0]} is given twice")
    return Job(
        source=sys.stdin.buffer if args.source == "-" else Path(args.source),
        out=_unbuffered_stdout() if args.out == "-" else Path(args.out),
        fields=Fields(args.prompt_field, args.answer_field, args.final_answer),
        form=args.format,
        tokens=args.tokens,
        overwrite_field=args.overwrite_field,
        limits=WindowLimits(rows=args.window),
        resume=args.resume,
        force=args.force,
    )


def summary(tallies: Tallies, out: str, seconds: float) -> str:
    """What became of the rows, for a person."""
    resumed = f" ({tallies.resumed:,} of them finished before)" if tallies.resumed else ""
    where = "" if out == "-" else f" → {out}"
    head = f"{tallies.rows:,} rows{resumed} in {seconds:.1f} s{where}"
    return "\n".join([head, *(_verdict(name, tally) for name, tally in tallies.by_verifier.items())])


def _verdict(name: str, tally: RowTally) -> str:
    line = f"  {name}: {tally.scored:,} scored, {tally.tokens:,} answer tokens, {tally.prompt_tokens:,} prompt tokens"
    reasons = [f"\n    {n:,} unscored, {reason}: {tally.first[reason]}" for reason, n in tally.unscored.most_common()]
    return line + "".join(reasons)


def _status(tallies: Tallies) -> int:
    if tallies.rows == 0 or tallies.scored_any:
        return 0
    firsts = {detail for tally in tallies.by_verifier.values() for detail in tally.first.values()}
    print(f"foureyes: no row could be scored: {'; '.join(sorted(firsts))}", file=sys.stderr)
    return 1


def _unbuffered_stdout() -> IO[bytes]:
    """Not ``sys.stdout.buffer``: what a full disk leaves in a buffer would fail once more when Python exits."""
    return open(sys.stdout.fileno(), "wb", buffering=0, closefd=False)
