"""What of a project's declared requirements its tests need: no tools of maintainers, no pytest of another age."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator, Sequence

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from buildpacks.api import RepoView
from buildpacks.python.provide import parsed

__all__ = ["OF_PYTEST", "OLDEST_PYTEST", "for_tests", "supported"]

OLDEST_PYTEST = "pytest>=3.10"
"""The releases of pytest with which the runner works."""

_RELEASES = ("3.10.1", "4.6.11", "5.4.3", "6.2.5", "7.4.4", "8.4.2", "9.0.0")
"""A release of each age of pytest since then."""

_OLDEST = Version("3.10")

OF_PYTEST = re.compile(r"py|iniconfig|pluggy|pytest-.+")
"""Packages whose versions go with that of pytest."""

# Documentation, style, types, and what starts tests, builds or releases: no test runs because they are there.
_TOOLS = re.compile(
    r"sphinx|sphinx-.+|sphinxcontrib-.+|.+-sphinx-theme|furo|alabaster|myst-parser|recommonmark|numpydoc|doc8|releases"
    r"|mkdocs|mkdocs-.+|mkdocstrings.*|pdoc3?|readme-renderer"
    r"|black|ruff|flake8|flake8-.+|pep8|pep8-naming|pycodestyle|pydocstyle|pyflakes|pylint|isort|autopep8|yapf|bandit"
    r"|pre-commit|mypy|pyright|types-.+|.+-stubs|check-manifest|pyroma"
    r"|tox|tox-.+|nox|virtualenv|invoke|twine|build|bump2version|bumpversion|bump-my-version|zest-releaser|towncrier"
    r"|codecov|coveralls|cibuildwheel|hatch|commitizen|python-semantic-release|ipython|ipdb|pip-tools|wheel"
)
_NOT_TESTS = re.compile(r"(?:.*/)?(?:docs?/.*|setup\.py|noxfile\.py|tasks\.py|conf\.py)")
_MAX_BYTES = 32 << 20


def for_tests(texts: Iterable[str], view: RepoView) -> list[str]:
    """The requirements of a group or a file, without tools of maintainers that no source or test names."""
    wanted = [(text, parsed(text.strip())) for text in texts]
    tools = {_word(one) for _, one in wanted if one and _TOOLS.fullmatch(canonicalize_name(one.name))}
    unneeded = tools - _named(tools, view) if tools else tools
    return [text for text, one in wanted if one is None or _word(one) not in unneeded]


def supported(requirements: Sequence[str]) -> list[str]:
    """Requirements without releases of pytest with which the runner does not work, and without the pins beside them."""
    wanted = [Requirement(text) for text in requirements]
    unfit = [
        one
        for one in wanted
        if canonicalize_name(one.name) == "pytest" and not any(one.specifier.filter(_releases(one.specifier)))
    ]
    if not unfit:
        return list(requirements)
    return [OLDEST_PYTEST, *(_loosened(one) for one in wanted if one not in unfit)]


def _releases(named: SpecifierSet) -> Iterator[str]:
    """A release of each age, and those that the requirement itself names, unless they are older."""
    yield from _RELEASES
    for clause in named:
        with contextlib.suppress(InvalidVersion):
            version = Version(clause.version.removesuffix(".*"))
            if version >= _OLDEST:
                yield str(version)


def _loosened(one: Requirement) -> str:
    """A requirement; without its version if it is of pytest's own, which releases of another age do not go with."""
    if not OF_PYTEST.fullmatch(canonicalize_name(one.name)):
        return str(one)
    return str(parsed(re.sub(re.escape(str(one.specifier)), "", str(one), count=1)) or one)


def _word(one: Requirement) -> str:
    return canonicalize_name(one.name).replace("-", "_")


def _named(words: Iterable[str], view: RepoView) -> set[str]:
    """The modules that a Python file of the tree imports, or names in a text, such as that of a command."""
    pattern = re.compile(
        rf"(?:^\s*(?:import|from)\s+|[\"'])({'|'.join(map(re.escape, sorted(words)))})\b", re.MULTILINE
    )
    found: set[str] = set()
    left = _MAX_BYTES
    for path in view.files():
        if path.endswith(".py") and not _NOT_TESTS.fullmatch(path) and left > 0:
            content = view.read(path)
            left -= len(content)
            found.update(pattern.findall(content.decode(errors="replace")))
    return found
