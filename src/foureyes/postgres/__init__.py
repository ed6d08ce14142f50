"""Connections to a PostgreSQL server, for whoever keeps something there: the ledger, and what replicas share of tenants."""
