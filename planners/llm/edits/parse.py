"""From the text of an answer to a patch. Every answer ends quickly, whatever is in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from buildpacks import RepoView
from planners.llm.edits.diffs import Diff, Hunk
from planners.llm.edits.draft import Draft
from planners.llm.edits.functions import outline_of
from planners.llm.edits.names import Name, Tree
from planners.llm.edits.near import Budget
from planners.llm.edits.pieces import Block, Broken, Fence, Piece, pieces_of
from planners.llm.edits.places import Quoted, Rewrite, edits_of, fits
from planners.llm.edits.results import Miss, Parsed
from planners.llm.edits.text import FileText, LineEdit, line_edits
from planners.llm.edits.whole import whole_edits
from planners.search.language import Language
from planners.search.registry import LANGUAGES

__all__ = ["parse_edits"]

_MAX_CHARACTERS = 1_000_000
_MAX_PIECES = 400
_MAX_HUNKS = 1_000
_MAX_FENCES = 40
_MAX_SAID = 100
_MAX_SHOWN = 20
_NOWHERE = "/dev/null"
_OUTPUT = frozenset(
    {"bash", "console", "log", "output", "plaintext", "pycon", "pytest", "sh", "shell", "text", "traceback", "txt"}
)


def parse_edits(
    text: str,
    view: RepoView,
    shown: Sequence[str] = (),
    *,
    cut: bool = False,
    languages: Mapping[str, Language] = LANGUAGES,
) -> Parsed:
    """The patch that an answer describes: search/replace blocks, diffs, and whole files or functions in fences.

    `shown` are the files that the model saw: an edit without a path is of one of them. An answer that was `cut` short
    gives only what is complete in it.
    """
    reader = _Reader(view, shown, languages)
    if len(text) > _MAX_CHARACTERS:
        reader.notes.append(f"the answer has {len(text)} characters, of which {_MAX_CHARACTERS} were read")
    lines = [line.removesuffix("\r") for line in text[:_MAX_CHARACTERS].split("\n")]
    pieces = list(islice(pieces_of(lines, cut=cut or len(text) > _MAX_CHARACTERS), _MAX_PIECES + 1))
    if len(pieces) > _MAX_PIECES:
        reader.notes.append(
            f"the answer has more than {_MAX_PIECES} blocks, diffs and fences: only the first were read"
        )
    reader.read(pieces[:_MAX_PIECES], cut=cut)
    return Parsed(reader.draft.patch(), tuple(reader.misses[:_MAX_SAID]), tuple(reader.notes[:_MAX_SAID]))


class _Reader:
    """Makes a draft of the pieces of one answer."""

    def __init__(self, view: RepoView, shown: Sequence[str], languages: Mapping[str, Language]) -> None:
        self.draft, self.tree = Draft(view, languages), Tree(view, shown)
        self.misses: list[Miss] = []
        self.notes: list[str] = []
        self._budget = Budget()
        self._hunks = _MAX_HUNKS
        self._last = ""

    def read(self, pieces: Sequence[Piece], *, cut: bool) -> None:
        """Read blocks and diffs first: a fence beside them may only illustrate them."""
        for piece in pieces:
            if isinstance(piece, Block):
                self._block(piece)
            elif isinstance(piece, Diff):
                self._diff(piece)
            elif isinstance(piece, Broken):
                name = self.tree.meant_by(piece.names)
                if cut:
                    self.notes.append(f"{piece.why}: the answer was cut there")
                else:
                    self.misses.append(Miss(name.path if name else "", piece.why))
        fences = [piece for piece in pieces if isinstance(piece, Fence)]
        if len(fences) > _MAX_FENCES:
            self.notes.append(f"the answer has {len(fences)} fences, of which {_MAX_FENCES} were read")
        nameless = [fence for fence in fences[:_MAX_FENCES] if not self._named_fence(fence)]
        if not self.draft.paths:
            for fence in nameless:
                self._nameless_fence(fence)

    def _keep(self, outcome: Miss | str | None) -> None:
        if isinstance(outcome, Miss):
            self.misses.append(outcome)
        elif outcome is not None:
            self.notes.append(outcome)

    def _block(self, block: Block) -> None:
        halves = [(block.lines[:at], block.lines[at + 1 :]) for at in block.dividers]
        rewrites = [Rewrite(_quoted(old), tuple(line_edits(old, new))) for old, new in halves]
        if not any(map(str.strip, halves[0][0])):
            self._new_file(self.tree.meant_by(block.names), halves[0][1])
            return
        # A heading underlined with `=======` looks like the divider: the longest quotation that fits is meant.
        file = self._file(self.tree.meant_by(block.names), lambda file: any(fits(one, file) for one in rewrites))
        if isinstance(file, Miss):
            self.misses.append(file)
            return
        rewrite = next((one for one in reversed(rewrites) if fits(one, file)), rewrites[0])
        self._rewrite(rewrite, file)

    def _new_file(self, name: Name | None, lines: Sequence[str]) -> None:
        if name is None or name.problem:
            why = name.problem if name else "no path is given for a new file: write it on the line before"
            self.misses.append(Miss("", why))
        elif not name.exists:
            self._keep(self.draft.create(name.path, lines))
        elif isinstance(file := self.draft.file(name.path), FileText) and not file.lines:
            self._keep(self.draft.edit(file, [(0, 0, tuple(lines))]))
        else:
            self.misses.append(Miss(name.path, "the file exists, and the edit quotes no line of it"))

    def _diff(self, diff: Diff) -> None:
        header = [path for path in (diff.new, diff.old) if path and path != _NOWHERE]
        name = self.tree.meant_by(header) if header else self.tree.meant_by(diff.names)
        problem = diff.problem or ("a patch may only edit and create files" if diff.new == _NOWHERE else "")
        if diff.old and diff.new and _base(diff.old) != _base(diff.new) and _NOWHERE not in {diff.old, diff.new}:
            problem = "a patch may not rename a file"
        if problem:
            self.misses.append(Miss(name.path if name else "", problem))
            return
        rewrites = [_rewrite_of(hunk) for hunk in diff.hunks]
        if name and not name.exists and not name.problem and not any(rewrite.quoted for rewrite in rewrites):
            path = name.path.removeprefix("b/") if diff.new.startswith("b/") else name.path
            new = [line for rewrite in rewrites for _, _, lines in rewrite.changes for line in lines]
            self._keep(self.draft.create(path, new))
            return
        file = self._file(name, lambda file: all(fits(rewrite, file) for rewrite in rewrites))
        if isinstance(file, Miss):
            self.misses.append(file)
            return
        for rewrite in rewrites:
            self._rewrite(rewrite, file)

    def _rewrite(self, rewrite: Rewrite, file: FileText) -> None:
        self._hunks -= 1
        if self._hunks <= 0:
            if self._hunks == 0:
                self.misses.insert(0, Miss("", f"the answer has {_MAX_HUNKS} edits or more: only the first were read"))
            return
        self._last = file.path
        if not rewrite.quoted and not file.lines:
            edits: list[LineEdit] | Miss = [(0, 0, new) for _, _, new in rewrite.changes]
        else:
            edits = edits_of(rewrite, file, self._budget)
        self._keep(edits if isinstance(edits, Miss) else self.draft.edit(file, edits))

    def _file(self, name: Name | None, fitting: Callable[[FileText], bool]) -> FileText | Miss:
        """The file that is named; without a name the only one that is shown, or the only one that fits."""
        if name and name.exists:
            return self.draft.file(name.path)
        if name and name.problem:
            return Miss("", name.problem)
        paths = dict.fromkeys([self._last, *self.tree.shown[:_MAX_SHOWN]])
        files = [file for path in paths if (file := self._known(path))]
        fit = [file for file in files if fitting(file)]
        if len(fit) == 1:
            return fit[0]
        if name:
            return Miss(name.path, "there is no such file: give an empty search part to create it")
        if len(self.tree.shown) == 1 and files:
            return files[-1]
        return Miss("", "no file is named: write its path on the line before the edit")

    def _known(self, path: str) -> FileText | None:
        name = self.tree.find(path) if path else None
        file = self.draft.file(name.path) if name and name.exists else None
        return file if isinstance(file, FileText) else None

    def _named_fence(self, fence: Fence) -> bool:
        """Read a fence that says what it is, or is certainly no edit; False for others."""
        said, lines = fence.names[0], fence.lines
        kind = said.lower().partition(" ")[0]
        name = self.tree.meant_by(fence.names)
        if name is None and lines and (name := self.tree.meant_by([lines[0].strip()] if _is_path(lines[0]) else [])):
            lines = lines[1:]
        if kind in _OUTPUT and not self.tree.meant_by([said.partition(" ")[2]]):
            return True
        if name is None:
            return False
        if name.problem:
            self.misses.append(Miss("", name.problem))
        elif not name.exists:
            self._keep(self.draft.create(name.path, lines))
        else:
            self._whole(name.path, replace(fence, lines=lines))
        return True

    def _whole(self, path: str, fence: Fence) -> None:
        file = self.draft.file(path)
        if isinstance(file, Miss):
            self.misses.append(file)
            return
        made = whole_edits(fence.lines, file, self.draft.outline(file), self.draft.language(path), fence.names)
        outcome = self.draft.edit(file, made, whole=True) if isinstance(made, list) else made
        if isinstance(outcome, Miss) and path in self.draft.paths:
            outcome = f"{path}: a fence beside other edits was left out, since {outcome.why}"
        self._keep(outcome)

    def _nameless_fence(self, fence: Fence) -> None:
        """Whole functions say which file they are of, if only one that was shown has functions of these names."""
        fitting: list[str] = []
        for file in filter(None, map(self._known, self.tree.shown[:_MAX_SHOWN])):
            known = self.draft.outline(file)
            new = outline_of(file.path, fence.lines, self.draft.language(file.path)) if known else None
            if known and new and known.names & new.names:
                fitting.append(file.path)
        if len(fitting) == 1:
            self._whole(fitting[0], fence)


def _quoted(lines: Sequence[str]) -> tuple[Quoted, ...]:
    return tuple((line,) for line in lines)


def _rewrite_of(hunk: Hunk) -> Rewrite:
    """A hunk as changes of the lines that it quotes. A line of context may have lost the space before it."""
    line, lines = hunk
    quoted: list[Quoted] = []
    changes: list[LineEdit] = []
    start, new = 0, []
    for text in [*lines, " "]:
        sign, rest = text[:1], text[1:]
        if sign == "+":
            new.append(rest)
        elif sign == "-":
            quoted.append((rest,))
        else:
            if new or start < len(quoted):
                changes.append((start, len(quoted), tuple(new)))
            quoted.append((rest, text) if sign == " " else (text,))
            start, new = len(quoted), []
    return Rewrite(tuple(quoted[:-1]), tuple(changes), line)


def _base(path: str) -> str:
    return path.rpartition("/")[2]


def _is_path(line: str) -> bool:
    """Whether a line is a comment that consists of a single word, such as a path."""
    text = line.strip()
    return text.startswith(("#", "//", "--", "/*", "<!--", ";")) and len(text.split()) <= 3
