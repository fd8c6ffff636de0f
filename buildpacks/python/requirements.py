"""The requirements of a Python project, collected from everything that its files declare."""

from __future__ import annotations

import codecs
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from posixpath import dirname, isabs, join, normpath

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from buildpacks.api import RepoView
from buildpacks.python.declared import (
    Declared,
    Groups,
    build_requirements,
    declarations,
    project_name,
    workspace_members,
)
from buildpacks.python.needed import for_tests
from buildpacks.python.provide import parsed
from buildpacks.python.tables import content_of, unreadable

__all__ = ["Needs", "read_needs"]

_TEST_GROUPS = ("test", "tests", "testing", "dev", "develop", "development")
# Build backends that require `editables` only when they build an editable install, which no file declares.
_ASK_FOR_EDITABLES = frozenset({"hatchling", "pdm-backend"})
_REQUIREMENT_FILES = (
    "requirements.txt",
    "requirements-test.txt",
    "requirements-tests.txt",
    "requirements_test.txt",
    "test-requirements.txt",
    "test_requirements.txt",
    "requirements-dev.txt",
    "requirements_dev.txt",
    "dev-requirements.txt",
    "requirements/test.txt",
    "requirements/tests.txt",
    "requirements/testing.txt",
    "requirements/dev.txt",
    "tests/requirements.txt",
)
_OWN_EXTRAS = re.compile(r"\.\[([\w,.\s-]+)\]")
_EDITABLE = re.compile(r"(?:-e|--editable)[\s=]+")
_PLACE = re.compile(
    r"(?:[\w.-]++\s*+(?:\[[^\]]*+\])?\s*+@\s*+)?file:(?://)?(?:\$\{PROJECT_ROOT\})?/*(?P<path>[^#;\s]*)"
)
_MAX_PACKAGES = 30
_MAX_REQUIREMENTS = 10_000
_MAX_FILES = 100
_MAX_NAME = 2_000
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # it begins with the mark of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# `>=3.6.*`, which older tools read as `>=3.6`.
_LOOSE_STAR = re.compile(r"([<>]=?\s*[\d.]+?)\.\*")


@dataclass(frozen=True, slots=True)
class Needs:
    """A project's declarations: run-time and test requirements, build requirements, and supported Python versions.

    `packages` are the folders of the repository to install: `.` for the project itself, unless it is only put on the
    path, and the folders of other packages in the repository that it names. `left_out` are the declarations that are
    not followed: URLs, and paths outside the repository. `own` are the names of the distributions that its builds make.
    """

    requirements: tuple[str, ...]
    build: tuple[str, ...]
    python: str
    packages: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    own: tuple[str, ...] = ()


@dataclass(slots=True)
class _Collected:
    """The declarations that the files read so far contain."""

    texts: list[str] = field(default_factory=list)
    extras: set[str] = field(default_factory=set)
    places: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)


def read_needs(view: RepoView) -> Needs:
    """Collect the project's declarations: run-time requirements, the group for tests, requirement files.

    Raises `BuildpackError` if a file cannot be read.
    """
    files = [name for name in _REQUIREMENT_FILES if view.exists(name)]
    declared = every = list(declarations(view))
    others = [(path, table) for path, table in declared if path != "tox.ini"]
    if len(files) > view.exists("requirements.txt") or any(_test_group(table.groups) for _, table in others):
        declared = others  # tox.ini repeats the test requirements of another file, often with other pins
    files += [name for _, table in declared for name in table.files if view.exists(name) and name not in files]
    collected = _Collected()
    for _, table in declared:
        collected.texts += [*table.requirements, *for_tests(_test_group(table.groups), view)]
    collected.extras |= {canonicalize_name(name) for _, table in every for name in table.extras}
    collected.places += [place for _, table in declared for place in table.places]
    collected.names += [table.name for _, table in declared]
    collected.elsewhere += [name for _, table in declared for name in table.elsewhere]
    for name in files:
        before = len(collected.texts)
        _requirement_file(view, name, set(), collected)
        if name != "requirements.txt":  # which usually has what the project needs to run
            collected.texts[before:] = for_tests(collected.texts[before:], view)
    _add_extras(collected, [table.groups for _, table in every], view)
    if len(collected.texts) > _MAX_REQUIREMENTS:
        raise unreadable(", ".join(files), f"more than {_MAX_REQUIREMENTS} requirements in all")
    return _complete(view, collected, _python(declared))


def _add_extras(collected: _Collected, groups: Sequence[Groups], view: RepoView) -> None:
    """Add what the extras have that are asked for, also by `name[extra]` of the project itself, as many groups do."""
    own = {canonicalize_name(name) for name in collected.names if name}
    known: set[str] = set()
    while wanted := (collected.extras | _extras_of(own, collected.texts)) - known:
        known |= wanted
        found = (texts for tables in groups for name, texts in tables.items() if canonicalize_name(name) in wanted)
        collected.texts += for_tests([text for texts in found for text in texts], view)


def _extras_of(own: Collection[str], texts: Iterable[str]) -> set[str]:
    requirements = filter(None, map(parsed, texts))
    extras = (one.extras for one in requirements if canonicalize_name(one.name) in own)
    return {str(canonicalize_name(extra)) for names in extras for extra in names}


def _python(declared: Iterable[tuple[str, Declared]]) -> str:
    """The supported versions of Python, from the first declaration that has them."""
    for path, table in declared:
        if table.python:
            python = _LOOSE_STAR.sub(r"\1", table.python)
            try:
                SpecifierSet(python)
            except InvalidSpecifier as error:
                raise unreadable(path, f"{table.python!r:.100} does not specify versions of Python") from error
            return python
    return ""


