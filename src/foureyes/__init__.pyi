from .calibration import (
    Beta as Beta,
)
from .calibration import (
    Combiner as Combiner,
)
from .calibration import (
    HistogramBinning as HistogramBinning,
)
from .calibration import (
    Isotonic as Isotonic,
)
from .calibration import (
    Platt as Platt,
)
from .calibration import (
    Temperature as Temperature,
)
from .calibration import (
    calibration_report as calibration_report,
)
from .calibration import (
    fit_best as fit_best,
)
from .calibration import (
    promise as promise,
)
from .calibration import (
    promise_table as promise_table,
)
from .cascade import AdvantageRouter as AdvantageRouter
from .cascade import cascade_curve as cascade_curve
from .cascade import fit_chain as fit_chain
from .cleaning import find_label_issues as find_label_issues
from .errors import (
    BudgetSpent as BudgetSpent,
)
from .errors import (
    ConfigError as ConfigError,
)
from .errors import (
    FoureyesError as FoureyesError,
)
from .errors import (
    InputError as InputError,
)
from .errors import (
    LedgerConflict as LedgerConflict,
)
from .errors import (
    LedgerError as LedgerError,
)
from .errors import (
    LedgerOtherKey as LedgerOtherKey,
)
from .errors import (
    LedgerTampered as LedgerTampered,
)
from .errors import (
    ModelError as ModelError,
)
from .errors import (
    ModelRefused as ModelRefused,
)
from .errors import (
    ModelUnavailable as ModelUnavailable,
)
from .errors import (
    NotEnoughData as NotEnoughData,
)
from .errors import (
    PrivacyError as PrivacyError,
)
from .errors import (
    StateError as StateError,
)
from .guard import Council as Council
from .guard import CouncilMember as CouncilMember
from .guard import Guard as Guard
from .layouts import read_answers as read_answers
from .maths import aurc as aurc
from .maths import auroc as auroc
from .maths import brier as brier
from .maths import choose_verifier as choose_verifier
from .maths import ece as ece
from .models import open_reader as open_reader
from .models import open_writer as open_writer
from .route import open_route as open_route
from .route import smart_route as smart_route
from .signals import score as score
from .types import Exchange as Exchange
from .types import Message as Message
from .types import Scored as Scored
from .types import Unscored as Unscored
from .types import Verdict as Verdict

__version__: str
