"""The results of test runs: the outcome of each case, and the lines that traced cases executed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from posixpath import normpath

__all__ = [
    "Basis",
    "CaseId",
    "CaseResult",
    "CaseTrace",
    "Finding",
    "Frame",
    "Kinds",
    "Outcome",
    "PartRun",
    "Spectrum",
    "SuiteReport",
    "Touched",
]


class Outcome(StrEnum):
    """The result of one test case. `SLOW` exceeds a limit when no time was left to see whether it ends."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"
    XFAILED = "xfailed"
    XPASSED = "xpassed"
    TIMEOUT = "timeout"
    SLOW = "slow"
    MISSING = "missing"

    @property
    def failing(self) -> bool:
        """Whether a repair should make this case pass."""
        return self in {Outcome.FAILED, Outcome.ERROR, Outcome.TIMEOUT}

    @property
    def over_limit(self) -> bool:
        """Whether the case was stopped before it had a result."""
        return self in {Outcome.TIMEOUT, Outcome.SLOW}


class Basis(StrEnum):
    """What a report rests on: an id for every test case, or only the exit code of the command."""

    IDS = "ids"
    EXIT_CODE = "exit_code"


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame of a failure's stack, outermost first; `path` is relative to the tree, `line` counts from 1."""

    path: str
    line: int
    function: str


@dataclass(frozen=True, slots=True)
class CaseId:
    """The parts of a test's id, as its buildpack parses it; nothing else parses ids.

    `file` is relative to the tree and empty if the runner does not report it, `scope` are the classes or suites around
    the test, the outermost first, and `parameters` are written as in the id. An id without a `name` stands for a file
    that could not be collected, or for a folder of such files.
    """

    file: str = ""
    scope: tuple[str, ...] = ()
    name: str = ""
    parameters: str = ""

    @property
    def function(self) -> CaseId:
        """The test without its parameters."""
        return CaseId(self.file, self.scope, self.name)

    @property
    def holder(self) -> CaseId:
        """What contains the test: its class or suite, or the file."""
        return CaseId(self.file, self.scope)

    def holds(self, other: CaseId) -> bool:
        """Whether this stands for a file or a folder as a whole, and the other one is in it."""
        if self.name or not self.file:
            return False
        place = normpath(self.file)
        return place in {".", other.file} or other.file.startswith(f"{place}/")


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One test case: its id as the runner writes it and in its parts, its outcome, and a failure's message.

    `misfit` is whether the environment, rather than the tree, seems to be why it could not be loaded. `places` are the
    lines of the tests' own code where it failed, outermost first, if the runner says so.
    """

    id: str
    outcome: Outcome
    duration_s: float = 0.0
    message: str = ""
    frames: tuple[Frame, ...] = ()
    parsed: CaseId = field(default_factory=CaseId)
    misfit: bool = False
    places: tuple[Frame, ...] = ()

    @property
    def unloaded(self) -> bool:
        """Whether it is a file or a folder of tests as a whole, which failed: nobody knows which tests it has."""
        return self.outcome.failing and bool(self.parsed.file) and not self.parsed.name

    @property
    def reason(self) -> str:
        """Where and why it could not be loaded."""
        place = f"{self.frames[-1].path}, line {self.frames[-1].line}: " if self.frames else ""
        return f"{place}{self.message}"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something for which the result of a test does not count, though it passes.

    `about` names what was found, the same in each run that finds it; `message` says it in words.
    """

    id: str
    about: str
    message: str


@dataclass(frozen=True, slots=True)
class PartRun:
    """The run of one part of a repository, as far as a verdict has to know it apart from the other parts.

    `part` is the prefix of its ids, `cases` the number of its cases, `failing` whether one of them or a canary failed.
    `misfit` is as in `SuiteReport`.
    """

    part: str
    cases: int
    failing: bool
    exit_code: int | None
    problem: str = ""
    canaries: tuple[CaseResult, ...] = ()
    misfit: str = ""


