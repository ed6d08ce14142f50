"""The programs of this folder run in the clients' own environment; pytest collects none of them."""

collect_ignore_glob = ["*.py"]
