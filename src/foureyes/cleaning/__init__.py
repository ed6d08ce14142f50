"""Labels that independent experts contradict: find them, decide on them, write a clean copy.

Start at :func:`foureyes.cleaning.labels.find_label_issues`. :mod:`~foureyes.cleaning.panel` turns the letters of
language models into probabilities, :mod:`~foureyes.cleaning.folds` makes out-of-fold ones, :mod:`~foureyes.cleaning.stopping`
says how far down the list to go, and :mod:`~foureyes.cleaning.review` puts the list before a person and applies what
the person decided. The probabilities are taken as they come: calibrate them first.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
