"""Routes: a request is answered by the cheapest writer whose answer an independent reader finds good enough.

A :class:`~foureyes.route.outcome.RouteRequest` is what an application asks, in the words of OpenAI's chat completions. A
:class:`~foureyes.route.route.Route` asks its writers in turn, the cheapest first; a reader that is none of them reads each
answer, a calibrator makes that P(correct), and a policy says whether to return it, to ask the next writer or to abstain. What
comes back is a :class:`~foureyes.route.outcome.RoutedAnswer`: the answer with everything that led to it.

Everything that touches a network or a model stands behind the protocols of :mod:`foureyes.route.roles`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
