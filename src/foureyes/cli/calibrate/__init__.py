"""``foureyes calibrate``: from scores to P(correct). See docs/calibrate.md."""
