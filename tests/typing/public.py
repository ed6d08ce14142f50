"""What type checkers see of the public surface. Never run: ``make check`` reads it with mypy --strict."""

from typing import assert_type

import numpy as np
from numpy.typing import NDArray

import foureyes as fe
from foureyes.calibration import CalibrationReport, Choice, PromiseTable, Source, Threshold
from foureyes.cascade import Costs, Curve
from foureyes.cleaning import Issue, Issues
from foureyes.maths import Aurc, Auroc, Brier, Ece
from foureyes.models import Reader, Sampling, Writer
from foureyes.types import Token, Written

reader = fe.open_reader("gemma3-270m")
assert_type(reader, Reader)
rows = fe.score([fe.Exchange("Capital of Australia?", "Sydney")], reader)
assert_type(rows, list[fe.Scored | fe.Unscored])
for row in rows:
    if isinstance(row, fe.Scored):
        assert_type(row.log_cmp, float)
        assert_type(row.cmp, float)
        assert_type(row.cme, float | None)
        assert_type(row.tokens, tuple[Token, ...])
    else:
        assert_type(row.detail, str)
fe.score(["Sydney"], reader)  # type: ignore[list-item]
fe.Exchange("Capital of Australia?", answer=7)  # type: ignore[arg-type]

writer = fe.open_writer("gemma3-270m")
assert_type(writer, Writer)
assert_type(writer.write(["Capital of Australia?"], Sampling(n=2)), list[list[Written | fe.Unscored]])
fe.score([], writer)  # type: ignore[arg-type]

uncertainty = np.array([0.1, 0.7])
correct = np.array([True, False])
platt = fe.Platt.fit(uncertainty, correct, source=Source("log_cmp", "gemma3-270m"))
assert_type(platt, fe.Platt)
confidence = platt.predict_proba(uncertainty)
assert_type(confidence, NDArray[np.float64])
assert_type(platt.to_json(), str)
assert_type(fe.fit_best(uncertainty, correct), Choice)
assert_type(fe.ece(confidence, correct), Ece)
assert_type(fe.brier(confidence, correct), Brier)
assert_type(fe.calibration_report(confidence, correct), CalibrationReport)
assert_type(fe.promise(confidence, correct, max_error=0.05), Threshold)
assert_type(fe.promise_table(confidence, correct), PromiseTable)
assert_type(fe.auroc(uncertainty, wrong=~correct), Auroc)
assert_type(fe.aurc(uncertainty, wrong=~correct), Aurc)

router = fe.AdvantageRouter.fit(confidence, confidence)
curve = fe.cascade_curve(confidence, correct, correct, router, costs=Costs(1, 5))
assert_type(curve, Curve)
assert_type(curve.apgr, float | None)

issues = fe.find_label_issues([0, 1], [[0.9, 0.1], [0.8, 0.2]])
assert_type(issues, Issues)
assert_type(issues[0], Issue)
assert_type(issues[:1], Issues)
assert_type(fe.find_label_issues([0, 1], [[0.9, 0.1], [0.8, 0.2]], filter_by="confident_learning"), NDArray[np.bool_])


async def verified(guard: fe.Guard) -> fe.Verdict:
    decision = await guard.verify(fe.Exchange("Capital of Australia?", "Sydney"))
    assert_type(decision.verdict, fe.Verdict)
    assert_type(decision.verdict.safe, bool)
    return decision.verdict
