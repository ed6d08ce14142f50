"""The only code that talks to a model.

Start at :mod:`~foureyes.models.roles` (what a model can do), then :mod:`~foureyes.models.catalog` (from a reference
such as ``"gemma3-270m"``, ``"http://host:8000/v1#name"`` or ``"anthropic:NAME"`` to an object that can do it). Models that can
be talked to share one protocol, :class:`~foureyes.models.chat.protocol.ChatModel`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
