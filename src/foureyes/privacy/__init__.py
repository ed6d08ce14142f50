"""Finds personal data in texts, replaces it by stable tokens, and restores it.

Verifiers are third parties. What identifies a person is taken out of a text before they see it and put back only in what
returns to the caller. The rule that holds throughout: whatever fails, nothing goes out; every failure is a
:class:`~foureyes.errors.PrivacyError`, and no message quotes a text. Everything here is synchronous and may be called from
any thread.

A newcomer starts at :func:`foureyes.privacy.conceal.conceal`, then :mod:`~foureyes.privacy.tokens` and
:mod:`~foureyes.privacy.vault`.
"""

from foureyes.privacy.conceal import Concealed, conceal, reveal
from foureyes.privacy.findings import Detector, Finding, merge_overlapping
from foureyes.privacy.names import NamesDetector
from foureyes.privacy.parts import conceal_parts, reveal_json, reveal_parts
from foureyes.privacy.patterns import COUNTRIES, PatternDetector
from foureyes.privacy.process import ProcessDetector
from foureyes.privacy.vault import Conversation, TokenEntry, Vault, VaultLimits

__all__ = [
    "COUNTRIES",
    "Concealed",
    "Conversation",
    "Detector",
    "Finding",
    "NamesDetector",
    "PatternDetector",
    "ProcessDetector",
    "TokenEntry",
    "Vault",
    "VaultLimits",
    "conceal",
    "conceal_parts",
    "merge_overlapping",
    "reveal",
    "reveal_json",
    "reveal_parts",
]
