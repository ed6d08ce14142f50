"""``foureyes ledger``: verify, prove, export and watch the log of what the guard decided. See docs/ledger.md."""
