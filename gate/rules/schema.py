"""A proposal must be complete and of bounded size."""

from __future__ import annotations

from gate.decision import Context, DenialKind, Denied
from gate.vocabulary import MAX_CANDIDATES, Proposal, RunCommand, RunTests, SearchCode, TryPatches

__all__ = ["WellFormed"]

_MAX_TEXT = 4_000
_MAX_PATTERN = 1_000
_MAX_IDS = 50_000
_MAX_ARGUMENTS = 1_000


class WellFormed:
    """Denies empty or oversized parts."""

    id = "schema.well-formed"

    def check(self, proposal: Proposal, _context: Context) -> Denied | None:
        texts = {
            "id": proposal.id,
            "intent": proposal.intent,
            "hypothesis": proposal.hypothesis,
            "expected_effect": proposal.expected_effect,
        }
        for name, text in texts.items():
            if not text.strip():
                return self._denied(f"{name} is empty", f"state the {name.replace('_', ' ')} in a sentence")
            if len(text) > _MAX_TEXT:
                return self._denied(f"{name} has {len(text)} characters", f"at most {_MAX_TEXT}")
        match proposal.action:
            case TryPatches(candidates) if not 0 < len(candidates) <= MAX_CANDIDATES:
                return self._denied(f"a batch of {len(candidates)} candidates", f"between 1 and {MAX_CANDIDATES}")
            case TryPatches(offset=offset) if offset < 0:
                return self._denied(f"the batch starts at {offset}", "count candidates from 0")
            case RunTests(ids) if len(ids) > _MAX_IDS:
                return self._denied(f"{len(ids)} test ids", f"name at most {_MAX_IDS}, or none for all")
            case RunCommand(argv) if len(argv) > _MAX_ARGUMENTS:
                return self._denied(f"{len(argv)} arguments", f"at most {_MAX_ARGUMENTS}")
            case SearchCode(text) if not text or len(text) > _MAX_TEXT:
                return self._denied("the text to search for is empty or too long", "search for a short literal text")
            case SearchCode(pattern=pattern) if len(pattern) > _MAX_PATTERN:
                return self._denied(f"a pattern of {len(pattern)} characters", f"at most {_MAX_PATTERN}")
        return None

    def _denied(self, reason: str, hint: str) -> Denied:
        return Denied(self.id, DenialKind.SCHEMA, reason, hint)
