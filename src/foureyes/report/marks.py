"""What a sentence marks as Markdown does, on a page and in LaTeX: stress between asterisks, code between backticks, and nothing else.

What is marked is escaped first, so that text from outside can be stressed and nothing more.
"""

from __future__ import annotations

import re
from typing import Final

from markupsafe import Markup, escape

from foureyes.latex import latex_text

__all__ = ["html_sentence", "latex_sentence"]

_MARKED: Final = re.compile(r"\*(\S(?:[^*`]*\S)?)\*|`([^`]+)`")


def html_sentence(text: str) -> Markup:
    """A sentence of a page.

    Example:
        >>> print(html_sentence("*CMP* of `a.py` <b>, 2 * 3 * 4"))
        <em>CMP</em> of <code>a.py</code> &lt;b&gt;, 2 * 3 * 4
    """
    marked = _MARKED.sub(lambda found: _tag(found, "<em>{}</em>", "<code>{}</code>"), str(escape(text)))
    return Markup(marked)  # noqa: S704 - escaped before


def latex_sentence(text: str) -> str:
    r"""A sentence of a paper, on one line.

    Example:
        >>> latex_sentence("*CMP* of `log_cmp`, 5 %")
        '\\emph{CMP} of \\texttt{log\\_cmp}, 5 \\%'
    """
    return _MARKED.sub(lambda found: _tag(found, r"\emph{{{}}}", r"\texttt{{{}}}"), latex_text(text))


def _tag(found: re.Match[str], stressed: str, code: str) -> str:
    return stressed.format(found[1]) if found[1] else code.format(found[2])
