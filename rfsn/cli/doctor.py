"""`rfsn doctor`: the checks of this machine, printed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from rich import box
from rich.table import Table
from rich.text import Text

from rfsn.doctor import Check, Level, diagnose
from rfsn.machine.terminal import console, give_json, output, tell
from rfsn.machine.text import one_line

__all__ = ["doctor"]

_STYLES = {Level.OK: "green", Level.WARNING: "yellow", Level.PROBLEM: "bold red"}
_UNFIT = 3


def doctor(*, as_json: bool) -> int:
    """Show every check; the exit code is 0 if `rfsn repair` can work here, else 3."""
    checks = diagnose()
    fit = all(check.level is not Level.PROBLEM for check in checks)
    if as_json:
        give_json({"status": "ok" if fit else "problem", "checks": [asdict(check) for check in checks]})
    elif output().isatty():
        _show_table(checks)
    else:
        _show_lines(checks)
    if not as_json:
        tell("rfsn can repair here" if fit else "rfsn cannot repair here: see the problems above")
    return 0 if fit else _UNFIT


def _show_table(checks: Sequence[Check]) -> None:
    table = Table("check", "", box=box.SIMPLE_HEAD)
    table.add_column("result, and what to do", overflow="fold")
    for check in checks:
        found = Text(one_line(check.found))
        if check.fix:
            found.append(f"\n{one_line(check.fix)}", style="bold")
        table.add_row(check.name, Text(check.level, style=_STYLES[check.level]), found)
    console(output()).print(table)


def _show_lines(checks: Sequence[Check]) -> None:
    for check in checks:
        fix = f" -> {check.fix}" if check.fix else ""
        tell(f"{check.level:<8} {check.name:<16} {check.found}{fix}")
