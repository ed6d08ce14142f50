"""Measurements of foureyes beside what else there is. Run from the repository's root: ``python -m bench.read``.

The rule: only ratios count, and both sides of a ratio are measured within one round of one run, on the same weights, the
same arithmetic, the same pairs and the same number of threads. Start at :mod:`bench.read`.
"""
