"""The live view on a terminal: the lines of the session, and below them its current state."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from planners.observations import Batch, Denial
from rfsn.cli.lines import line_of
from rfsn.machine.terminal import Outlet, console, laid_out
from rfsn.machine.text import one_line
from rfsn.sessions.events import Event, Observed, Started
from rfsn.sessions.projection import Projection
from rfsn.sessions.session import Session

__all__ = ["LiveView"]

_REFRESHES_PER_SECOND = 8
_BAR_WIDTH = 30


class LiveView:
    """A listener of a session that keeps a small table up to date while the session runs.

    All text is escaped and put into `Text` objects, so markup in the name of a test is shown as it is.
    """

    def __init__(self, session: Session, outlet: Outlet) -> None:
        self._session = session
        self._outlet = outlet
        self._console = console(outlet)
        self._doing = "starting"
        self._rate = 0.0
        self._denial = ""
        session.watchers.append(self._now)
        self._live = Live(
            get_renderable=self._table,
            console=self._console,
            refresh_per_second=_REFRESHES_PER_SECOND,
            transient=True,
            redirect_stdout=False,  # what goes there is already escaped
            redirect_stderr=False,
        )

    def __enter__(self) -> Self:
        self._console.print(Text(one_line(f"session {self._session.name}  ({self._session.folder})")), soft_wrap=True)
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def __call__(self, event: Event, projection: Projection) -> None:
        """Print the line of an event, if it has one, and update the table."""
        if text := line_of(event, projection, self._session.blobs):
            line = Text(laid_out(f"{self._session.journal.clock:7.1f} s  {text}", self._outlet.width))
            line.stylize("dim", 0, 9)
            self._console.print(line, soft_wrap=True)
        match event:
            case Started() if projection.pending is not None:
                self._doing = f"{projection.pending.phase}: {projection.pending.intent}"
            case Observed(observation=Batch() as batch) if batch.duration_s:
                self._rate = len(batch.outcomes) / batch.duration_s
            case Observed(observation=Denial(denied=denied)):
                self._denial = f"{denied.rule}: {denied.reason}"

    def _now(self, doing: str) -> None:
        self._doing = f"environment: {doing}"

    def _table(self) -> RenderableType:
        config, state = self._session.config, self._session.projection.state
        spent = min(self._session.journal.clock, config.time_limit)
        table = Table.grid(padding=(0, 2))
        bar = Table.grid(padding=(0, 1))
        clock = Text(f"{spent:.0f} of {config.time_limit:.0f} s, step {state.steps + 1} of {config.max_steps}")
        bar.add_row(ProgressBar(total=config.time_limit, completed=spent, width=_BAR_WIDTH), clock)
        table.add_row(Text("now", style="bold"), Text(one_line(self._doing), overflow="ellipsis", no_wrap=True))
        table.add_row(Text("budget", style="bold"), bar)
        table.add_row(Text("candidates", style="bold"), Text(f"{state.tried} tried, {self._rate:.0f}/s"))
        if self._session.projection.models is not None:
            cost = f"{self._session.projection.spent_usd:.4f} of {config.max_cost:g} USD"
            table.add_row(Text("models", style="bold"), Text(cost))
        table.add_row(
            Text("best so far", style="bold"), Text(one_line(self._best()), overflow="ellipsis", no_wrap=True)
        )
        if self._denial:
            table.add_row(
                Text("last denial", style="bold red"), Text(one_line(self._denial), overflow="ellipsis", no_wrap=True)
            )
        return table

    def _best(self) -> str:
        state = self._session.projection.state
        if state.applied is not None:
            return "a patch that is being verified"
        if state.plausible:
            return f"{state.plausible[0].operator} at {state.plausible[0].location}"
        if state.partial:
            return f"{state.partial[0].operator} at {state.partial[0].location} repairs {len(state.partial[0].fixed)}"
        if state.kept:
            verdict = state.kept.verdict
            return f"a patch for {len(verdict.fixed)} of {len(verdict.fixed + verdict.unfixed)} targets, verified"
        return "none passes yet"
