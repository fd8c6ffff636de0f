"""Cold runs and traces that go on at the same time: they find what they find alone, and none outlives another's end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from buildpacks import Outcome, RunRequest, SuiteReport
from rfsn.errors import InfraError
from rfsn.trials import suite as suites
from rfsn.trials.bench import Bench
from rfsn.trials.suite import Suite
from sandbox import SandboxProvider, choose

PASSING = "".join(f"def test_{number}():\n    assert {number} != 5\n\n\n" for number in range(12))
HANGING = "import time\n\n\ndef test_hangs():\n    time.sleep(600)\n"
REQUESTS = (RunRequest(), RunRequest(elsewhere=True))


@pytest.fixture
def own_provider(provider: SandboxProvider) -> Iterator[SandboxProvider]:
    """A provider that a test may close."""
    if provider.name == "local":
        pytest.skip("without a sandbox runs are one after the other")
    own = choose(provider.name)
    yield own
    own.close()


def outcomes(report: SuiteReport) -> dict[str, Outcome]:
    return {case.id: case.outcome for case in report.cases}


def each(suite: Suite) -> list[SuiteReport]:
    return [report for report, _ in suite.run_each(REQUESTS, lambda: 300.0, None, None)]


def test_runs_go_on_at_the_same_time(
    own_provider: SandboxProvider, make_bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = replace(make_bench({"test_thing.py": PASSING}), provider=own_provider)
    alone = [outcomes(report) for report in each(Suite([bench], workers=1))]
    run, both = Bench.run_tests, threading.Barrier(2, timeout=120)

    def run_with_the_other(*arguments: Any, **options: Any) -> SuiteReport:
        both.wait()
        return run(*arguments, **options)

    monkeypatch.setattr(Bench, "run_tests", run_with_the_other)
    assert [outcomes(report) for report in each(Suite([bench], workers=2))] == alone
    assert alone[0]["test_thing.py::test_5"] is Outcome.FAILED
    assert len(alone[0]) == 12


@pytest.mark.parametrize("error", [InfraError("no disk"), KeyboardInterrupt()])
def test_a_run_that_breaks_ends_the_other(
    error: BaseException,
    own_provider: SandboxProvider,
    make_bench: Callable[..., Bench],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = replace(make_bench({"test_thing.py": HANGING}), provider=own_provider)
    run, begun, ended = Bench.run_tests, threading.Event(), list[object]()

    def run_or_break(*arguments: Any, **options: Any) -> SuiteReport:
        if threading.current_thread() is threading.main_thread():
            assert begun.wait(120)
            raise error
        begun.set()
        try:
            ended.append(run(*arguments, **options))
        except Exception as failure:
            ended.append(failure)
            raise
        return SuiteReport((), None, 0.0)

    monkeypatch.setattr(Bench, "run_tests", run_or_break)
    with pytest.raises(type(error)):
        each(Suite([bench], workers=2))
    assert len(ended) == 1, "the other run was left behind"
    assert not isinstance(ended[0], SuiteReport) or ended[0].problem


def test_traces_of_several_workers_are_those_of_one(
    own_provider: SandboxProvider, make_bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suites, "_ALONE_S", 0.0)
    files = {"thing.py": "def double(x):\n    return x + x\n"}
    files["test_thing.py"] = "from thing import double\n\n\n" + PASSING.replace("assert ", "assert double(1) and ")
    bench = replace(make_bench(files), provider=own_provider)
    limits = [(f"test_thing.py::test_{number}", 10.0) for number in range(12)]

    def traced(workers: int) -> list[tuple[str, Outcome, object]]:
        spectrum = Suite([bench], workers=workers).trace(limits, frozenset(), float("inf"))
        return [(case.id, case.outcome, case.lines) for case in spectrum.cases]

    alone = traced(1)
    assert len(alone) == 12
    assert traced(2) == alone
