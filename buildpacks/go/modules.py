"""Reads go.mod, go.sum and go.work, and writes neutral ones: the parsed coordinates of modules and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from posixpath import normpath

from buildpacks.api import BuildpackError, RepoView

__all__ = ["Workspace", "neutral_files", "read_workspace", "used_folders"]

_MAX_BYTES = 1 << 20
_MODULE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~/+-]*")
_VERSION = re.compile(r"v[0-9][A-Za-z0-9.+_-]*")
_RELEASE = re.compile(r"[0-9]+\.[0-9]+[A-Za-z0-9.]*")
_SUM = re.compile(r"(\S+) (\S+?)(/go\.mod)? (h1:[A-Za-z0-9+/]+=*)")
_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|`([^`]*)`|//.*|=>|[()]|[^\s"`()]+')
_PACKAGES = "rfsn.invalid/packages"


@dataclass(frozen=True, slots=True)
class Workspace:
    """What a tree declares: the highest release of Go that a module asks for, and the `requirements` of its modules.

    A requirement is a directive of a neutral go.mod (`module`, `go`, `require`, `replace` or `exclude`), of which each
    `module` begins another file, or `sum` with a line of go.sum. `mode` is the value of Go's option `-mod`; it is empty
    in a workspace, which allows none. `left_out` are the modules that the tree replaces with folders outside of it.
    """

    release: str
    requirements: tuple[str, ...]
    mode: str
    left_out: tuple[str, ...] = ()


def read_workspace(view: RepoView, packages: Sequence[str] | None) -> Workspace:
    """The declarations of the module or the workspace at the top, else of all modules beneath.

    `packages` (`module@version`) are required instead, if they are given. Raises `BuildpackError` if there is none, or
    if one cannot be read.
    """
    files = _modules(view)
    modules = {path: _Module.read(view, path) for path in files}
    release = max((module.release for module in modules.values()), key=_ordered, default="")
    if view.exists("go.work"):
        release = max(release, _release(_directives(view, "go.work")), key=_ordered)
    if packages is not None:
        return Workspace(release, (f"module {_PACKAGES}", *map(_exact, packages)), "mod")
    vendored = view.exists("vendor/modules.txt")
    mode = "vendor" if vendored else "" if view.exists("go.work") else "mod"
    own = {module.path for module in modules.values()}
    lines: list[str] = []
    left_out: list[str] = []
    for path, module in modules.items():
        if vendored or view.exists(_joined(path, "vendor/modules.txt")):
            continue
        lines += module.neutral(view, path, own)
        left_out += module.outside(view, path)
    sums = _sums(view, files) if lines else ()
    return Workspace(release, (*lines, *sums), mode, tuple(sorted(set(left_out))))


def used_folders(view: RepoView, path: str) -> tuple[str, ...]:
    """The folders of the modules that the go.work at `path` uses; the empty path is the top of the tree."""
    named = [words[1] for words in _directives(view, path) if words[0] == "use" and len(words) > 1]
    places = [normpath(_joined(path, folder)) for folder in named]
    return tuple(dict.fromkeys("" if place == "." else place for place in places))


def neutral_files(requirements: Sequence[str]) -> Iterator[Mapping[str, bytes]]:
    """The files of each neutral module that requires something."""
    sums = "".join(f"{line.removeprefix('sum ')}\n" for line in requirements if line.startswith("sum "))
    modules: list[list[str]] = []
    for line in requirements:
        if line.startswith("module "):
            modules.append([])
        if not line.startswith("sum "):
            modules[-1].append(line)
    for lines in modules:
        if any(line.startswith("require ") for line in lines):
            yield {"go.mod": "".join(f"{line}\n" for line in lines).encode(), "go.sum": sums.encode()}


@dataclass(frozen=True, slots=True)
class _Module:
    path: str
    release: str
    requires: tuple[tuple[str, str], ...]
    replaces: tuple[tuple[str, ...], ...]
    excludes: tuple[tuple[str, str], ...]

    @classmethod
    def read(cls, view: RepoView, path: str) -> _Module:
        directives = list(_directives(view, path))
        named = [words[1] for words in directives if words[0] == "module" and len(words) > 1]
        if not named or not _MODULE.fullmatch(named[0]):
            raise BuildpackError(f"{path} names no module")
        return cls(
            named[0],
            _release(directives),
            tuple(_pairs("require", directives)),
            tuple(words[1:] for words in directives if words[0] == "replace" and "=>" in words),
            tuple(_pairs("exclude", directives)),
        )

    def neutral(self, view: RepoView, path: str, own: Iterable[str]) -> list[str]:
        """The directives of a neutral go.mod: without the modules of the tree, and with what those require."""
        local = self._local(view, path)
        requires = list(self.requires)
        for place in local.values():
            if place is not None:
                requires += _Module.read(view, place).requires
        known = {*own, *local}
        fetched = [(name, version) for name, version in dict.fromkeys(requires) if name not in known]
        lines = [f"module {self.path}", *([f"go {self.release}"] if self.release else [])]
        lines += [f"require {name} {version}" for name, version in fetched]
        lines += [f"replace {' '.join(words)}" for words in self.replaces if _is_remote(words)]
        return [*lines, *(f"exclude {name} {version}" for name, version in self.excludes)]

    def outside(self, view: RepoView, path: str) -> list[str]:
        return [name for name, place in self._local(view, path).items() if place is None]

    def _local(self, view: RepoView, path: str) -> dict[str, str | None]:
        """The modules that are replaced with folders, each with its go.mod; None for one outside of the tree."""
        found: dict[str, str | None] = {}
        for words in self.replaces:
            new = words[words.index("=>") + 1 :]
            if len(new) == 1 and new[0].startswith((".", "/")):
                place = normpath(_joined(path, f"{new[0]}/go.mod"))
                found[words[0]] = place if view.exists(place) else None
        return found


def _modules(view: RepoView) -> list[str]:
    """The go.mod files of the modules that are built together."""
    if view.exists("go.work"):
        places = [f"{folder}/go.mod".removeprefix("/") for folder in used_folders(view, "go.work")]
        return [place for place in places if view.exists(place)]
    if view.exists("go.mod"):
        return ["go.mod"]
    beneath = [path for path in view.files() if path.endswith("/go.mod") and "vendor" not in path.split("/")]
    if not beneath:
        raise BuildpackError("there is no go.mod: say `go mod init` in the folder of the project, or name it as REPO")
    return beneath


def _directives(view: RepoView, path: str) -> Iterator[tuple[str, ...]]:
    """The directives of a file, one by one, those in blocks with the word before the block."""
    data = view.read(path)
    if len(data) > _MAX_BYTES:
        raise BuildpackError(f"{path} is too large")
    block = ""
    for line in data.decode(errors="replace").splitlines():
        found = _WORD.finditer(line)
        words = [match[1] or match[2] or match[0] for match in found if not match[0].startswith("//")]
        if words[:1] == [")"]:
            block = ""
        elif words[-1:] == ["("]:
            block = words[0]
        elif words:
            yield (block, *words) if block else tuple(words)


def _pairs(kind: str, directives: Iterable[tuple[str, ...]]) -> Iterator[tuple[str, str]]:
    for words in directives:
        if words[0] == kind and len(words) >= 3 and _MODULE.fullmatch(words[1]) and _VERSION.fullmatch(words[2]):
            yield words[1], words[2]


def _is_remote(words: Sequence[str]) -> bool:
    """Whether `old [version] => new version` names nothing but modules and versions."""
    arrow = words.index("=>")
    old, new = words[:arrow], words[arrow + 1 :]
    versions = (*old[1:], *new[1:])
    named = len(old) in {1, 2} and len(new) == 2 and all(map(_VERSION.fullmatch, versions))
    return named and all(map(_MODULE.fullmatch, (old[0], new[0])))


def _release(directives: Iterable[tuple[str, ...]]) -> str:
    found = [words[1] for words in directives if words[0] == "go" and len(words) > 1]
    return found[0] if found and _RELEASE.fullmatch(found[0]) else ""


def _ordered(release: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", release))


def _sums(view: RepoView, modules: Iterable[str]) -> Iterator[str]:
    """The checksums of all modules, once each."""
    places = [*(path.removesuffix("go.mod") + "go.sum" for path in modules), "go.work.sum"]
    seen: dict[str, None] = {}
    for path in places:
        if view.exists(path):
            for line in view.read(path).decode(errors="replace").splitlines():
                match = _SUM.fullmatch(line.strip())
                if match and _MODULE.fullmatch(match[1]) and _VERSION.fullmatch(match[2]):
                    seen[f"sum {match[1]} {match[2]}{match[3] or ''} {match[4]}"] = None
    yield from seen


def _exact(package: str) -> str:
    name, _, version = package.partition("@")
    if not _MODULE.fullmatch(name) or not _VERSION.fullmatch(version):
        raise BuildpackError(f"packages: {package!r} is not module@version")
    return f"require {name} {version}"


def _joined(path: str, beside: str) -> str:
    """The path of what lies beside a file."""
    return f"{path.rpartition('/')[0]}/{beside}".removeprefix("/")
