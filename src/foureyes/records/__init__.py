"""Records of a file, whatever its format: JSON lines, JSON, CSV, Parquet, Arrow, compressed or not.

What a record says is not looked at here: :mod:`foureyes.layouts` makes prompts and answers of it. Start at
:func:`~foureyes.records.reading.records`.
"""

from foureyes.records.forms import Form
from foureyes.records.reading import records
from foureyes.records.record import Record

__all__ = ["Form", "Record", "records"]
