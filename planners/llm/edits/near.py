"""Where a file has nearly the lines that an answer quotes. The work for one answer is bounded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from planners.llm.edits.text import FileText

__all__ = ["Budget", "Near", "nearly"]

_ALIKE = 0.8
_CLEARLY = 0.1
_LINE_ALIKE = 0.5
_MAX_QUOTED = 200
_MAX_FILE = 50_000
_MAX_PLACES = 32
_MAX_STARTS = 6
_MAX_LINE = 300
_SHORT = 3


@dataclass(slots=True)
class Budget:
    """What may still be done for one answer: comparisons of parts of files, of single lines, and searches by a line."""

    parts: int = 120
    lines: int = 3_000
    scans: int = 8


@dataclass(frozen=True, slots=True)
class Near:
    """The best place: for each quoted line that of the file, or None. `unique`: it is alike, and clearly the best."""

    lines: tuple[int | None, ...]
    unique: bool


@dataclass(frozen=True, slots=True)
class _Aligned:
    score: float
    lines: tuple[int | None, ...]

    @property
    def span(self) -> tuple[int, int]:
        places = [at for at in self.lines if at is not None]
        return min(places), max(places)


def nearly(quoted: Sequence[str], file: FileText, budget: Budget) -> Near | None:
    """The place whose lines are most like these (without white space around them); None if none has anything alike."""
    if len(quoted) > _MAX_QUOTED or len(file.lines) > _MAX_FILE or not any(quoted):
        return None
    aligned = [found for start in _starts(quoted, file, budget) if (found := _align(quoted, file, start, budget))]
    if not aligned:
        return None
    aligned.sort(key=lambda found: (-found.score, found.span))
    best = aligned[0]
    first, last = best.span
    others = [found.score for found in aligned if found.span[0] > last or found.span[1] < first]
    unique = best.score >= _ALIKE and best.score - max(others, default=0) >= _CLEARLY
    return Near(best.lines, unique)


def _starts(quoted: Sequence[str], file: FileText, budget: Budget) -> list[int]:
    """Where the quoted lines may begin: where rare ones of them are, or if few, where the longest is, nearly."""
    votes: Counter[int] = Counter()
    for at, line in enumerate(quoted):
        places = file.places.get(line, []) if line else []
        if len(places) <= _MAX_PLACES:
            for place in places:
                votes[place - at] += len(line)
    if (not votes or len(quoted) <= _SHORT) and budget.scans > 0:
        budget.scans -= 1
        at = max(range(len(quoted)), key=lambda index: len(quoted[index]))
        for place, alike in _similar(quoted[at], file):
            votes[place - at] += int(alike * len(quoted[at]))
    ranked = sorted(votes.items(), key=lambda vote: (-vote[1], vote[0]))
    return [start for start, weight in ranked[:_MAX_STARTS] if 2 * weight >= ranked[0][1]]


def _similar(wanted: str, file: FileText) -> list[tuple[int, float]]:
    """The lines that may be like one line, by the characters in them."""
    if not wanted or len(wanted) > _MAX_LINE:
        return []
    matcher = SequenceMatcher(None, "", wanted, autojunk=False)
    found: list[tuple[int, float]] = []
    for at, line in enumerate(file.stripped):
        if 2 * min(len(line), len(wanted)) >= _LINE_ALIKE * (len(line) + len(wanted)):
            matcher.set_seq1(line)
            if (alike := matcher.quick_ratio()) >= _LINE_ALIKE:
                found.append((at, alike))
    return sorted(found, key=lambda pair: -pair[1])[: 2 * _MAX_STARTS]


def _align(quoted: Sequence[str], file: FileText, start: int, budget: Budget) -> _Aligned | None:
    """The quoted lines beside those of the file from about `start`, and how much of both is the same."""
    slack = 2 + len(quoted) // 5
    low, high = max(0, start - slack), min(len(file.lines), start + len(quoted) + slack)
    part = file.stripped[low:high]
    counts, others = Counter(quoted), Counter(part)
    pairs = sum(count * others[line] for line, count in counts.items())
    if budget.parts <= 0 or pairs > 10 * (len(quoted) + len(part)):
        return None
    budget.parts -= 1
    lines: list[int | None] = [None] * len(quoted)
    same = 0.0
    matcher = SequenceMatcher(None, quoted, part, autojunk=False)
    for at, other, is_equal in _pairs(matcher, len(quoted), start - low):
        alike = 1.0 if is_equal else _alike(quoted[at], part[other], budget)
        if alike >= _LINE_ALIKE:
            lines[at] = low + other
            same += alike * (_weight(quoted[at]) + _weight(part[other]))
    places = [place for line, place in zip(quoted, lines, strict=True) if line and place is not None]
    if not places:
        return None
    lines = [place if place is not None and min(places) <= place <= max(places) else None for place in lines]
    total = sum(map(_weight, quoted)) + sum(map(_weight, file.stripped[min(places) : max(places) + 1]))
    return _Aligned(same / total, tuple(lines))


def _pairs(matcher: SequenceMatcher[str], quoted: int, start: int) -> Iterator[tuple[int, int, bool]]:
    """Which quoted line is beside which other one, and whether they are equal; a few have no place."""
    opcodes = matcher.get_opcodes()
    has_equal = any(tag == "equal" for tag, *_ in opcodes)
    for tag, first, last, other, other_last in opcodes:
        count = min(last - first, other_last - other)
        if not has_equal:
            shift = max(0, min(start, other_last - count))
        elif last - first == other_last - other or last == quoted:
            shift = other - first
        elif first == 0:
            shift = other_last - last
        else:
            continue
        for at in range(first, last) if tag in {"equal", "replace"} else ():
            if other <= at + shift < other_last:
                yield at, at + shift, tag == "equal"


def _weight(line: str) -> int:
    return len(line) + 1


def _alike(first: str, second: str, budget: Budget) -> float:
    if budget.lines <= 0 or max(len(first), len(second)) > _MAX_LINE:
        return 0.0
    budget.lines -= 1
    return SequenceMatcher(None, first, second, autojunk=False).ratio()
