"""What an issue is about: the files that a model is shown for it, and where a test for it belongs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from gate import cut, may_leave
from planners.api import PlannerContext
from planners.llm.prompts import fenced

__all__ = ["path_of_test", "relevant", "shown", "text_of"]

_MAX_FILES = 6
_SUFFIXES = (".py", ".js", ".ts", ".jsx", ".tsx", ".mjs", ".cjs", ".go", ".rs", ".java", ".c", ".cc", ".cpp", ".cs")
_WORD = re.compile(r"[A-Za-z_]\w{2,}")
_CODE = re.compile(r"`([^`\n]+)`|\b(\w+)\(")
"""Code in the text of an issue: what is in backticks, and what is called."""
_CODE_WEIGHT = 10.0
_TEST = re.compile(r"(?:^|[._-])(?:tests?|spec)(?=[._-])|^Test[A-Z]|Tests?(?=\.)")
"""What the name of a file with tests has in it, in the runners' conventions."""

_CONVENTIONS = (
    ("^test", "test_of_the_issue"),
    ("^Test[A-Z]", "TestOfTheIssue"),
    ("_test$", "of_the_issue_test"),
    ("Tests$", "OfTheIssueTests"),
    ("Test$", "OfTheIssueTest"),
)
"""What the names of files with tests look like, and the name of one more."""
_PYTHON = "test_of_the_issue.py"
_FIRST = {
    "go": "of_the_issue_test.go",
    "java": "src/test/java/OfTheIssueTest.java",
    "javascript": "of_the_issue.test.js",
    "rust": "tests/of_the_issue.rs",
}
"""The first test of a project, by the language of its part; elsewhere it is one of Python."""


def path_of_test(context: PlannerContext) -> str:
    """A free path for the test, named like the project's tests and among them, so that the runner finds it."""
    tests = [PurePosixPath(path) for path in context.view.files() if _is_test(path, context)]
    folders = Counter(path.parent for path in tests)
    folder = folders.most_common(1)[0][0] if folders else PurePosixPath()
    like = next((path for path in tests if path.parent == folder), None)
    if like is None:
        path = PurePosixPath(next((_FIRST[name] for name in context.languages.values() if name in _FIRST), _PYTHON))
    else:
        name = like.name.partition(".")[0]
        path = folder / f"{_named_like(name)}{like.name[len(name) :]}"
    while context.view.exists(str(path)):
        path = path.with_name(re.sub("([iI]ssue)", r"\g<1>2", path.name, count=1))
    return str(path)


def _named_like(name: str) -> str:
    """The name of the test, by the convention that the name of another test follows."""
    return next((ours for pattern, ours in _CONVENTIONS if re.search(pattern, name)), "of_the_issue")


def _is_test(path: str, context: PlannerContext) -> bool:
    place = PurePosixPath(path)
    named = _TEST.search(place.name) or (place.suffix == ".rs" and place.parent.name == "tests")
    return bool(named) and place.name.endswith(_SUFFIXES) and not context.is_source(path)


def relevant(context: PlannerContext) -> tuple[str, ...]:
    """The files that have most of the issue's rarer words in them, the likeliest first, and one test after that.

    What the issue marks or writes as code counts most: a rare word of prose is rare by chance.
    """
    words = frozenset(_WORD.findall(context.issue))
    code = frozenset(_WORD.findall(" ".join(map("".join, _CODE.findall(context.issue)))))
    texts = {
        path: frozenset(_WORD.findall(text_of(context, path)))
        for path in context.view.files()
        if path.endswith(_SUFFIXES) and may_leave(path)
    }
    spread = Counter(word for known in texts.values() for word in words & known)
    weights = {word: (_CODE_WEIGHT if word in code else 1.0) / spread[word] for word in words if spread[word]}
    score = {path: sum(weights[word] for word in sorted(words & known)) for path, known in texts.items()}
    ranked = sorted(score, key=lambda path: (-score[path], path))
    sources = [path for path in ranked if context.is_source(path)][: _MAX_FILES - 1]
    tests = [path for path in ranked if _is_test(path, context)][:1]
    return (*sources[:1], *tests, *sources[1:])


def shown(paths: Sequence[str], context: PlannerContext, room: int) -> Iterator[str]:
    """The files within `room` characters, each with at most half of what those before it leave."""
    for path in paths:
        text = text_of(context, path)
        if len(text) > room // 2:
            text = cut(text, text.rfind("\n", 0, max(0, room // 2)) + 1)
            yield f"{path}, its beginning:\n{fenced(text)}" if text else f"{path} is too long to be shown."
        else:
            yield f"{path}:\n{fenced(text)}"
        room -= len(text)


def text_of(context: PlannerContext, path: str) -> str:
    """The text of a file of the base; empty if there is none."""
    return context.view.read(path).decode("utf-8", "replace") if context.view.exists(path) else ""
