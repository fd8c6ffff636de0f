"""Warm validation gives the outcome of a cold run, for every kind of change."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

import pytest

from buildpacks import Outcome, RunRequest
from buildpacks.warm import Edits
from gate import Edit, EditFile, Patch, apply, content_hash
from rfsn.trials.bench import Bench
from rfsn.trials.worker import TrialPlan, TrialRequest, WarmWorker
from tests.rfsn import warm

SOURCE = """\
import functools
import os

LIMIT = 3


def half(n):
    return n // 2


SIZES = [half(8)]


def remember(function):
    @functools.wraps(function)
    def wrapper(*arguments):
        return function(*arguments)
    return wrapper


@remember
def clamp(x, low=0):
    if x > LIMIT:
        return LIMIT
    return x if x > low else low


class Counter:
    step = 1

    def __init__(self):
        self.value = 0

    def up(self):
        self.value += self.step
        return self

    @property
    def doubled(self):
        return (lambda v: v * 2)(self.value)


def pairs(items):
    return [(a, b) for a in items for b in items if a < b]
"""

TESTS = """\
import unittest

import pytest

from lib.things import SIZES, Counter, clamp, pairs


@pytest.fixture
def counter():
    return Counter()


@pytest.mark.parametrize(("x", "expected"), [(-1, 0), (2, 2), (9, 3)])
def test_clamp(x, expected):
    assert clamp(x) == expected


def test_counter(counter, doubled_twice):
    assert counter.up().up().doubled == doubled_twice


def test_sizes():
    assert SIZES == [4]


class TestPairs(unittest.TestCase):
    def setUp(self):
        self.items = [1, 2, 3]

    def test_pairs(self):
        self.assertEqual(pairs(self.items), [(1, 2), (1, 3), (2, 3)])
