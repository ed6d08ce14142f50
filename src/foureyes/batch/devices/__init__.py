"""Reading on several devices of this machine: workers, as in :mod:`foureyes.batch.workers`, each a process with a device to itself.

Start at :class:`foureyes.batch.devices.engine.DevicesEngine`; the processes are kept in :mod:`~foureyes.batch.devices.process`.
"""
