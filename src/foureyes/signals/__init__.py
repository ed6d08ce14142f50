"""Readings in, an uncertainty or an honest "could not tell" out.

Every raw signal is an *uncertainty*: larger = more likely wrong. Turning one into a probability is calibration's work.
Start at :func:`foureyes.signals.cross.score`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
