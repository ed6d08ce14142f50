"""Reading on many machines: workers of Ray hold the verifiers and read pieces of rows.

The rules that hold throughout: pieces are the same as those of one process, and come back in the same order, so the output
has the same bytes; a worker that is lost costs what it was reading, which is read again elsewhere; a row that ends worker
after worker is found and left unscored alone; how far ahead is read, and how often a worker is replaced, is bounded.

Start at :class:`foureyes.batch.ray.engine.RayEngine`. What happens when workers are lost is decided in
:mod:`~foureyes.batch.ray.narrowing`, without Ray; connections are made in :mod:`~foureyes.batch.ray.cluster`.
"""
