"""Records of a file, whatever its format: JSON lines, JSON, CSV, Parquet, Arrow, compressed or not.

What a record says is not looked at here: :mod:`foureyes.layouts` makes prompts and answers of it.
"""

from foureyes.records.record import Record

__all__ = ["Record"]
