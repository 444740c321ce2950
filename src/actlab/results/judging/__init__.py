"""Verdicts on results that people have already: a table with a column for what is compared, seeds and a metric."""
