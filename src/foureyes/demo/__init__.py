"""A small model's real answers, its own doubt beside what surprises a second reader, and programs with one wrong token.

What takes a large model is recorded (:mod:`foureyes.demo.recorded`); a small one reads the same now (:mod:`foureyes.demo.live`). A newcomer starts
at :func:`foureyes.demo.measures.measure`; :mod:`~foureyes.demo.page` makes the page of it. :mod:`foureyes.demo.questions` holds questions
with a right and a wrong answer each, which samples, scripted traffic and benchmarks use too.
"""
