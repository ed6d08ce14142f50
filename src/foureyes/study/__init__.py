"""Studies: how well signals find wrong answers, measured on real questions, with intervals and the origin of each number.

How a study goes, and where each step lives:

1. A TOML file says what to do (:mod:`~foureyes.study.plan`).
2. Its tasks are read from a folder or the hub (:mod:`~foureyes.study.tasks`).
3. Generators answer, verifiers read, signals are taken (:mod:`~foureyes.study.engine`). Whatever a model is asked goes
   through a store that is addressed by content (:mod:`~foureyes.study.store`), so nothing is paid for twice.
4. The rows are measured (:mod:`~foureyes.study.measures`) and written up as a page and as Markdown
   (:mod:`~foureyes.study.sections`).

The rule that holds throughout: no row is dropped. What could not be answered, graded or scored is counted by its reason,
and every figure stands beside its denominator. Newcomers start at :class:`foureyes.study.plan.Study`.
"""
