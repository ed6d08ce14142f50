"""Rows in, rows out: every row of a JSONL or Parquet file, scored in bounded memory, stopped and resumed at will.

The rules that hold throughout: every input row comes out, in order, with its own fields untouched; one bad row never
harms another; the output is a function of the input rows and their results alone, so a run that was killed and resumed
ends in the same bytes as one that was not; OUT appears only when it is complete.

Start at :func:`foureyes.batch.run.score_file`. A row becomes an exchange in :mod:`~foureyes.batch.rows`, files become
windows of rows in :mod:`~foureyes.batch.jsonl` and :mod:`~foureyes.batch.parquet`, results survive a kill in
:mod:`~foureyes.batch.journal`.
"""
