"""The catalogue of signals: one row for each, which everything that speaks of signals reads.

A row says what a signal is called, which way it points, what it needs, what it costs and where it comes from. The name
is the same in Python, in what ``foureyes score`` writes, in study files and on pages. Signals that come with one reading
also say how they are taken: ``take`` is a function of the reading, from :mod:`foureyes.signals.one_pass`.

The rows stand in :mod:`foureyes.signals.catalog.rows`. A newcomer starts at :func:`signal` (one row by name) and
:func:`signals` (all of them). Somebody else's signal of one reading joins with :func:`register`.
"""

from foureyes.signals.catalog.lookup import (
    direction,
    one_pass,
    register,
    registered,
    require_one_pass,
    require_reader_enough,
    signal,
    signals,
)
from foureyes.signals.catalog.row import LargerIs, Need, Signal

__all__ = [
    "LargerIs",
    "Need",
    "Signal",
    "direction",
    "one_pass",
    "register",
    "registered",
    "require_one_pass",
    "require_reader_enough",
    "signal",
    "signals",
]
