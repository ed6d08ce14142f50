"""Reports for people: coloured text for a terminal, self-contained pages for a browser.

The rule that holds throughout: what is drawn is what was read. Every character of the answer is shown, once and in
order; what cannot be seen (line ends, tabs, control and direction-changing characters) is named instead of obeyed;
and no word promises more than a number without calibration can carry.

Newcomers start at :mod:`~foureyes.report.cells` (the answer cut into pieces that can be coloured) and
:mod:`~foureyes.report.wording` (what is said about them), then see :mod:`~foureyes.report.terminal` and
:mod:`~foureyes.report.check` draw the two. A new page extends ``templates/base.html`` through
:func:`foureyes.report.page.render`.
"""
