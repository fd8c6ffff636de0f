"""What the user sees of an evaluation or a grading: a live table on a terminal, a line for each result elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from rich.console import RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from rfsn.machine.terminal import console as console_on
from rfsn.machine.terminal import errors
from rfsn.machine.text import one_line
from rfsn.models.purse import Purse

__all__ = ["Activity", "View"]

_REFRESHES_PER_SECOND = 2
_BAR_WIDTH = 30
_MOST_ROWS = 200
_MOST_REASON = 300
_APART = {"seconds", "cpu_seconds", "cost_usd"}
"""The totals that are not counts of instances."""


class Activity(Protocol):
    """What a worker does: on what, since when (`time.monotonic`), and which step in words."""

    @property
    def name(self) -> str:
        """What it is done on: an instance."""

    @property
    def since(self) -> float:
        """When it began."""

    @property
    def step(self) -> str:
        """What is done; empty before it begins."""


class View:
    """Shows how many of `total` have ended, some of them `earlier` (by status), and what each worker does.

    They are instances or gradings (`what`); those with the status `good` are counted apart. `place` is the folder of
    the results.
    """

    def __init__(
        self,
        place: Path,
        total: int,
        earlier: Sequence[str],
        doing: Callable[[], Sequence[Activity]],
        purse: Purse | None = None,
        *,
        quiet: bool,
        what: str = "instances",
        good: str = "repaired",
    ) -> None:
        self._place, self._total, self._before, self._doing, self._purse = place, total, len(earlier), doing, purse
        self._quiet, self._what, self._good = quiet, what, good
        self._console = console_on(errors(), quiet=quiet)
        self._done = 0
        self._good_ones = earlier.count(good)
        self._began = time.monotonic()
        self._open = ExitStack()

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            live = Live(
                get_renderable=self._table,
                console=self._console,
                refresh_per_second=_REFRESHES_PER_SECOND,
                transient=True,
                redirect_stdout=False,  # what goes there is already escaped
                redirect_stderr=False,
            )
            self._open.enter_context(live)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()
        if kind is KeyboardInterrupt:
            ended = f"{self._before + self._done} of {self._total} {self._what} have ended"
            self.tell(f"stopped: {ended}; the same command goes on; results: {self._place}")

    def ended(self, row: Mapping[str, Any]) -> None:
        """Count a result."""
        self._done += 1
        self._good_ones += row["status"] == self._good
        if not self._console.is_terminal:
            why = f": {_first_line(row['reason'])}" if row["reason"] and row["status"] != "repaired" else ""
            self.tell(f"{row['instance_id']}: {row['status']} in {row['seconds']:.1f} s{why}")

    def finished(self, rows: Iterable[Mapping[str, Any]], totals: Mapping[str, Any], page: Path) -> None:
        """Show where the page is, on a terminal the results, if they are few enough to read, and the totals."""
        if self._quiet:
            return
        self.tell(f"report: {page}")
        if totals["total"] <= _MOST_ROWS:
            self.listed(rows, "candidates")
        if "left" in totals:
            self.tell("stopped by --total-timeout: the same command goes on")
        counts = ", ".join(f"{key} {value}" for key, value in totals.items() if key not in _APART)
        cost = f"; {totals['cost_usd']:.4f} USD for models" if "cost_usd" in totals else ""
        self.tell(f"{counts}; {totals['seconds']:.0f} s now, {totals['cpu_seconds']:.0f} CPU s in all{cost}")
        if totals["total"] and totals.get("infra_error") == totals["total"]:
            self.tell("no repair was started: the problem is the machine or the data set; try: rfsn doctor")

    def listed(self, rows: Iterable[Mapping[str, Any]], *more: str) -> None:
        """Show results in a table, with `more` columns, if this is a terminal: elsewhere each had a line."""
        if not self._console.is_terminal:
            return
        table = Table("instance", "status", "seconds", *more, "reason")
        for row in islice(rows, _MOST_ROWS):
            cells = (row["instance_id"], row["status"], f"{row['seconds']:.1f}", *(row[name] for name in more))
            table.add_row(*map(_cell, (*cells, _first_line(row["reason"]))))
        self._console.print(table)

    def _table(self) -> RenderableType:
        ended, now = self._before + self._done, time.monotonic()
        table = Table.grid(padding=(0, 2))
        bar = Table.grid(padding=(0, 1))
        left = ""
        if self._done and ended < self._total:
            left = f", about {_duration((now - self._began) / self._done * (self._total - ended))} left"
        state = f"{ended} of {self._total}, {self._good} {self._good_ones}, in {_duration(now - self._began)}"
        bar.add_row(ProgressBar(total=self._total, completed=ended, width=_BAR_WIDTH), Text(f"{state}{left}"))
        table.add_row(Text("done", style="bold"), bar)
        if self._purse is not None:
            spent = f"{self._purse.spent_usd:.4f} of {self._purse.cap_usd:g} USD"
            table.add_row(Text("models", style="bold"), Text(spent))
        for doing in self._doing():
            text = one_line(f"{_duration(now - doing.since)}  {doing.step or 'waits'}")
            table.add_row(_cell(doing.name), Text(text, overflow="ellipsis", no_wrap=True))
        return table

    def tell(self, line: str) -> None:
        """Print a line without wrapping it at the console's width: a program may read it."""
        self._console.print(Text(one_line(line)), soft_wrap=True)


def _first_line(reason: object) -> str:
    line = str(reason).strip().partition("\n")[0]
    return line if len(line) <= _MOST_REASON else f"{line[:_MOST_REASON]}…"


def _cell(value: object) -> Text:
    return Text(one_line(str(value)))


def _duration(seconds: float) -> str:
    """Seconds in the two largest units that say something."""
    minutes, hours = divmod(round(seconds), 60), round(seconds) // 3600
    if hours:
        return f"{hours} h {round(seconds) % 3600 // 60:02} min"
    return f"{minutes[0]} min {minutes[1]:02} s" if minutes[0] else f"{minutes[1]} s"
