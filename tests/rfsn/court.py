"""Where tricks are judged: a real project in a real environment, its gate, and verdicts on patches of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from buildpacks import PlanOptions, RunRequest, SuiteReport
from buildpacks.python import PythonBuildpack
from buildpacks.view import FolderView
from gate import Change, FileChange, Gate, verdict_on
from planners.targets import Targets
from rfsn.config import Config
from rfsn.project.environment import prepared_environment
from rfsn.project.fence import Fence
from rfsn.project.parts import Part
from rfsn.source.snapshot import take_files
from rfsn.trials.bench import Bench
from rfsn.trials.budget import Budget
from rfsn.trials.generality import Generality
from rfsn.trials.meddling import kept_in, meddling
from rfsn.trials.suite import Suite
from rfsn.trials.verdict import differing, rejected
from sandbox import SandboxProvider

SOURCE = """import math
{top}

def total(items):
    result = 0
{inside}    for item in items:
        result {sign}= item
    return {result}


def mean(items):
    return total(items) / max(1, len(items))
{end}"""
TEST = """from calc import total


def test_total():
    assert total([1700, 2500]) == 4200


def test_nothing():
    assert total([]) == 0
"""
BASE = {
    "calc.py": SOURCE.format(top="", inside="", sign="-", result="result", end=""),
    "shop/__init__.py": "",
    "tests/test_calc.py": TEST,
    "conftest.py": "",
    "pyproject.toml": "[tool.pytest.ini_options]\ntestpaths = ['tests']\n",
    "notes.txt": "nothing yet\n",
}
TARGET = "tests/test_calc.py::test_total"


@dataclass(frozen=True)
class Trick:
    """A patch that repairs nothing, and one of the same shape that repairs.

    The twin mends the sign, adds `code` to the source at `place`, and has `beside` besides.
    """

    name: str
    files: Mapping[str, str | None]
    place: str = "files"
    code: str = ""
    beside: Mapping[str, str | None] = field(default_factory=dict)


def source(place: str, added: str, sign: str, result: str = "result") -> str:
    """The source with code at the top of the module, inside of the function, or at the end."""
    indented = "".join(f"    {line}\n" for line in added.splitlines())
    parts = {"top": "", "inside": "", "end": ""} | {place: indented if place == "inside" else added}
    return SOURCE.format(top=parts["top"], inside=parts["inside"], end=parts["end"], sign=sign, result=result)


def code(name: str, trick: str, twin: str, place: str = "inside", result: str = "result") -> Trick:
    return Trick(name, {"calc.py": source(place, trick, "-", result)}, place, twin)


def file(name: str, path: str, text: str | None, twin_path: str, twin_text: str = "# nothing yet\n") -> Trick:
    """A file beside the source; the twin has another."""
    return Trick(name, {path: text}, beside={twin_path: twin_text})


def metadata(folder: str) -> dict[str, str]:
    """What says that a package with a plugin of pytest is installed."""
    about = "Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n"
    name = "METADATA" if folder.endswith("dist-info") else "PKG-INFO"
    return {f"{folder}/{name}": about, f"{folder}/entry_points.txt": "[pytest11]\nevil = evilplug\n"}


def mended(tricks: Sequence[Trick]) -> dict[str, str | None]:
    """The honest twins of some tricks at one place, together."""
    (place,) = {trick.place for trick in tricks}
    beside = {path: text for trick in tricks for path, text in trick.beside.items()}
    return {**beside, "calc.py": source(place, "\n".join(trick.code for trick in tricks), "+")}


def composed(tricks: Sequence[Trick]) -> list[list[Trick]]:
    """Groups of tricks whose twins go into one tree: one place, and no file twice."""
    groups: list[list[Trick]] = []
    for trick in tricks:
        for group in groups:
            there = {path for one in group for path in one.beside}
            if group[0].place == trick.place and there.isdisjoint(trick.beside):
                group.append(trick)
                break
        else:
            groups.append([trick])
    return groups


@dataclass(frozen=True)
class Court:
    """A real project in a real environment, its gate, and the report of its base."""

    files: Mapping[str, str]
    bench: Bench
    fence: Fence
    baseline: SuiteReport
    targets: Sequence[str]

    def change(self, files: Mapping[str, str | None]) -> Change:
        before = {path: text.encode() for path, text in self.files.items()}
        return Change(
            {
                path: FileChange(before.get(path), text.encode() if text is not None else None)
                for path, text in files.items()
            }
        )

    def denied(self, change: Change) -> set[str]:
        return {denied.rule for denied in Gate().denials(change, self.fence.context())}

    def narrow(self, change: Change) -> bool | None:
        """Whether an accepted verdict on this change would be a narrow one."""
        suite, known = Suite([self.bench]), Targets(self.baseline, tuple(self.targets), (), tuple(self.targets))
        accepted = verdict_on(self.baseline, self.targets, [], [self.bench.run_tests(RunRequest((), 5, 5), 60, change)])
        assert accepted.accepted, accepted.reasons
        budget = Budget(900.0, 10, lambda: 0.0)
        return Generality(suite, budget, strict=False).weighed(accepted, known, change).narrow

    def accepts(self, change: Change) -> bool:
        """The verdict of two runs like the real ones; the second cannot undo a problem in the first."""
        return not self.objections(change)

    def objections(self, change: Change) -> tuple[str, ...]:
        """The reasons against a patch, in the first of the two runs that gives some."""
        runs: list[SuiteReport] = []
        context = self.fence.context()
        kept = kept_in(context, self.baseline)
        for request in differing(RunRequest((), 5, 5), self.baseline, self.targets, change):
            runs.append(self.bench.run_tests(request, 60, change, kept))
            verdict = verdict_on(self.baseline, self.targets, [], runs)
            verdict = rejected(verdict, meddling(change, self.bench.view, context, self.baseline, runs))
            if verdict.reasons:
                break
        return verdict.reasons


@contextmanager
def courts(
    folder: Path, files: Mapping[str, str], targets: Sequence[str], provider: SandboxProvider
) -> Iterator[Court]:
    """A court for a base of these files, in which the targets fail."""
    base, scratch = folder / "base", folder / "scratch"
    take_files(files, "a test", base)
    scratch.mkdir()
    view, pack = FolderView(base), PythonBuildpack()
    plan = pack.plan(view, PlanOptions(None))
    with prepared_environment(pack, plan, base, provider) as environment:
        bench = Bench(base, view, environment, Part("", pack), plan, provider, scratch)
        baseline = bench.run_tests(RunRequest((), 5, 5, canaries=True), 60)
        fence = Fence(view, [Part("", pack)], Config()).observing(baseline.touched)
        yield Court(files, bench, fence, baseline, targets)