@dataclass(frozen=True, slots=True)
class Touched:
    """The files of the tree that a run made use of, as far as its runner can tell.

    `collected` are those whose tests ran, and `plugins` the modules that the tests have their runner load. `imported`
    and `opened` are pairs of a path, which need not exist, and the nearest file of the tree on the stack, whose code it
    was; that is empty if it was none of them. `written` are paths that it opened for writing, made, moved or removed,
    whatever is there afterwards.
    """

    collected: tuple[str, ...] = ()
    plugins: tuple[str, ...] = ()
    imported: tuple[tuple[str, str], ...] = ()
    opened: tuple[tuple[str, str], ...] = ()
    written: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SuiteReport:
    """The results of one run of the test command. `problem` is why the tests could not run at all, else empty.

    `crashed` is whether the command began and then ended without a report: a test may have crashed it. `canaries` are
    the added tests that must fail; `forged` is whether some results are not the runner's own; `empty` is whether the
    runner says that there are no tests. `parts` are the runs of several parts, if there are several. `unbuilt` is what
    the compiler says of code that does not compile, with file and line: its tests count as failing. `misfit` is the
    first reason for which tests could not be loaded if the environment, rather than the tree, seems to be at fault.
    `findings` are what the run itself checks of the watched tests (see `RunRequest`).
    `touched` are the files that it made use of, and `rewritten` those of the test side that are not as they were
    before it, each with what became of it.
    """

    cases: tuple[CaseResult, ...]
    exit_code: int | None
    duration_s: float
    basis: Basis = Basis.IDS
    problem: str = ""
    crashed: bool = False
    canaries: tuple[CaseResult, ...] = ()
    forged: bool = False
    empty: bool = False
    parts: tuple[PartRun, ...] = ()
    unbuilt: str = ""
    misfit: str = ""
    findings: tuple[Finding, ...] = ()
    touched: Touched = field(default_factory=Touched)
    rewritten: tuple[tuple[str, str], ...] = ()

    @property
    def part_runs(self) -> tuple[PartRun, ...]:
        """The runs of its parts; of a repository without parts, that of all of it."""
        if self.parts:
            return self.parts
        failing = any(case.outcome.failing for case in (*self.cases, *self.canaries))
        return (PartRun("", len(self.cases), failing, self.exit_code, self.problem, self.canaries, self.misfit),)

    def lost(self, base: SuiteReport) -> str:
        """Why a part that had tests on the `base` has none here; empty if every such part has some."""
        had = {run.part for run in base.part_runs if run.cases}
        return "; ".join(run.problem or "no test" for run in self.part_runs if run.part in had and not run.cases)

    @property
    def skipped(self) -> int:
        """How many test cases were skipped."""
        return sum(case.outcome is Outcome.SKIPPED for case in self.cases)


type Kinds = Mapping[str, Mapping[str, Mapping[str, frozenset[str]]]]
"""By path, function and variable, the kinds of its values: `number`, `sequence`, `set`, `callable`, `object`."""


@dataclass(frozen=True, slots=True)
class CaseTrace:
    """What one test case executed: its outcome, the lines covered per file of the tree, and a failure's frames.

    `kinds` are the kinds of the values of variables, if they were requested.
    """

    id: str
    outcome: Outcome
    cpu_s: float
    lines: Mapping[str, frozenset[int]]
    frames: tuple[Frame, ...] = ()
    message: str = ""
    kinds: Kinds = field(default_factory=dict)
    parsed: CaseId = field(default_factory=CaseId)


@dataclass(frozen=True, slots=True)
class Spectrum:
    """Per-test line coverage: the input of spectrum-based fault localization.

    `imported` are the lines, by path, of functions that ran while the tests were collected: all tests depend on them.
    """

    cases: tuple[CaseTrace, ...]
    imported: Mapping[str, frozenset[int]] = field(default_factory=dict)
