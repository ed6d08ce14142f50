"""``foureyes view``: scored answers on a local page, worst first, to be read and labelled. See docs/view.md."""
