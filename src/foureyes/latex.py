"""Tables for a paper: LaTeX with the rules of ``booktabs``, and text in which nothing is a command."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

__all__ = ["latex_table", "latex_text"]

_ESCAPED: Final = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        **{c: f"\\{c}" for c in "&%$#_{}"},
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\textbar{}",
        '"': r"\textquotedbl{}",
        "−": "$-$",
        "≤": r"$\leq$",
        "≥": r"$\geq$",
        "×": r"$\times$",
        "±": r"$\pm$",
        "–": "--",
        "…": r"\dots{}",
    }
)


def latex_text(text: str) -> str:
    r"""A text that LaTeX sets as it stands, on one line.

    Example:
        >>> latex_text("log_cmp of 5 % & more")
        'log\\_cmp of 5 \\% \\& more'
    """
    return " ".join(text.split()).translate(_ESCAPED)


def latex_table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], *, caption: str = "", note: str = "", label: str = ""
) -> str:
    r"""A ``table`` environment; the document needs ``\usepackage[T1]{fontenc}`` and ``\usepackage{booktabs}``.

    Args:
        columns: headings; the first names the row and stands at the left, the others at the right.
        rows: as many texts each.
        caption: what the table is of; none when empty.
        note: below the table, small.
        label: for ``\ref``.

    Returns:
        LaTeX that ends with a line end.

    Example:
        >>> print(latex_table(["signal", "AUROC"], [["log_cmp", "0.82"]]), end="")
        \begin{table}
        \centering
        \begin{tabular}{lr}
        \toprule
        signal & AUROC \\
        \midrule
        log\_cmp & 0.82 \\
        \bottomrule
        \end{tabular}
        \end{table}
    """
    lines = [r"\begin{table}", r"\centering"]
    lines += [rf"\caption{{{latex_text(caption)}}}"] if caption else []
    lines += [rf"\label{{{label}}}"] if label else []
    lines += [rf"\begin{{tabular}}{{l{'r' * (len(columns) - 1)}}}", r"\toprule", _row(columns), r"\midrule"]
    lines += [*map(_row, rows), r"\bottomrule", r"\end{tabular}"]
    lines += [r"\par\smallskip", rf"{{\footnotesize {latex_text(note)}}}"] if note else []
    return "\n".join([*lines, r"\end{table}", ""])


def _row(cells: Sequence[str]) -> str:
    return f"{' & '.join(map(latex_text, cells))} \\\\"
