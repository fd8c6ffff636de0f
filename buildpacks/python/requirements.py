"""What a Python project needs, from all that its files declare."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from posixpath import dirname, join, normpath

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from buildpacks.api import RepoView
from buildpacks.python.declared import (
    Declared,
    Groups,
    build_requirements,
    content_of,
    declarations,
    project_name,
    unreadable,
)

__all__ = ["Needs", "read_needs"]

_TEST_GROUPS = ("test", "tests", "testing", "dev", "develop", "development")
# Build backends that ask for this package only when they build an editable, which nobody could know from the files.
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
_MAX_REQUIREMENTS = 10_000
_MAX_FILES = 100
_MAX_LENGTH = 2_000
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # it begins as the one of UTF-16 does
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# `>=3.6.*`, which older tools took for `>=3.6`.
_LOOSE_STAR = re.compile(r"([<>]=?\s*[\d.]+?)\.\*")
_OWN_EXTRAS = re.compile(r"(?:-e|--editable)\s+\.\[([\w,.\s-]+)\]|\.\[([\w,.\s-]+)\]")


@dataclass(frozen=True, slots=True)
class Needs:
    """A project's declarations: run-time and test requirements, those of its build, and the versions it runs on.

    `build` is empty for a project that is not installed but only put on the path.
    """

    requirements: tuple[str, ...]
    build: tuple[str, ...]
    python: str
    sources: tuple[str, ...]


def read_needs(view: RepoView) -> Needs:
    """Collect what the project's files declare: run-time requirements, the group for tests, requirement files.

    Raises `BuildpackError` for a file that cannot be read.
    """
    files = [name for name in _REQUIREMENT_FILES if view.exists(name)]
    declared = list(declarations(view))
    others = [(path, one) for path, one in declared if path != "tox.ini"]
    if len(files) > view.exists("requirements.txt") or any(_test_group(one.groups) for _, one in others):
        declared = others  # tox.ini repeats what another file says of the tests, often with other pins
    files += [name for _, one in declared for name in one.files if view.exists(name) and name not in files]
    extras: set[str] = set()
    found = [text for _, one in declared for text in (*one.requirements, *_test_group(one.groups))]
    for name in files:
        found += _requirement_file(view, name, set(), extras)
    for _, one in declared:
        found += [text for name, texts in one.groups.items() if canonicalize_name(name) in extras for text in texts]
    own = canonicalize_name(project_name(view))
    if len(found) > _MAX_REQUIREMENTS:
        raise unreadable(", ".join(files), f"more than {_MAX_REQUIREMENTS} requirements in all")
    kept = {text: None for text in found if _name(text) not in {None, own}}
    sources = [*dict.fromkeys(path for path, _ in declared), *files]
    return Needs(tuple(kept), _build(view), _python(declared), tuple(sources))


def _python(declared: Iterable[tuple[str, Declared]]) -> str:
    """The first word on the versions of Python."""
    for path, one in declared:
        if one.python:
            python = _LOOSE_STAR.sub(r"\1", one.python)
            try:
                SpecifierSet(python)
            except InvalidSpecifier as error:
                raise unreadable(path, f"{one.python!r:.100} says no versions of Python") from error
            return python
    return ""


def _build(view: RepoView) -> tuple[str, ...]:
    build = build_requirements(view)
    for text in build:
        if _name(text) is None:
            raise unreadable("pyproject.toml", f"{text!r:.100} in build-system.requires is no requirement")
    if any(_name(text) in _ASK_FOR_EDITABLES for text in build):
        build = [*build, "editables"]
    return tuple(build)


def _name(text: str) -> str | None:
    if len(text) > _MAX_LENGTH:
        return None
    try:
        return canonicalize_name(Requirement(text).name)
    except (InvalidRequirement, RecursionError):
        return None


def _test_group(groups: Groups) -> list[str]:
    """The requirements of the first group that is named as test requirements usually are."""
    named = {str(canonicalize_name(name)): entries for name, entries in groups.items()}
    return next((named[wanted] for wanted in _TEST_GROUPS if wanted in named), [])


def _requirement_file(view: RepoView, path: str, seen: set[str], extras: set[str]) -> Iterator[str]:
    """The requirements of a file and those it includes; options are left out.

    Of an editable install of the project itself, the `extras` that it asks for are added to those.
    """
    if path in seen or not view.exists(path):
        return
    seen.add(path)
    if len(seen) > _MAX_FILES:
        raise unreadable(path, f"more than {_MAX_FILES} requirement files include one another")
    for raw in _decoded(content_of(view, path)).splitlines():
        line = raw.split(" #")[0].split(" --")[0].strip()
        if own := _OWN_EXTRAS.fullmatch(line):
            extras |= {canonicalize_name(name.strip()) for name in (own[1] or own[2]).split(",")}
        elif line.startswith(("-r ", "--requirement ")):
            included = normpath(join(dirname(path), line.split(maxsplit=1)[1]))
            yield from _requirement_file(view, included, seen, extras)
        elif line and not line.startswith(("#", "-", ".", "/")):
            yield line


def _decoded(content: bytes) -> str:
    """The text of a requirement file: UTF-8, or what the mark at its beginning says, as for pip."""
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), "utf-8")
    return content.decode(encoding, "replace")
