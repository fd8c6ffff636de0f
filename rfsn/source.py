"""Taking a source: whatever the user names becomes a fresh repository of one commit, without history or remotes."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from gate import Change
from rfsn.errors import UsageError
from rfsn.git import GitError, git
from sandbox import UnsafePath, remove_tree, write_beneath

__all__ = ["Snapshot", "is_url", "render_diff", "take_files", "take_source"]

_AUTHOR = {
    f"GIT_{role}_{field}": value
    for role in ("AUTHOR", "COMMITTER")
    for field, value in (("NAME", "rfsn"), ("EMAIL", "rfsn@localhost"), ("DATE", "2000-01-01T00:00:00Z"))
}
# Bytes stay as they are: no end-of-line conversion, no filter, no keyword expansion, whatever .gitattributes says.
_RAW_ATTRIBUTES = "* -text -filter -ident -working-tree-encoding\n"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A taken source: the id of its git tree, how many files it has, and what it was taken from, in words."""

    tree: str
    files: int
    origin: str


def is_url(source: str) -> bool:
    """Whether `source` names a remote repository rather than a local path."""
    return "://" in source or source.startswith("git@")


def take_source(source: str, ref: str | None, into: Path) -> Snapshot:
    """Snapshot the path or URL `source` into the new folder `into`.

    A path without `ref` is taken as the user sees it: uncommitted changes and untracked, not ignored, files included. A
    path inside a repository means that folder alone. Raises `UsageError` where there is nothing to take.
    """
    if ref is not None and ref.startswith("-"):
        raise UsageError(f"{ref!r} is no revision")
    if is_url(source):
        return _in_place(into, lambda to: _fetch(source, ref or "HEAD", "", to), f"{source} at {ref or 'HEAD'}")
    folder = Path(source).resolve()
    if not folder.is_dir():
        raise UsageError(f"{source}: no such folder; give a git repository's path or URL")
    try:
        prefix = git("rev-parse", "--show-prefix", cwd=folder).decode().strip()
    except GitError as error:
        raise UsageError(f"{source} is not a git repository: run 'git init' there first, or name another") from error
    if ref is None:
        return _in_place(into, lambda to: _copy_working_tree(folder, to), f"the working tree of {folder}")
    try:
        commit = git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}", cwd=folder)
    except GitError as error:
        raise UsageError(f"{source} has no revision {ref!r}: 'git -C {source} log --all' shows what it has") from error
    top = git("rev-parse", "--show-toplevel", cwd=folder).decode().strip()
    return _in_place(into, lambda to: _fetch(top, commit.decode().strip(), prefix, to), f"{folder} at {ref}")


def take_files(files: Mapping[str, str], origin: str, into: Path) -> Snapshot:
    """Snapshot a project that is given as texts by path."""

    def write(to: Path) -> None:
        try:
            for path, text in files.items():
                write_beneath(to, path, text.encode("utf-8", "surrogateescape"))
        except UnsafePath as error:
            raise UsageError(f"{origin} has a file outside the project: {error}") from error

    return _in_place(into, write, origin)


def render_diff(base: Path, change: Change, scratch: Path) -> str:
    """The change as a diff that `git apply` takes, made by git itself from a scratch index on the snapshot `base`."""
    environment = {"GIT_INDEX_FILE": str(scratch), "GIT_OBJECT_DIRECTORY": str(scratch) + ".objects"}
    environment["GIT_ALTERNATE_OBJECT_DIRECTORIES"] = str(base / ".git" / "objects")
    Path(environment["GIT_OBJECT_DIRECTORY"]).mkdir()
    try:
        git("read-tree", "HEAD", cwd=base, env=environment)
        modes = dict(_modes(base))
        entries = []
        for path, file in change.files.items():
            if file.after is None:
                entries.append(f"0 {'0' * 40}\t{path}")
                continue
            blob = git("hash-object", "-w", "--no-filters", "--stdin", cwd=base, stdin=file.after, env=environment)
            entries.append(f"{file.mode or modes.get(path, '100644')} {blob.decode().strip()}\t{path}")
        listing = "\0".join(entries).encode("utf-8", "surrogateescape") + b"\0"
        git("update-index", "-z", "--index-info", cwd=base, stdin=listing, env=environment)
        options = ("--cached", "--binary", "--no-ext-diff", "--no-textconv", "--no-color")
        diff = git("diff-index", "-p", *options, "HEAD", cwd=base, env=environment)
    finally:
        scratch.unlink(missing_ok=True)
        shutil.rmtree(environment["GIT_OBJECT_DIRECTORY"])
    return diff.decode("utf-8", "surrogateescape")


