"""Candidates under test: cold runs, warm workers, and what became of each candidate."""
