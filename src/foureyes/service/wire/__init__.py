"""Requests and responses as pydantic models: every field a caller sends or gets, and nothing else in foureyes knows them.

Two rules hold. What a caller of *our* routes sends is checked strictly: an unknown field is refused, so that a mistyped or
a smuggled one (``base_url``, ``api_key``, ``headers``) never passes silently. What a *gateway* sends in its own shape
(:mod:`~foureyes.service.wire.gateways`) grows without us, so unknown fields are ignored there, and nothing of them goes
anywhere. Text is bounded by the size of the body, names and numbers by their fields.

A newcomer starts at :class:`~foureyes.service.wire.guard.VerifyRequest` and
:class:`~foureyes.service.wire.guard.VerifyResponse`.
"""
