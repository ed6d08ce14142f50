"""Draws answers to be labelled."""

from __future__ import annotations

import argparse
import json
from typing import Any

import numpy as np

from foureyes.cli.files import require_absent
from foureyes.cli.output import CommandOutput
from foureyes.cli.route.inputs import read_log
from foureyes.display import plural
from foureyes.errors import InputError
from foureyes.route.learned_files import outline_of
from foureyes.route.learning_rows import of_route, one_source, without_repeats
from foureyes.route.log_records import LoggedRequest
from foureyes.route.promised import labels_needed
from foureyes.tables import write_text
from foureyes.tables.saving import require_place

__all__ = ["sample"]


def sample(args: argparse.Namespace, output: CommandOutput) -> None:
    """Writes a row for each answer to be labelled: drawn at random, so that a promise made on them holds.

    Raises:
        InputError: no request can be learnt from, or the file is there.
    """
    require_place(args.out)
    require_absent(args.out, force=args.force)
    outline = outline_of(args.route)
    _, requests = read_log(args, output)
    one_source(own := of_route(requests, outline.name))
    watched = [
        request for request in own if (not request.enforced or request.everyone) and request.action != "cancelled"
    ]
    usable = [request for request in watched if set(outline.writers) <= request.asked.keys()]
    single = without_repeats(usable)
    if not single:
        raise InputError(
            f"of {plural(len(own), 'request')} none was only watched with every writer asked: set shadow = true for a while"
        )
    picked = np.random.default_rng(args.seed).permutation(len(single))[: args.n].tolist()
    rows = [row for i in picked for row in _rows(single[i], outline.writers)]
    write_text(args.out, "\n".join(json.dumps(row, ensure_ascii=False) for row in rows))
    needed = None if args.promise is None else labels_needed(args.promise, 0.05)
    said = f"{plural(len(picked), 'request')} of {len(single):,}, {plural(len(rows), 'answer')} to label → {args.out}"
    output.say(said)
    if needed is not None:
        output.say(
            f"a promise of at most {args.promise:g} wrong takes at least {needed:,} labelled requests, more where answers err"
        )
    if needed is not None and needed > len(picked):
        output.warn(f"{len(picked):,} labelled requests are too few for a promise of at most {args.promise:g} wrong")
    output.give(lambda: {"requests": len(picked), "answers": len(rows), "usable": len(single), "needed": needed})


def _rows(request: LoggedRequest, writers: tuple[str, ...]) -> list[dict[str, Any]]:
    words = request.texts or {}
    answers = words.get("answers", {})
    return [
        {"id": request.id, "writer": writer, "correct": None}
        | ({"messages": words.get("messages"), "answer": answers.get(writer)} if words else {})
        for writer in writers
        if request.asked[writer].answer is not None
    ]
