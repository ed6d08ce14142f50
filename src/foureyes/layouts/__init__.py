"""What the records of logs and data sets mean: which prompt, which answer, whether it is right, what its author's log-probs were.

One table of layouts, tried by the fields that a record has. Start at :class:`~foureyes.layouts.answer.Layout`.
"""

from foureyes.layouts.answer import Layout, LoggedAnswer
from foureyes.layouts.field_map import FieldMap

__all__ = ["FieldMap", "Layout", "LoggedAnswer"]
