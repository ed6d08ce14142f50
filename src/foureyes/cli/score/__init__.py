"""``foureyes score``: reads every answer of a JSONL or Parquet file. See docs/score.md."""
