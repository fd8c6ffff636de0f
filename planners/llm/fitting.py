"""Evidence that fits: a model with a small window is told less, the likeliest first."""

from __future__ import annotations

from collections.abc import Mapping

from planners.api import PlannerContext
from planners.llm.asking import size
from planners.llm.evidence import MAX_ROOM, Evidence, gather
from planners.llm.prompts import evidence_text
from planners.search.language import Language
from planners.search.registry import LANGUAGES
from planners.state import State

__all__ = ["evidence_within"]

_LEAST = 200


def evidence_within(
    most: int, state: State, context: PlannerContext, languages: Mapping[str, Language] = LANGUAGES
) -> Evidence:
    """The evidence of a state that has a baseline, whose text has at most so many bytes, or else as few as possible."""
    room = max(_LEAST, min(most, MAX_ROOM))
    evidence = gather(state, context, languages, room)
    while size(evidence_text(evidence)) > most and room > _LEAST:
        room = max(_LEAST, room * 3 // 4)
        evidence = gather(state, context, languages, room)
    return evidence
