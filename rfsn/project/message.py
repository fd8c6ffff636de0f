"""The name of a repair: in the message of its commit, and in the title of its report.

Names come from a repository that others wrote: each is put on one line, with invisible characters escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import takewhile
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from gate import ApplyPatch, Change, Denied, FileChange, Patch
from planners.observations import Batch, VerdictReached
from planners.search.language import Function
from planners.search.registry import LANGUAGES, OPERATORS, language_of
from rfsn.machine.text import counted, one_line
from rfsn.sessions.events import Observed, Proposed
from rfsn.sessions.record import Record

__all__ = ["commit_message", "name_of_source", "place_of_fault"]

_MAX_LISTED = 20
_MAX_FILES_NAMED = 2
_INTRODUCED = re.compile(r"\b(?:def|func|function|fn|fun|sub)\s+(?:\([^)]*\)\s*)?(\w+)")
_BEFORE_PARENTHESIS = re.compile(r"(\w+)\s*\(")
_DESCRIPTIONS = {operator.id: operator.description for operator in OPERATORS}


def commit_message(record: Record, change: Change, inner: str = "") -> str:
    """The message of a commit with the verified patch: what it fixes, by which edits, in which session.

    `inner` is the folder of the repository that was repaired; empty if that is all of it.
    """
    verified = record.projection.state.verified
    fixed = verified[1].fixed if verified else ()
    pass_now = "1 failing test passes" if len(fixed) == 1 else f"{len(fixed)} failing tests pass"
    listed = [f"- {one_line(id)}" for id in fixed[:_MAX_LISTED]]
    if more := len(fixed) - len(listed):
        listed.append(f"- and {more} more")
    edits = [f"- {edit}" for edit in _edits(record)]
    paragraphs = [
        [f"Fix {place_of_fault(change, inner)}: {pass_now}"],
        ["Failed before, and pass now:", "", *listed],
        *([["What was changed:", "", *edits]] if edits else []),
        [f"Found and verified by rfsn, in the session {one_line(record.started.session)}."],
    ]
    return "\n\n".join("\n".join(lines) for lines in paragraphs) + "\n"


def place_of_fault(change: Change, inner: str = "") -> str:
    """Where a change within the folder `inner` is: the function and the file if it is one function, else the files."""
    paths = sorted(change.files)
    if len(paths) > _MAX_FILES_NAMED:
        return counted(len(paths), "file")
    function = _function_of(paths[0], change.files[paths[0]]) if len(paths) == 1 else ""
    files = " and ".join(one_line(f"{inner}/{path}" if inner else path) for path in paths)
    return f"{function} in {files}" if function else files


def name_of_source(source: str) -> str:
    """The name of a repository: the end of its path or URL."""
    path = urlsplit(source).path if "://" in source else source
    return one_line(PurePosixPath(path.rstrip("/")).name.removesuffix(".git") or source)


def _function_of(path: str, file: FileChange) -> str:
    """The one function that contains a change of a file; empty if there is none, or no language reads the file."""
    language = language_of(path, LANGUAGES)
    if language is None or file.before is None or file.after is None:
        return ""
    parsed = language.parse(path, file.before, {}, tuple)
    changed = _changed_lines(file.before, file.after)
    around = [function for function in (parsed.functions if parsed else ()) if _holds(function, changed)]
    if not around:
        return ""
    innermost = max(around, key=lambda function: function.line)
    lines = file.before.decode(errors="replace").splitlines()[innermost.line - 1 : innermost.body.stop]
    names = (_INTRODUCED.search(line) or _BEFORE_PARENTHESIS.search(line) for line in lines if line.lstrip()[:1] != "@")
    return next((name[1] for name in names if name), "")


def _holds(function: Function, lines: range) -> bool:
    return function.line <= lines.start and lines.stop <= function.body.stop


def _changed_lines(before: bytes, after: bytes) -> range:
    """The lines from the first that differs to the last, by their numbers before the change."""
    old, new = before.splitlines(), after.splitlines()
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))
    most = min(len(old), len(new)) - same
    backwards = zip(reversed(old), reversed(new), strict=False)
    same_after = min(most, sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], backwards)))
    return range(same + 1, max(len(old) - same_after, same + 1) + 1)


def _edits(record: Record) -> Iterator[str]:
    """The edits that a verdict accepted or kept: where they are, and what their operators do."""
    made: dict[Patch, tuple[str, str]] = {}
    applied: Patch | None = None
    for entry in record.entries():
        match entry.event:
            case Observed(observation=Batch(notable=notable)):
                made |= {trial.patch: (trial.operator, trial.location) for trial in notable}
            case Proposed(proposal=proposal, decision=decision) if not isinstance(decision, Denied):
                if isinstance(proposal.action, ApplyPatch):
                    applied = proposal.action.patch
            case Observed(observation=VerdictReached(verdict)) if verdict.accepted or verdict.partly:
                if applied is None or applied not in made:
                    continue
                operator, location = made[applied]
                known = "; ".join(_DESCRIPTIONS.get(part, part).rstrip(".") for part in operator.split("+"))
                yield one_line(f"{location}: {known} ({operator})")
