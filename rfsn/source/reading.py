"""Reading a foreign repository: git runs in a sandbox, on a fresh git folder that refers to its objects as data.

The git folder, and so its configuration, hooks and attributes, is ours; the foreign objects are mounted read-only.
There is no network, and nothing missing is fetched. The output of the sandbox is as hostile as its input.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rfsn.errors import InfraError, UsageError
from rfsn.source.copying import MAX_BYTES, MAX_DEPTH
from rfsn.source.gitdir import borrowed_objects, copy_index, copy_refs, has_tags, make_git_dir, odd_object
from rfsn.source.repository import Repository
from sandbox import (
    REPO,
    BubblewrapProvider,
    Command,
    CommandResult,
    Ending,
    Limits,
    LocalProvider,
    Mount,
    SandboxProvider,
    SandboxSpec,
    SandboxUnavailable,
    UnsafePath,
    read_beneath,
    remove_tree,
)
from sandbox.docker import hosted_programs
from sandbox.folders import identity, opened_path

__all__ = ["TIMEOUT_S", "CheckedOut", "Reader", "Tracked", "opened_reader"]

_OBJECTS = "/objects"
_LIMITS = Limits(file_bytes=MAX_BYTES, disk_bytes=2 * MAX_BYTES)
TIMEOUT_S = 300.0
"""How long git may take with a repository."""
_MAX_LISTING = 64 << 20
_MAX_SAID = 500
_MAX_TAG = 4096
_NO_REVISION = 3
_ANOTHER = 121

_ENVIRONMENT = {
    "GIT_DIR": f"{REPO}/git",
    "GIT_WORK_TREE": f"{REPO}/tree",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "LC_ALL": "C",
}
# $0 is git. The search for a tag has a time limit: the version helps, but is not required.
_VERSION = 'timeout 20 "$0" describe --tags --abbrev=0 "$commit" >version 2>/dev/null || :; '
_DATE = '"$0" log -1 --no-show-signature --format=%ct "$commit" >date 2>/dev/null || :; '
_TRACKED = '"$0" ls-files -z --stage >listing || exit; '
_COMMIT = (
    'commit=$("$0" rev-parse --verify --quiet --end-of-options "$1^{commit}") || exit 3; '
    '"$0" read-tree "$commit:$2" || exit; ' + _TRACKED + _VERSION + _DATE + '"$0" checkout-index --all --quiet'
)
_CAT = '"$0" cat-file --batch <wanted >found'


@dataclass(frozen=True, slots=True)
class Tracked:
    """What an index or a commit names: paths of files, paths of submodules, and the nearest tag, if any.

    `date` is the day (UTC, ISO 8601) on which the commit was made; empty if there is none, or it makes no sense.
    """

    files: tuple[str, ...]
    submodules: tuple[str, ...]
    tag: str
    date: str


@dataclass(frozen=True, slots=True)
class CheckedOut:
    """The files of a commit, in a folder that others wrote, and what the commit names."""

    folder: Path
    tracked: Tracked


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads repositories in sandboxes of `provider`, with scratch folders named after `scratch`."""

    provider: SandboxProvider
    scratch: Path

    def tracked(self, repository: Repository) -> Tracked:
        """What the index names: nothing if there is no index. With odd objects, there is neither a tag nor a date."""
        readable = (
            repository.ref_storage == "files" and odd_object(repository) is None and not borrowed_objects(repository)
        )
        with self.prepared(repository, objects=readable) as work:
            copy_index(repository, work / "git")
            script = _TRACKED
            if readable:
                copy_refs(repository, work / "git")
                script += f"commit=HEAD; {_VERSION if has_tags(repository) else ''}{_DATE}"
            ran = self.run(repository, work, script, objects=readable)
            if ran.exit_code != 0:
                raise UsageError(f"the index of {repository.git_dir} cannot be read: {_message(ran)}; try 'git status'")
            return _listed(work)

    @contextmanager
    def commit(self, repository: Repository, ref: str, inner: str) -> Iterator[CheckedOut]:
        """The files beneath the folder `inner` in a revision, for the block. Raises `UsageError` if there is none."""
        where = repository.tree or repository.common
        with self.prepared(repository, objects=True) as work:
            copy_refs(repository, work / "git")
            ran = self.run(repository, work, _COMMIT, ref, inner, objects=True)
            if ran.exit_code == _NO_REVISION:
                raise UsageError(f"{where} has no revision {ref!r}: 'git -C {where} log --all' shows what it has")
            if ran.exit_code != 0:
                hint = "run 'git fsck' there"
                if repository.partial:
                    hint = "it is a partial clone: make a full one, because rfsn fetches nothing for it"
                raise UsageError(f"{where} at {ref} cannot be read: {_message(ran)}; {hint}")
            yield CheckedOut(work / "tree", _listed(work))

    def objects(self, repository: Repository, wanted: list[str]) -> dict[str, tuple[str, bytes] | None]:
        """The kind and the content of the object that each expression names; None if there is no such object.

        A caller that must be sure hashes the content. Raises `UsageError` if git fails.
        """
        if any("\n" in expression for expression in wanted):
            raise UsageError("a path with a line break cannot be looked up in a commit: use patch.diff instead")
        with self.prepared(repository, objects=True) as work:
            copy_refs(repository, work / "git")
            request = "".join(f"{expression}\n" for expression in wanted)
            (work / "wanted").write_bytes(request.encode("utf-8", "surrogateescape"))
            ran = self.run(repository, work, _CAT, objects=True)
            if ran.exit_code != 0:
                raise UsageError(f"{repository.common} cannot be read: {_message(ran)}; run 'git fsck' there")
            return dict(zip(wanted, _objects(_output(work, "found"), len(wanted)), strict=True))

    @property
    def _is_local(self) -> bool:
        return self.provider.name == "local"

    @contextmanager
    def prepared(self, repository: Repository, *, objects: bool) -> Iterator[Path]:
        """A workspace with a fresh git folder `git` and an empty `tree`, for the block; `objects` if git needs them."""
        if objects:
            _require_plain_objects(repository)
        remove_tree(self.scratch)
        try:
            (self.scratch / "tree").mkdir(parents=True)
            alternates = str(repository.common / "objects") if self._is_local else _OBJECTS
            make_git_dir(
                self.scratch / "git",
                object_format=repository.object_format,
                alternates=alternates if objects else "",
            )
            yield self.scratch
        finally:
            remove_tree(self.scratch)

    def run(self, repository: Repository, work: Path, script: str, *arguments: str, objects: bool) -> CommandResult:
        """Run a shell script in a workspace, in which `$0` is git and `$1` the first argument. It may fail.

        Raises `UsageError` if the repository is too much for it.
        """
        ran = self.attempt(repository, work, script, *arguments, objects=objects)
        if ran.ending is Ending.TIMEOUT:
            raise UsageError(f"git did not get through {repository.common} within {TIMEOUT_S:.0f} s: try 'git fsck'")
        if ran.ending is Ending.OUTPUT_LIMIT:
            raise UsageError(f"{repository.common} has more than {MAX_BYTES >> 30} GiB of files: rfsn refuses it")
        if ran.ending is not Ending.EXITED:
            raise self._broken(ran)
        return ran

    def attempt(self, repository: Repository, work: Path, script: str, *arguments: str, objects: bool) -> CommandResult:
        """The same, for a script that may also need too much: time, memory or room, as its `ending` says."""
        git = _host_git()
        mounts = [Mount(prefix, str(prefix)) for prefix in _prefixes(git)]
        if objects:
            mounts.append(Mount(repository.common / "objects", _OBJECTS))
        if objects and not self._is_local:
            script = f'[ "$(stat -c %d:%i {_OBJECTS})" = {_identity(repository)} ] || exit {_ANOTHER}; {script}'
        sandbox = self.provider.open(SandboxSpec(work, mounts=tuple(mounts), limits=_LIMITS))
        try:
            argv = ("/bin/sh", "-c", script, str(git), *arguments)
            ran = sandbox.run(Command(argv, TIMEOUT_S, env=_ENVIRONMENT))
        finally:
            sandbox.close()
        if ran.exit_code == _ANOTHER:
            raise UsageError(f"{repository.common / 'objects'} was replaced while it was read")
        if ran.ending is Ending.INFRA_ERROR:
            raise self._broken(ran)
        return ran

    def _broken(self, ran: CommandResult) -> InfraError:
        return InfraError(f"git could not be run in the {self.provider.name} sandbox: {_message(ran)}")


