"""Batch evaluation: every instance of a data set as a session of its own."""

from rfsn.evaluation.run import Selection, run_evaluation

__all__ = ["Selection", "run_evaluation"]
