"""The claims of "When Models Know When They Do Not Know" (arXiv 2601.07965), put to data it did not use.

Every part is one module with one entry, ``study(store, plan) -> Part``; :mod:`~studies.know_when.values` says what that
holds. The arithmetic is in :mod:`~studies.know_when.intervals`, :mod:`~studies.know_when.cascades` and
:mod:`~studies.know_when.label_ranking`, pure. Files are opened by :mod:`~studies.know_when.published_data` only. Start at
``python -m studies.know_when``.
"""
