"""Mends of what Python says is missing: each fault of a small project, and where the right mend is among them."""

from __future__ import annotations

import ast

import pytest

from buildpacks import CaseId, CaseTrace, Frame, Outcome
from gate import apply
from planners.search.python import PYTHON
from planners.testing import GivenTree

QUEUE = '''"""Queues."""

import json
from io import StringIO


class Queue:
    """A queue."""

    def __init__(self, items=()):
        self.items = list(items)
        self.names = {"a": 1, "b": 2}

    def push(self, item):
        """Add."""
        if item is None:
            raise ValueError("no item: (%s)" % item)
        elif item in self.items:
            return False
        self.items.append(item)  # a comment: here
        return True


def total(values, *, start=0):
    """Add them."""
    result = start
    for value in values:
        result += (value * 2) if value > 0 else [value, 1][0]
    return max(
        result,
        0,
    )


def dumped(queue):
    out = StringIO()
    json.dump(queue.items, out)
    return out.getvalue()
'''
LIMITS = '''"""Limits."""

import types
from collections import OrderedDict

from .queue import Queue, total

SIZES = OrderedDict([
    ("small", 1),
    ("large", 10),
])
KINDS = {types.FunctionType, types.GeneratorType}
EMPTY = Queue()
'''
SHAPES = '''"""Shapes."""

import collections.abc
import dataclasses
from typing import Any
from abc import ABC, abstractmethod


class Shape(ABC, collections.abc.MutableMapping):
    @abstractmethod
    def area(self) -> Any: ...


@dataclasses.dataclass
class Point:
    x: int
'''
TREE = {
    "jobs/__init__.py": "from .limits import SIZES\nfrom .queue import Queue, total\n",
    "jobs/queue.py": QUEUE,
    "jobs/limits.py": LIMITS,
    "jobs/shapes.py": SHAPES,
    "jobs/deep/__init__.py": "",
    "jobs/deep/texts.py": "from ..queue import total\n\nMANY = total([1])\n",
    "jobs/other.py": "import json\nfrom io import StringIO\n\nprint(json, StringIO)\n",
}


def mended(path: str, right: str, wrong: str, message: str, *frames: Frame) -> list[dict[str, str]]:
    """What the candidates make of the tree with a fault in it, as far as they change it."""
    assert right in TREE[path]
    tree = GivenTree({name: text.encode() for name, text in (TREE | {path: changed(path, right, wrong)}).items()})
    failure = CaseTrace("t.py", Outcome.ERROR, 0.0, {}, frames, message, parsed=CaseId("t.py"))
    made = []
    for candidate in PYTHON.mends([failure], tree, lambda path: path != "jobs/other.py"):
        change = apply(candidate.patch, tree.read)
        made.append({name: (file.after or b"").decode() for name, file in change.files.items()})
        for text in made[-1].values():
            ast.parse(text)
    return made


def changed(path: str, right: str, wrong: str) -> str:
    return TREE[path].replace(right, wrong, 1)


def line_of(path: str, text: str) -> int:
    return TREE[path].partition(text)[0].count("\n") + 1


SYNTAX = [
    ("def push(self, item):", "def push(self, item)"),
    ("        elif item in", "        elsif item in"),
    ("        elif item in", "        else if item in"),
    ("return False", "retrun False"),
    ("class Queue", "clas Queue"),
    ("import json", "improt json"),
    ("for value in values:", "for value im values:"),
    ("for value in values:", "for value values:"),
    ("% item)", "% item"),
    ("self.items.append(item)", "self.items.append(item"),
    ("list(items)", "list(items))"),
    ('{"a": 1, "b": 2}', '{"a": 1 "b": 2}'),
    ('{"a": 1, "b": 2}', '{"a": 1, "b": 2'),
    ('{"a": 1, "b": 2}', '{"a: 1, "b": 2}'),
    ('"no item: (%s)"', '"no item: (%s)'),
    ("            return False", "        return False"),
    ("        self.items.append", "       self.items.append"),
    ("        elif item in", "         elif item in"),
    ("    result = start\n", "  result = start\n"),
    ("        result,\n", "        result\n"),
    ("[value, 1][0]", "[value, 1[0]"),
    ("(value * 2)", "(value * 2"),
    ("return max(", "return max["),
    ('        """Add."""', '        """Add.'),
    ("value > 0 else", "value > 0 els"),
    ("if item is None", "if item == None and item = None"),
]


