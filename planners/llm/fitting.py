"""Brief that fits: a model with a small window is told less, the likeliest first."""

from __future__ import annotations

from collections.abc import Mapping

from planners.api import PlannerContext
from planners.llm.asking import size
from planners.llm.brief import MAX_ROOM, Brief, brief_of
from planners.llm.prompts import brief_text
from planners.search.language import Language
from planners.search.registry import LANGUAGES
from planners.state import State

__all__ = ["Briefer", "brief_within"]

_LEAST = 200


def brief_within(
    most: int, state: State, context: PlannerContext, languages: Mapping[str, Language] = LANGUAGES
) -> Brief:
    """The brief of a state that has a baseline, whose text has at most so many bytes, or else as few as possible."""
    room = max(_LEAST, min(most, MAX_ROOM))
    brief = brief_of(state, context, languages, room)
    while size(brief_text(brief)) > most and room > _LEAST:
        room = max(_LEAST, room * 3 // 4)
        brief = brief_of(state, context, languages, room)
    return brief


class Briefer:
    """Briefs for one session, made again only when what they rest on has changed."""

    def __init__(self, languages: Mapping[str, Language] = LANGUAGES) -> None:
        self._languages = languages
        self._known: tuple[object, ...] = ()
        self._brief: Brief | None = None

    def __call__(self, most: int, state: State, context: PlannerContext) -> Brief:
        """The brief of a state, whose text has at most so many bytes, or else as few as possible."""
        known = (most, state.baseline, state.repeat, state.spectrum, state.kept, state.near_misses, state.scratch)
        if self._brief is None or known != self._known:
            self._brief, self._known = brief_within(most, state, context, self._languages), known
        return self._brief
