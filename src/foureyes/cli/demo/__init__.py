"""``foureyes demo``: 240 answers read, a table on stdout and a page in a file. See docs/demo.md."""
