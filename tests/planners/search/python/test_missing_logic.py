"""Programs that lack something, and the rank of the candidate that adds it: simple edits must not come far before."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import pytest

from gate import apply
from planners.search.candidates import enumerate_candidates
from planners.search.language import FailingTest
from planners.search.localize import Suspect

if TYPE_CHECKING:
    from tests.planners.search.conftest import Search


class Case(NamedTuple):
    """A program whose lines with ` #+` are missing at first, and those with ` #-` are wrong; and what a test says."""

    operator: str
    program: str
    rank: int
    said: str = ""
    test: str = ""
    raised: int = 0


CASES = [
    Case(
        "return-result",
        """
def cells(text):
    found = []
    for part in text.split(","):
        found.append(part.strip())
    return found #+


def row(text):
    return " | ".join(cells(text))
""",
        3,
    ),
    Case(
        "return-result",
        """
def index(items, key):
    table = {}
    for item in items:
        name = key(item)
        table.setdefault(name, []).append(item)
    return table #+
""",
        3,
        "AssertionError: assert None == {'a': [1]}",
    ),
    Case(
        "return-result",
        """
class Query:
    def where(self, name):
        self.names.append(name)
        return self

    def limit(self, number):
        self.number = number
        return self #+
""",
        3,
        "AttributeError: 'NoneType' object has no attribute 'where'",
    ),
    Case(
        "return-call",
        """
def find(node, key):
    if node is None or node.key == key:
        return node
    if key < node.key:
        return find(node.left, key)
    find(node.right, key) #-
    return find(node.right, key) #+
""",
        12,
    ),
    Case(
        "known-guard",
        """
class Stack:
    def pop(self):
        if not self.items:
            raise IndexError("the stack is empty")
        return self.items.pop()

    def top(self):
        if not self.items: #+
            raise IndexError("the stack is empty") #+
        return self.items[-1]
""",
        60,
    ),
    Case(
        "raise-expected",
        """
def take(count, items):
    if count < 0:
        raise ValueError("count must not be negative")
    return items[:count]


def drop(number, items):
    if number < 0: #+
        raise ValueError("count must not be negative") #+
    return items[number:]
""",
        80,
        "Failed: DID NOT RAISE <class 'ValueError'>",
    ),
    Case(
        "known-guard-further-on",
        """
def kept(rows):
    for row in rows:
        if row.hidden:
            continue
        yield row.text


def shown(rows):
    widths = []
    for row in rows:
        if row.hidden: #+
            continue #+
        widths.append(len(row.text))
    return widths
""",
        600,
    ),
    Case(
        "raise-expected",
        """
def parts(number, items):
    if number < 0: #+
        raise ValueError #+
    size = len(items) // number
    return [items[at : at + size] for at in range(0, len(items), size)]
""",
        30,
        "Failed: DID NOT RAISE <class 'ValueError'>",
    ),
    Case(
        "raise-expected",
        """
def steps(number):
    if number <= 0: #+
        raise ValueError('only positive numbers') #+
    count = 0
    while number > 1:
        number = number // 2 if number % 2 == 0 else number * 3 + 1
        count += 1
    return count
""",
        30,
        "AssertionError: ValueError not raised",
        """
class StepsTest(unittest.TestCase):
    def test_kind(self):
        with self.assertRaises(ValueError) as raised:
            steps(0)
        self.assertEqual(raised.exception.args[0], 'only positive numbers')
""",
    ),
    Case(
        "raise-expected",
        """
def last(rows, number):
    if number < 0: #+
        raise LookupError('no such row') #+
    return rows[number * 2]
""",
        30,
        "IndexError: list index out of range",
        """
def test_kind():
    with pytest.raises(LookupError, match="^no such row$"):
        last([], -1)
""",
    ),
    Case(
        "add-else",
        """
def flat(items):
    found = []
    for item in items:
        if isinstance(item, list):
            found += flat(item)
        elif item is not None: #+
            found.append(item) #+
    return found
""",
        400,
    ),
    Case(
        "leave-before-failure",
        """
def merged(rows):
    order = sorted(rows, key=len, reverse=True)
    widths = [len(row) for row in order]
    if not order: #+
        return #+
    longest = order[0]
    for place in range(widths[0]):
        yield longest[place]
""",
        80,
        "IndexError: list index out of range",
        raised=4,
    ),
    Case(
        "leave-before-failure",
        """
def drop(self, name):
    rows = self.read()
    if rows is None: #+
        return #+
    if name not in rows:
        return
    del rows[name]
    self.write(rows)
