"""``foureyes samples``: writes sample files to try the verbs on."""
