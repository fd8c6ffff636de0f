"""Mends of text that does not parse: one character or word, or the indentation of a line, near where the parser stops.

Every edit is tried by parsing the file. The parser stops at the fault or shortly after it, and for a bracket that
nobody closes it names the opening one. Common errors and their messages: Brown and Altadmri, "Novice Java Programming
Mistakes" (TOCE 2017); Ahmed et al., "SynFix" (IEEE TSE 2021), which repairs one token near the error in most cases.
"""

from __future__ import annotations

import ast
import keyword
import re
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, pairwise

from planners.search.language import TextEdit
from planners.search.python.loading.spelling import likeness
from planners.search.python.source import Source, fingerprint

__all__ = ["Mend", "syntax_mends"]

_MOST_PARSED, _MOST_CHARACTERS = 400, 20_000_000
"""The most edits of one file that are parsed, and the most characters in all of them."""

_MOST_TRAILING = 12
_LONGEST_LINE = 500
"""In a longer line, only its end is looked at."""

_BACK, _AHEAD = 3, 8
"""How many lines before and after the place of the error are looked at."""

_TOKEN = re.compile(r"\w+|\s+|[=!<>]=|->|:=|\*\*|//|.")
_HEADER = re.compile(
    r"\s*(?:async\s+)?(?:def|class|if|elif|else|for|while|try|except|finally|with|match|case)\b(?!.*:\s*(?:#.*)?$)"
)
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_KEYWORDS = (*keyword.kwlist, *keyword.softkwlist)
_FOREIGN = {
    r"else\s+if\b": "elif",
    r"els(?:e)?if\b": "elif",
    r"func(?:tion)?\b": "def",
    r"switch\b": "match",
    r"catch\b": "except",
    r"throw\b": "raise",
    r"foreach\b": "for",
    r"unless\b": "if not",
    r"&&": "and",
    r"\|\|": "or",
    r"!(?!=)": "not ",
    r"=(?!=)": "==",
    "==": "=",
    ";": ":",
}
"""What other languages call it, and operators that are taken for one another."""

_LEAST_LIKE, _LEAST_LIKE_SHORT, _SHORT = 0.6, 0.5, 2
"""How much like a keyword a word must be to be meant as it; a word of two letters has only one to be wrong in."""


@dataclass(frozen=True, slots=True)
class Mend:
    """An edit of a file and what kind it is; the likeliest of several has the highest weight."""

    kind: str
    edits: tuple[TextEdit, ...]
    weight: float
    line: int


