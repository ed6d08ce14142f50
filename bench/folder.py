"""``python -m bench.folder MODEL`` prints the folder of a model known by name, fetched first where it is not there yet."""

from __future__ import annotations

import sys

from foureyes.models.weights import ensure

if __name__ == "__main__":
    print(ensure(sys.argv[1]).folder)
