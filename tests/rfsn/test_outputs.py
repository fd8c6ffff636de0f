"""Runners that write their results into files: these come out of a sandbox, and are hostile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from buildpacks import BuildPlan, RunRequest, RunResult, RunSpec, SuiteReport
from buildpacks.python import PythonBuildpack
from rfsn.errors import InfraError
from rfsn.project.parts import Part
from rfsn.trials import bench as bench_module
from rfsn.trials.bench import Bench

FILES = {"a.py": "A = 1\n", "test_a.py": "def test_a():\n    pass\n"}
REQUEST = RunRequest()


@dataclass
class Shell(PythonBuildpack):
    """Its run is a script of the shell."""

    script: str
    wanted: str = ".xml"
    seen: list[RunResult] = field(default_factory=list)

    def focus(self, plan: BuildPlan, request: RunRequest) -> RunSpec:
        assert (plan.pack, request) == ("python", replace(REQUEST, key=request.key))
        return RunSpec(("sh", "-c", self.script), (), b"", self.wanted)

    def parse(self, request: RunRequest, result: RunResult) -> SuiteReport:
        assert request.ids == ()
        self.seen.append(result)
        return SuiteReport((), result.command.exit_code, result.command.duration_s)


def run(bench: Bench, script: str, wanted: str = ".xml") -> RunResult:
    pack = Shell(script, wanted)
    replace(bench, part=Part("", pack)).run_tests(REQUEST, 30)
    return pack.seen[0]


def test_files_are_taken_by_the_end_of_their_names(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench(FILES)
    script = (
        "mkdir /out/deep; echo one > /out/deep/a.xml; echo two > /out/b.xml; echo three > /out/c.txt; "
        "ln -s /etc/passwd /out/d.xml; ln -s /etc /out/etc; mkfifo /out/e.xml; exit 3"
    )
    result = run(bench, script)
    assert result.outputs == {"b.xml": b"two\n", "deep/a.xml": b"one\n"}
    assert result.command.exit_code == 3
    assert run(bench, "ls /out").outputs == {}, "the next run has a folder of its own"
    assert run(bench, "test ! -e /out", "").command.exit_code == 0


def test_too_many_results_are_an_error(make_bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_module, "_MAX_RESULTS_BYTES", 1000)
    bench = make_bench(FILES)
    assert run(bench, "head -c 1000 /dev/zero > /out/a.xml").outputs == {"a.xml": bytes(1000)}
    with pytest.raises(InfraError, match="of results"):
        run(bench, "head -c 600 /dev/zero > /out/a.xml; head -c 600 /dev/zero > /out/b.xml")
