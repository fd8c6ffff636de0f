"""Whether the tests of a patched tree were those of the base, while they ran too: else their results say nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from posixpath import basename, dirname

from buildpacks import Outcome, RepoView, SuiteReport
from gate import Change, Context, is_protected
from rfsn.project.testside import test_side
from rfsn.trials.rewriting import Kept

__all__ = ["kept_in", "meddling", "refused"]

_NAMED = 5
_REFUSED = "Read-only file system"


def kept_in(context: Context, baseline: SuiteReport) -> Kept:
    """What is read-only in a run of a patched tree: the test side, but for what the base's own run wrote to."""
    written = {path for path, _ in baseline.rewritten} | {*baseline.touched.written}
    return Kept(lambda path: _is_kept(path, context), frozenset(written))


def meddling(
    change: Change | None, view: RepoView, context: Context, baseline: SuiteReport, runs: Sequence[SuiteReport]
) -> Iterator[str]:
    """Why runs of a patched tree do not count: the patch changes what belongs to the tests, or they changed it."""
    files = change.files if change else {}
    if changed := sorted(path for path, file in files.items() if is_protected(path, file, context)):
        yield f"the patch changes what belongs to the tests: {_listed(changed)}"
    for number, run in enumerate(runs, 1):
        written = [
            (path, what)
            for path, what in run.rewritten
            if not path.endswith("/") and (path, what) not in baseline.rewritten
        ]
        if found := [f"{path} ({what})" for path, what in written if not path or _is_kept(path, context)]:
            yield f"run {number}: the test side is not as it was before: {_listed(found)}"
        if used := sorted(path for path in _used_by_tests(run, view, context) if path in files):
            yield f"run {number}: the patch changes what the tests use for themselves: {_listed(used)}"
        if change and (shadows := [f"{new} for {old}" for old, new in _shadowed(run, change, context, baseline)]):
            yield f"run {number}: a new module was loaded for one of the tests: {_listed(shadows)}"
        if readers := sorted(_readers(run).intersection(files) - _readers(baseline)):
            yield f"run {number}: code that the patch changes reads the sources of tests: {_listed(readers)}"
        if refused(run):
            yield f"run {number}: files of the tests cannot be written to; --allow-path GLOB lets tests write to some"


def refused(run: SuiteReport) -> bool:
    """Whether a test failed because it could not write to what is read-only."""
    return any(_REFUSED in case.message for case in run.cases if case.outcome in {Outcome.FAILED, Outcome.ERROR})


def _is_kept(path: str, context: Context) -> bool:
    return context.protected(path) and not context.lifted(path)


def _used_by_tests(run: SuiteReport, view: RepoView, context: Context) -> frozenset[str]:
    """The files that the tests used as their own in a run, which the base's run did not show."""
    seen = test_side(view, context.protected, run.touched).files
    return frozenset(path for path in seen if not context.lifted(path))


def _readers(run: SuiteReport) -> frozenset[str]:
    """The files of the tree that open a file whose tests ran, as data: answers can be read there."""
    return frozenset(by for path, by in run.touched.opened if path in run.touched.collected and path != by)


def _shadowed(run: SuiteReport, change: Change, context: Context, baseline: SuiteReport) -> Iterator[tuple[str, str]]:
    """The modules of the tests that were loaded on the base and not here, each with a new one of its name that was."""
    loaded = {path for path, _ in run.touched.imported}
    new = {_module(path): path for path, file in change.files.items() if file.before is None and path in loaded}
    for path in sorted({path for path, _ in baseline.touched.imported} - loaded):
        if context.protected(path) and _module(path) in new:
            yield path, new[_module(path)]


def _module(path: str) -> str:
    """The last part of a module's name."""
    name = basename(path).partition(".")[0]
    return basename(dirname(path)) if name == "__init__" else name


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_NAMED])
    return shown if len(names) <= _NAMED else f"{shown} and {len(names) - _NAMED} more"
