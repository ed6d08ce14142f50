"""foureyes: a second model reads every answer, and what it saw becomes something one can act on.

>>> import foureyes as fe
>>> reader = fe.open_reader("gemma3-270m")                                        # doctest: +SKIP
>>> rows = fe.score([fe.Exchange("Capital of Australia?", "Sydney")], reader)     # doctest: +SKIP
>>> round(rows[0].log_cmp, 2)                                                     # doctest: +SKIP
5.18

What most programs need is here, with every error. The rest is one level down, each with a page in ``docs/``:

``foureyes.layouts``      answers of logs and data sets, whatever their format and layout
``foureyes.signals``      every signal of an answer: read, asked, or drawn from samples
``foureyes.maths``        measures of a signal and of a confidence: AUROC, ECE, risk and coverage, differences
``foureyes.calibration``  from signals to P(correct), and thresholds that keep a promise
``foureyes.cascade``      cheap models first, expensive ones where it pays
``foureyes.cleaning``     labels that independent experts contradict
``foureyes.guard``        several verifiers asked before an answer is acted on
``foureyes.route``        answers of the cheapest model that a reader finds good enough, as a service or in a program
``foureyes.privacy``, ``foureyes.ledger``, ``foureyes.monitoring``  what a guard in production needs
``foureyes.study``        measuring all of it on questions of your own
``foureyes.models``       roles that models play, and how one is opened
``foureyes.testing``      contract suites for readers and judges of your own

Importing this package loads nothing heavy: every public name is fetched from its module at first use. The names, and where
each lives, are written once, in ``__init__.pyi`` beside this file.
"""

import lazy_loader

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
