"""Many files in, a folder of shards out: each shard is scored as a file is, and appears whole.

A *shard* is a file of the output: what became of one input file, or of so many of its rows. The rules that hold throughout:

- A shard's bytes depend on its own rows alone, not on which run made it, nor on what else is in the folder.
- A shard appears in the folder once, whole; a run that goes on makes again what is missing or has another size than was written.
- A folder says that it is unfinished for as long as shards may be missing, and whoever reads it as a data set is told.
- Two runs never write one folder.

::

    run ─── plan        which shards there are: pure but for looking at the input
     ├───── inputs      a shard's rows as a file of this machine
     ├───── room        whether they may be put there, and what of an earlier run goes
     └───── folder      shards, one run at a time, and what is kept of them
             └── places      here, or on an object store

Start at :func:`~foureyes.batch.shards.run.score_shards`.
"""
