"""The vocabulary head of a causal language model, and what is read off it: :class:`Head`.

Nothing here needs more than torch. :mod:`~foureyes.models.head.head` walks the vocabulary,
:mod:`~foureyes.models.head.products` multiplies one tile of it, :mod:`~foureyes.models.head.running` sums the tiles up.
"""

from __future__ import annotations

from foureyes.models.head.head import Head
from foureyes.models.head.running import Statistics

__all__ = ["Head", "Statistics"]
