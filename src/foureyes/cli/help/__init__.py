"""``foureyes help``: how a verb is called, or one of its actions."""
