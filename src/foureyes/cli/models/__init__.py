"""``foureyes models``: the verifiers foureyes knows by name, and where they are."""
