from .agreement import MissAgreement as MissAgreement
from .agreement import miss_agreement as miss_agreement
from .auroc_prior import AurocPrior as AurocPrior
from .difference import Difference as Difference
from .difference import paired_difference as paired_difference
from .flips import Flips as Flips
from .flips import FlipShare as FlipShare
from .flips import answer_flips as answer_flips
from .flips import decision_flips as decision_flips
from .merkle import Node as Node
from .pairwise import PairwiseAccuracy as PairwiseAccuracy
from .ranking import Auroc as Auroc
from .ranking import auroc as auroc
from .reliability import Ece as Ece
from .reliability import Reliability as Reliability
from .reliability import ece as ece
from .reliability import mce as mce
from .reliability import reliability as reliability
from .risk_coverage import Aurc as Aurc
from .risk_coverage import RiskCoverage as RiskCoverage
from .risk_coverage import aurc as aurc
from .risk_coverage import risk_coverage as risk_coverage
from .roc import Roc as Roc
from .scoring import Brier as Brier
from .scoring import brier as brier
from .scoring import dcs as dcs
from .scoring import nll as nll
from .selection import (
    SelectionRule as SelectionRule,
)
from .selection import (
    VerifierCandidate as VerifierCandidate,
)
from .selection import (
    VerifierChoice as VerifierChoice,
)
from .selection import (
    VerifierEvidence as VerifierEvidence,
)
from .selection import (
    choose_verifier as choose_verifier,
)
from .within_question import WithinQuestionAuroc as WithinQuestionAuroc
from .within_question import within_question as within_question
