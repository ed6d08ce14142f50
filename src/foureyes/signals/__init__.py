"""Readings in, an uncertainty or an honest "could not tell" out.

Every raw signal is an *uncertainty*: larger = more likely wrong. Turning one into a probability is calibration's work.
Start at :func:`foureyes.signals.cross.score`.
"""