@contextmanager
def opened_reader(sandbox: str, scratch: Path) -> Iterator[Reader]:
    """A reader for the sandbox that the user chose; `scratch` is a path for its scratch folder, removed if it exists.

    bubblewrap is used wherever it works, as it needs no image. Raises `SandboxUnavailable` with the remedy.
    """
    provider = _provider(sandbox)
    try:
        yield Reader(provider, scratch)
    finally:
        provider.close()


def _provider(sandbox: str) -> SandboxProvider:
    if sandbox == "local":
        return LocalProvider()
    try:
        return BubblewrapProvider()
    except SandboxUnavailable:
        if sandbox != "docker":
            raise
        return hosted_programs()


def _require_plain_objects(repository: Repository) -> None:
    if odd := odd_object(repository):
        raise UsageError(f"{odd} is neither a folder nor a regular file, as all of git's objects are: remove it")
    if borrowed := borrowed_objects(repository):
        raise UsageError(
            f"{repository.common} takes objects from {borrowed[0]}, which could be anybody's: run 'git repack -a -d' "
            "there and remove objects/info/alternates, or clone it"
        )


def _identity(repository: Repository) -> str:
    """The identity of the folder of objects, the same inside a sandbox: it shows that no link was followed to it."""
    try:
        with opened_path(repository.common / "objects", how=os.O_PATH) as fd:
            return identity(fd)
    except OSError as error:
        raise UsageError(f"{repository.common / 'objects'} cannot be read: {error.strerror}") from error


