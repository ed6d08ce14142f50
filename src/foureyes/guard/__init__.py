"""Verifies a model's answer before anyone acts on it: the fail-closed core of the service, without HTTP.

::

    guard ──── council ──── counting      pure: votes become a verdict
       │          └──────── deadline      waiting no longer than a deadline
       ├────── ledger_payload             pure: what the ledger keeps of a verification
       ├────── protocols                  what is needed of a vault and a ledger
       │          └──────── vault_concealer   a vault and a detector as the first of these
       reader_judge ─ batcher             a Reader and its calibration as a verifier, read in batches
                         └─ reading_queue  pure: which answers are read next
       segment_check                      each sentence of a response compared with independent answers
       opinions                           independent answers, and what they agree on
       gate                               pure: an agent's record becomes allow, review or deny

The rule that holds throughout: what could not be verified is not safe. Start at :class:`Guard`.
"""

from foureyes.guard.council import Council, CouncilMember
from foureyes.guard.counting import QuorumRule, count_votes, skill_weight
from foureyes.guard.guard import Decision, Guard, Timing
from foureyes.guard.protocols import ConcealedExchange, Concealer, Recorder, RecordReceipt

__all__ = [
    "ConcealedExchange",
    "Concealer",
    "Council",
    "CouncilMember",
    "Decision",
    "Guard",
    "QuorumRule",
    "RecordReceipt",
    "Recorder",
    "Timing",
    "count_votes",
    "skill_weight",
]