"""

FILES = {
    "lib/__init__.py": "",
    "lib/things.py": SOURCE,
    "tests/conftest.py": "import pytest\n\n\n@pytest.fixture\ndef doubled_twice():\n    return 4\n",
    "tests/test_things.py": TESTS,
    "pytest.ini": "[pytest]\npythonpath = .\n",
}
IDS = [
    "tests/test_things.py::test_clamp[-1-0]",
    "tests/test_things.py::test_clamp[2-2]",
    "tests/test_things.py::test_clamp[9-3]",
    "tests/test_things.py::test_counter",
    "tests/test_things.py::test_sizes",
    "tests/test_things.py::TestPairs::test_pairs",
]

# What is replaced, by what, and the letter that it must get.
CHANGES = [
    ("return x if x > low else low", "return x if x >= low else low", "p"),  # the same function, another way
    ("return x if x > low else low", "return low if x > low else x", "f"),
    ("low=0", "low=0.0", "p"),  # a default: imported anew, and no test notices
    ("low=0", "low=-5", "f"),
    ("LIMIT = 3", "LIMIT = 4", "f"),  # a constant of the module
    ("step = 1", "step = 2", "f"),  # a class body
    ("@remember\n", "", "p"),  # a decorator
    ("return function(*arguments)", "return None", "f"),  # a closure that was made at import
    ("v * 2", "v * 3", "f"),  # a lambda
    ("a < b", "a <= b", "f"),
    ("self.value += self.step", "self.value += self.step\n        helper = 1", "p"),  # lines shift
    ("def up(self):", "def up(self, by=1):", "p"),
    ("return LIMIT\n", "return LIMIT +\n", "i"),
    ("if x > LIMIT:", "while x > LIMIT:\n            pass\n        if x:", "i"),
    ("if x > LIMIT:", "while x > LIMIT: pass\n    if x > LIMIT:", "t"),
    ("if x > LIMIT:", "7 ** (7 ** 9 + LIMIT)\n    if x > LIMIT:", "t"),  # no handler interrupts it
    ("if x > LIMIT:", "os._exit(0)\n    if x > LIMIT:", "x"),
    ("import os\n", "import os\nos._exit(0)\n", "x"),
    ("import os\n", "import no_such_module\n", "f"),
    ("SIZES = [half(8)]", "SIZES = [half(6)]", "f"),
    ("return n // 2", "return n / 2 - 1", "f"),  # called during the import
    ("if x > LIMIT:", "clamp(x)\n    if x > LIMIT:", "f"),  # endless recursion
    ("return LIMIT\n", "raise KeyboardInterrupt\n", "x"),
    ("return LIMIT\n", "import pytest; pytest.skip('no')\n", "f"),
]


def patch(before: str, after: str) -> Patch:
    start = SOURCE.encode().index(before.encode())
    edit = Edit(start, start + len(before.encode()), after.encode())
    return (EditFile("lib/things.py", content_hash(SOURCE.encode()), (edit,)),)


def files(changed: Patch) -> Edits:
    (operation,) = changed
    assert isinstance(operation, EditFile)
    return {operation.path: [(edit.start, edit.end, edit.text) for edit in operation.edits]}


def trial(index: int, before: str, after: str) -> TrialRequest:
    return TrialRequest(index, files(patch(before, after)), (IDS[0],))


def letters(bench: Bench, changes: list[tuple[str, str, str]], workers: int = 1) -> str:
    numbered = [trial(index, before, after) for index, (before, after, _) in enumerate(changes)]
    with warm.pooled([WarmWorker(bench) for _ in range(workers)]) as pool:
        pool.plan("", TrialPlan([(IDS[0], 0.3)], [(id, 0.3) for id in IDS[1:]]))
        # Nothing is confirmed: a batch ends at the first confirmed candidate, and here every one is wanted.
        evaluated = warm.run(pool, numbered)
    assert [one.index for one in evaluated] == list(range(len(changes)))
    return warm.letters(evaluated)


def test_every_kind_of_change_gets_its_letter(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench(FILES)
    found = dict(zip([change[:2] for change in CHANGES], letters(bench, CHANGES), strict=True))
    assert found == {(before, after): letter for before, after, letter in CHANGES}
    again = letters(bench, [*CHANGES, *CHANGES], workers=2)
    assert again == "".join(letter for _, _, letter in CHANGES) * 2, "a candidate left a trace in the next"


def test_a_candidate_passes_warm_exactly_if_it_passes_cold(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench(FILES)
    quick = [change for change in CHANGES if change[2] in "pf"]
    for before, after, letter in quick:
        report = bench.run_tests(RunRequest(), 60, apply(patch(before, after), bench.view.read))
        passed = {case.id for case in report.cases if case.outcome is Outcome.PASSED}
        assert (passed == set(IDS) and report.exit_code == 0) == (letter == "p"), (before, after, report)


def test_a_worker_that_is_interrupted_continues_with_the_next_request(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench(FILES)
    ordinary = [change for change in CHANGES if change[2] in "pfi"]
    trials = [trial(index, before, after) for index, (before, after, _) in enumerate(ordinary)]
    worker = WarmWorker(bench)
    worker.plan(TrialPlan([(IDS[0], 0.3)], [(id, 0.3) for id in IDS[1:]]))
    found = ""
    for at in range(len(trials)):
        with closing(worker.try_out(trials[at:])) as answers:
            outcome = next(answers).outcome
            found += outcome[0] if outcome in ("passed", "invalid") else "f"
    worker.close()
    assert found == "".join(letter for _, _, letter in ordinary)
    assert sum(one.count for one in bench.meter.take().sandbox) == 1, "one process did it all"


HANGING = """\
import unittest

import pytest


def test_plain():
    while True:
        pass


class Hanging(unittest.TestCase):
    def test_one(self):
        while True:
            pass

    def test_two(self):
        while True:
            pass

    def test_fine(self):
        pass
