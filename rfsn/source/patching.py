"""Applying a patch from elsewhere as the SWE-bench harness does: leniently, by git and then by patch, in a sandbox.

The patch is as hostile as what it leaves behind, so the tree that results is read as data: which files differ.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from gate import FileChange, Mode
from rfsn.errors import UsageError
from rfsn.machine.text import visible
from rfsn.source.gitdir import copy_refs
from rfsn.source.reading import TIMEOUT_S, opened_reader
from rfsn.source.repository import Repository
from sandbox import Ending, UnsafePath, iter_files, read_beneath
from sandbox.folders import opened_folder

__all__ = ["DoesNotApply", "changes_of"]

_MAX_FILE_BYTES = 64 << 20
_MAX_SAID = 500
_MAX_SHOWN = 200
_TOO_MUCH = {
    Ending.TIMEOUT: f"git and patch did not get through it within {TIMEOUT_S:.0f} s",
    Ending.OUTPUT_LIMIT: "git and patch write too much",
    Ending.OOM: "git and patch need too much memory",
}

_SEARCHING = "while searching for:"
_CHECKED = re.compile(r"^Checking patch (.+)\.\.\.$", re.MULTILINE)
_REASONS = (
    (re.compile(r"(?:No valid patches in input|unrecognized input).*"), "it is not a diff"),
    (re.compile(r"(.+): No such file or directory"), "there is no file {}"),
    (re.compile(r"(.+)"), "{}"),
)
# $0 is git. The base is laid out by itself: whatever goes wrong after that, the patch is to blame for.
_LAY_OUT = '"$0" read-tree HEAD && "$0" checkout-index --all --quiet -u'
# What a failed attempt left behind is taken away as the harness does it, or its grades would differ.
_APPLY = """\
cd tree || exit
fresh() { "$0" checkout -- .; "$0" clean -fd; } >/dev/null 2>&1
"$0" apply --verbose ../patch.diff && exit
fresh
"$0" apply --verbose --3way ../patch.diff && exit
fresh
"$0" apply --verbose --reject ../patch.diff && exit
fresh
patch --batch --forward --fuzz=5 -p1 -i ../patch.diff && exit
"$0" apply --check --reverse ../patch.diff && exit
exit 1
"""


class DoesNotApply(UsageError):
    """No attempt to apply the patch succeeds, it needs too much, or it makes something that is no regular file.

    `said` is what the tools print.
    """

    def __init__(self, why: str, said: str = "") -> None:
        super().__init__(why)
        self.said = said


def changes_of(patch: str, base: Path, scratch: Path, *, sandbox: str = "auto") -> dict[str, FileChange]:
    """The files that a patch changes in the snapshot `base`, which stays as it is.

    `scratch` is a path for a scratch folder. Raises `DoesNotApply` with the reason.
    """
    repository = Repository(base / ".git", base / ".git", base)
    with opened_reader(sandbox, scratch) as reader, reader.prepared(repository, objects=True) as work:
        copy_refs(repository, work / "git")
        ran = reader.run(repository, work, _LAY_OUT, objects=True)
        if ran.exit_code != 0:
            raise UsageError(f"the base cannot be laid out: {ran.stderr.decode(errors='replace')[-_MAX_SAID:]}")
        (work / "patch.diff").write_bytes(patch.encode("utf-8", "surrogateescape"))
        ran = reader.attempt(repository, work, _APPLY, objects=True)
        if ran.ending is not Ending.EXITED or ran.exit_code != 0:
            said, errors = (output.decode(errors="replace") for output in (ran.stdout + ran.stderr, ran.stderr))
            raise DoesNotApply(f"the patch does not apply: {_TOO_MUCH.get(ran.ending) or _reason(errors)}", said)
        try:
            return dict(_differences(base, work / "tree"))
        except (UnsafePath, OSError) as error:
            raise DoesNotApply(f"the patch leaves a tree that cannot be read: {error}") from error


def _reason(errors: str) -> str:
    """The first error of the first attempt, which is that of git, in words."""
    before, _, after = f"\n{errors}".partition("\nerror: ")
    error = after.partition("\n")[0]
    if error == _SEARCHING and (checked := _CHECKED.findall(before)):
        return f"a hunk for {visible(checked[-1])[:_MAX_SHOWN]} fails"
    for pattern, words in _REASONS:
        if found := pattern.fullmatch(error):
            return words.format(*(visible(part)[:_MAX_SHOWN] for part in found.groups()))
    return "neither git nor patch says why"


def _differences(base: Path, tree: Path) -> Iterator[tuple[str, FileChange]]:
    """The regular files that differ, by path; a link may go, but none may come or change."""
    links, made = _links(base), _links(tree)
    if odd := [path for path, target in made.items() if links.get(path) != target]:
        raise DoesNotApply(f"the patch makes a link, and only regular files are taken: {odd[0]!r}")
    with opened_folder(base) as old, opened_folder(tree) as new:
        before, after = dict.fromkeys(iter_files(base)), dict.fromkeys(iter_files(tree))
        for path in sorted(links.keys() - made.keys() - after.keys()):
            yield path, FileChange(b"", None)
        for path in sorted({*before, *after}):
            was = _content(old, path) if path in before else None
            now = _content(new, path) if path in after else None
            mode = _mode(tree / path) if now is not None else None
            if was != now or (was is not None and mode != _mode(base / path)):
                yield path, FileChange(was, now, mode)


def _links(folder: Path) -> dict[str, str]:
    """The targets of all links beneath a folder, by path."""
    found: dict[str, str] = {}
    for place, folders, files in os.walk(folder):
        if ".git" in folders:
            folders.remove(".git")
        for name in (*folders, *files):
            path = Path(place) / name
            if path.is_symlink():
                found[str(path.relative_to(folder))] = str(path.readlink())
    return found


def _content(root: int, path: str) -> bytes:
    content = read_beneath(root, path, _MAX_FILE_BYTES + 1)
    if len(content) > _MAX_FILE_BYTES:
        raise DoesNotApply(f"the patch leaves a file of more than {_MAX_FILE_BYTES >> 20} MiB: {path!r}")
    return content


def _mode(path: Path) -> Mode:
    return "100755" if path.lstat().st_mode & 0o100 else "100644"
