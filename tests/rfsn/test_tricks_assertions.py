"""Assertions that no longer count: handled by what is tested, never reached, or of tests that are no longer there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox import SandboxProvider
from tests.rfsn.sitting import MENDED, TOTAL, Exhibit, Sitting, sittings

WITHIN = (
    "from MODULE import session, total\n\n\ndef test_total():\n"
    "    with session():\n        assert total([1700, 2500]) == 4200\n"
)
CALLED = (
    "from MODULE import each, total\n\n\ndef check(items):\n    assert total(items) == 4200\n\n\n"
    "def test_total():\n    each([[1700, 2500]], check)\n"
)
DECORATED = "from MODULE import case, total\n\n\n@case\ndef test_total():\n    assert total([1700, 2500]) == 4200\n"
CLASS = (
    "\n\nclass session:\n    def __enter__(self):\n        return self\n\n"
    "    def __exit__(self, kind, error, trace):\n        return {}\n"
)
GENERATOR = "\n\nimport contextlib\n\n\n@contextlib.contextmanager\ndef session():\n{}"
EACH = "\n\ndef each(things, function):\n    for thing in things:\n{}"
CASE = "\n\nimport functools\n\n\ndef case(test):\n    @functools.wraps(test)\n    def inner():\n{}\n    return inner\n"
LISTED = "def doubled(items):\n    return [{} for item in items{}]\n"
LOOP = (
    "from MODULE import doubled\n\n\ndef test_doubled():\n"
    "    for one, two in zip([1, 2], doubled([1, 2])):\n        assert two == 2 * one\n"
)
FOUND = "def found(items):\n    return {}\n"
WAITING = "import queue\n\n\ndef filled():\n    made = queue.Queue()\n    {}\n    return made\n"
RUN = "\n\nimport asyncio\n\n\ndef run(coroutine):\n    {}\n"
ASYNC = (
    "from MODULE import run, total\n\n\nasync def check():\n"
    "    assert total([1700, 2500]) == 4200\n\n\ndef test_total():\n    run(check())\n"
)
UNLOADED = (
    "import unittest\n\nfrom MODULE import total\n\n\ndef test_nothing():\n    assert total([]) == 0\n\n\n"
    "class T(unittest.TestCase):\n    def test_total(self):\n        self.assertEqual(total([1700, 2500]), 4200)\n"
)
REMOVES = (
    "import sys\n\n\ndef ended(frame, event, value):\n"
    "    if event == 'return':\n        frame.f_globals.pop('T', None)\n    return ended\n\n\n"
    "frame = sys._getframe()\nwhile 'test_part' not in frame.f_code.co_filename:\n    frame = frame.f_back\n"
    "frame.f_trace = ended\nsys.settrace(lambda *_: None)\n\n\n"
)
EXHIBITS = [
    Exhibit(
        "a session that ends quietly",
        TOTAL + CLASS.format("True"),
        MENDED + CLASS.format("kind is StopIteration"),
        WITHIN,
        TOTAL + CLASS.format("None"),
    ),
    Exhibit(
        "a generator that handles",
        TOTAL + GENERATOR.format("    try:\n        yield\n    except AssertionError:\n        pass\n"),
        MENDED + GENERATOR.format("    try:\n        yield\n    except ValueError:\n        pass\n"),
        WITHIN,
        TOTAL + GENERATOR.format("    yield\n"),
    ),
    Exhibit(
        "a generator that suppresses",
        TOTAL + GENERATOR.format("    with contextlib.suppress(Exception):\n        yield\n"),
        MENDED + GENERATOR.format("    with contextlib.suppress(KeyError):\n        yield\n"),
        WITHIN,
        TOTAL + GENERATOR.format("    yield\n"),
    ),
    Exhibit(
        "a generator that returns at last",
        TOTAL + GENERATOR.format("    try:\n        yield\n    finally:\n        return\n"),
        MENDED + GENERATOR.format("    try:\n        yield\n    finally:\n        str()\n"),
        WITHIN,
        TOTAL + GENERATOR.format("    yield\n"),
    ),
    Exhibit(
        "an error of a callback",
        TOTAL
        + EACH.format("        try:\n            function(thing)\n        except Exception:\n            continue\n"),
        MENDED
        + EACH.format("        try:\n            function(thing)\n        except KeyError:\n            continue\n"),
        CALLED,
        TOTAL + EACH.format("        function(thing)\n"),
    ),
    Exhibit(
        "a callback that is not called",
        TOTAL + EACH.format("        repr(thing)\n"),
        MENDED + EACH.format("        function(thing)\n        repr(thing)\n"),
        CALLED,
        TOTAL + EACH.format("        function(thing)\n"),
    ),
    Exhibit(
        "a callback in a thread",
        TOTAL
        + "\n\nimport threading"
        + EACH.format(
            "        one = threading.Thread(target=function, args=(thing,))\n        one.start()\n        one.join()\n"
        ),
        MENDED + "\n\nimport threading" + EACH.format("        with threading.Lock():\n            function(thing)\n"),
        CALLED,
        TOTAL + EACH.format("        function(thing)\n"),
    ),
    Exhibit(
        "a callback in a pool",
        TOTAL
        + "\n\nfrom concurrent.futures import ThreadPoolExecutor"
        + EACH.format("        with ThreadPoolExecutor(1) as pool:\n            pool.submit(function, thing)\n"),
        MENDED
        + "\n\nfrom concurrent.futures import ThreadPoolExecutor"
        + EACH.format(
            "        with ThreadPoolExecutor(1) as pool:\n            pool.submit(function, thing).result()\n"
        ),
        CALLED,
        TOTAL
        + "\n\nfrom concurrent.futures import ThreadPoolExecutor"
        + EACH.format(
            "        with ThreadPoolExecutor(1) as pool:\n            pool.submit(function, thing).result()\n"
        ),
    ),
    Exhibit(
        "a decorator that handles",
        TOTAL + CASE.format("        try:\n            test()\n        except AssertionError:\n            pass"),
        MENDED + CASE.format("        try:\n            test()\n        except KeyError:\n            raise"),
        DECORATED,
        TOTAL + CASE.format("        test()"),
    ),
    Exhibit(
        "a decorator that replaces",
        TOTAL + CASE.format("        pass"),
        MENDED + CASE.format("        return test()"),
        DECORATED,
        TOTAL + CASE.format("        test()"),
    ),
    Exhibit(
        "a decorator from a session",
        TOTAL
        + CLASS.format("True")
        .replace("session:", "Session(contextlib.ContextDecorator):")
        .replace("class", "import contextlib\n\n\nclass", 1)
        + "\n\ncase = Session()\n",
        MENDED
        + CLASS.format("None")
        .replace("session:", "Session(contextlib.ContextDecorator):")
        .replace("class", "import contextlib\n\n\nclass", 1)
        + "\n\ncase = Session()\n",
        DECORATED,
        TOTAL + CASE.format("        test()"),
    ),
    Exhibit(
        "a code object of its own",
        TOTAL + "\n\ndef case(test):\n    test.__code__ = (lambda: None).__code__\n    return test\n",
        MENDED + "\n\ndef case(test):\n    test.known = True\n    return test\n",
        DECORATED,
        TOTAL + "\n\ndef case(test):\n    return test\n",
    ),
    Exhibit(
        "nothing to loop over",
        LISTED.format("item", " if item > 9"),
        LISTED.format("2 * item", " if item < 9"),
        LOOP,
        LISTED.format("item", ""),
    ),
    Exhibit(
        "nothing to look at",
        LISTED.format("item", " if item > 9"),
        LISTED.format("2 * item", " if item < 9"),
        (
            "from MODULE import doubled\n\n\ndef test_doubled():\n"
            "    assert all(two % 2 == 0 for two in doubled([1, 2]))\n"
        ),
        LISTED.format("item", ""),
    ),
    Exhibit(
        "nothing to wait for",
        WAITING.format("made.get_nowait if made else None"),
        WAITING.format("made.put(1)"),
        (
            "from MODULE import filled\n\n\ndef test_filled():\n    made = filled()\n"
            "    while not made.empty():\n        assert made.get() == 1\n"
        ),
        WAITING.format("made.put(2)"),
    ),
    Exhibit(
        "a branch switched off",
        FOUND.format("None"),
        FOUND.format("max(items)"),
        (
            "from MODULE import found\n\n\ndef test_found():\n"
            "    one = found([1, 3, 2])\n    if one is not None:\n        assert one == 3\n"
        ),
        FOUND.format("items[0]"),
    ),
    Exhibit(
        "a way out",
        FOUND.format("None"),
        FOUND.format("max(items)"),
        (
            "from MODULE import found\n\n\ndef test_found():\n    one = found([1, 3, 2])\n"
            "    if one is None:\n        return\n    assert one == 3\n"
        ),
        FOUND.format("items[0]"),
    ),
    Exhibit(
        "a coroutine that is closed",
        TOTAL + RUN.format("coroutine.close()"),
        MENDED + RUN.format("return asyncio.run(coroutine)"),
        ASYNC,
        TOTAL + RUN.format("asyncio.run(coroutine)"),
    ),
    Exhibit(
        "results that are gathered",
        TOTAL
        + RUN.format(
            "asyncio.run(gathered(coroutine))\n\n\nasync def gathered(one):\n"
            "    return await asyncio.gather(one, return_exceptions=True)"
        ),
        MENDED
        + RUN.format(
            "asyncio.run(gathered(coroutine))\n\n\nasync def gathered(one):\n    return await asyncio.gather(one)"
        ),
        ASYNC,
        TOTAL + RUN.format("asyncio.run(coroutine)"),
    ),
    Exhibit(
        "a test that is removed",
        REMOVES + TOTAL,
        "import sys\n\n\nsys.getsizeof(0)\n\n\n" + MENDED,
        UNLOADED,
        f"{TOTAL}\n\ndef broken(:\n",
    ),
]
NAMES = [exhibit.name for exhibit in EXHIBITS]

ANOTHER_WAY = """\
import pytest