"""


def test_hanging_tests_of_any_kind_are_over_their_limit(make_bench: Callable[..., Bench]) -> None:
    """unittest catches what a test raises."""
    bench = make_bench({"test_h.py": HANGING, "pytest.ini": "[pytest]\n"})
    report = bench.run_tests(RunRequest((), case_limit_s=0.5, hang_budget_s=0.5), 60)
    assert {case.id.rpartition("::")[2]: case.outcome for case in report.cases} == {
        "test_plain": Outcome.TIMEOUT,
        "test_one": Outcome.TIMEOUT,
        "test_two": Outcome.TIMEOUT,
        "test_fine": Outcome.PASSED,
    }
    worker = WarmWorker(bench)
    traces = list(worker.trace([(case.id, 0.3) for case in report.cases]))
    worker.close()
    assert [trace.outcome for trace in traces] == [case.outcome for case in report.cases]


SETTINGS = """\
tries = []


def test_first():
    assert 0


def test_flaky():
    tries.append(1)
    assert len(tries) > 1


def test_last():
    pass
"""


@pytest.mark.thorough
def test_settings_that_cut_short_repeat_or_spread_a_run_are_set_aside(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench(
        {
            "test_s.py": SETTINGS,
            "requirements.txt": "pytest-xdist\npytest-rerunfailures\npytest-cov\n",
            "pytest.ini": "[pytest]\naddopts = -x -n 2 --reruns 2 --cov=. --cov-fail-under=100\n",
        }
    )
    report = bench.run_tests(RunRequest(), 60)
    assert [(case.id, case.outcome) for case in report.cases] == [
        ("test_s.py::test_first", Outcome.FAILED),
        ("test_s.py::test_flaky", Outcome.FAILED),
        ("test_s.py::test_last", Outcome.PASSED),
    ]
    only = bench.run_tests(RunRequest(("test_s.py::test_last",)), 60)
    assert only.exit_code == 0, "coverage fails no run"


def test_such_settings_are_set_aside_if_their_plugins_are_missing(make_bench: Callable[..., Bench]) -> None:
    ini = "[pytest]\naddopts = -n 2 --dist loadfile --cov --cov-report=xml --cov-fail-under 100 --reruns 2 -x\n"
    command = ("python", "-m", "pytest", "-n4", "--cov=.", "--random-order", "--randomly-seed=3")
    bench = make_bench({"test_s.py": SETTINGS, "pytest.ini": ini}, *command)
    report = bench.run_tests(RunRequest(), 60)
    assert report.problem == ""
    assert len(report.cases) == 3
    worker = WarmWorker(bench)
    assert len(worker.ready().ids) == 3
    worker.close()


def test_a_batch_ends_at_the_first_confirmed_candidate(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench(FILES)
    order = [1, 3, 0, 4, 6, 5]  # two of these pass; the second is the one that is confirmed
    numbered = [trial(place, *CHANGES[index][:2]) for place, index in enumerate(order, 100)]
    seen = set()
    for workers in (1, 2):
        lanes = [WarmWorker(bench) for _ in range(workers)]
        with warm.pooled(lanes) as pool:
            pool.plan("", TrialPlan([(IDS[0], 0.3)], [(id, 0.3) for id in IDS[1:]]))
            earlier = warm.run(pool, numbered, lambda index: index in {102, 104})
            evaluated = warm.run(pool, numbered, lambda index: index == 104)
            late = warm.run(pool, numbered, lambda _: True, seconds=-1)
            seen |= {lane.observe(numbered[2]) for lane in lanes}
            assert lanes[0].observe(numbered[4]).words == (), "it has to be imported anew"
        assert [one.index for one in evaluated] == [100, 101, 102, 103, 104]
        assert "".join(one.outcome for one in evaluated) == "ffcfp"
        assert "".join(one.outcome for one in earlier) == "ffp"
        assert late == []
    assert len(seen) == 1, "whichever worker observes"
    assert len(seen.pop().words) > 10


TWO_FAULTS = """\
def first(x):
    return x + 2


def second(x):
    return x + 3


def third(x):
    return x
