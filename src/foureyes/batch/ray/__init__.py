"""Reading on many machines: workers, as in :mod:`foureyes.batch.workers`, that Ray starts on the nodes of a cluster.

Start at :class:`foureyes.batch.ray.engine.RayEngine`; connections are made in :mod:`~foureyes.batch.ray.cluster`.
"""
