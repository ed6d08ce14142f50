"""Answers that others published, read by nobody: what the disagreement of other models says of them."""
