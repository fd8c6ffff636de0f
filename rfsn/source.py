"""Taking a source: whatever the user names becomes a fresh repository of one commit, without history or remotes."""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from packaging.version import InvalidVersion, Version

from gate import Change
from rfsn import home
from rfsn.errors import UsageError
from rfsn.git import GitError, alternate, git
from sandbox import UnsafePath, remove_tree, write_beneath

__all__ = ["AUTHOR", "Snapshot", "is_url", "paths_of", "render_diff", "stage", "take_files", "take_source"]

AUTHOR = {
    f"GIT_{role}_{field}": value
    for role in ("AUTHOR", "COMMITTER")
    for field, value in (("NAME", "rfsn"), ("EMAIL", "rfsn@localhost"))
}
"""Whom commits are by, as variables of git's environment."""

# The same files are the same commit, whenever they are taken.
_TIMELESS = {f"GIT_{role}_DATE": "2000-01-01T00:00:00Z" for role in ("AUTHOR", "COMMITTER")}
_MAX_SAID = 500
_MAX_PACK_BYTES = 4 << 30

# How ssh is written for short: git@host:owner/name.git
_SCP_LIKE = re.compile(r"[\w.-]+@[\w.-]+:")
# Bytes stay as they are: no end-of-line conversion, no filter, no keyword expansion, whatever .gitattributes says.
_RAW_ATTRIBUTES = "* -text -filter -ident -working-tree-encoding\n"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A taken source: the id of its git tree, how many files it has, and what it was taken from, in words.

    `version` is that of the nearest tag, for builds that ask git for one; the snapshot itself has no tags.
    """

    tree: str
    files: int
    origin: str
    version: str


def is_url(source: str) -> bool:
    """Whether `source` names a remote repository rather than a local path."""
    return "://" in source or bool(_SCP_LIKE.match(source))


def take_source(source: str, ref: str | None, into: Path, patch: str = "") -> Snapshot:
    """Snapshot the path or URL `source` into the new folder `into`, with `patch` (a diff) applied to it.

    A path without `ref` is taken as the user sees it: uncommitted changes and untracked, not ignored, files included. A
    path inside a repository means that folder alone. Raises `UsageError` where there is nothing to take.
    """
    if ref is not None and ref.startswith("-"):
        raise UsageError(f"{ref!r} is no revision")
    if is_url(source):
        origin = f"{source} at {ref or 'HEAD'}"
        return _in_place(into, lambda to: _fetch(source, ref or "HEAD", "", to), origin, _remote_version(source), patch)
    folder = Path(source).resolve()
    if not folder.is_dir():
        raise UsageError(f"{source}: no such folder; give a git repository's path or URL")
    try:
        bare = git("rev-parse", "--is-bare-repository", cwd=folder).strip() == b"true"
    except GitError as error:
        raise UsageError(f"{source} is not a git repository: run 'git init' there first, or name another") from error
    if ref is None and not bare:
        version = _nearest_version(folder, "HEAD")
        origin = f"the working tree of {folder}"
        return _in_place(into, lambda to: _copy_working_tree(folder, to), origin, version, patch)
    ref = ref or "HEAD"
    try:
        commit = git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}", cwd=folder)
    except GitError as error:
        raise UsageError(f"{source} has no revision {ref!r}: 'git -C {source} log --all' shows what it has") from error
    revision = commit.decode().strip()
    prefix = git("rev-parse", "--show-prefix", cwd=folder).decode().strip()
    top = git("rev-parse", "--absolute-git-dir", cwd=folder).decode().strip()
    version = _nearest_version(folder, revision)
    return _in_place(into, lambda to: _fetch(top, revision, prefix, to), f"{folder} at {ref}", version, patch)


def paths_of(patch: str) -> tuple[str, ...]:
    """The paths that a diff touches, as git reads it. Raises `UsageError` where it is no diff."""
    try:
        listing = git("apply", "--numstat", "-z", "-", cwd=Path("/"), stdin=_bytes(patch))
    except GitError as error:
        raise UsageError(f"the patch does not read: {error.stderr.strip()}") from error
    return tuple(entry.split("\t", 2)[2] for entry in _text(listing).split("\0") if entry.count("\t") == 2)


def take_files(files: Mapping[str, str], origin: str, into: Path) -> Snapshot:
    """Snapshot a project that is given as texts by path."""

    def write(to: Path) -> None:
        try:
            for path, text in files.items():
                write_beneath(to, path, _bytes(text))
        except UnsafePath as error:
            raise UsageError(f"{origin} has a file outside the project: {error}") from error

    return _in_place(into, write, origin, "", "")


def render_diff(base: Path, change: Change) -> str:
    """The change as a diff that `git apply` takes, made by git itself; the snapshot `base` stays as it is."""
    with home.temporary_folder() as objects:
        aside = {
            "GIT_OBJECT_DIRECTORY": objects,
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": alternate(base / ".git" / "objects"),
        }
        with stage(base, change, "HEAD", aside) as environment:
            options = ("--cached", "--binary", "--no-ext-diff", "--no-textconv", "--no-color")
            return _text(git("diff-index", "-p", *options, "HEAD", cwd=base, env=environment))


@contextmanager
def stage(
    folder: Path, change: Change, revision: str, environment: Mapping[str, str] | None = None
) -> Iterator[dict[str, str]]:
    """A scratch index of `revision` with the change in it; gives the environment in which git uses that index."""
    with home.temporary_folder() as scratch:
        staged = {**(environment or {}), "GIT_INDEX_FILE": str(Path(scratch) / "index")}
        git("read-tree", revision, cwd=folder, env=staged)
        modes = _modes(folder, revision)
        entries = []
        for path, file in change.files.items():
            if file.after is None:
                entries.append(f"0 {'0' * 40}\t{path}")
                continue
            blob = git("hash-object", "-w", "--no-filters", "--stdin", cwd=folder, stdin=file.after, env=staged)
            entries.append(f"{file.mode or modes.get(path, '100644')} {blob.decode().strip()}\t{path}")
        listing = "".join(f"{entry}\0" for entry in entries)
        git("update-index", "-z", "--index-info", cwd=folder, stdin=_bytes(listing), env=staged)
        yield staged


def _modes(folder: Path, revision: str) -> dict[str, str]:
    listing = _text(git("ls-tree", "-r", "-z", "--full-tree", revision, cwd=folder))
    lines = [line.partition("\t") for line in listing.split("\0") if line]
    return {path: meta.split()[0] for meta, _, path in lines}


def _in_place(into: Path, fill: Callable[[Path], None], origin: str, version: str, patch: str) -> Snapshot:
    """Let `fill` write the files into a new repository, commit them there, and only then give it its name."""
    partial = into.with_name(into.name + ".partial")
    remove_tree(partial)
    partial.mkdir(parents=True)
    git("init", "--quiet", "--template=", "--initial-branch=main", cwd=partial)
    attributes = partial / ".git" / "info" / "attributes"
    attributes.parent.mkdir(exist_ok=True)
    attributes.write_text(_RAW_ATTRIBUTES)
    fill(partial)
    if patch:
        _apply(patch, partial, origin)
    git("add", "--all", "--force", ".", cwd=partial)
    count = git("ls-files", "-z", cwd=partial).count(b"\0")
    if not count:
        raise UsageError(f"{origin} has no files: there is nothing to repair")
    git("commit", "--quiet", "--no-verify", "--message", "base", cwd=partial, env=AUTHOR | _TIMELESS)
    tree = git("rev-parse", "HEAD^{tree}", cwd=partial).decode().strip()
    partial.rename(into)
    return Snapshot(tree, count, origin, version)


def _apply(patch: str, folder: Path, origin: str) -> None:
    try:
        git("apply", "--whitespace=nowarn", "-", cwd=folder, stdin=_bytes(patch))
    except GitError as error:
        raise UsageError(f"the patch does not apply to {origin}: {error.stderr.strip()}") from error


def _nearest_version(folder: Path, revision: str) -> str:
    try:
        return _version(git("describe", "--tags", "--abbrev=0", revision, cwd=folder).decode(errors="replace"))
    except GitError:
        return ""


def _remote_version(url: str) -> str:
    """The highest version among the tags of a remote repository."""
    try:
        listing = git("ls-remote", "--tags", "--refs", "--end-of-options", url, cwd=Path("/"))
    except GitError:
        return ""
    versions = {_version(line.rpartition("/")[2]) for line in listing.decode(errors="replace").splitlines()}
    return max(filter(None, versions), key=Version, default="")


def _version(tag: str) -> str:
    """The version in a tag (`v1.2`, `release-1.2`), or nothing."""
    found = re.search(r"\d.*", tag.strip())
    try:
        return str(Version(found[0])) if found else ""
    except InvalidVersion:
        return ""


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


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
        git("fetch", *only, *local, "--end-of-options", remote, revision, cwd=scratch, file_bytes=_MAX_PACK_BYTES)
        git("read-tree", f"FETCH_HEAD:{prefix}" if prefix else "FETCH_HEAD", cwd=scratch)
        git("--work-tree", str(into), "checkout-index", "--all", "--quiet", cwd=scratch)
    except GitError as error:
        said = " ".join(error.stderr.split())[-_MAX_SAID:] or "git says no more"
        raise UsageError(f"{remote} at {revision} cannot be fetched: {said}") from error
    finally:
        remove_tree(scratch)
