"""Candidates under the tests: cold runs, warm workers, and the outcome of each candidate."""
