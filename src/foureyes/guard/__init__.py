"""Verify before acting: the fail-closed core, without HTTP.

::

    guard ──── council ──── counting      pure: votes become a verdict
       │          └──────── patience      waiting no longer than a deadline
       ├────── evidence                   pure: what the ledger keeps of a verification
       ├────── ports                      what is needed of a vault and a ledger
       reading                            a Reader and its calibration as a verifier
       fine                               segments checked against independent answers
       opinions                           independent answers, and what they agree on
       gate                               pure: an agent's record becomes allow, review or deny

The rule that holds throughout: what could not be verified is not safe. Start at :class:`Guard`.
"""

from foureyes.guard.council import Council, Member
from foureyes.guard.counting import QuorumRule, count, skill_weight
from foureyes.guard.guard import Decision, Guard, Timing
from foureyes.guard.ports import ConcealedExchange, Concealer, Recorder, RecordReceipt

__all__ = [
    "ConcealedExchange",
    "Concealer",
    "Council",
    "Decision",
    "Guard",
    "Member",
    "QuorumRule",
    "RecordReceipt",
    "Recorder",
    "Timing",
    "count",
    "skill_weight",
]
