"""cleanlab's modules for labels, with its signatures and its results: change the import, and the rest stays.

``from foureyes.compat.cleanlab.filter import find_label_issues`` stands for ``from cleanlab.filter import …``; so do
:mod:`~foureyes.compat.cleanlab.rank`, :mod:`~foureyes.compat.cleanlab.count` and
:mod:`~foureyes.compat.cleanlab.multilabel_classification`. Masks, orders and counts are those of cleanlab 2.9, ties
included. Errors are :class:`~foureyes.errors.InputError`, which is a ``ValueError``.

Written from cleanlab's papers and documentation and from what it returns, not from its code.
"""

from foureyes.compat.cleanlab import count, filter, multilabel_classification, rank  # noqa: A004 - cleanlab's name

__all__ = ["count", "filter", "multilabel_classification", "rank"]
