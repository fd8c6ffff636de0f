"""Diffs from outside as changes: a diff means whatever git makes of it in a scratch index."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import cast

from buildpacks.view import FolderView
from gate import (
    Change,
    CreateFile,
    DeleteFile,
    Edit,
    EditFile,
    FileChange,
    FileMode,
    Mode,
    Operation,
    Patch,
    SetMode,
    apply,
    content_hash,
)
from rfsn.errors import UsageError
from rfsn.source.git import GitError, git
from rfsn.source.snapshot import opened_base, render_diff

__all__ = ["MAX_DIFF_BYTES", "DiffError", "NotADiff", "patch_of", "read_diff", "render"]

MAX_DIFF_BYTES = 64 << 20
"""The most bytes of a diff."""

_MAX_FILE_BYTES = 64 << 20
_DEEPEST_PREFIX = 4
_NOTHING = "0" * 40
_SUBMODULE = "160000"

_GIT_HEADER = re.compile(rb'^diff --git "?(?P<old>\S.*?)"? "?(?P<new>[^\s"].*?)"?\r?$', re.MULTILINE)
_PLAIN_HEADER = re.compile(rb'^--- "?(?P<old>[^\t\r\n"]++)[^\n]*+\n\+\+\+ "?(?P<new>[^\t\r\n"]++)', re.MULTILINE)
_GIT_LINE = re.compile(rb"^diff --git [^\n]{1,4200}$", re.MULTILINE)
_OLD_SIDE = re.compile(rb"^(?:--- (?!/dev/null)|rename from |copy from |old mode |deleted file )", re.MULTILINE)
_DECLARED_SIZE = re.compile(rb"^(?:literal|delta) (\d{1,12})", re.MULTILINE)
_SECTION = re.compile(rb"^diff --git ", re.MULTILINE)
_HUNK = re.compile(rb"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", re.MULTILINE)


class DiffError(UsageError):
    """The diff does not fit the base, or makes something that a patch of rfsn cannot."""


class NotADiff(DiffError):
    """The text is not a diff at all."""


def read_diff(diff: bytes, base: Path) -> Change:
    """The change that a diff (git's or a plain unified one, with any prefixes) makes to the snapshot `base`.

    The snapshot is not changed. Links and submodules are in the change as such. Raises `DiffError`.
    """
    if len(diff) > MAX_DIFF_BYTES or any(int(size) > _MAX_FILE_BYTES for size in _DECLARED_SIZE.findall(diff)):
        raise DiffError("the patch is too large to be judged")
    text = diff if diff.endswith(b"\n") else diff + b"\n"
    with opened_base(base) as environment:
        _git("read-tree", "HEAD", env=environment)
        _apply(text, environment)
        options = ("--cached", "--no-renames", "--no-ext-diff", "--no-textconv", "--no-color", "HEAD")
        listing = _git("diff-index", "--raw", "-z", "--no-abbrev", *options, env=environment)
        entries = list(_entries(listing))
        blobs = _read_blobs(entries, environment)
        hunks = _hunks(_git("diff-index", "-p", "-U0", "--text", *options, env=environment), len(entries))
    files: dict[str, FileChange] = {}
    for (path, modes, ids), spans in zip(entries, hunks, strict=True):
        before, after = (_content(mode, id, blobs) for mode, id in zip(modes, ids, strict=True))
        mode = cast("FileMode", modes[1]) if modes[0] != modes[1] and after is not None else None
        files[path] = FileChange(before, after, mode, _edits(before, after, spans))
    return Change(files)


def patch_of(change: Change) -> Patch:
    """The operations that make a change. Raises `DiffError` for one that no patch can express: a link, a submodule."""
    operations: list[Operation] = []
    for path, file in change.files.items():
        mode: Mode | None = "100755" if file.mode == "100755" else "100644" if file.mode == "100644" else None
        if mode != file.mode:
            raise DiffError(f"{path}: a patch can only make regular files, not links or submodules")
        if file.after is None:
            operations.append(DeleteFile(path))
        elif file.before is None:
            operations.append(CreateFile(path, file.after, mode or "100644"))
        else:
            edits = file.edits if file.edits is not None else (Edit(0, len(file.before), file.after),)
            if file.before != file.after:
                operations.append(EditFile(path, content_hash(file.before), edits))
            if mode is not None:
                operations.append(SetMode(path, mode))
    return tuple(operations)


def render(patch: Patch, base: Path) -> str:
    """A patch of the snapshot `base` as a diff that `git apply` takes. `read_diff` gives the same tree again."""
    return render_diff(base, apply(patch, FolderView(base).read))


def _git(*arguments: str, env: Mapping[str, str], stdin: bytes = b"", file_bytes: int = 1 << 30) -> bytes:
    return git(*arguments, cwd=Path(env["GIT_DIR"]), stdin=stdin, env=env, file_bytes=file_bytes)


def _apply(diff: bytes, environment: Mapping[str, str]) -> None:
    """Apply a diff to the index, in the first reading of its paths and hunks that fits."""
    problems: list[str] = []
    for lenience in ((), ("--unidiff-zero",), ("--unidiff-zero", "--recount")):
        for depth in _depths(diff):
            options = ("--cached", "--whitespace=nowarn", f"-p{depth}", *lenience)
            try:
                _git("apply", *options, "-", stdin=diff, env=environment, file_bytes=_MAX_FILE_BYTES)
            except GitError as error:
                problems.append(" ".join(error.stderr.removeprefix("error: ").split()))
            else:
                return
    if not diff.strip():
        raise NotADiff("the patch is empty")
    if not _PLAIN_HEADER.search(diff) and not _GIT_LINE.search(diff):
        raise NotADiff("the patch is not a diff: it has no line 'diff --git ...', and no pair of lines '---' and '+++'")
    raise DiffError(f"the patch does not apply: {problems[0] or 'git gives no reason'}")


def _depths(diff: bytes) -> list[int]:
    """How many leading parts of its paths may be prefixes, the likeliest first.

    Only a diff that changes a file of the base has others than the likeliest: the file shows which reading is right.
    """
    header = _PLAIN_HEADER.search(diff)
    if b"\ndiff --git " in b"\n" + diff:
        line = _GIT_LINE.search(diff)
        header = _GIT_HEADER.search(line[0]) if line else None
    likeliest = _prefix_parts(header["old"], header["new"]) if header else 1
    others = (depth for depth in range(_DEEPEST_PREFIX + 1) if depth != likeliest)
    return [likeliest, *others] if _OLD_SIDE.search(diff) else [likeliest]


def _prefix_parts(old: bytes, new: bytes) -> int:
    """How many leading parts two names of a file do not share; for a new file, whether its name has git's prefix."""
    if old == b"/dev/null" or new == b"/dev/null":
        name = new if old == b"/dev/null" else old
        return int(re.match(rb"[a-z0-9]/", name) is not None)
    first, second = old.split(b"/"), new.split(b"/")
    shared = 0
    while shared < min(len(first), len(second)) and first[-1 - shared] == second[-1 - shared]:
        shared += 1
    return min(len(first) - shared, len(first) - 1) if shared else 1


type _Entry = tuple[str, tuple[str, str], tuple[str, str]]
"""A path, its modes before and after, and the ids of its contents."""


def _entries(listing: bytes) -> Iterator[_Entry]:
    fields = listing.split(b"\0")
    for meta, path in zip(fields[0::2], fields[1::2], strict=False):
        old_mode, new_mode, old_id, new_id, _ = meta.decode().removeprefix(":").split()
        yield path.decode("utf-8", "surrogateescape"), (old_mode, new_mode), (old_id, new_id)


def _read_blobs(entries: Sequence[_Entry], environment: Mapping[str, str]) -> dict[str, bytes]:
    wanted = sorted(
        {id for _, modes, ids in entries for mode, id in zip(modes, ids, strict=True) if _is_blob(mode, id)}
    )
    request = "".join(f"{id}\n" for id in wanted).encode()
    sizes = _git("cat-file", "--batch-check=%(objectsize)", stdin=request, env=environment).split()
    if sum(map(int, sizes)) > _MAX_FILE_BYTES:
        raise DiffError("the files of the patch are too large to be judged")
    output = _git("cat-file", "--batch", stdin=request, env=environment)
    blobs: dict[str, bytes] = {}
    at = 0
    for id, size in zip(wanted, map(int, sizes), strict=True):
        at = output.index(b"\n", at) + 1
        blobs[id] = output[at : at + size]
        at += size + 1
    return blobs


def _is_blob(mode: str, id: str) -> bool:
    return mode != _SUBMODULE and id != _NOTHING


def _content(mode: str, id: str, blobs: Mapping[str, bytes]) -> bytes | None:
    """The content of an entry: a file's bytes, a link's target, a submodule's commit."""
    if _is_blob(mode, id):
        return blobs[id]
    return id.encode() if mode == _SUBMODULE and id != _NOTHING else None


type _Span = tuple[int, int, int, int]
"""The first line and the number of lines of a hunk, before and after."""


def _hunks(diff: bytes, count: int) -> list[list[_Span] | None]:
    """The hunks of each section of a diff without context; None for all if the sections do not match the entries."""
    starts = [section.start() for section in _SECTION.finditer(diff)]
    if len(starts) != count:
        return [None] * count
    sections = [diff[first:last] for first, last in pairwise([*starts, len(diff)])]
    return [
        [(int(old), int(olds or 1), int(new), int(news or 1)) for old, olds, new, news in _HUNK.findall(section)]
        for section in sections
    ]


def _edits(before: bytes | None, after: bytes | None, spans: Sequence[_Span] | None) -> tuple[Edit, ...] | None:
    """The hunks of a file as edits; None if they do not lead from one content to the other."""
    if before is None or after is None or not spans:
        return None
    old, new = _line_starts(before), _line_starts(after)
    edits: list[Edit] = []
    for old_line, old_count, new_line, new_count in spans:
        first = old_line - 1 if old_count else old_line  # added lines come after the line that is named
        start = new_line - 1 if new_count else new_line
        if first + old_count >= len(old) or start + new_count >= len(new):
            return None
        edits.append(Edit(old[first], old[first + old_count], after[new[start] : new[start + new_count]]))
    parts, at = [], 0
    for edit in edits:
        parts += [before[at : edit.start], edit.text]
        at = edit.end
    return tuple(edits) if b"".join([*parts, before[at:]]) == after else None


def _line_starts(content: bytes) -> list[int]:
    """Where each line begins, and where the last one ends."""
    starts, at = [0], content.find(b"\n")
    while at >= 0:
        starts.append(at + 1)
        at = content.find(b"\n", at + 1)
    return starts if starts[-1] == len(content) else [*starts, len(content)]
