"""A patch in the making: edits of several pieces of an answer, made of the same base."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from buildpacks import RepoView
from gate import CreateFile, Edit, EditFile, Patch, content_hash
from planners.llm.edits.elision import elided
from planners.llm.edits.functions import Outline, outline_of
from planners.llm.edits.results import Miss
from planners.llm.edits.text import FileText, LineEdit
from planners.search.language import Language
from planners.search.registry import language_of

__all__ = ["Draft"]

_MAX_BYTES = 4 << 20
_LEFT_OUT = "stands for code that is left out: write all of it"

type _Edit = tuple[int, int, int, tuple[str, ...], Edit]
"""The lines that an edit replaces, its place in the answer, its new lines, and the edit of bytes that it is."""


class Draft:
    """What an answer does to each file so far. What does not fit to that, or changes nothing, is left out."""

    def __init__(self, view: RepoView, languages: Mapping[str, Language]) -> None:
        self._view, self._languages = view, languages
        self._files: dict[str, FileText | Miss] = {}
        self._outlines: dict[str, Outline | None] = {}
        self._edits: dict[str, list[_Edit]] = {}
        self._created: dict[str, bytes] = {}

    @property
    def paths(self) -> set[str]:
        """The files that are edited or created."""
        return {*self._edits, *self._created}

    def file(self, path: str) -> FileText | Miss:
        """A file of the base, or why it cannot be edited."""
        if path not in self._files:
            raw = self._view.read(path)
            is_text = len(raw) <= _MAX_BYTES and b"\0" not in raw
            self._files[path] = FileText(path, raw) if is_text else Miss(path, "the file is too large, or is no text")
        return self._files[path]

    def language(self, path: str) -> Language | None:
        """The language of a file."""
        return language_of(path, self._languages)

    def outline(self, file: FileText) -> Outline | None:
        """The functions of a file of the base."""
        if file.path not in self._outlines:
            self._outlines[file.path] = outline_of(file.path, file.lines, self.language(file.path))
        return self._outlines[file.path]

    def edit(self, file: FileText, edits: Iterable[LineEdit], *, whole: bool = False) -> Miss | str | None:
        """Add edits, all or none of them: why not, or a note that there is nothing to add."""
        changing = [edit for edit in edits if tuple(file.lines[edit[0] : edit[1]]) != edit[2]]
        if not changing:
            return f"{file.path}: an edit changes nothing"
        replaced = (line for start, end, _ in changing for line in file.lines[start:end])
        if left_out := elided((line for edit in changing for line in edit[2]), replaced, whole=whole):
            return Miss(file.path, f"`{left_out}` {_LEFT_OUT}")
        known = self._edits.get(file.path, [])
        given = {(start, end, new) for start, end, _, new, _ in known}
        fresh = [edit for edit in changing if edit not in given]
        if not fresh:
            return f"{file.path}: an edit is given more than once"
        fresh.sort(key=lambda edit: edit[:2])
        if any(first[1] > second[0] for first, second in pairwise(fresh)) or any(
            _overlaps(edit, known) for edit in fresh
        ):
            return Miss(file.path, "the edit overlaps with another one of the answer: give one edit for both")
        try:
            made = [(start, end, len(known), new, file.edit((start, end, new))) for start, end, new in fresh]
        except UnicodeEncodeError:
            return Miss(file.path, "the edit has characters that the encoding of the file cannot hold")
        for one in made:
            insort(self._edits.setdefault(file.path, known), one, key=lambda edit: edit[:3])
        return None

    def create(self, path: str, lines: Sequence[str]) -> Miss | str | None:
        """Add a new file: why not, or a note that there is nothing to add."""
        if left_out := elided(lines, (), whole=False):
            return Miss(path, f"`{left_out}` {_LEFT_OUT}")
        try:
            content = "".join(f"{line}\n" for line in lines).encode()
        except UnicodeEncodeError:
            return Miss(path, "the file has characters that cannot be written")
        known = self._created.setdefault(path, content)
        return None if known == content else Miss(path, "the answer creates the file twice")

    def patch(self) -> Patch:
        """Everything that was added, by path."""
        edited = [
            EditFile(path, content_hash(self._view.read(path)), tuple(one[4] for one in self._edits[path]))
            for path in sorted(self._edits)
        ]
        return (*edited, *(CreateFile(path, self._created[path]) for path in sorted(self._created)))


def _overlaps(edit: LineEdit, known: Sequence[_Edit]) -> bool:
    """Whether an edit touches what another replaces, or is inserted in it. Side by side they do not overlap."""
    start, end, _ = edit
    at = bisect_left(known, (start,), key=lambda one: one[:1])
    if at and known[at - 1][1] > start:
        return True
    later = next((one for one in known[at:] if one[1] > start), None)
    return later is not None and later[0] < end and start < end
