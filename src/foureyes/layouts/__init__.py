"""What the records of logs and data sets mean: which prompt, which answer, whether it is right, what its author's log-probs were.

One table of layouts, tried by the fields that a record has. Start at :func:`~foureyes.layouts.files.read_answers`.
"""

from foureyes.layouts.answer import Layout, LoggedAnswer
from foureyes.layouts.field_map import FieldMap
from foureyes.layouts.files import Answers, read_answers
from foureyes.layouts.reading import AnswerReader

__all__ = ["AnswerReader", "Answers", "FieldMap", "Layout", "LoggedAnswer", "read_answers"]
