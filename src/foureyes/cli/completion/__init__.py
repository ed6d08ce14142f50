"""``foureyes completion``: what makes a shell complete verbs and options."""
