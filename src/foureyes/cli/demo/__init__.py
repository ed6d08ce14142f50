"""``foureyes demo``: recorded answers read by a model on this machine, a screen on stdout and a page in a file. See docs/demo.md."""