""",
        60,
        "TypeError: argument of type 'NoneType' is not iterable",
        raised=3,
    ),
    Case(
        "update-as-elsewhere",
        """
class Table:
    def __init__(self, rows):
        self.rows = rows
        self.known = None

    def size(self):
        if self.known is None:
            self.known = sum(map(len, self.rows))
        return self.known

    def add(self, row, place):
        if place < 0:
            self.rows.append(row)
        else:
            self.rows[place] = row
        self.known = None #+
""",
        240,
    ),
    Case(
        "update-as-elsewhere",
        """
class Links:
    def first(self, key):
        link = [key, self.end]
        self.end = link
        self.found[key] = link
        return link

    def last(self, key):
        old = self.end
        old[0] = key
        self.found[key] = old #+
        self.end = old[1]
        return old
""",
        260,
    ),
    Case(
        "copy-from-branch",
        """
def put(self, key, value):
    if key in self.values:
        self.values[key] = value #+
        self.order.move_to_end(key)
    else:
        self.values[key] = value
        self.size += 1
""",
        80,
    ),
    Case(
        "add-else",
        """
def label(number):
    sign = ""
    if number > 0:
        name = "positive"
    elif number < 0:
        name = "negative"
    else: #+
        name = None #+
    return name
""",
        180,
    ),
    Case(
        "add-branch",
        """
def apply(sign, left, right):
    if sign == "+":
        return left + right
    elif sign == "-":
        return left - right
    elif sign == '*': #+
        return left * right #+
    raise ValueError(sign)
""",
        60,
        "ValueError: '*'",
    ),
    Case(
        "add-branch",
        """
def run(self, name, value):
    match name:
        case "get":
            return self.run_get(value)
        case "put":
            return self.run_put(value)
        case 'drop': #+
            return self.run_drop(value) #+
    raise LookupError(f"no command {name!r}")
""",
        60,
        "LookupError: no command 'drop'",
    ),
    Case(
        "add-entry",
        """
KINDS = {
    "int": check_int,
    "str": check_str,
    "bool": check_bool, #+
}


def check(kind, value):
    return KINDS[kind](value)
""",
        8,
        "KeyError: 'bool'",
    ),
    Case(
        "add-entry",
        """
WORDS = {
    'FROM': Token.Keyword,
    'GROUP': Token.Keyword,
    'HAVING': Token.Keyword, #+
    'SELECT': Token.DML,
}


def kind(text):
    return WORDS.get(text.upper(), Token.Name)
""",
        100,
        "AssertionError: assert Token.Name is Token.Keyword",
        "def test_kind():\n    assert parse('select a HAVING b')[1].kind is Token.Keyword\n",
    ),
    Case(
        "add-member",
        """
KNOWN = ("gif", "jpeg", "png") #-
KNOWN = ("gif", "jpeg", "png", "webp") #+


def known(name):
    return name.rpartition(".")[2] in KNOWN
""",
        20,
        "AssertionError: assert 'webp' in ('gif', 'jpeg', 'png')",
    ),
    Case(
        "store-parameter",
        """
class Box:
    def __init__(self, width, height, colour=None):
        self.width = width
        self.height = height
        self.colour = colour #+

    def paint(self, canvas):
        canvas.fill(self.width, self.height, self.colour)
""",
        6,
        "AttributeError: 'Box' object has no attribute 'colour'",
    ),
    Case(
        "define-attribute",
        """
class Log:
    def __init__(self, name):
        self.name = name
        self.lines = [] #+

    def write(self, line):
        self.lines.append(line)
""",
        6,
        "AttributeError: 'Log' object has no attribute 'lines'",
    ),
    Case(
        "call-base",
        """
class Base:
    def __init__(self, name):
        self.name = name
        self.seen = {}


class Named(Base):
    def __init__(self, name, size):
        super().__init__(name) #+
        self.size = size
""",
        4,
    ),
    Case(
        "do-as-siblings",
        """
class File:
    def read(self):
        self.check()
        return self.stream.read()

    def write(self, text):
        self.check() #+
        self.stream.write(text)

    def seek(self, place):
        self.check()
        self.stream.seek(place)
""",
        4,
    ),
    Case(
        "complete-as-similar",
        """
class Rows:
    def insert(self, place, item):
        if place < 0:
            place += len(self.items)
        for view in self.views:
            view.moved(place)
        self.items.insert(place, item)

    def remove(self, at):
        if at < 0: #+
            at += len(self.items) #+
        for view in self.views: #+
            view.moved(at) #+
        self.items.remove(at)
""",
        100,
    ),
    Case(
        "complete-as-similar",
        """
from sizes import measure


