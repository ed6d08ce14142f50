"""Tasks: questions with what is right, from files as their publishers lay them out.

:mod:`items` is what a question is, :mod:`layouts` how a published record becomes one, :mod:`grading` who is right,
:mod:`hub` where records come from. Start at :func:`foureyes.study.tasks.loading.load_task`.
"""
