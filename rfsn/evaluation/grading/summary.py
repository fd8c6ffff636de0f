"""What comes of a grading run as a whole: its report, and a line that adds up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rfsn.evaluation.grading.folder import Known
from rfsn.evaluation.grading.run_report import Ended, run_report
from rfsn.machine.text import counted

__all__ = ["report_on", "summary"]


def report_on(
    ids: Sequence[str], patches: Mapping[str, Mapping[str, str]], repeat: int, known: Sequence[Known]
) -> dict[str, Any]:
    """The report of the run on these rows: on the predictions, or of a check on the gold patches.

    `patches` are those that were to be graded, by kind and instance, each `repeat` times.
    """
    main = next(iter(patches))
    grades: dict[str, dict[str, list[Known]]] = {kind: {} for kind in patches}
    for grade in known:
        if grade.kind in grades and grade.number <= repeat and grade.instance_id in ids:
            grades[grade.kind].setdefault(grade.instance_id, []).append(grade)
    ended = {id: _ended(each) for id, each in grades[main].items()}
    report = run_report(ids, patches[main], ended)
    chosen = [grade for each in grades.values() for of_instance in each.values() for grade in of_instance]
    report["output_basis_ids"] = sorted({grade.instance_id for grade in chosen if grade.basis == "output"})
    report["reasons"] = {grade.instance_id: grade.reason for grade in chosen if grade.kind == main and grade.reason}
    if repeat > 1:
        report["flaky_ids"] = sorted(
            {each[0].instance_id for kind in grades.values() for each in kind.values() if _differ(each)}
        )
    if "empty" in patches:
        tried = {id: _ended(each) for id, each in grades["empty"].items()}
        report["gold_not_resolved_ids"] = sorted({*ids} - {*report["resolved_ids"]})
        report["empty_resolved_ids"] = sorted(id for id, end in tried.items() if end.resolved)
        report["empty_not_run_ids"] = sorted(id for id in ids if not tried.get(id, Ended(completed=False)).completed)
    return report


def _ended(grades: Sequence[Known]) -> Ended:
    """How all gradings of one prediction ended: as the worst of them."""
    worst = min(grades, key=lambda grade: (grade.status == "resolved", grade.report is not None, -grade.number))
    return Ended(
        completed=worst.report is not None,
        resolved=worst.status == "resolved",
        cause=worst.cause,
        of_machine=worst.status == "infra_failure",
    )


def _differ(grades: Sequence[Known]) -> bool:
    first = grades[0]
    return any((grade.status, grade.report) != (first.status, first.report) for grade in grades[1:])


def summary(report: Mapping[str, Any]) -> str:
    """How many instances ended in each way, which adds up; what is counted once more is in brackets."""
    ways, again = (
        ", ".join(f"{name.replace('_', ' ')} {len(report[f'{name}_ids'])}" for name in names if f"{name}_ids" in report)
        for names in (
            ("resolved", "unresolved", "empty_patch", "error", "incomplete"),
            ("infra_failure", "ambiguous_failure", "empty_resolved", "flaky"),
        )
    )
    return f"{counted(report['total_instances'], 'instance')}: {ways} ({again})"
