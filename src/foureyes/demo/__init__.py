"""120 questions with a right and a plausible wrong answer each, read by small verifiers: what do the signals catch?

Nothing here is fitted or chosen by its result. The questions were written before any model read them, and how two
verifiers are combined was fixed beforehand (:func:`foureyes.demo.measures.together`).

A newcomer starts at :func:`foureyes.demo.run.run`: it reads the answers and measures; :mod:`~foureyes.demo.page`
makes the page of it.
"""