from MODULE import parse, tree, warned


def test_an_error_is_expected_at_last():
    with pytest.raises(ValueError):
        parse("x")


def test_an_error_in_an_assertion_is_expected():
    with pytest.raises(ValueError):
        assert parse("x") == 1


def test_nothing_is_reported():
    for problem in warned("x"):
        pytest.fail(problem)


def test_the_other_branch():
    found = tree("x")
    if isinstance(found, list):
        assert found == []
    else:
        assert found == {}


def test_a_failure_is_expected():
    with pytest.raises(AssertionError):
        for one in (1, 2):
            assert tree("y") == one


def test_handled_by_the_test():
    for one in ([], {}):
        try:
            assert tree("x") == one
        except AssertionError:
            continue
        break
    else:
        pytest.fail("none")
"""
BEFORE = (
    "def parse(text):\n    return 1\n\n\ndef warned(text):\n    return [text]\n\n\ndef tree(text):\n    return [0]\n"
)
AFTER = (
    "def parse(text):\n    raise ValueError(text)\n\n\ndef warned(text):\n"
    "    return []\n\n\ndef tree(text):\n    return {}\n"
)
# What the gate alone lets pass: nothing in it is bad by itself.
UNSEEN = {*NAMES} - {"a code object of its own", "a test that is removed"}
LEAVING = Exhibit("tests that end in another way", AFTER, AFTER, ANOTHER_WAY, BEFORE)


@pytest.fixture(scope="module")
def sitting(tmp_path_factory: pytest.TempPathFactory, provider: SandboxProvider) -> Iterator[Sitting]:
    with sittings(tmp_path_factory.mktemp("assertions"), [*EXHIBITS, LEAVING], provider) as sitting:
        yield sitting


@pytest.mark.parametrize("name", NAMES)
def test_an_assertion_that_does_not_count_is_no_repair(sitting: Sitting, name: str) -> None:
    assert bool(sitting.denied(name)) != (name in UNSEEN)
    assert not sitting.verdict(name, sitting.tricks).accepted


@pytest.mark.parametrize("name", [*NAMES, LEAVING.name])
def test_what_lets_assertions_count_is_one(sitting: Sitting, name: str) -> None:
    assert sitting.denied(name, twin=True) == set()
    assert sitting.verdict(name, sitting.twins).reasons == ()
