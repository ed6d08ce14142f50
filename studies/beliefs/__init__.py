"""Eleven measures of belief, statement and confidence, each on the data and the small models that are at hand."""