class Rows:
    def width(self, cell):
        if cell in self.widths:
            size = self.widths[cell]
        else:
            size = measure(cell)
            self.widths[cell] = size
        return size


class Columns:
    def height(self, cell):
        if cell in self.heights:
            size = self.heights[cell]
        else: #+
            size = measure(cell) #+
            self.heights[cell] = size #+
        return size
""",
        80,
    ),
    Case(
        "only-element",
        """
def listed(items, sign=','):
    items = list(items)
    if len(items) == 1: #+
        return items[0] #+
    return sign.join(items[:-1]) + ' and ' + items[-1]
""",
        200,
    ),
    Case(
        "at-two-places",
        """
def size(text):
    return ceil(sqrt(sum(text))) #-
    return ceil(sqrt(len(text))) #+


def chunks(text, size):
    if sum(text) <= size: #-
    if len(text) <= size: #+
        return [text]
    return [text[:size], *chunks(text[size:], size)]
""",
        1500,
    ),
    Case(
        "mirror",
        """
def narrowed(bounds, place):
    return max(bounds.left, place) #-
    return min(bounds.right, place) #+
""",
        40,
    ),
    Case(
        "use-unread",
        """
class Stream:
    def seek(self, place):
        start = self.tell()
        self.position = place #-
        self.position = start + place #+
""",
        40,
    ),
    Case(
        "reworded",
        """
def write(buffer, item):
    if buffer.full:
        raise BufferError('the buffer full') #-
        raise BufferError('the buffer is full') #+
    buffer.items.append(item)
""",
        10,
        "AssertionError: 'error: the buffer full' != 'error: the buffer is full'",
    ),
    Case(
        "misspelt",
        """
COLORS = [
    'red',
    'ornage', #-
    'orange', #+
]


def place(name):
    return COLORS.index(name)
""",
        60,
        "ValueError: 'orange' is not in list",
        "def test_kind():\n    assert place('orange') == 1\n",
    ),
    Case(
        "every-copy",
        """
class Cache:
    def get(self, item):
        name = self.key(self.owner, item) #-
        name = self.key(item) #+
        return self.values[name]

    def put(self, item, value):
        name = self.key(self.owner, item) #-
        name = self.key(item) #+
        self.values[name] = value
""",
        150,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.operator)
def test_what_is_missing_is_found_soon(search: Search, case: Case) -> None:
    before, after = _texts(case)
    failing = [FailingTest(case.said, "test_kind", case.test.encode(), (search.path, case.raised))]
    for rank, candidate in enumerate(islice(search(before, failing=failing), case.rank)):
        if search.result(candidate, before) == after:
            assert candidate.operator == case.operator, rank
            return
    pytest.fail(f"not among the first {case.rank}")


def _texts(case: Case) -> tuple[bytes, bytes]:
    lines = case.program.strip("\n").split("\n")
    before = [line.removesuffix(" #-") for line in lines if not line.endswith(" #+")]
    after = [line.removesuffix(" #+") for line in lines if not line.endswith(" #-")]
    return "\n".join([*before, ""]).encode(), "\n".join([*after, ""]).encode()


def test_guards_of_other_files_belong_to_the_widened_search(search: Search) -> None:
    raw = b"def f(a):\n    return a.x\n"
    tree = search.tree(
        {"program.py": raw, "other.py": b"def g(a):\n    if a is None:\n        return {}\n    return a\n"}
    )
    suspects = [Suspect("program.py", 2, 1.0), Suspect("other.py", 4, 0.1)]
    wanted = raw.replace(b"    return", b"    if a is None:\n        return {}\n    return")
    made = {
        (candidate.operator, apply(candidate.patch, tree.read).files["program.py"].after)
        for candidate in enumerate_candidates(tree, suspects, width=1)
        if candidate.location.startswith("program.py")
    }
    assert ("foreign-guard", wanted) in made


def test_a_copied_fault_is_repaired_in_every_file(search: Search) -> None:
    raw = b"def f(self, a):\n    return self.key(a.left)\n"
    tree = search.tree({"program.py": raw, "other.py": raw.replace(b"f(self", b"g(self")})
    suspects = [Suspect("program.py", 2, 1.0), Suspect("other.py", 2, 1.0)]
    wanted = {path: tree.read(path).replace(b"a.left", b"a") for path in ("program.py", "other.py")}
    for candidate in enumerate_candidates(tree, suspects):
        if candidate.operator == "every-copy":
            after = {path: file.after for path, file in apply(candidate.patch, tree.read).files.items()}
            if after == wanted:
                return
    pytest.fail("no candidate changes both")
