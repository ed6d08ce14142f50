"""Rows in, rows out: every answer of a log or a data set, scored in bounded memory, stopped and resumed at will.

The rules that hold throughout: every record comes out, in order, with its own fields untouched, once for each
answer in it; one bad row never harms another; the output is a function of the input rows and their results alone, so a run that was killed and resumed
ends in the same bytes as one that was not; OUT appears only when it is complete.

Start at :func:`foureyes.batch.run.score_file`, and :class:`foureyes.batch.job.Job`. Files become windows of rows in :mod:`~foureyes.batch.source` and
:mod:`~foureyes.batch.parquet`, an :class:`~foureyes.batch.engine.Engine` reads them, results survive a kill in :mod:`~foureyes.batch.journal`. Formats are read in
:mod:`foureyes.records`, prompts and answers found in :mod:`foureyes.layouts`.
"""
