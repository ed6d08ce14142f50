"""Cheaper answers: let a small model answer, and ask a larger one only where that is expected to pay.

Start at :class:`foureyes.cascade.routers.AdvantageRouter` (which rows to escalate first) and
:func:`foureyes.cascade.curves.cascade_curve` (what that buys at every cost). :mod:`~foureyes.cascade.chain` fits more
than two models and abstention, :mod:`~foureyes.cascade.policy` is the decision itself, free of I/O, and
:mod:`~foureyes.cascade.driver` carries it out with real models. :mod:`~foureyes.cascade.question_router` holds a
learned router to compare with.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
