"""From the text of an answer to a patch, in whatever form the answer gives it."""

from planners.llm.edits.parse import parse_edits
from planners.llm.edits.results import Miss, Parsed

__all__ = ["Miss", "Parsed", "parse_edits"]
