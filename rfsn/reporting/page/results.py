"""The results of a session: the suspects, the tests before and after, the patch and the alternatives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice

from buildpacks import CaseResult, SuiteReport
from buildpacks.view import FolderView
from gate import ApplyPatch, Denied, Patch, Verdict
from planners.observations import Batch, VerdictReached
from planners.search.localize import Suspect
from planners.targets import targets_of
from planners.trial import TrialOutcome
from rfsn.machine.text import counted
from rfsn.reporting.page.markup import Html, folded, lines, tag
from rfsn.reporting.report import diff_of, ranked_suspects
from rfsn.sessions.events import Observed, Proposed
from rfsn.sessions.record import Record

__all__ = ["alternatives", "diff", "suspects", "tests"]

_SUSPECTS = 20
_LISTED = 500
_ALTERNATIVES = 10


def suspects(record: Record) -> Html:
    """The most suspicious lines, each with its score and its text."""
    if record.projection.state.spectrum is None:
        return tag("p", "The session did not get this far.")
    ranked = ranked_suspects(record)
    if not ranked:
        return tag("p", "No failing test ran a line of the source.")
    view = FolderView(record.base)
    head = tag("tr", *(tag("th", name) for name in ("#", "score", "line")))
    rows = (_suspect(place, suspect, view) for place, suspect in enumerate(ranked[:_SUSPECTS], 1))
    caption = f"The first {min(len(ranked), _SUSPECTS)} of {counted(len(ranked), 'suspicious line')}"
    return tag("div", tag("table", tag("caption", caption), head, *rows), class_="wide")


def _suspect(place: int, suspect: Suspect, view: FolderView) -> Html:
    try:
        source = view.read(suspect.path).splitlines()[suspect.line - 1].decode(errors="replace")
    except (FileNotFoundError, IndexError):
        source = ""
    share = f"width:{100 * min(1.0, suspect.score):.0f}%"
    return tag(
        "tr",
        tag("td", str(place), class_="number"),
        tag("td", f"{suspect.score:.2f}", tag("span", class_="bar", style=share), class_="number"),
        tag(
            "td",
            tag("code", f"{suspect.path}:{suspect.line}", class_="place"),
            tag("code", source.strip(), class_="source"),
        ),
    )


def tests(record: Record) -> Html:
    """The tests on the base, and under the patch of the last verdict."""
    state = record.projection.state
    if state.baseline is None:
        return tag("p", "The tests did not run.")
    if state.baseline.problem:
        return tag("p", "The tests could not run: ", lines(state.baseline.problem))
    report = record.blobs.report(state.baseline.report)
    failing = [case for case in report.cases if case.outcome.failing]
    after = _after(record, report)
    parts = [_counts(report, state.last_verdict)]
    if state.baseline.note:
        parts.append(tag("p", lines(state.baseline.note)))
    if failing:
        head = tag("tr", *(tag("th", name) for name in ("failing test", "before", "after")))
        rows = [_row(case, after) for case in failing[:_LISTED]]
        parts.append(
            _perhaps_folded(tag("table", head, *rows), len(failing), f"the {counted(len(failing), 'failing test')}")
        )
        parts.append(_left_out(len(failing)))
    if state.last_verdict and state.last_verdict.broken:
        parts.append(tag("h3", "Passed before, fail now"))
        parts.append(_ids(list(state.last_verdict.broken)))
    passed = [case.id for case in report.cases if not case.outcome.failing]
    if passed:
        parts.append(folded(f"{counted(len(passed), 'other test')}", _ids(passed), _left_out(len(passed))))
    return tag("div", *parts)


def _after(record: Record, report: SuiteReport) -> Mapping[str, str]:
    """How each failing test ends under the patch, as far as that is known."""
    known = targets_of(record.projection.state, record.blobs, record.config.target)
    targets, unstable = frozenset(known.all), frozenset(known.unstable)
    verdict = record.projection.state.last_verdict
    fixed = frozenset(verdict.fixed) if verdict else frozenset()

    def result(id: str) -> str:
        if id in unstable:
            return "unstable: left out"
        if id not in targets:
            return "not a target"
        if verdict is None or verdict.unfinished:
            return "no verdict"
        return "passes" if id in fixed else "fails"

    return {case.id: result(case.id) for case in report.cases}


def _counts(report: SuiteReport, verdict: Verdict | None) -> Html:
    outcomes = Counter(str(case.outcome) for case in report.cases)
    before = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common())
    counts = [tag("strong", "Before: "), f"{before or 'no tests'}."]
    if verdict is not None:
        result = verdict.result
        changed = f"{len(verdict.fixed)} fixed, {len(verdict.unfixed)} not fixed, {len(verdict.broken)} broken"
        runs = counted(verdict.runs, "cold run")
        counts += [
            tag("br"),
            tag("strong", "After: "),
            f"{changed}; {result} after {runs} (basis: {verdict.basis}).",
        ]
    return tag("p", *counts)


def _row(case: CaseResult, after: Mapping[str, str]) -> Html:
    name = [tag("code", case.id)]
    if case.message:
        name.append(folded("message", tag("pre", lines(case.message))))
    kind = "good" if after[case.id] == "passes" else "bad" if after[case.id] == "fails" else "plain"
    return tag(
        "tr", tag("td", *name), tag("td", str(case.outcome), class_="bad"), tag("td", after[case.id], class_=kind)
    )


def _perhaps_folded(content: Html, length: int, summary: str) -> Html:
    content = tag("div", content, class_="wide")
    return content if length <= _SUSPECTS else folded(summary, content)


def _left_out(length: int) -> Html:
    return tag("p", f"{length - _LISTED} more are left out here.") if length > _LISTED else Html("")


def _ids(ids: list[str]) -> Html:
    return tag("ul", *(tag("li", tag("code", id)) for id in ids[:_LISTED]), class_="ids")


def diff(text: str) -> Html:
    """A diff with its lines coloured."""
    drawn = []
    inside = False
    for line in text.removesuffix("\n").split("\n"):
        if line.startswith("@@"):
            inside, kind = True, "hunk"
        elif line.startswith("diff --git"):
            inside, kind = False, "file"
        else:
            kind = {"+": "add", "-": "del"}.get(line[:1], "same") if inside else "file"
        drawn.append(tag("span", lines(line + "\n"), class_=kind))
    return tag("pre", *drawn, class_="diff")


def alternatives(record: Record) -> Html:
    """Every patch that passed the tests or was applied, but is not the result: why not, and its diff."""
    known = dict(_patches(record))
    if verified := record.projection.state.verified:
        known.pop(verified[0], None)
    if not known:
        return tag("p", "No other patch passed the tests.")
    shown = (
        tag("li", note, folded("diff", diff(diff_of(record, patch))))
        for patch, note in islice(known.items(), _ALTERNATIVES)
    )
    more = len(known) - _ALTERNATIVES
    return tag("div", tag("ol", *shown), tag("p", f"{more} more are left out here.") if more > 0 else Html(""))


def _patches(record: Record) -> Iterator[tuple[Patch, str]]:
    """Patches, each with a note; a later note on a patch replaces an earlier one."""
    names: dict[Patch, str] = {}
    proposed: Proposed | None = None
    applied: Patch | None = None
    for entry in record.entries():
        match entry.event:
            case Proposed() as proposed:
                pass
            case Observed(observation=Batch() as batch):
                for trial in (*batch.plausible, *batch.partial):
                    names[trial.patch] = f"number {trial.index}, {trial.operator} at {trial.location}"
                    partial = trial.outcome is TrialOutcome.PARTIAL
                    passed = f"partial: {counted(len(trial.fixed), 'target')}" if partial else "passed a cold run"
                    yield trial.patch, f"{names[trial.patch]}: {passed}, without a verdict"
            case Observed(observation=VerdictReached(verdict)) if applied is not None:
                note = verdict.result
                note += f": {'; '.join(verdict.reasons)}" if verdict.reasons else ""
                yield applied, f"{names.get(applied, 'a proposed patch')}: {note}"
            case Observed() if (
                proposed is not None
                and isinstance(proposed.proposal.action, ApplyPatch)
                and not isinstance(proposed.decision, Denied)
            ):
                applied = proposed.proposal.action.patch
                yield applied, f"{names.get(applied, 'a proposed patch')}: applied, without a verdict"
