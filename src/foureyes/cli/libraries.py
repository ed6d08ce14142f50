"""Words of libraries stay off the terminal, where they would land in the middle of a progress bar."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from typing import Final

__all__ = ["hush"]

_VERBOSITY: Final = ("HF_HUB_VERBOSITY", "TRANSFORMERS_VERBOSITY")
_LOGGERS: Final = ("httpx", "httpcore", "urllib3", "filelock")


def hush() -> None:
    """Lets libraries speak of errors alone: what they retry, or find old-fashioned, is nothing a person can act on.

    A failure ends in an exception, which is told in our words. Whoever asks for more by one of the environment variables
    ``HF_HUB_VERBOSITY`` and ``TRANSFORMERS_VERBOSITY``, or by Python's ``-W``, gets it.
    """
    for name in _VERBOSITY:
        os.environ.setdefault(name, "error")
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.ERROR)
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
