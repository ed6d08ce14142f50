"""``python -m foureyes`` is the command ``foureyes``."""

import sys

from foureyes.cli import main

sys.exit(main())
