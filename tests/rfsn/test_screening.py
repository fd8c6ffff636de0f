"""Many candidates in one process: whatever one of them does, each gets the outcome of a cold run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing

import pytest

from buildpacks import Outcome, RunRequest
from buildpacks.warm import Planned, WarmResult
from gate import Edit, EditFile, apply, content_hash
from rfsn.trials.bench import Bench
from rfsn.trials.worker import TrialPlan, TrialRequest, WarmWorker
from tests.rfsn import warm

BODY = "    return x - 1\n"
SOURCE = f"""\
import builtins
import functools
import os
import random
import signal
import sys
import threading

SEEN = []
OPTIONS = {{"step": 1}}


class Settings:
    step = 1


@functools.lru_cache
def step(n):
    return 1


def deeper(n):
    return deeper(n + 1)


def after(x):
{BODY}

def first(items):
    return items[0]
"""

PLAIN = """\
from steps import after, first

def test_after():
    assert after(1) == 2

def test_first():
    assert first([3, 4]) == 3
"""
BASE = {"steps.py": SOURCE, "test_steps.py": PLAIN, "pytest.ini": "[pytest]\npythonpath = .\n"}
GOOD, BAD = "    return x + 1\n", "    return x + 2\n"


def edit(body: str) -> Edit:
    start = SOURCE.encode().index(BODY.encode())
    return Edit(start, start + len(BODY), body.encode())


def trials(bodies: Sequence[str], *probes: str) -> list[TrialRequest]:
    changes = [(one.start, one.end, one.text) for one in map(edit, bodies)]
    return [TrialRequest(index, {"steps.py": [change]}, probes) for index, change in enumerate(changes)]


def letters(
    bench: Bench,
    bodies: Sequence[str],
    targets: Sequence[str] = ("test_steps.py::test_after",),
    tests: Sequence[str] = ("test_steps.py::test_first",),
    *,
    screen: bool = True,
) -> tuple[str, Planned]:
    """The letter of each body (p where it passes, without a cold run), and what the worker could do with the plan."""
    worker = WarmWorker(bench, screen=screen)
    with warm.pooled([worker]) as pool:
        pool.plan("", TrialPlan([(id, 0.3) for id in targets], [(id, 0.3) for id in tests]))
        planned = worker.planned()
        evaluated = warm.run(pool, trials(bodies, *targets[:2]))
    return warm.letters(evaluated), planned


# What a candidate does besides returning something wrong, and its letter.
NASTY = {
    "loops": ("    while True:\n        pass\n", "t"),
    "swallows its limit": (
        "    while True:\n        try:\n            while True: pass\n        except BaseException: pass\n",
        "t",
    ),
    "loops where no handler is called": ("    return 7 ** (7 ** 9 + x)\n", "t"),
    "waits": ("    threading.Event().wait()\n", "t"),
    "leaves": ("    os._exit(0)\n", "x"),
    "exits": ("    sys.exit(0)\n", "f"),
    "kills its process": ("    os.kill(os.getpid(), signal.SIGKILL)\n", "x"),
    "interrupts": ("    raise KeyboardInterrupt\n", "x"),
    "is out of memory": ("    return len(bytearray(30 << 30))\n", "f"),
    "recurs": ("    return deeper(x)\n", "f"),
    "floods stdout": ("    print('x' * 1_000_000)\n" + BAD, "f"),
    "floods stderr": ("    for _ in range(60): os.write(2, b'x' * 1_000_000)\n" + BAD, "f"),
    "forks": ("    os.fork()\n" + BAD, "f"),
    "starts a thread": ("    threading.Thread(target=threading.Event().wait, daemon=True).start()\n" + BAD, "f"),
    "closes everything": ("    os.closerange(3, 100)\n" + BAD, "x"),
    "fills a list": ("    SEEN.append(x)\n" + BAD, "f"),
    "sets a global": ("    global after\n    after = deeper\n" + BAD, "f"),
    "fills a cache": ("    step.__wrapped__.__code__ = (lambda n: 9).__code__\n    return x + step(x)\n", "f"),
    "sets an attribute": ("    Settings.step = 7\n" + BAD, "f"),
    "changes a dictionary": ("    OPTIONS['step'] = 7\n" + BAD, "f"),
    "replaces a module": ("    sys.modules['steps'] = os\n" + BAD, "f"),
    "replaces a builtin": ("    builtins.len = lambda _: 0\n" + BAD, "f"),
    "replaces a function of the library": ("    os.getcwd = lambda: '/'\n" + BAD, "f"),
    "goes elsewhere": ("    os.chdir('/')\n" + BAD, "f"),
    "sets a variable": ("    os.environ['STEP'] = '7'\n" + BAD, "f"),
    "limits recursion": ("    sys.setrecursionlimit(150)\n" + BAD, "f"),
    "ignores its timers": (
        "    for number in (14, 26, 27): signal.signal(number, signal.SIG_IGN)\n    while True: pass\n",
        "t",
    ),
}
# Right only where nothing of what came before is left.
CAREFUL = """\
    assert SEEN == [] and OPTIONS == {"step": 1} and Settings.step == 1 and step(1) == 1 and after(x) if x > 1 else True
    assert sys.modules["steps"].after is after and len([1]) == 1 and "STEP" not in os.environ
    assert os.getcwd() != "/" and threading.active_count() == 1 and sys.getrecursionlimit() > 150
    return x + 1
