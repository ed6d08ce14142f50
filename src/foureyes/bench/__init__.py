"""Studies: real questions, real answers, every signal measured, with intervals and where each number comes from.

How a study goes, and where each step lives:

1. A TOML file says what to do (:mod:`~foureyes.bench.plan`).
2. Its tasks are read from a folder or the hub (:mod:`~foureyes.bench.tasks`).
3. Generators answer, verifiers read, signals are taken (:mod:`~foureyes.bench.engine`). Whatever a model is asked goes
   through a store that is addressed by content (:mod:`~foureyes.bench.store`), so nothing is paid for twice.
4. The rows are measured (:mod:`~foureyes.bench.measures`) and told as a page and as Markdown
   (:mod:`~foureyes.bench.telling`).

The rule that holds throughout: no row is dropped. What could not be answered, graded or scored is counted by its reason,
and every figure stands beside its denominator. Newcomers start at :class:`foureyes.bench.plan.Study`.
"""