def _modes(base: Path) -> list[tuple[str, str]]:
    listing = git("ls-tree", "-r", "-z", "HEAD", cwd=base).decode("utf-8", "surrogateescape")
    lines = [line.partition("\t") for line in listing.split("\0") if line]
    return [(path, meta.split()[0]) for meta, _, path in lines]


def _in_place(into: Path, fill: Callable[[Path], None], origin: str) -> Snapshot:
    """Let `fill` write the files into a new folder, commit them there, and only then give it its name."""
    partial = into.with_name(into.name + ".partial")
    remove_tree(partial)
    partial.mkdir(parents=True)
    fill(partial)
    git("init", "--quiet", "--template=", "--initial-branch=main", cwd=partial)
    attributes = partial / ".git" / "info" / "attributes"
    attributes.parent.mkdir(exist_ok=True)
    attributes.write_text(_RAW_ATTRIBUTES)
    git("add", "--all", "--force", ".", cwd=partial)
    count = git("ls-files", "-z", cwd=partial).count(b"\0")
    if not count:
        raise UsageError(f"{origin} has no files: there is nothing to repair")
    git("commit", "--quiet", "--no-verify", "--message", "base", cwd=partial, env=_AUTHOR)
    tree = git("rev-parse", "HEAD^{tree}", cwd=partial).decode().strip()
    partial.rename(into)
    return Snapshot(tree, count, origin)


def _copy_working_tree(folder: Path, into: Path) -> None:
    listing = git("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate", cwd=folder)
    for name in filter(None, listing.split(b"\0")):
        path = os.fsdecode(name)
        try:
            mode = (folder / path).lstat().st_mode
        except FileNotFoundError:  # deleted in the working tree, and not committed yet
            continue
        if stat.S_ISREG(mode) or stat.S_ISLNK(mode):
            (into / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(folder / path, into / path, follow_symlinks=False)


def _fetch(remote: str, revision: str, prefix: str, into: Path) -> None:
    """Bring one commit of `remote` into a scratch repository of our own, and check its files out from there."""
    scratch = into.with_name(into.name + ".git")
    remove_tree(scratch)
    scratch.mkdir()
    git("init", "--quiet", "--bare", "--template=", ".", cwd=scratch)
    (scratch / "info").mkdir(exist_ok=True)
    (scratch / "info" / "attributes").write_text(_RAW_ATTRIBUTES)
    serve = "git -c safe.directory=* -c uploadpack.allowAnySHA1InWant=true upload-pack"
    only = ("--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules")
    local = () if is_url(remote) else (f"--upload-pack={serve}",)
    try:
        git("fetch", *only, *local, "--end-of-options", remote, revision, cwd=scratch)
        git("read-tree", f"FETCH_HEAD:{prefix}" if prefix else "FETCH_HEAD", cwd=scratch)
        git("--work-tree", str(into), "checkout-index", "--all", "--quiet", cwd=scratch)
    except GitError as error:
        raise UsageError(
            f"{remote} at {revision} cannot be fetched: {error.stderr.strip().splitlines()[-1]}"
        ) from error
    finally:
        remove_tree(scratch)
