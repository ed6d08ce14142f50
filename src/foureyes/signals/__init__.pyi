from . import catalog as catalog
from .agree import v_agree as v_agree
from .catalog import Signal as Signal
from .choice import (
    MultipleChoice as MultipleChoice,
)
from .choice import (
    OptionDistribution as OptionDistribution,
)
from .choice import (
    option_distributions as option_distributions,
)
from .claims import AnswerClaim as AnswerClaim
from .cross import Answered as Answered
from .cross import score as score
from .cross import score_panel as score_panel
from .divergence import cross_entropy as cross_entropy
from .history import Case as Case
from .history import CorrectnessModel as CorrectnessModel
from .history import cross_fitted as cross_fitted
from .knowing import answerless as answerless
from .knowing import p_ik as p_ik
from .knowing import p_true as p_true
from .meaning import Meanings as Meanings
from .meaning import meanings as meanings
from .relative import relative_confidence as relative_confidence
from .samples import self_consistency as self_consistency
from .similarity import Similarities as Similarities
from .similarity import similarities as similarities
from .verbal import verbalised as verbalised
from .within import OwnSignals as OwnSignals
from .within import own_signals as own_signals
from .worst import WorstClaim as WorstClaim
from .worst import worst_claim as worst_claim