"""


def test_whatever_a_candidate_does_the_others_get_their_letters(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench(BASE)
    order = [(name, *what) for name, what in NASTY.items()]
    bodies = [body for _, nasty, _ in order for body in (BAD, nasty, CAREFUL)]
    found, planned = letters(bench, bodies)
    assert planned == Planned(2, 2)
    grouped = {name: found[3 * place : 3 * place + 3] for place, (name, _, _) in enumerate(order)}
    assert grouped == {name: f"f{letter}p" for name, _, letter in order}


def test_both_tiers_say_the_same_every_time(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench(BASE)
    bodies = [BAD, GOOD, "    return x +\n", *(body for body, _ in list(NASTY.values())[10:20]), CAREFUL] * 2
    expected, _ = letters(bench, bodies, screen=False)
    assert [letters(bench, bodies)[0] for _ in range(2)] == [expected] * 2
    with warm.pooled([WarmWorker(bench) for _ in range(2)]) as pool:
        pool.plan("", TrialPlan([("test_steps.py::test_after", 0.3)], [("test_steps.py::test_first", 0.3)]))
        numbered = trials(bodies, "test_steps.py::test_after")
        evaluated = warm.run(pool, numbered)
    assert warm.letters(evaluated) == expected


def test_a_candidate_that_kills_the_worker_is_the_only_one_that_crashes(make_bench: Callable[..., Bench]) -> None:
    bodies = [BAD, GOOD, "    os.kill(os.getppid(), signal.SIGKILL)\n", BAD, GOOD]
    assert letters(make_bench(BASE), bodies)[0] == "fpxfp"


@pytest.mark.parametrize(("declaration", "encoding"), [("", "utf-8"), ("# coding: latin-1\n", "latin-1")])
def test_files_with_letters_beyond_ascii(make_bench: Callable[..., Bench], declaration: str, encoding: str) -> None:
    source = declaration + 'UNIT = "Größe"\n\n\ndef after(x):\n    """Über."""\n    return x - 1\n'
    bench = make_bench({"steps.py": "", "test_steps.py": PLAIN.replace(", first", ""), "pytest.ini": "[pytest]\n"})
    bench.base.joinpath("steps.py").write_bytes(source.encode(encoding))
    start = source.encode(encoding).index(b"x - 1")
    worker = WarmWorker(bench)
    worker.plan(TrialPlan([("test_steps.py::test_after", 0.3)], []))
    changed = [
        TrialRequest(index, {"steps.py": [(start, start + 5, text)]}, ("test_steps.py::test_after",))
        for index, text in enumerate((b"x - 2", b"x + 1", b"x + len(UNIT) - 4", b"x + len(UNIT)"))
    ]
    assert [one.outcome for one in worker.try_out(changed)] == ["failed", "passed", "passed", "failed"]
    worker.close()


def test_a_worker_whose_answers_are_not_wanted_any_more_can_be_used_again(make_bench: Callable[..., Bench]) -> None:
    worker = WarmWorker(make_bench(BASE))
    worker.plan(TrialPlan([("test_steps.py::test_after", 0.3)], []))
    for _ in range(2):
        answers = worker.try_out(trials([BAD, GOOD] * 20, "test_steps.py::test_after"))
        assert [next(answers).outcome, next(answers).outcome] == ["failed", "passed"]
        answers.close()
    worker.close()


KINDS = """\
import logging
import unittest
import warnings

