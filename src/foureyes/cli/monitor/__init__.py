"""``foureyes monitor``: runs a monitor over a file of scored answers or of decisions."""
