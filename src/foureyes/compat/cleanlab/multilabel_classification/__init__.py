"""Rows that carry several labels: cleanlab's ``multilabel_classification``.

Every class is a question of its own, whether a row carries it; a row is an issue when one of its answers is.
"""

from foureyes.compat.cleanlab.multilabel_classification import filter, rank  # noqa: A004 - cleanlab's name
from foureyes.compat.cleanlab.multilabel_classification.rank import get_label_quality_scores

__all__ = ["filter", "get_label_quality_scores", "rank"]
