"""The files that a session leaves in its folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rfsn.machine.files import remove_partials, storing, write_whole
from rfsn.machine.home import resume_command
from rfsn.machine.text import to_json
from rfsn.reporting.evidence import evidence_of, write_evidence
from rfsn.reporting.report import report_of
from rfsn.sessions.record import Record

__all__ = ["RESULTS", "regenerate", "results_of", "write_results"]

RESULTS = ("patch.diff", "best.diff", "report.json", "report.html")
"""The files that a session may leave, besides its evidence."""


def write_results(record: Record) -> dict[str, Any]:
    """Write `report.json`, `report.html` and `patch.diff` if a patch was verified, else `best.diff`; return the report.

    All are made only from the journal, its blobs and the snapshot: writing them again gives the same. Raises
    `StorageError` if the disk is full.
    """
    remove_partials(record.folder)
    with storing(record.folder, f"write the results again with: {resume_command(record.folder)}"):
        report, files = _write_results(record)
        if record.projection.ended is not None:
            write_evidence(record, evidence_of(record, files))
    return report


def regenerate(folder: Path) -> dict[str, Any]:
    """Write the results of the session in `folder` again, even while it is running."""
    return _write_results(Record.read(folder))[0]


def results_of(record: Record, report: dict[str, Any]) -> dict[str, bytes]:
    """The files that a session leaves, besides its evidence, by name: the same wherever its folder is."""
    from rfsn.reporting.page import page_of  # noqa: PLC0415  # only the end of a session needs it

    kept = {key: value for key, value in report.items() if key != "folder"} | {"session": record.started.session}
    texts = {
        "patch.diff": report["patch"],
        "best.diff": report["best"]["patch"] if report["best"] else None,
        "report.json": to_json(kept, indent=2) + "\n",
        "report.html": page_of(record, report),
    }
    return {name: text.encode("utf-8", "surrogateescape") for name, text in texts.items() if text}


def _write_results(record: Record) -> tuple[dict[str, Any], dict[str, bytes]]:
    report = report_of(record)
    files = results_of(record, report)
    for name in RESULTS:
        if name in files:
            write_whole(record.folder / name, files[name])
        else:  # of the time before the session went on
            (record.folder / name).unlink(missing_ok=True)
    return report, files
