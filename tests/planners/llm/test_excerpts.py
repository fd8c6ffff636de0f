"""What of a tree a model is shown: functions with their classes, the code that they call, and the source of tests."""

from __future__ import annotations

from buildpacks import CaseId, CaseResult, Frame, Outcome
from planners.llm.excerpts import Reader
from planners.search.localize import Suspect
from planners.search.registry import LANGUAGES
from planners.testing import GivenTree

CACHE = (
    b"""\
import functools


class Link:
    def __init__(self, key):
        self.key = key


class Other:
    def __init__(self):
        self.links = []


class Cache:
    @property
    @functools.cache
    def size(self):
        return measured(self)

    def add(self, key):
        return Link(key), self.size


def measured(cache):
    return 1
"""
    + b"# a line\n" * 1_000
)
MIXIN = (
    b"# a line\n" * 1_000
    + b"""\
class Mixin:
    def check(self, cache):
        assert cache.size == 2

    def test_size(self):
        self.check(Cache())
"""
)
TESTS = b"class TestCache(Mixin):\n    pass\n"
TREE = GivenTree({"cache.py": CACHE, "tests/mixin.py": MIXIN, "tests/test_cache.py": TESTS, "tests/.env": b"KEY=1\n"})
SIZE = next(number for number, line in enumerate(CACHE.decode().split("\n"), 1) if "measured(self)" in line)
FRAMES = (Frame("tests/mixin.py", 1006, "test_size"), Frame("tests/mixin.py", 1003, "check"))


def reader(room: int = 30_000) -> Reader:
    return Reader(TREE, LANGUAGES, room)


def test_a_method_is_shown_with_its_decorators_and_named_with_its_class() -> None:
    (size,) = reader().places([Suspect("cache.py", SIZE, 1.0)])
    assert size.name == "Cache.size"
    assert size.owner == "Cache"
    assert size.text.splitlines() == CACHE.decode().splitlines()[SIZE - 4 : SIZE]
    assert (size.first, size.last, size.marked) == (SIZE - 3, SIZE, (SIZE,))


def test_a_definition_is_no_call_and_a_class_is_called_by_its_constructor() -> None:
    own = reader()
    places = own.places([Suspect("cache.py", SIZE + 3, 1.0), Suspect("cache.py", 5, 1.0)])
    assert [place.name for place in places] == ["Cache.add", "Link.__init__"]
    assert own.used(places, {"cache.py"}) == ()
    only = own.places([Suspect("cache.py", SIZE + 3, 1.0)])
    assert [excerpt.name for excerpt in own.used(only, {"cache.py"})] == ["Link.__init__"]


def test_an_inherited_test_is_shown_with_what_it_runs_of_other_test_code() -> None:
    case = CaseResult("x", Outcome.FAILED, 0.1, "", (), CaseId("tests/test_cache.py", ("TestCache",), "test_size"))
    shown = reader().tests(case, FRAMES, "cache.py".__eq__, ())
    assert [excerpt.name for excerpt in shown] == ["", "Mixin.test_size", "Mixin.check"]
    assert shown[0].whole
    assert reader().tests(case, FRAMES, "cache.py".__eq__, shown) == ()


def test_a_call_has_its_line_of_code_unless_that_may_not_leave() -> None:
    assert reader().call(FRAMES[1]).code == "assert cache.size == 2"
    assert reader().call(Frame("tests/mixin.py", 9_999, "check")).code == ""
    assert reader().call(Frame("tests/.env", 1, "check")).code == ""
    assert reader().call(Frame("missing.py", 1, "check")).code == ""


def test_what_does_not_fit_is_left_out() -> None:
    assert reader(20).places([Suspect("cache.py", SIZE, 1.0)]) == ()


def test_values_that_a_place_uses_are_shown_whole_and_others_are_not() -> None:
    source = b"""\
LIMITS = {
    "small": (1, 2),
    "large": (3, 4),
}
UNUSED = 1


class Order:
    rate: float = 0.19
    other = 2

    def total(self, size):
        fee = self.rate
        return LIMITS[size] + fee


fee == 3
"""
    tree = GivenTree({"order.py": source + b"# a line\n" * 1_000})
    own = Reader(tree, LANGUAGES, 30_000)
    places = own.places([Suspect("order.py", 14, 1.0)])
    shown = own.used(places, {"order.py"})
    assert [(excerpt.first, excerpt.text) for excerpt in shown] == [
        (9, "    rate: float = 0.19\n"),
        (1, 'LIMITS = {\n    "small": (1, 2),\n    "large": (3, 4),\n}\n'),
    ]
