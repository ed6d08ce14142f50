"""The routes, one file a subject; :mod:`foureyes.service.app` puts them together.

An endpoint translates: a shape of :mod:`foureyes.service.wire` into a call of one part, and what that says back into a
shape. Decisions are not made here.
"""
