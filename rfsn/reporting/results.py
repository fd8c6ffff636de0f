"""The files that a session leaves in its folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rfsn.machine.files import remove_partials, storing, write_whole
from rfsn.machine.home import resume_command
from rfsn.machine.text import to_json
from rfsn.reporting.evidence import write_evidence
from rfsn.reporting.report import report_of
from rfsn.sessions.record import Record

__all__ = ["regenerate", "write_results"]


def write_results(record: Record) -> dict[str, Any]:
    """Write `report.json`, `report.html` and `patch.diff` if a patch was verified, else `best.diff`; return the report.

    All are made only from the journal, its blobs and the snapshot: writing them again gives the same. Raises
    `StorageError` if the disk is full.
    """
    remove_partials(record.folder)
    with storing(record.folder, f"write the results again with: {resume_command(record.folder)}"):
        report = _write_results(record)
        if record.projection.ended is not None:
            write_evidence(record)
    return report


def regenerate(folder: Path) -> dict[str, Any]:
    """Write the results of the session in `folder` again, even while it is running."""
    return _write_results(Record.read(folder))


def _write_results(record: Record) -> dict[str, Any]:
    from rfsn.reporting.page import page_of  # noqa: PLC0415  # only the end of a session needs it

    report = report_of(record)
    if report["patch"]:
        write_whole(record.folder / "patch.diff", report["patch"])
    if report["best"]:
        write_whole(record.folder / "best.diff", report["best"]["patch"])
    write_whole(record.folder / "report.json", to_json(report, indent=2) + "\n")
    write_whole(record.folder / "report.html", page_of(record, report))
    return report
