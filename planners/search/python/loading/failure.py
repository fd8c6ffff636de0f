"""Failures that say what is missing, in the words of Python."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from buildpacks import CaseTrace, Frame

__all__ = ["Failure", "failures_of"]

_OF_TESTS = frozenset({"NameError", "ImportError", "ModuleNotFoundError"})
"""What can only mean that something is missing, also where a test runs: other failures are the operators' to repair."""

_SAID = re.compile(r"(?:[\w.]+\.)?(\w+)(?:: (.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Failure:
    """One reason: the exception's class, what it says, and the frames in the tree, the faulty place last."""

    kind: str
    said: str
    frames: tuple[Frame, ...]

    @property
    def meant(self) -> str:
        """The name that Python suggests itself (since 3.10); empty if it suggests none."""
        found = re.search(r"Did you mean: '([\w.]+)'|forget to import '(\w+)'", self.said)
        return found[1] or found[2] if found else ""

    def match(self, pattern: str) -> re.Match[str] | None:
        """Where what is said matches, from its start."""
        return re.match(pattern, self.said)


def failures_of(traces: Sequence[CaseTrace]) -> list[Failure]:
    """The distinct failures, the commonest first: one fault often makes many tests fail."""
    failures = [failure for failure in map(_failure, traces) if failure]
    times = Counter(map(_place, failures))
    first = {_place(failure): failure for failure in reversed(failures)}
    return [first[place] for place, _ in times.most_common()]


def _place(failure: Failure) -> tuple[str, str, Frame]:
    """What is the same of failures that one fault causes, by whatever way each file comes to it."""
    return failure.kind, failure.said, failure.frames[-1]


def _failure(trace: CaseTrace) -> Failure | None:
    said = _SAID.match(trace.message.strip())
    if not said or not trace.frames or (trace.parsed.name and said[1] not in _OF_TESTS):
        return None
    return Failure(said[1], said[2] or "", trace.frames)
