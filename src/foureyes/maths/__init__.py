"""Formulas: arrays in, numbers out.

Nothing here does I/O, reads a clock or the environment, or touches global random state: whatever is random takes a
seed. Every function checks its columns at the door (:mod:`foureyes.maths.columns`) and says what was wrong with them.

A newcomer starts at :mod:`foureyes.maths.ranking` (does an uncertainty put wrong answers first?), then at
:mod:`foureyes.maths.reliability` (do confidences mean what they say?).
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