@pytest.mark.parametrize(("right", "wrong"), SYNTAX)
def test_text_that_does_not_parse_is_mended_by_one_of_the_first_candidates(right: str, wrong: str) -> None:
    with pytest.raises(SyntaxError) as raised:
        compile(changed("jobs/queue.py", right, wrong), "queue.py", "exec")
    frame = Frame("jobs/queue.py", raised.value.lineno or 1, "<module>")
    made = mended("jobs/queue.py", right, wrong, f"SyntaxError: {raised.value.msg}", frame)[:3]
    meant = right if "item = None" not in wrong else "if item == None and item == None"
    expected = ast.dump(ast.parse(changed("jobs/queue.py", right, meant)))
    assert expected in [ast.dump(ast.parse(text["jobs/queue.py"])) for text in made]


def test_text_that_parses_here_is_left_alone() -> None:
    frame = Frame("jobs/queue.py", 3, "<module>")
    assert not mended("jobs/queue.py", "import json", "import json ", "SyntaxError: invalid syntax", frame)


NAMES = [
    ("jobs/limits.py", "OrderedDict([", "OrderdDict([", "NameError: name 'OrderdDict' is not defined"),
    ("jobs/queue.py", "import json\n", "", "NameError: name 'json' is not defined"),
    ("jobs/queue.py", "from io import StringIO\n", "", "NameError: name 'StringIO' is not defined"),
    ("jobs/limits.py", "import types\n", "", "NameError: name 'types' is not defined"),
    (
        "jobs/limits.py",
        "import OrderedDict",
        "import OrderdDict",
        "ImportError: cannot import name 'OrderdDict' from 'collections' (/usr/lib/collections/__init__.py)",
    ),
    ("jobs/limits.py", "from collections", "from colections", "ModuleNotFoundError: No module named 'colections'"),
    ("jobs/limits.py", "from .queue", "from .queues", "ModuleNotFoundError: No module named 'jobs.queues'"),
    ("jobs/deep/texts.py", "from ..queue", "from .queue", "ModuleNotFoundError: No module named 'jobs.deep.queue'"),
    (
        "jobs/deep/texts.py",
        "from ..queue",
        "from ...queue",
        "ImportError: attempted relative import beyond top-level package",
    ),
    (
        "jobs/limits.py",
        "types.GeneratorType",
        "types.GeneratorTyp",
        "AttributeError: module 'types' has no attribute 'GeneratorTyp'",
    ),
    (
        "jobs/shapes.py",
        "MutableMapping",
        "MutableMaping",
        "AttributeError: module 'collections.abc' has no attribute 'MutableMaping'",
    ),
    (
        "jobs/shapes.py",
        "dataclasses.dataclass",
        "dataclasses.dataclas",
        "AttributeError: module 'dataclasses' has no attribute 'dataclas'. Did you mean: 'dataclass'?",
    ),
    ("jobs/limits.py", '("small", 1),', '("small", 1)', "TypeError: 'tuple' object is not callable"),
]


@pytest.mark.parametrize(("path", "right", "wrong", "message"), NAMES)
def test_what_is_not_there_is_mended_by_one_of_the_first_candidates(
    path: str, right: str, wrong: str, message: str
) -> None:
    broken = changed(path, right, wrong)
    at = wrong or right.rsplit(maxsplit=1)[-1]  # without its import, a name fails where it is used
    line = next(number for number, text in enumerate(broken.splitlines(), 1) if at in text)
    made = mended(path, right, wrong, message, Frame(path, line, "<module>"))[:3]
    expected = {ast.dump(node) for node in ast.parse(TREE[path]).body}
    assert any(expected == {ast.dump(node) for node in ast.parse(text[path]).body} for text in made if path in text)


def test_the_first_candidate_is_what_a_person_would_write() -> None:
    """A statement that imports from the module gets the name, and what Python suggests comes before what is alike."""
    message = "NameError: name 'abstractmethod' is not defined"
    frame = Frame("jobs/shapes.py", line_of("jobs/shapes.py", "@abstractmethod"), "Shape")
    made = mended("jobs/shapes.py", "import ABC, abstractmethod", "import ABC", message, frame)
    assert made[0] == {"jobs/shapes.py": SHAPES}
    message = "NameError: name 'limits' is not defined. Did you mean: 'self.items'?"
    frame = Frame("jobs/queue.py", line_of("jobs/queue.py", "elif item in"), "push")
    made = mended("jobs/queue.py", "elif item in self.items", "elif item in limits", message, frame)
    assert made[0] == {"jobs/queue.py": QUEUE}


