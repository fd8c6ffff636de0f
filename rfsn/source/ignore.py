"""Which untracked files a repository ignores, by git's own rules for `.gitignore`.

Patterns and names are hostile, so the lengths of both bound the time of every match: the part between two `*` is
matched once and never again (an atomic group), where a backtracking matcher could take forever.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = ["Rules", "is_ignored"]

_ANY_FOLDERS = b"**"
_CLASSES = {
    b"alnum": string.ascii_letters + string.digits, b"alpha": string.ascii_letters, b"blank": " \t",
    b"cntrl": "".join(map(chr, (*range(32), 127))), b"digit": string.digits,
    b"graph": "".join(map(chr, range(33, 127))), b"lower": string.ascii_lowercase,
    b"print": "".join(map(chr, range(32, 127))), b"punct": string.punctuation, b"space": string.whitespace,
    b"upper": string.ascii_uppercase, b"xdigit": string.hexdigits,
}  # fmt: skip
_NEVER = re.compile(rb"(?!)")


@dataclass(frozen=True, slots=True)
class _Rule:
    """One line. `parts` are the expressions for the names of a path, None for `**`; `anywhere` fits at any depth."""

    parts: tuple[re.Pattern[bytes] | None, ...]
    anywhere: bool
    folders_only: bool
    ignores: bool

    def fits(self, names: Sequence[bytes], *, is_folder: bool) -> bool:
        if self.folders_only and not is_folder:
            return False
        if self.anywhere:
            part = self.parts[0]
            return part is not None and part.fullmatch(names[-1]) is not None
        return _fits(self.parts, names)


class Rules:
    """The patterns of one `.gitignore`, for the paths beneath its folder."""

    def __init__(self, content: bytes) -> None:
        lines = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
        self._rules = [rule for line in lines if (rule := _rule(line.removesuffix(b"\r"))) is not None]
        self._rules.reverse()

    def __len__(self) -> int:
        return len(self._rules)

    def verdict(self, names: Sequence[bytes], *, is_folder: bool) -> bool | None:
        """Whether the last pattern that fits ignores the path; None if none fits."""
        for rule in self._rules:
            if rule.fits(names, is_folder=is_folder):
                return rule.ignores
        return None


_MAX_GLOB = 2_000


def is_ignored(levels: Iterable[tuple[int, Rules]], names: Sequence[bytes], *, is_folder: bool) -> bool:
    """Whether the nearest rules that match a path ignore it.

    `levels` are the rules on the way to it, the nearest first, each with the number of names that lead to its folder.
    """
    for depth, rules in levels:
        ignored = rules.verdict(names[depth:], is_folder=is_folder)
        if ignored is not None:
            return ignored
    return False


def _rule(line: bytes) -> _Rule | None:
    if line.startswith(b"#"):
        return None
    text = _without_trailing_spaces(line)
    ignores = not text.startswith(b"!")
    text = text.removeprefix(b"!")
    folders_only = text.endswith(b"/")
    text = text.removesuffix(b"/")
    if not text:
        return None
    anywhere = b"/" not in text
    names = [text] if anywhere else text.removeprefix(b"/").split(b"/")
    parts = tuple(None if name == _ANY_FOLDERS and not anywhere else _expression(name) for name in names)
    return _Rule(parts, anywhere, folders_only, ignores)


def _without_trailing_spaces(line: bytes) -> bytes:
    stripped = line.rstrip(b" ")
    backslashes = len(stripped) - len(stripped.rstrip(b"\\"))
    escaped = backslashes % 2 == 1 and len(stripped) < len(line)
    return stripped + b" " if escaped else stripped


def _fits(parts: Sequence[re.Pattern[bytes] | None], names: Sequence[bytes]) -> bool:
    """Whether the parts cover all names. Matching resumes from the last `**`: an earlier one never fits better."""
    part = name = 0
    resume: tuple[int, int] | None = None
    while name < len(names):
        if part < len(parts):
            expression = parts[part]
            if expression is None:
                if part + 1 == len(parts):
                    return True
                resume = (part + 1, name)
                part += 1
                continue
            if expression.fullmatch(names[name]):
                part, name = part + 1, name + 1
                continue
        if resume is None:
            return False
        resume = (resume[0], resume[1] + 1)
        part, name = resume
    return part == len(parts)


def _expression(glob: bytes) -> re.Pattern[bytes]:
    """The expression for one name; a malformed glob, or one longer than any name, fits nothing."""
    if len(glob) > _MAX_GLOB:
        return _NEVER
    pieces: list[list[bytes]] = [[]]
    at = 0
    while at < len(glob):
        byte = glob[at : at + 1]
        at += 1
        if byte == b"*":
            pieces.append([])
        elif byte == b"?":
            pieces[-1].append(rb"[^/]")
        elif byte == b"[":
            bracket = _bracket(glob, at)
            if bracket is None:
                return _NEVER
            expression, at = bracket
            pieces[-1].append(expression)
        elif byte == b"\\":
            if at == len(glob):
                return _NEVER
            pieces[-1].append(re.escape(glob[at : at + 1]))
            at += 1
        else:
            pieces[-1].append(re.escape(byte))
    first, *others = [b"".join(piece) for piece in pieces]
    if not others:
        return re.compile(first, re.DOTALL)
    middle = b"".join(b"(?>.*?" + piece + b")" for piece in others[:-1] if piece)
    # The part behind the last `*` must match the end of the name.
    width = len(pieces[-1])
    tail = b"(?=.{%d}).*+(?<=" % width + others[-1] + b")" if width else b".*+"
    return re.compile(first + middle + tail, re.DOTALL)


def _bracket(glob: bytes, at: int) -> tuple[bytes, int] | None:
    """The expression of the bracket that opens before `at`, and where it ends; None if it does not end."""
    negated = glob[at : at + 1] in {b"!", b"^"}
    at += negated
    members: set[int] = set()
    previous: int | None = None
    first = True
    while first or glob[at : at + 1] != b"]":
        first = False
        end = glob.find(b"]", at + 2) if glob.startswith(b"[:", at) else -1
        if end > at + 2 and glob[end - 1 : end] == b":":
            kind = _CLASSES.get(glob[at + 2 : end - 1])
            if kind is None:
                return None
            members |= set(kind.encode())
            previous, at = None, end + 1
            continue
        ranged = glob[at : at + 1] == b"-" and previous is not None and glob[at + 1 : at + 2] not in {b"", b"]"}
        at += ranged
        at += glob[at : at + 1] == b"\\"
        if at >= len(glob):
            return None
        if ranged and previous is not None:
            members |= set(range(previous, glob[at] + 1))
            previous = None
        else:
            members.add(glob[at])
            previous = glob[at]
        at += 1
    listed = b"".join(b"\\x%02x" % byte for byte in sorted(members | {ord("/")} if negated else members - {ord("/")}))
    if negated:
        return b"[^" + listed + b"]", at + 1
    return (b"[" + listed + b"]" if listed else b"(?!)."), at + 1
