"""Who reads the pairs. Every contender is given the same pairs and loads the same folder in the same arithmetic.

A contender is loaded by a function that takes a :class:`~bench.job.ContenderJob` and returns a :class:`~bench.job.Contender`; imports stay inside the
functions, because rivals live in a virtual environment of their own, without foureyes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Final

from bench.job import Contender, ContenderJob, warm
from bench.pairs import TokenPair

__all__ = ["LOADERS", "RIVALS"]


def naive(job: ContenderJob) -> Contender:
    """The snippet in circulation; see :mod:`bench.rivals`."""
    from bench import rivals  # noqa: PLC0415

    return rivals.naive(job)


def lm_eval(job: ContenderJob) -> Contender:
    """lm-evaluation-harness; see :mod:`bench.rivals`."""
    from bench import rivals  # noqa: PLC0415

    return rivals.lm_eval(job)


def lm_eval_sizes(job: ContenderJob) -> Contender:
    """lm-evaluation-harness in search of its best batch size; see :mod:`bench.rivals`."""
    from bench import rivals  # noqa: PLC0415

    return rivals.lm_eval_sizes(job)


def foureyes(job: ContenderJob) -> Contender:
    """What a user calls, from texts to signals."""
    from foureyes import Exchange, Scored  # noqa: PLC0415
    from foureyes.models.transformers import TransformersReader  # noqa: PLC0415
    from foureyes.signals.cross import score  # noqa: PLC0415

    reader = TransformersReader.load(job.folder, dtype=job.dtype, device="cpu")

    def read(pairs: Sequence[TokenPair]) -> list[float]:
        rows = score([Exchange(pair.prompt, pair.answer) for pair in pairs], reader)
        unscored = [row for row in rows if not isinstance(row, Scored)]
        if unscored:
            raise RuntimeError(f"{len(unscored)} pairs are unscored, the first one: {unscored[0]}")
        return [-float(row.reading.nll.sum()) for row in rows if isinstance(row, Scored)]

    return warm(read, layout=reader.layout)


def foureyes_alone(job: ContenderJob) -> Contender:
    """The same with every sequence laid in full, nothing shared: the very tokens that the floor reads."""
    from foureyes.models import packing  # noqa: PLC0415
    from foureyes.models.transformers import reader  # noqa: PLC0415

    for module in (packing, reader):
        _replace(module, "common_prefix", lambda _a, _b: 0)
    return foureyes(job)


def _replace(module: ModuleType, name: str, value: object) -> None:
    """For this measurement only; never adds what is not there, which would change nothing and say nothing."""
    if not hasattr(module, name):
        raise AttributeError(f"{module.__name__} has no {name} any more: the bench needs another way to share nothing")
    setattr(module, name, value)


def foureyes_converted(job: ContenderJob) -> Contender:
    """The same with the head made float32 tile by tile, as on a processor that multiplies bfloat16 no faster."""
    from foureyes.models.head import head, products  # noqa: PLC0415

    _replace(head, "best_product", lambda _weight: products.ConvertedProduct)
    return foureyes(job)


def foureyes_apart(job: ContenderJob) -> Contender:
    """The same called once for every pair."""
    together = foureyes(job).likelihoods
    return warm(lambda pairs: [value for pair in pairs for value in together([pair])])


def floor(job: ContenderJob) -> Contender:
    """The bare forward pass; see :mod:`bench.floor`."""
    from bench.floor import load  # noqa: PLC0415

    return load(job)


def ceiling(job: ContenderJob) -> Contender:
    """The matrix product; see :mod:`bench.ceiling`."""
    from bench.ceiling import load  # noqa: PLC0415

    return load(job)


RIVALS: Final = ("naive", "lm-eval", "lm-eval, batch sizes")
"""Those that run in the virtual environment of ``bench/requirements-rivals.txt``."""

LOADERS: Final[dict[str, Callable[[ContenderJob], Contender]]] = {
    "naive": naive,
    "lm-eval": lm_eval,
    "lm-eval, batch sizes": lm_eval_sizes,
    "floor": floor,
    "foureyes, nothing shared": foureyes_alone,
    "foureyes": foureyes,
    "foureyes, head converted": foureyes_converted,
    "foureyes, apart": foureyes_apart,
    "ceiling": ceiling,
}