def _host_git() -> Path:
    path = shutil.which("git")
    if path is None:
        raise InfraError("git is not installed: rfsn needs it to read the source")
    return Path(os.path.realpath(path))


def _prefixes(git: Path) -> list[Path]:
    """The folders of git and what it needs, if that is not /usr, which every sandbox has."""
    if git.is_relative_to("/usr") or git.parent == Path("/bin"):
        return []
    if git.is_relative_to("/nix"):
        return [Path("/nix")]
    return [git.parent.parent] if git.parent.name in {"bin", "sbin"} else [git.parent]


def _message(ran: CommandResult) -> str:
    return " ".join(ran.stderr.decode(errors="replace").split())[-_MAX_SAID:] or "git gives no reason"


def _output(work: Path, name: str, limit: int = _MAX_LISTING) -> bytes:
    try:
        content = read_beneath(work, name, limit)
    except (FileNotFoundError, UnsafePath):
        return b""
    if len(content) == limit:
        raise UsageError("the repository has more files than can be listed: rfsn refuses it")
    return content


def _listed(work: Path) -> Tracked:
    """The listing of an index, without invalid entries."""
    files: set[str] = set()
    submodules: set[str] = set()
    for entry in _output(work, "listing").split(b"\0"):
        meta, _, name = entry.partition(b"\t")
        path = os.fsdecode(name)
        if path and path.count("/") <= MAX_DEPTH:
            (submodules if meta.startswith(b"160000 ") else files).add(path)
    tag = _output(work, "version", _MAX_TAG).decode(errors="replace").strip()
    seconds = _output(work, "date", _MAX_TAG).strip()
    return Tracked(tuple(sorted(files)), tuple(sorted(submodules)), tag, _day(seconds))


def _day(seconds: bytes) -> str:
    """The day (UTC, ISO 8601) of a time in seconds since 1970; empty for what no commit can have."""
    if not re.fullmatch(rb"\d{9,10}", seconds):
        return ""
    return datetime.fromtimestamp(int(seconds), UTC).date().isoformat()


def _objects(output: bytes, count: int) -> Iterator[tuple[str, bytes] | None]:
    at = 0
    for _ in range(count):
        end = output.find(b"\n", at)
        words = output[at:end].split(b" ") if end >= 0 else []
        at = end + 1
        if len(words) == 3 and words[2].isdigit() and at + int(words[2]) < len(output):
            size = int(words[2])
            yield words[1].decode(errors="replace"), output[at : at + size]
            at += size + 1
        else:
            yield None