def test_an_indentation_of_nothing_but_the_fault_is_not_copied() -> None:
    right, wrong = "        self.names = ", "         self.names = "
    frame = Frame("jobs/queue.py", line_of("jobs/queue.py", right), "<module>")
    made = mended("jobs/queue.py", right, wrong, "IndentationError: unexpected indent", frame)
    assert made[0] == {"jobs/queue.py": QUEUE}
    assert not [text for text in made if "\n         self" in text["jobs/queue.py"]]


def test_an_import_of_the_standard_library_comes_after_the_others_of_it() -> None:
    frame = Frame("jobs/limits.py", line_of("jobs/limits.py", "types.FunctionType"), "<module>")
    made = mended("jobs/limits.py", "import types\n", "", "NameError: name 'types' is not defined", frame)
    lines = made[0]["jobs/limits.py"].splitlines()
    assert lines.index("import types") == lines.index("from collections import OrderedDict") + 1


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        (
            "def total(",
            "def totals(",
            "ImportError: cannot import name 'total' from 'jobs.queue' (/repo/jobs/queue.py)",
        ),
        (
            "class Queue",
            "class Queu",
            "ImportError: cannot import name 'Queue' from 'jobs.queue' (/repo/jobs/queue.py)",
        ),
    ],
)
def test_a_definition_that_nothing_uses_gets_the_name_that_is_asked_for(right: str, wrong: str, message: str) -> None:
    frames = Frame("jobs/limits.py", 6, "<module>"), Frame("jobs/queue.py", 1, "<module>")
    assert {"jobs/queue.py": QUEUE} in mended("jobs/queue.py", right, wrong, message, *frames)[:3]


def test_imports_of_one_module_come_back_together() -> None:
    right = "from .queue import Queue, total"
    wrong = "UNITS = total([1])"
    message = "NameError: name 'total' is not defined"
    made = mended("jobs/limits.py", right, wrong, message, Frame("jobs/limits.py", 6, "<module>"))
    first = [text.get("jobs/limits.py", "") for text in made[:3]]
    assert any("from jobs.queue import total, Queue\n" in text for text in first), first


def test_only_sources_are_mended_and_only_for_what_is_known_of_them() -> None:
    frame = Frame("jobs/other.py", 1, "<module>")
    assert not mended("jobs/other.py", "import json", "improt json", "SyntaxError: invalid syntax", frame)
    frame = Frame("jobs/gone.py", 1, "<module>")
    assert not mended("jobs/queue.py", "json", "json", "NameError: name 'jsn' is not defined", frame)
    frame = Frame("jobs/queue.py", 3, "<module>")
    assert not mended("jobs/queue.py", "json", "json", "RuntimeError: not today", frame)


def test_failures_of_tests_that_only_an_import_can_mend_count_too() -> None:
    tree = GivenTree({"a.py": b"def f():\n    return json.dumps(1)\n"})
    frame = Frame("a.py", 2, "f")
    for message, expected in (("NameError: name 'json' is not defined", True), ("AssertionError: 1", False)):
        failed = CaseTrace("t.py::t", Outcome.FAILED, 0.0, {}, (frame,), message, parsed=CaseId("t.py", (), "t"))
        texts = [apply(made.patch, tree.read).files["a.py"].after for made in PYTHON.mends([failed], tree, bool)]
        assert (b"import json\ndef f():\n    return json.dumps(1)\n" in texts) is expected


@pytest.mark.parametrize(
    "text", ["x = (" + "a, " * 20_000 + "\n", "\n" * 100_000 + "x = (\n", "if x" + ":" * 100_000 + "\n"]
)
def test_hostile_texts_have_few_candidates_and_end(text: str) -> None:
    tree = GivenTree({"a.py": text.encode(), "b.py": b"\n" * 100_000 + b"import jsn\n"})
    for path, message in (
        ("a.py", "SyntaxError: invalid syntax"),
        ("b.py", "ModuleNotFoundError: No module named 'jsn'"),
    ):
        failure = CaseTrace(
            "t.py", Outcome.ERROR, 0.0, {}, (Frame(path, 100_001, "<module>"),), message, parsed=CaseId("t.py")
        )
        assert len(list(PYTHON.mends([failure], tree, bool))) <= 40
