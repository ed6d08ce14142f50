"""``foureyes cascade``: cheaper answers by asking the small model first. See docs/cascade.md."""
