"""``foureyes bench``: runs a study, tells what came out, chooses a verifier. See docs/prove.md."""
