"""``foureyes clean``: labels that every expert contradicts, ranked, with reasons. See docs/clean.md."""
