"""``foureyes signals``: lists the catalogue of signals."""
