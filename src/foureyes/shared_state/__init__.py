"""What several replicas of a service know together, in one PostgreSQL: each tenant's allowance, and a journal of its events.

::

    schema      three tables: a row a tenant, its events in order, and a snapshot that a new replica starts from
    journal     what stands in them, as values
    store       what replicas do there: load, follow, take a turn, keep a snapshot

The store moves bytes and decides nothing: what an allowance is, and what an event means, is said above. The rule that holds
throughout: all that changes a tenant does so in its turn, under a lock on its row, so that every replica reads the same events
in the same order, and an allowance is counted once. Needs the extra ``postgres``. Start at
:class:`foureyes.shared_state.store.SharedStore`.
"""
