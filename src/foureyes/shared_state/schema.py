"""The tables that replicas share.

``foureyes_tenants`` has a row for each tenant: the number of its last event, the number its snapshot was made at, the bytes of all events
ever up to each of these (``size``, ``kept_size``), what was used of its allowance, and two clocks. ``wall`` is the server's time of
day at the last turn; ``clock`` adds up how much later each turn was than the one before, and so is never set back. It is updated at
every request, so each page has room for new versions of its rows. An event's ``size`` is that of all events up to and with it.
"""
# ruff: noqa: S608 - the queries are put together from constants of this module

from __future__ import annotations

from typing import Final

__all__ = [
    "ADD",
    "CREATE",
    "EXISTS",
    "FOLLOW",
    "FORGET",
    "HEAD",
    "HEADS",
    "KEEP",
    "LOAD",
    "LOCK",
    "NOTE_KEPT",
    "OPEN",
    "SET",
    "SNAPSHOT",
    "STANDS",
]

CREATE: Final = """
SELECT pg_advisory_xact_lock(876960070);
CREATE TABLE IF NOT EXISTS foureyes_tenants (
  tenant text PRIMARY KEY, head bigint NOT NULL, size bigint NOT NULL, kept bigint NOT NULL, kept_size bigint NOT NULL,
  allowance text NOT NULL, wall double precision NOT NULL, clock double precision NOT NULL
) WITH (fillfactor = 30);
CREATE TABLE IF NOT EXISTS foureyes_tenant_events (
  tenant text, number bigint, at double precision NOT NULL, size bigint NOT NULL, event bytea NOT NULL, PRIMARY KEY (tenant, number)
);
CREATE TABLE IF NOT EXISTS foureyes_tenant_snapshots (tenant text PRIMARY KEY, number bigint NOT NULL, document text NOT NULL);
"""
EXISTS: Final = "SELECT to_regclass('foureyes_tenant_snapshots') IS NOT NULL"

_NOW: Final = "extract(epoch FROM clock_timestamp())::double precision"

OPEN: Final = f"""
INSERT INTO foureyes_tenants (tenant, head, size, kept, kept_size, allowance, wall, clock)
VALUES (%s, 0, 0, 0, 0, '', {_NOW}, 0) ON CONFLICT DO NOTHING
"""
HEAD: Final = "SELECT head FROM foureyes_tenants WHERE tenant = %s"
LOCK: Final = """
SELECT head, size, kept, kept_size, allowance, wall, clock FROM foureyes_tenants WHERE tenant = %s FOR NO KEY UPDATE
"""
FOLLOW: Final = f"""
WITH known AS (SELECT at, size FROM foureyes_tenant_events WHERE tenant = %(tenant)s AND number = %(number)s)
SELECT {_NOW}, tenants.head, (SELECT at FROM known), events.number, events.at, events.event
FROM foureyes_tenants tenants
LEFT JOIN foureyes_tenant_events events ON events.tenant = tenants.tenant AND events.number > %(number)s AND (
  events.number = %(number)s + 1 OR events.size <= coalesce((SELECT size FROM known), 0) + %(bytes)s)
WHERE tenants.tenant = %(tenant)s ORDER BY events.number LIMIT %(most)s
"""
SET: Final = "UPDATE foureyes_tenants SET head = %s, size = %s, allowance = %s, wall = %s, clock = %s WHERE tenant = %s"
ADD: Final = """
INSERT INTO foureyes_tenant_events (tenant, number, at, size, event)
SELECT %(tenant)s, %(first)s + n - 1, %(at)s, %(size)s + sum(octet_length(event)) OVER (ORDER BY n), event
FROM unnest(%(events)b::bytea[]) WITH ORDINALITY AS new (event, n)
"""
STANDS: Final = "SELECT at, event FROM foureyes_tenant_events WHERE tenant = %s AND number = %s"
HEADS: Final = "SELECT tenant, head FROM foureyes_tenants"

SNAPSHOT: Final = "SELECT number, document FROM foureyes_tenant_snapshots WHERE tenant = %s"
LOAD: Final = """
WITH first AS (
  SELECT number, size FROM foureyes_tenant_events WHERE tenant = %(tenant)s AND number > %(number)s ORDER BY number LIMIT 1
)
SELECT events.number, events.at, events.event FROM first JOIN foureyes_tenant_events events
ON events.tenant = %(tenant)s AND events.number >= first.number AND events.size <= first.size + %(bytes)s
ORDER BY events.number LIMIT %(most)s
"""
KEEP: Final = """
INSERT INTO foureyes_tenant_snapshots AS kept (tenant, number, document) VALUES (%s, %s, %s)
ON CONFLICT (tenant) DO UPDATE SET number = excluded.number, document = excluded.document WHERE kept.number < excluded.number
"""
FORGET: Final = """
DELETE FROM foureyes_tenant_events WHERE tenant = %(tenant)s AND number < greatest(%(number)s - %(events)s + 1, (
  SELECT min(number) FROM foureyes_tenant_events WHERE tenant = %(tenant)s AND size > (
    SELECT size FROM foureyes_tenant_events WHERE tenant = %(tenant)s AND number = %(number)s) - %(bytes)s))
"""
NOTE_KEPT: Final = """
UPDATE foureyes_tenants SET kept = %(number)s, kept_size = (
  SELECT size FROM foureyes_tenant_events WHERE tenant = %(tenant)s AND number = %(number)s)
WHERE tenant = %(tenant)s AND kept < %(number)s
"""
