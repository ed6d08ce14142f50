"""``foureyes keys``: makes an API key for the service."""
