"""``foureyes check``: one prompt and one answer, read by a few verifiers, shown to a person."""