def syntax_mends(source: Source) -> Iterator[Mend]:
    """Edits with which the text parses, likeliest first, each resulting program once."""
    error = _error(source.text)
    if error is None:
        return
    ranked = sorted(_Mender(source, error).edits(), key=lambda mend: -mend.weight)
    made: set[str] = set()
    for mend in islice(ranked, min(_MOST_PARSED, _MOST_CHARACTERS // max(1, len(source.text)))):
        text = _edited(source.text, mend.edits)
        tree = _parsed(text)
        if tree is not None and _error(text) is None and (known := fingerprint(tree)) not in made:
            made.add(known)
            yield mend


def _parsed(text: str) -> ast.Module | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def _error(text: str) -> SyntaxError | None:
    """What is wrong with a text, also where it parses and cannot be compiled; None if nothing is."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(text, "text", "exec", dont_inherit=True)
        except SyntaxError as error:
            return error
        except (ValueError, RecursionError, MemoryError):
            return None
    return None


def _edited(text: str, edits: tuple[TextEdit, ...]) -> str:
    for edit in reversed(edits):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


class _Mender:
    """The edits near one error, with weights: the message says which kinds are likely, the distance which lines."""

    def __init__(self, source: Source, error: SyntaxError) -> None:
        self._source, self._message = source, error.msg
        self._lines = source.text.splitlines(keepends=True)
        self._at = min(max(error.lineno or 1, 1), max(1, len(self._lines)))

    def edits(self) -> Iterator[Mend]:
        """Every edit at the lines around the error."""
        first, last = max(1, self._at - _BACK), min(len(self._lines), self._at + _AHEAD)
        for number in range(first, last + 1):
            if not self._lines[number - 1].strip():
                continue
            ahead = "never closed" in self._message or "triple-quoted" in self._message
            nearness = 0.8 ** abs(number - self._at) if number <= self._at or ahead else 0.5 ** (number - self._at)
            for mend in self._at_line(number):
                yield Mend(mend.kind, mend.edits, mend.weight * nearness, mend.line)
        yield from self._left_open()

    def _left_open(self) -> Iterator[Mend]:
        """The end of a text in three quotes, which the parser misses only where the next such text begins."""
        for quotes in ('"""', "'''"):
            open_lines = [at for at in range(1, self._at + 1) if self._lines[at - 1].count(quotes) % 2]
            for number in open_lines[-3:]:
                place = self._source.line_starts[number - 1] + len(self._lines[number - 1].rstrip())
                yield Mend("quote", (TextEdit(place, place, quotes),), 0.7, number)

    def _at_line(self, number: int) -> Iterator[Mend]:
        yield from self._indented(number)
        start, line = self._source.line_starts[number - 1], self._lines[number - 1].rstrip("\r\n")
        end = self._end_of_code(line)
        pieces = list(_TOKEN.finditer(line)) if len(line) <= _LONGEST_LINE else []
        boundaries = [piece.start() for piece in pieces if piece.start() <= end]
        trailing = _trailing(line, end)
        places = list(dict.fromkeys([end, *reversed(trailing), *boundaries]))
        for order, place in enumerate(places):
            usual = 1.0 if order == 0 else 0.8 if place in trailing else 0.4
            for kind, text, weight in self._insertions(line, place, end):
                yield Mend(kind, (TextEdit(start + place, start + place, text),), weight * usual, number)
        for piece in pieces:
            if piece.group().strip():
                for kind, text, weight in self._instead(piece.group(), line, piece.start()):
                    place = start + piece.start()
                    yield Mend(kind, (TextEdit(place, place + len(piece.group()), text),), weight, number)
        for pattern, text in _FOREIGN.items():
            for found in re.finditer(rf"(?<!\w){pattern}" if pattern[0].isalpha() else pattern, line[:_LONGEST_LINE]):
                weight = self._told(0.9 if pattern[0].isalpha() else 0.4, "instead of", "assign to", "invalid")
                edit = TextEdit(start + found.start(), start + found.end(), text)
                yield Mend("word", (edit,), weight, number)

    def _insertions(self, line: str, place: int, end: int) -> Iterator[tuple[str, str, float]]:
        """What may be missing at a place of a line: its kind, its text and its weight."""
        if place == end and _HEADER.match(line):
            yield "colon", ":", self._told(1.0, "expected ':'", "invalid syntax")
        for opening, closing in _CLOSING.items():
            if opening in line or "does not match" in self._message or "never closed" in self._message:
                more = line.count(opening) > line.count(closing)
                yield "bracket", closing, self._told(0.6 if more else 0.2, "never closed", "does not match", "invalid")
            if "unmatched" in self._message and closing in line:
                yield "bracket", opening, 0.5
        for quote in ("'", '"'):
            if quote in line and "unterminated" in self._message:
                yield "quote", quote * 3 if quote * 3 in line and "triple" in self._message else quote, 0.9
        if (
            re.match(r"\s*(?:async\s+)?for\b", line)
            and not re.search(r"\bin\b", line)
            and line[place : place + 1] == " "
        ):
            yield "keyword", " in", 0.5
        comma = self._told(0.3, "forgot a comma", "invalid syntax")
        if place and not line[:place].rstrip().endswith((",", "(", "[", "{", ":", "=")):
            yield "comma", ",", comma

    def _instead(self, piece: str, line: str, place: int) -> Iterator[tuple[str, str, float]]:
        """What a token may be meant to be: the kind of the fault, the text that belongs there, and its weight."""
        if piece in "([{)]}" and "does not match" in self._message:
            for other in "([{" if piece in "([{" else ")]}":
                if other != piece:
                    yield "bracket", other, 0.8
        if not piece.isidentifier():
            likely = piece in ")]}" or not piece.isascii()
            yield "token", "", self._told(0.3, "unmatched", "unexpected", "invalid") if likely else 0.1
        elif piece not in keyword.kwlist:
            first = not line[:place].strip()
            for name in _KEYWORDS:
                close = likeness(piece, name)
                if close >= (_LEAST_LIKE if len(piece) > _SHORT else _LEAST_LIKE_SHORT) and len(piece) >= _SHORT:
                    yield "keyword", name, close * (1.0 if first else 0.7)
            yield "token", "", 0.05

    def _indented(self, number: int) -> Iterator[Mend]:
        """The line at other indentations that the lines above it have, or one level deeper than the one before."""
        line = self._lines[number - 1]
        own = line[: len(line) - len(line.lstrip())]
        above = [text for text in self._lines[max(0, number - 40) : number - 1] if text.strip()]
        levels = [text[: len(text) - len(text.lstrip())] for text in above]
        before = levels[-1] if levels else ""
        unit = _unit(levels)
        below = next((text for text in self._lines[number:] if text.strip()), "")
        usual = before + unit if above and above[-1].rstrip().endswith(":") else before
        following = below[: len(below) - len(below.lstrip())]
        start = self._source.line_starts[number - 1]
        told = self._told(0.5, "indent", "outside function", "outside loop", "expected 'except'", "invalid syntax")
        used = Counter(text[: len(text) - len(text.lstrip())] for text in self._lines if text.strip())
        for level in dict.fromkeys([usual, following, before + unit, *sorted(levels, key=len, reverse=True)]):
            odd = used[level] == 1 and level not in {usual, before + unit}  # of the faulty line, most likely
            if level != own and not odd:
                likely = 1.0 if level == usual else 0.9 if level == following else 0.5
                likely /= 1.0 + abs(len(level.expandtabs()) - len(own.expandtabs())) / 4
                yield Mend("indent", (TextEdit(start, start + len(own), level),), told * likely, number)

    def _told(self, weight: float, *words: str) -> float:
        """A weight that is twice as high if the parser's message has one of these words."""
        return weight * (2.0 if any(word in self._message for word in words) else 1.0)

    def _end_of_code(self, line: str) -> int:
        """Where the code of a line ends: before its comment, as far as a line that does not parse shows it."""
        quote = ""
        for place, sign in enumerate(line):
            if quote:
                quote = "" if sign == quote else quote
            elif sign in "'\"":
                quote = sign
            elif sign == "#":
                return len(line[:place].rstrip())
        return len(line.rstrip())


def _trailing(line: str, end: int) -> list[int]:
    """The places before each of the closing signs that end a line; there are few in most."""
    start = end
    while start and line[start - 1] in ")]}:," and end - start < _MOST_TRAILING:
        start -= 1
    return list(range(start, end))


def _unit(levels: list[str]) -> str:
    """One level of indentation, as the lines above have it."""
    steps = [later.removeprefix(earlier) for earlier, later in pairwise(levels)]
    deeper = [step for step, later in zip(steps, levels[1:], strict=False) if step and step != later]
    return min(deeper, key=len, default="    ")
