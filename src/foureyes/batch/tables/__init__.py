"""Tables that do not fit in memory: many files, or a large one in shards, of which columns are asked for and copies are made.

The rules that hold throughout: of a table only the columns that are asked for are in memory, and matrices of numbers lie in a mapped file; a copy of each
shard has the bytes that it would have alone; whoever works on a shard, this process or a cluster, the result is the same.

Start at :func:`~foureyes.batch.tables.opening.open_shards`.
"""