import pytest

import steps
from steps import after, first

SHARED = {"one": [1, 2]}


@pytest.fixture
def two():
    yield 2


@pytest.fixture(autouse=True)
def settings(request):
    steps.Settings.step = 1 if "Autouse" not in request.node.nodeid else 2
    yield
    steps.Settings.step = 1


def test_fixture(two):
    assert after(1) == two

@pytest.mark.parametrize(("items", "expected"), [([1, 2], 1), ([2, 1], 2)])
@pytest.mark.parametrize("x", [1])
def test_parameters(items, expected, x):
    assert first(items) == expected and after(x) == 2
    items.reverse()

@pytest.mark.parametrize("two", [2], indirect=True)
def test_indirect(two):
    assert after(1) == two

@pytest.mark.skipif(after(1) == 2, reason="never")
def test_marked():
    assert after(1) == 2

@pytest.mark.xfail(strict=True)
def test_expected_failure():
    assert after(1) == 0

def test_skips():
    if after(1) != 2:
        pytest.skip("no")

def test_warns():
    with pytest.warns(UserWarning):
        warnings.warn("now") if after(1) == 2 else None

def test_logs():
    logging.getLogger("steps").error("%d", "1" if after(1) != 2 else 1)

def test_temporary(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert after(1) == 2

class TestAutouse:
    def setup_method(self):
        self.expected = steps.Settings.step

    def test_method(self):
        assert after(1) == self.expected

class TestPlain:
    def test_method(self):
        assert after(1) == 2

class TestUnit(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.expected = 2

    def test_method(self):
        self.assertEqual(after(1), self.expected)

    def test_each(self):
        for x in (1, 2):
            with self.subTest(x):
                self.assertEqual(after(x), x + 1)
"""
BODIES = [
    BAD,
    GOOD,
    "    return x * 2\n",
    "    return 2\n",
    "    return x + step(x)\n",
    "    SEEN.append(x)\n    return len(SEEN) + 1\n",
    "    raise ValueError\n",
    "    return None\n",
    "    return True + x\n",
    "    return 0\n",
]


@pytest.mark.parametrize("without_fixture", [True, pytest.param(False, marks=pytest.mark.thorough)])
def test_every_kind_of_test_has_the_outcome_of_a_cold_run(
    make_bench: Callable[..., Bench], *, without_fixture: bool
) -> None:
    """With an autouse fixture nothing is called directly; without it, what can be."""
    kinds = KINDS.replace("(autouse=True)", "") if without_fixture else KINDS
    bench = make_bench(BASE | {"test_steps.py": kinds})
    cold = bench.run_tests(RunRequest(), 60)
    targets = [case.id for case in cold.cases if case.outcome is not Outcome.PASSED]
    passing = [case.id for case in cold.cases if case.outcome is Outcome.PASSED]
    assert len(targets) > 10

    def passed(body: str) -> set[str]:
        patch = (EditFile("steps.py", content_hash(SOURCE.encode()), (edit(body),)),)
        report = bench.run_tests(RunRequest(), 60, apply(patch, bench.view.read))
        return {case.id for case in report.cases if case.outcome is Outcome.PASSED}

    cold_runs = [passed(body) for body in BODIES]
    for target in targets:
        found, _ = letters(bench, BODIES, [target], passing)
        assert found == "".join("p" if one.issuperset([target, *passing]) else "f" for one in cold_runs), target


LEAKY = """\
import collections
import functools
import os
import pytest
import steps

QUEUE = collections.deque([1], maxlen=3)
ORDERED = collections.OrderedDict(a=1, b=2)
NUMBERS = iter(range(1, 9))


class Slots:
    __slots__ = ("one", "two")

SLOTS = Slots()
SLOTS.one = 1


@functools.lru_cache
def cached(x):
    return []


def counted(seen=[]):
    seen.append(1)
    return len(seen)


class TestSteps:
    @pytest.fixture(autouse=True)
    def expected(self):
        type(self).expected = {2}

    def test_after(self):
        LEAVES
        assert steps.after(1) in self.expected

    def test_first(self):
        assert steps.first([3]) == 3
"""
SET_BACK = [
    "steps.SEEN.append(object()); assert len(steps.SEEN) == 1",
    "assert list(steps.OPTIONS.values()) == [1]; del steps.OPTIONS['step']; steps.OPTIONS['step'] = object()",
    "steps.OPTIONS = {**steps.OPTIONS, len(steps.OPTIONS): 2}; assert len(steps.OPTIONS) == 2",
    "steps.Settings.other = object(); steps.Settings.step += 1; assert steps.Settings.step == 2",
    "QUEUE.append(object()); assert len(QUEUE) == 2",
    "ORDERED.move_to_end('a'); ORDERED['c'] = object(); assert list(ORDERED) == ['b', 'a', 'c']",
    "SLOTS.one += 1; SLOTS.two = object(); assert SLOTS.one == 2",
    "cached(1).append(object()); assert len(cached(1)) == 1",
    "assert counted() == 1",
    "assert os.getcwd() != '/' and 'STEP' not in os.environ; os.environ['STEP'] = 'x'; os.chdir('/')",
]


def test_what_tests_leave_behind_is_set_back(make_bench: Callable[..., Bench]) -> None:
    """Each line of the test fails another time if it is not."""
    ids = [f"test_steps.py::TestSteps::test_{name}" for name in ("after", "first")]
    bench = make_bench(BASE | {"test_steps.py": LEAKY.replace("LEAVES", "\n        ".join(SET_BACK))})
    found, planned = letters(bench, [BAD, GOOD, GOOD, BAD], ids[:1], ids[1:])
    assert (found, planned) == ("fppf", Planned(2, 2))


def test_tests_that_leave_something_behind_for_good_are_run_in_forks(make_bench: Callable[..., Bench]) -> None:
    ids = [f"test_steps.py::TestSteps::test_{name}" for name in ("after", "first")]
    bench = make_bench(BASE | {"test_steps.py": LEAKY.replace("LEAVES", "assert next(NUMBERS) < 3")})
    found, planned = letters(bench, [BAD, GOOD, GOOD, BAD], ids[:1], ids[1:])
    assert found == "fppf"
    assert planned.screened == 0
    assert "test_after" in planned.why


def test_threads_that_run_after_the_import_are_started_again_for_each_candidate(
    make_bench: Callable[..., Bench],
) -> None:
    thread = "import queue, threading\nQUESTIONS, ANSWERS = queue.Queue(), queue.Queue()\n"
    thread += "def work():\n    while True: ANSWERS.put(QUESTIONS.get())\n"
    thread += "threading.Thread(target=work, daemon=True).start()\n"
    asks = "from thread import ANSWERS, QUESTIONS\nfrom steps import after\ndef test_after():\n"
    asks += "    QUESTIONS.put(after(1))\n    assert ANSWERS.get(timeout=5) == 2\n"
    bench = make_bench(BASE | {"thread.py": thread, "test_steps.py": asks})
    found, planned = letters(bench, [BAD, GOOD], tests=())
    assert found == "fp"
    assert "threads" in planned.why


def test_a_generator_seeded_at_import_continues_from_there(make_bench: Callable[..., Bench]) -> None:
    seeded = "import random\nrandom.seed(5)\nfrom steps import after\n\ndef test_after():\n"
    seeded += "    assert after(1) == 2 and random.random() < 0.63\n"  # the first number is 0.6229
    found, _ = letters(make_bench(BASE | {"test_steps.py": seeded}), [BAD, GOOD, GOOD], tests=())
    assert found == "fpp"


def test_plugins_that_decide_how_tests_run_are_asked(make_bench: Callable[..., Bench]) -> None:
    conftest = "import steps\n\ndef pytest_runtest_setup(item):\n    steps.Settings.step = 2\n\n"
    conftest += "def pytest_runtest_teardown(item):\n    steps.Settings.step = 1\n"
    uses = "import steps\n\ndef test_after():\n    assert steps.after(1) == steps.Settings.step\n"
    bench = make_bench(BASE | {"conftest.py": conftest, "test_steps.py": uses})
    found, planned = letters(bench, [BAD, GOOD], tests=())
    assert found == "fp"
    assert planned == Planned(1, 1)


COUNTED = """\
def after(x):
    return x - 1


def until(end):
    at, step = 0, after(0)
    while at < end:
        at += step
    return at


def ways(n):
    return 1 if n < 2 else ways(n - 1) + ways(n - 2)


def numbers():
    while True:
        yield 1
"""
COUNTED_TESTS = {
    "directly": "from counted import after\n\ndef test_after():\n    assert after(1) == 2\n",
    "in a caller": "from counted import until\n\ndef test_after():\n    assert until(3) == 3\n",
    "through pytest": (
        "import pytest\nfrom counted import after\n\n@pytest.fixture\ndef one():\n    yield 1\n\n"
        "def test_after(one):\n    assert after(one) == 2\n"
    ),
}
ENDLESS = {
    "loops": "    while True:\n        pass\n",
    "recurs": "    return ways(90)\n",
    "sums up a generator": "    return sum(numbers())\n",
    "calls in a comprehension": "    return [ways(y) for y in numbers()]\n",
    "cleans up": "    try:\n        while True: x += 1\n    finally:\n        x = 0\n",
    "fails because of it": "    try:\n        while True: pass\n    except BaseException:\n        raise KeyError\n",
    "passes because of it": "    try:\n        while True: pass\n    except BaseException:\n        return x + 1\n",
    "swallows it": "    while True:\n        try:\n            while True: pass\n        except BaseException: pass\n",
}
HEAVY = "    for at in range(60_000):\n        x += 1 if at == 7 else 0\n    return x\n"
TOO_HEAVY = HEAVY.replace("60_000", "200_000")


def counted(bench: Bench, bodies: Sequence[str], *, screen: bool = True) -> list[WarmResult]:
    """A worker's outcomes for candidates for `after`."""
    start = COUNTED.index(BODY)
    changes = [(start, start + len(BODY), body.encode()) for body in bodies]
    worker = WarmWorker(bench, screen=screen)
    worker.plan(TrialPlan([("test_counted.py::test_after", 0.5)], []))
    assert worker.planned().screened == 1
    tried = list(
        worker.try_out(
            [
                TrialRequest(index, {"counted.py": [one]}, ("test_counted.py::test_after",))
                for index, one in enumerate(changes)
            ]
        )
    )
    worker.close()
    return tried


@pytest.mark.thorough
@pytest.mark.sample(1)
@pytest.mark.parametrize("way", COUNTED_TESTS)
def test_an_endless_loop_ends_as_in_a_fork(make_bench: Callable[..., Bench], way: str) -> None:
    bench = make_bench({"counted.py": COUNTED, "test_counted.py": COUNTED_TESTS[way], "pytest.ini": "[pytest]\n"})
    endless = [*ENDLESS.values(), *(["    return x\n"] if way == "in a caller" else [])]
    bodies = [one for body in endless for one in (BAD, body, GOOD, HEAVY)]
    tried = counted(bench, bodies)
    assert [one.outcome for one in tried] == ["failed", "timeout", "passed", "passed"] * len(endless)
    assert tried == counted(bench, bodies, screen=False)


@pytest.mark.parametrize("taken", [False, True])
def test_a_tree_that_monitors_itself_is_not_counted(make_bench: Callable[..., Bench], *, taken: bool) -> None:
    """Only the count shows a loop that would end soon enough."""
    conftest = 'import sys\nif hasattr(sys, "monitoring"): sys.monitoring.use_tool_id(0, "debugger")\n'
    files = {"counted.py": COUNTED, "test_counted.py": COUNTED_TESTS["directly"], "pytest.ini": "[pytest]\n"}
    bench = make_bench(files | ({"conftest.py": conftest} if taken else {}))
    outcomes = [one.outcome for one in counted(bench, [TOO_HEAVY, BAD, GOOD])]
    assert outcomes == ["passed" if taken else "timeout", "failed", "passed"]


LAZY = """\
TABLE = {}


class Rules:
    _instance = None

    @classmethod
    def instance(cls):
        if cls._instance is None:
            cls._instance = cls(build(3))
        return cls._instance

    def __init__(self, steps):
        self.steps = steps

    def apply(self, x):
        return x - self.steps


def build(n):
    return n - 1


def squared(x):
    if x not in TABLE:
        TABLE[x] = x * x
    return TABLE[x]


def after(x):
    return Rules.instance().apply(x) + squared(1)
"""
LAZY_TEST = """\
from lazy import after

def test_after():
    assert after(1) == 4

def test_type():
    assert after(2)
"""

# What is replaced, and whether the target passes then. All but the first and the last change what is set up once.
LAZY_CHANGES = [
    ("return x - self.steps", "return x + self.steps", True),
    ("return n - 1", "return n - 5", True),
    ("return n - 1", "return n - 4", False),
    ("cls(build(3))", "cls(-build(3))", True),
    ("self.steps = steps", "self.steps = -steps", True),
    ("x * x", "x * x + 4", True),
    ("x * x", "x + x", False),
    ("return x - self.steps", "return x + self.steps + 1", False),
]


def test_state_that_is_set_up_once_needs_no_forks(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench({"lazy.py": LAZY, "test_lazy.py": LAZY_TEST, "pytest.ini": "[pytest]\npythonpath = .\n"})
    found: list[TrialRequest] = []
    for old, new, _ in LAZY_CHANGES:
        start = LAZY.index(old)
        change = (start, start + len(old), new.encode())
        found.append(TrialRequest(len(found), {"lazy.py": [change]}, ("test_lazy.py::test_after",)))
    worker = WarmWorker(bench)
    worker.plan(TrialPlan([("test_lazy.py::test_after", 0.3)], [("test_lazy.py::test_type", 0.3)]))
    planned = worker.planned()
    outcomes = [one.outcome == "passed" for one in worker.try_out(found)]
    worker.close()
    assert planned == Planned(2, 2)
    assert outcomes == [passes for _, _, passes in LAZY_CHANGES]


PLACES = """\
import os
import sys
from functools import wraps


def counted(function):
    @wraps(function)
    def counting(*arguments):
        os.getpid()
        return function(*arguments) - 1
    return counting


if sys.version_info > (3,):
    class Steps:
        class Inner:
            @staticmethod
            @counted
            def one(x):
                return x + os.path.isdir("/")

        def two(self, x, __scale=1):
            return __class__.Inner.one(x) * __scale
"""
PLACES_TEST = "from places import Steps\n\ndef test_two():\n    assert Steps().two(3) == 4\n"
PLACES_CHANGES = [
    ("(*arguments) - 1", "(*arguments) - 2"),
    ("(*arguments) - 1", "(*arguments)"),
    ('x + os.path.isdir("/")', 'x + os.path.isdir("/") * 3'),
    ('x + os.path.isdir("/")', 'x + 2 * os.path.isdir("/")'),
    ("one(x) * __scale", "one(x) + 2 * __scale"),
    ("one(x) * __scale", "one(x) + __scale"),
]


def test_functions_get_new_code_wherever_they_are(make_bench: Callable[..., Bench]) -> None:
    """In classes and conditions, in decorators, and if they call what the module imports: nothing is imported again."""
    worker = WarmWorker(make_bench({"places.py": PLACES, "test_places.py": PLACES_TEST, "pytest.ini": "[pytest]\n"}))
    worker.plan(TrialPlan([("test_places.py::test_two", 0.5)], []))
    found: list[TrialRequest] = []
    for old, new in PLACES_CHANGES:
        start = PLACES.index(old)
        change = (start, start + len(old), new.encode())
        found.append(TrialRequest(len(found), {"places.py": [change]}, ("test_places.py::test_two",)))
    assert [one.outcome for one in worker.try_out(found)] == ["failed", "passed"] * 3
    spent = worker.spent()
    worker.close()
    assert spent["imports"] == 0 < spent["screened tests"]


ORDERED = """\
from steps import SEEN, after

def test_nothing_was_seen():
    assert SEEN == []

def test_after():
    assert after(1) == 2

def test_seen():
    SEEN[:] = [1]
"""


def test_state_that_one_test_leaves_for_the_next_is_not_set_up(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench(BASE | {"test_steps.py": ORDERED})
    passing = ["test_steps.py::test_nothing_was_seen", "test_steps.py::test_seen"]
    found, planned = letters(bench, [BAD, GOOD, BAD, GOOD], tests=passing)
    assert found == "fpfp"
    assert (planned.screened, planned.why) == (2, "test_steps.py::test_seen changes what other tests see")


@pytest.mark.parametrize(("error", "screened"), [("AttributeError", 2), ("OSError", 0)])
def test_an_object_that_does_not_show_its_attributes_costs_no_session(
    error: str, screened: int, make_bench: Callable[..., Bench]
) -> None:
    """Classes in C have such objects; what their attributes' own code does is not ours to know."""
    hidden = (
        f"\nclass Hidden:\n    @property\n    def __dict__(self):\n        raise {error}('hidden')\n\nH = Hidden()\n"
    )
    found, planned = letters(make_bench(BASE | {"steps.py": SOURCE + hidden}), [BAD, GOOD])
    assert found == "fp"
    assert (planned.screened, error in planned.why) == (screened, not screened)


LOADED = """\
def after(x):
    return x

def further(x, *, step=0, by=None):
    return x + (by or step)

def steps(x):
    return x + 0

TABLE = [after(x) for x in range(3)]
WAYS = [steps(x) for x in range(3)]

def looked_up(x):
    return TABLE[x]
"""
LOADED_TESTS = """\
from loaded import after, further, looked_up, steps, WAYS

def test_after():
    assert after(1) == 2

def test_both():
    assert (after(1), looked_up(1)) == (2, 2)

def test_steps():
    assert WAYS[1] == 2

def test_further():
    assert (further(1), further(1, by=3)) == (2, 4)
"""


@pytest.mark.parametrize("afresh", [False, True])
@pytest.mark.parametrize(
    ("target", "before", "after", "outcome"),
    [
        ("test_after", b"x\n", b"x + 1\n", "passed"),
        ("test_after", b"x\n", b"3\n", "failed"),
        ("test_both", b"x\n", b"x + 1\n", "passed afresh"),
        ("test_further", b"step=0", b"step=1", "passed"),
        ("test_further", b"by=None", b"by={1: 2}", "failed"),
        ("test_further", b"by=None", b"by=len", "failed afresh"),  # no plain value
        ("test_steps", b"x + 0\n", b"x + 1\n", "passed"),  # the target does not run it itself
    ],
)
def test_what_ran_while_the_tests_were_loaded_counts_unless_targets_run_it_themselves(
    target: str,
    before: bytes,
    after: bytes,
    outcome: str,
    afresh: bool,  # noqa: FBT001
    make_bench: Callable[..., Bench],
) -> None:
    bench = make_bench(BASE | {"loaded.py": LOADED, "test_loaded.py": LOADED_TESTS})
    at, id = LOADED.encode().index(before), f"test_loaded.py::{target}"
    with closing(WarmWorker(bench)) as worker:
        worker.plan(TrialPlan([(id, 0.5)], []))
        change = {"loaded.py": [(at, at + len(before), after)]}
        tried = [*worker.try_out([TrialRequest(0, change, (id,), afresh)])]
        spent = worker.spent()
    fails = outcome.startswith("failed") or (outcome == "passed afresh" and not afresh)
    assert [one.outcome for one in tried] == ["failed" if fails else "passed"]
    imports = outcome == "failed afresh" or afresh or not fails
    assert (spent["imports"] > 0) == imports, "a candidate that passes is sure in any case"