def _complete(view: RepoView, collected: _Collected, python: str) -> Needs:
    """Add the needs of the repository's other packages, and leave out what cannot be fetched by name."""
    build = build_requirements(view)
    packages = ["."] if build else []
    texts, left_out, elsewhere = list(collected.texts), [], list(collected.elsewhere)
    own = {canonicalize_name(name) for name in collected.names if name}
    waiting = [*collected.places, *filter(None, map(_place_in, texts))]
    waiting += _workspace(view, texts)
    known: set[str] = set()
    while waiting and len(known) < _MAX_PACKAGES:
        place = normpath(waiting.pop(0).partition("[")[0])
        if place == "." or place in known:
            continue
        known.add(place)
        inner = _Inside(view, place)
        wanted = [] if isabs(place) else build_requirements(inner)
        if not wanted:
            left_out.append(f"{place} (no project there inside of REPO)" if place.startswith("..") else place)
            continue
        packages.append(place)
        build += wanted
        for _, table in declarations(inner):
            own |= {canonicalize_name(table.name)} if table.name else set()
            texts += table.requirements
            elsewhere += table.elsewhere
            waiting += [join(place, other) for other in table.places]
    requirements: dict[str, None] = {}
    unasked = {*map(canonicalize_name, elsewhere)} - own
    for text in texts:
        requirement = parsed(text)
        if requirement is None:
            left_out += [text.strip()[:_MAX_NAME]] if text.strip() and _place_in(text) is None else []
        elif canonicalize_name(requirement.name) in unasked:
            left_out.append(f"{requirement.name} (its source is not a registry)")
        elif canonicalize_name(requirement.name) not in own:
            requirements[str(requirement)] = None
    return Needs(
        tuple(requirements),
        _checked(build),
        python,
        tuple(packages),
        tuple(dict.fromkeys(left_out)),
        tuple(sorted(own)),
    )


def _workspace(view: RepoView, texts: Iterable[str]) -> list[str]:
    """The members of uv's workspace that are required by name, or all if its top folder is not a project."""
    patterns = workspace_members(view)
    wanted = {
        canonicalize_name(requirement.name) for requirement in map(parsed, texts if patterns else ()) if requirement
    }
    folders = [dirname(path) for path in view.files() if path.endswith("/pyproject.toml")]
    members = [folder for folder in folders if any(fnmatch(folder, pattern) for pattern in patterns)]
    if not project_name(view):
        return members
    return [folder for folder in members if canonicalize_name(project_name(_Inside(view, folder))) in wanted]


class _Inside:
    """A folder of a tree, as a tree."""

    def __init__(self, view: RepoView, folder: str) -> None:
        self._view = view
        self._folder = folder

    def files(self) -> Sequence[str]:
        start = f"{self._folder}/"
        return [path.removeprefix(start) for path in self._view.files() if path.startswith(start)]

    def exists(self, path: str) -> bool:
        return self._view.exists(join(self._folder, path))

    def read(self, path: str) -> bytes:
        return self._view.read(join(self._folder, path))


def _place_in(text: str) -> str | None:
    """The path in a requirement that is a `file:` URL."""
    match = _PLACE.match(text) if len(text) <= _MAX_NAME else None
    return match["path"] if match else None


def _checked(build: Iterable[str]) -> tuple[str, ...]:
    """Build requirements in normalized form: the text of the file does not reach a command line."""
    requirements = [(text, parsed(text)) for text in build]
    if wrong := [text for text, requirement in requirements if requirement is None]:
        raise unreadable("pyproject.toml", f"{wrong[0]!r:.100} in build-system.requires is not a requirement by name")
    names = {canonicalize_name(requirement.name) for _, requirement in requirements if requirement}
    editables = ("editables",) if names & _ASK_FOR_EDITABLES else ()
    return tuple(dict.fromkeys((*(str(requirement) for _, requirement in requirements), *editables)))


def _test_group(groups: Groups) -> list[str]:
    """The requirements of the first group that has a usual name for test requirements."""
    named = {str(canonicalize_name(name)): entries for name, entries in groups.items()}
    return next((named[wanted] for wanted in _TEST_GROUPS if wanted in named), [])


def _requirement_file(view: RepoView, path: str, seen: set[str], collected: _Collected) -> None:
    """Collect the requirements of a file and of the files that it includes, without options.

    An editable install of the project itself adds the extras that it names.
    """
    if path in seen or not view.exists(path):
        return
    seen.add(path)
    if len(seen) > _MAX_FILES:
        raise unreadable(path, f"more than {_MAX_FILES} requirement files include one another")
    for line in _lines(_decoded(content_of(view, path))):
        place = _EDITABLE.sub("", line, count=1)
        if own := _OWN_EXTRAS.fullmatch(place):
            collected.extras |= {canonicalize_name(name.strip()) for name in own[1].split(",")}
        elif line.startswith(("-r ", "--requirement ")):
            _requirement_file(view, normpath(join(dirname(path), line.split(maxsplit=1)[1])), seen, collected)
        elif place != line or line.startswith((".", "/")):
            # pip resolves a path from its working folder, which is the top of the repository.
            collected.places.append(place)
        elif not line.startswith(("#", "-")):
            collected.texts.append(line)


def _lines(text: str) -> Iterator[str]:
    for raw in text.splitlines():
        line = raw.split(" #")[0].split(" --")[0].strip()
        if line and not line.startswith("#"):
            yield line


def _decoded(content: bytes) -> str:
    """The text of a requirement file: UTF-8, unless a mark at its beginning names another encoding, as for pip."""
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), "utf-8")
    return content.decode(encoding, "replace")
