"""Readings in, an uncertainty or an honest "could not tell" out.

Every signal is a row of :mod:`foureyes.signals.catalog`, which says what it is called, which way it points and what it costs.
Turning one into a probability is calibration's work. Start at :func:`foureyes.signals.cross.score`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
