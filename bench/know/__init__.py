"""The claims of "When Models Know When They Do Not Know" (arXiv 2601.07965), put to data it did not use.

Every part is one module with one entry, ``study(store, plan) -> Part``; :mod:`bench.know.values` says what that holds.
The arithmetic is in :mod:`bench.know.intervals`, :mod:`bench.know.duel` and :mod:`bench.know.detection`, pure. Files are
opened by :mod:`bench.know.store` only. Start at ``python -m bench.know_when``.
"""
