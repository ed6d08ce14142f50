"""Reading in several places at once: workers hold the verifiers and read pieces of rows, in processes of this machine or on others.

The rules that hold throughout: pieces are the same as those of one process, and come back in the same order, so the output
has the same bytes; a worker that is lost costs what it was reading, which is read again elsewhere; one that hangs is lost; a row
that ends worker after worker is found and left unscored alone; how far ahead is read, how long a worker may take, and how often it
is replaced, is bounded.

::

    engine ─── pool       who reads what, and who is replaced
     │          ├─ patience    how long a worker may take: pure
     │          └─ workplace   how workers are started, asked, heard and ended: batch.ray, batch.devices
     └──────── narrowing  which rows are to blame for a loss: pure
    worker                what reads, wherever that is

Start at :class:`~foureyes.batch.workers.engine.WorkersEngine`.
"""