"""
TWO_FAULTS_TESTS = """\
from two import first, second, third

def test_first():
    assert first(1) == 2

def test_first_again():
    assert first(2) == 3

def test_second():
    assert second(1) == 2

def test_third():
    assert third(1) == 1
"""


def test_a_partial_repair_is_reported_with_its_targets(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench({"two.py": TWO_FAULTS, "test_two.py": TWO_FAULTS_TESTS, "pytest.ini": "[pytest]\n"})
    targets = [f"test_two.py::test_{name}" for name in ("first", "first_again", "second")]
    probes = (targets[0], targets[2])

    def changed(index: int, *edits: tuple[str, str]) -> TrialRequest:
        places = sorted((TWO_FAULTS.index(before), before, after) for before, after in edits)
        return TrialRequest(
            index, {"two.py": [(at, at + len(one), other.encode()) for at, one, other in places]}, probes
        )

    first, second = ("x + 2", "x + 1"), ("x + 3", "x + 1")
    trials = [
        changed(0, first),
        changed(1, second),
        changed(2, first, second),
        changed(3, ("x + 2", "2")),
        changed(4, first, ("return x\n", "return x + 1\n")),
        changed(5, ("x + 2", "x + 4")),
    ]
    with warm.pooled([WarmWorker(bench)]) as pool:
        pool.plan("", TrialPlan([(id, 0.3) for id in targets], [("test_two.py::test_third", 0.3)]))
        evaluated = warm.run(pool, trials)
    assert [(one.outcome, sorted(one.fixed)) for one in evaluated] == [
        ("s", targets[:2]),
        ("s", targets[2:]),
        ("c", []),
        ("s", targets[:1]),
        ("f", []),  # it breaks the test that passes
        ("f", []),
    ]


def test_traces_name_lines_frames_and_outcomes(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench(FILES | {"lib/things.py": SOURCE.replace("return LIMIT\n", "return LIMIT // 0\n")})
    worker = WarmWorker(bench)
    traces = {trace.id: trace for trace in worker.trace([(id, 1.0) for id in IDS])}
    worker.close()
    assert [traces[id].outcome for id in IDS] == ["passed", "passed", "failed", *["passed"] * 3]
    failing, passing = traces[IDS[2]], traces[IDS[0]]
    assert [(frame.path, frame.function) for frame in failing.frames] == [
        ("tests/test_things.py", "test_clamp"),
        ("lib/things.py", "wrapper"),
        ("lib/things.py", "clamp"),
    ]
    assert "ZeroDivisionError" in failing.message
    assert failing.lines["lib/things.py"] - passing.lines["lib/things.py"] == {
        SOURCE.splitlines().index("        return LIMIT") + 1
    }
    assert not passing.frames


def test_traces_have_the_kinds_of_values_of_variables(make_bench: Callable[..., Bench]) -> None:
    worker = WarmWorker(make_bench(FILES))
    wanted, other = worker.trace([(IDS[2], 1.0), (IDS[5], 1.0)], {IDS[2]})
    worker.close()
    kinds = wanted.kinds["lib/things.py"]
    assert kinds["clamp"] == {"x": {"number"}, "low": {"number"}}
    assert kinds["wrapper"] == {"arguments": {"sequence"}, "function": {"callable"}}
    assert other.kinds == {}


def test_a_hanging_test_shows_its_loop(make_bench: Callable[..., Bench]) -> None:
    looping = SOURCE.replace("    if x > LIMIT:\n", "    while x > LIMIT:\n        x += 1\n    if x > LIMIT:\n")
    worker = WarmWorker(make_bench(FILES | {"lib/things.py": looping}))
    (trace,) = worker.trace([(IDS[2], 0.2)])
    worker.close()
    assert trace.outcome is Outcome.TIMEOUT
    loop = looping.splitlines().index("    while x > LIMIT:") + 1
    assert {loop, loop + 1} <= trace.lines["lib/things.py"]
    assert trace.frames[-1].function == "clamp"


@pytest.mark.parametrize("command", [("pytest",), ("python", "-m", "pytest", "-q", "tests")])
def test_cold_runs_can_be_focused(make_bench: Callable[..., Bench], command: tuple[str, ...]) -> None:
    bench = make_bench(FILES, *command)
    assert {case.id for case in bench.run_tests(RunRequest(), 60).cases} == set(IDS)
    assert [case.id for case in bench.run_tests(RunRequest((IDS[3],)), 60).cases] == [IDS[3]]


def test_new_files_are_tried_warm(make_bench: Callable[..., Bench]) -> None:
    source = "def price(n):\n    return n\n"
    tests = "from shop.cart import price\n\ndef test_price():\n    assert price(3) == 6\n"
    bench = make_bench({"shop/__init__.py": "", "shop/cart.py": source, "test_cart.py": tests})
    target = "test_cart.py::test_price"
    start = source.index("    return n")
    body = "    from shop.rates.table import factor\n    return n * factor\n"
    edits = {"shop/cart.py": [(start, len(source), body.encode())]}
    added = [{"shop/rates/table.py": [(0, 0, text)]} for text in (b"factor = 2\n", b"factor = 3\n", b"factor =\n")]
    candidates = [edits, *({**edits, **new} for new in added), added[0], {**edits, **added[0]}]
    trials = [TrialRequest(index, files, (target,)) for index, files in enumerate(candidates)]
    lanes = [WarmWorker(bench)]
    with warm.pooled(lanes) as pool:
        pool.plan("", TrialPlan([(target, 0.5)], []))
        assert warm.letters(warm.run(pool, trials)) == "fpfffp", "each with its own new files and no others"
    assert sum(one.count for one in bench.meter.take().sandbox) == 1, "one process did it all"


@pytest.mark.parametrize("conftest", ["conftest.py", "tests/conftest.py"])
@pytest.mark.parametrize("settings", ["", "testpaths = tests\n"])
def test_modules_that_a_conftest_imports_are_imported_again(
    conftest: str, settings: str, make_bench: Callable[..., Bench]
) -> None:
    source = "def double(x, by=1):\n    return x * by\n"
    tests = "from stuff import double\n\n\ndef test_double():\n    assert double(3) == 6\n"
    files = {"stuff.py": source, "tests/test_stuff.py": tests, conftest: "import stuff\n"}
    bench = make_bench(files | {"pytest.ini": f"[pytest]\npythonpath = .\n{settings}"})
    target, at = "tests/test_stuff.py::test_double", source.index("1")
    trials = [
        TrialRequest(index, {"stuff.py": [(at, at + 1, text)]}, (target,)) for index, text in enumerate((b"3", b"2"))
    ]
    with warm.pooled([WarmWorker(bench)]) as pool:
        pool.plan("", TrialPlan([(target, 0.5)], []))
        assert warm.letters(warm.run(pool, trials)) == "fp"


def test_modules_that_a_command_line_plugin_imports_need_a_cold_run(make_bench: Callable[..., Bench]) -> None:
    source = "def double(x, by=1):\n    return x * by\n"
    tests = "from stuff import double\n\n\ndef test_double():\n    assert double(3) == 6\n"
    files = {"stuff.py": source, "other.py": "X = 1\n", "test_stuff.py": tests, "early.py": "import stuff\n"}
    bench = make_bench(files | {"pytest.ini": "[pytest]\naddopts = -p early\n"})
    at = source.index("1")
    changes = [{"stuff.py": [(at, at + 1, b"2")]}, {"other.py": [(4, 5, b"2")]}]
    worker = WarmWorker(bench)
    target = "test_stuff.py::test_double"
    worker.plan(TrialPlan([(target, 0.5)], []))
    tried = list(worker.try_out([TrialRequest(index, files, (target,)) for index, files in enumerate(changes)]))
    worker.close()
    assert [one.outcome for one in tried] == ["unknown", "failed"]
