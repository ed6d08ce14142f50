"""``foureyes score``: reads every answer of a log or a data set. See docs/score.md."""
