"""Git folders of our own: fresh ones, with the contents of a foreign repository copied or referred to as data."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from rfsn.errors import UsageError
from rfsn.source.folders import read_plain
from rfsn.source.repository import Repository
from sandbox.folders import kind_of, list_folder, new_file, opened_folder, opened_path, write_all

__all__ = ["borrowed_objects", "copy_index", "copy_refs", "has_tags", "make_git_dir", "odd_object"]

_MAX_REF = 4096
_MAX_REFS = 200_000
_MAX_PACKED = 64 << 20
_MAX_INDEX = 256 << 20
_MAX_SHARED = 8
_MAX_OBJECTS = 4_000_000
_MAX_DEPTH = 60
_PER_TREE = ("bisect", "rewritten", "worktree")

# Bytes stay as they are: no end-of-line conversion, no filter, no keyword expansion, whatever .gitattributes says.
_RAW_ATTRIBUTES = "* -text -filter -ident -working-tree-encoding\n"
# A commit graph or a multi-pack index could disagree with the objects.
_CONFIG = """\
[core]
	repositoryformatversion = {version}
	bare = {bare}
	commitGraph = false
	multiPackIndex = false
	hooksPath = /dev/null
	fsmonitor = false
	protectNTFS = false
	splitIndex = false
[gc]
	auto = 0
[maintenance]
	auto = false
"""


def make_git_dir(folder: Path, *, bare: bool = True, object_format: str = "sha1", alternates: str = "") -> None:
    """Make the new folder a git folder without objects of its own; it also sees those in the folder `alternates`."""
    for name in ("objects/info", "objects/pack", "refs/heads", "refs/tags", "info"):
        (folder / name).mkdir(parents=True)
    (folder / "HEAD").write_text("ref: refs/heads/main\n")
    sha256 = object_format != "sha1"
    config = _CONFIG.format(version=int(sha256), bare=str(bare).lower())
    if sha256:
        config += f"[extensions]\n\tobjectFormat = {object_format}\n"
    (folder / "config").write_text(config)
    (folder / "info" / "attributes").write_text(_RAW_ATTRIBUTES)
    if alternates:
        (folder / "objects" / "info" / "alternates").write_text(f"{alternates}\n")


def copy_index(repository: Repository, into: Path) -> None:
    """Copy the index, with the one that it shares entries with, into a fresh git folder."""
    with opened_path(repository.git_dir) as source, opened_folder(into) as target:
        shared = [name for name, _ in list_folder(source) if name.startswith("sharedindex.")]
        for name in ("index", *shared[:_MAX_SHARED]):
            _copy(name, source, target, _MAX_INDEX, str(repository.git_dir / name))


def copy_refs(repository: Repository, into: Path) -> None:
    """Copy HEAD (and FETCH_HEAD and the like), branches and tags into a fresh git folder; links are left out.

    Raises `UsageError` if they are stored in a form that only newer versions of git read.
    """
    if repository.ref_storage != "files":
        raise UsageError(
            f"{repository.common} stores its refs as {repository.ref_storage}, which rfsn does not read: "
            "name the working tree without --ref, or a clone made with --ref-format=files"
        )
    with opened_path(repository.git_dir) as source, opened_folder(into) as target:
        for name, _ in list_folder(source):
            if name.endswith("HEAD") and name.isupper():
                _copy(name, source, target, _MAX_REF, str(repository.git_dir / name))
    with opened_path(repository.common) as source, opened_folder(into) as target:
        _copy("packed-refs", source, target, _MAX_PACKED, str(repository.common / "packed-refs"))
        _copy("shallow", source, target, _MAX_PACKED, str(repository.common / "shallow"))
        _Refs().copy(source, target, "refs", str(repository.common))
    if repository.git_dir != repository.common:
        with opened_path(repository.git_dir) as source, opened_folder(into) as target:
            if stat.S_ISDIR(kind_of("refs", source)):
                with opened_folder("refs", source) as own, opened_folder("refs", target) as refs:
                    for name in _PER_TREE:
                        if stat.S_ISDIR(kind_of(name, own)) and not kind_of(name, refs):
                            _Refs().copy(own, refs, name, str(repository.git_dir / "refs"))


def has_tags(repository: Repository) -> bool:
    """Whether the repository may have tags, going by its files."""
    with opened_path(repository.common, how=os.O_PATH) as common:
        packed = read_plain("packed-refs", common, _MAX_PACKED, str(repository.common / "packed-refs"))
        if packed and b" refs/tags/" in packed:
            return True
        try:
            with opened_folder("refs", common) as refs, opened_folder("tags", refs) as tags:
                return bool(list_folder(tags))
        except OSError:
            return False


def odd_object(repository: Repository) -> str | None:
    """A path among the objects that is neither folder nor regular file: reading it could hang, or lead elsewhere."""
    objects = repository.common / "objects"
    try:
        with opened_path(objects) as fd:
            return _odd_beneath(fd, str(objects), 0, [0])
    except OSError as error:
        return f"{objects} ({error.strerror})"


def borrowed_objects(repository: Repository) -> list[str]:
    """The other folders of objects that the repository builds on; raises `UsageError` if that cannot be read."""
    objects = repository.common / "objects"
    try:
        with opened_path(objects) as fd, opened_folder("info", fd) as info:
            content = read_plain("alternates", info, _MAX_PACKED, str(objects / "info" / "alternates")) or b""
    except FileNotFoundError:
        return []
    lines = content.decode("utf-8", "surrogateescape").splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]


def _odd_beneath(fd: int, path: str, depth: int, count: list[int]) -> str | None:
    for name, kind in list_folder(fd):
        count[0] += 1
        if stat.S_ISDIR(kind) and depth < _MAX_DEPTH and count[0] < _MAX_OBJECTS:
            with opened_folder(name, fd) as inner:
                odd = _odd_beneath(inner, f"{path}/{name}", depth + 1, count)
            if odd:
                return odd
        elif not stat.S_ISREG(kind):
            return f"{path}/{name}"
    return None


class _Refs:
    def __init__(self) -> None:
        self._count = 0

    def copy(self, source: int, target: int, name: str, path: str, depth: int = 0) -> None:
        """Copy the folder `name` of refs, which may already exist."""
        if not kind_of(name, target):
            os.mkdir(name, dir_fd=target)
        path = f"{path}/{name}"
        with opened_folder(name, source) as inner, opened_folder(name, target) as made:
            for entry, kind in list_folder(inner):
                self._count += 1
                if self._count > _MAX_REFS:
                    raise UsageError(f"{path} has more than {_MAX_REFS} refs: run 'git pack-refs --all' there")
                if stat.S_ISDIR(kind) and depth < _MAX_DEPTH:
                    self.copy(inner, made, entry, path, depth + 1)
                elif stat.S_ISREG(kind):
                    _copy(entry, inner, made, _MAX_REF, f"{path}/{entry}")


def _copy(name: str, source: int, target: int, limit: int, what: str) -> None:
    content = read_plain(name, source, limit, what)
    if content is None:
        return
    if kind_of(name, target):
        os.unlink(name, dir_fd=target)
    with new_file(name, target) as made:
        write_all(made, content)
