"""Studies that are more than a study file: claims about the quality of decisions, measured on real or simulated data.

What speed, memory and storage cost is measured in ``bench/`` instead; studies of verifiers on tasks are files in
``docs/studies``, run by ``foureyes bench run``. Claims, verdicts, intervals and pages are those of :mod:`foureyes.study`
and :mod:`foureyes.report.study`.
"""
