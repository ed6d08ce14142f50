"""``foureyes serve``: the guard as a service. See docs/service.md."""
