"""Running an evaluation: instances in parallel, each a session with one worker."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from rfsn.config import Config
from rfsn.errors import JournalError, UsageError
from rfsn.evaluation.crew import WORKER, Crew, Doing
from rfsn.evaluation.formats import Dataset, opened_dataset, read_environments, shown
from rfsn.evaluation.jobs import Job, source_of
from rfsn.evaluation.page import write_page
from rfsn.evaluation.results import Results, Summary
from rfsn.evaluation.spending import Spending
from rfsn.evaluation.view import View
from rfsn.machine.files import storing
from rfsn.models.cards import cards_of
from rfsn.models.purse import Purse, SharedPurse
from rfsn.sessions.outcome import EXIT_CODES
from rfsn.sessions.record import JOURNAL, Record
from sandbox import is_marked, remove_marked

__all__ = ["Evaluation", "Selection", "run_evaluation"]


@dataclass(frozen=True, slots=True)
class Selection:
    """Which instances to run: the first `limit`, only those in `only`, and those with a status in `retry` again."""

    limit: int | None = None
    only: tuple[str, ...] = ()
    retry: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How the instances of a data set are run.

    `repos` is the folder of clones that rows with a `base_commit` need, as owner/name, owner__name or owner+name;
    `environments` a file that says what rows leave open. With `tests` hidden, sessions get the problem statement
    instead of the failing tests. No instance is begun `total_s` seconds after the start. `ray` is the address of a
    cluster whose nodes do the work. `worker` is the command of another kind of worker, to measure all but the repairs.
    """

    workers: int = 1
    repos: Path | None = None
    environments: Path | None = None
    tests: Literal["given", "hidden"] = "given"
    total_s: float = float("inf")
    ray: str | None = None
    worker: tuple[str, ...] = WORKER


class _Crew(Protocol):
    """Who does the work (`Crew`, `RayCrew`)."""

    def run(self, jobs: Iterator[Job], until: float) -> Generator[dict[str, Any]]:
        """The row of each job as it ends."""

    def doing(self) -> Sequence[Doing]:
        """What is being done."""


def run_evaluation(
    dataset: str,
    config: Config,
    out: Path | None,
    selection: Selection,
    how: Evaluation | None = None,
    *,
    ended: Callable[[Path], None] = lambda _: None,
    quiet: bool = False,
) -> dict[str, Any]:
    """Repair every chosen instance that has no result in `out` yet, and return the totals.

    `config.max_cost` is what models may cost in all instances, those of earlier runs included. `ended` gets the folder
    of each session that has ended. The page `report.html` is written at the end, also of a run that is interrupted.
    Raises `UsageError` for a data set that cannot be read, an unknown instance, or an `out` that is not this
    evaluation's, and `StorageError` if the disk is full: the same evaluation continues once there is space.
    """
    how = how or Evaluation()
    config = config.model_copy(update={"memory": False})  # an instance must not depend on those before it
    if how.tests == "hidden" and not cards_of(config).all:
        raise UsageError("--tests hidden needs a model: without failing tests there is nothing to search for")
    place = _place(out, dataset)
    began = time.monotonic()
    with (
        opened_dataset(dataset, read_environments(how.environments)) as rows,
        storing(place, "start the same command again"),
    ):
        if how.tests == "hidden" and rows.inline:
            raise UsageError(f"--tests hidden: {rows.inline} is an inline row, whose tests are files of the project")
        if how.repos is not None and not how.repos.is_dir():
            raise UsageError(f"--repos {how.repos}: there is no such folder")
        chosen = _chosen(rows, selection)
        identity = {"dataset": rows.digest, "tests": how.tests}
        with closing(Results(place, config, identity)) as results:
            spending = Spending(place, results.sessions()) if cards_of(config).all else None
            todo = _todo(chosen, selection.retry, results, spending)
            purse = SharedPurse(config.max_cost, spending.total_usd()) if spending else None
            crew = _crew(how, purse)
            jobs = _jobs(rows, todo, config, how, results, spending)
            statuses = results.statuses()
            known = [statuses[id] for id in chosen if id in statuses]
            view = View(place, len(chosen), known, crew.doing, purse, quiet=quiet)
            try:
                with view, closing(crew.run(jobs, began + how.total_s)) as done:
                    for row in done:
                        results.add(row)
                        view.ended(row)
                        ended(Path(row["session"]))
            finally:
                if spending is not None and purse is not None:
                    spending.keep_lost(purse.spent_usd)
                page = write_page(place)
                ran = results.statuses().keys() | {*chosen}
                results.write_report([id for id in rows.ids if id in ran])
            summary = Summary()
            for row in results.rows(chosen):
                summary.add(row)
            totals = summary.totals(time.monotonic() - began, purse.spent_usd if purse else None, len(chosen))
            view.finished(results.rows(chosen), totals, page)
    return {**totals, "out": str(place), "report": str(page)}


def _crew(how: Evaluation, purse: Purse | None) -> _Crew:
    """Who does the work."""
    if how.ray is None:
        return Crew(how.workers, purse, how.worker)
    from rfsn.evaluation.ray_crew import RayCrew  # noqa: PLC0415  # an extra, and heavy

    return RayCrew(how.workers, purse, how.ray)


def _chosen(dataset: Dataset, selection: Selection) -> list[str]:
    ids = dataset.ids
    if unknown := set(selection.only) - set(ids):
        raise UsageError(f"{dataset.name} has no instance {', '.join(map(shown, sorted(unknown)))}")
    if unknown := set(selection.retry) - EXIT_CODES.keys():
        raise UsageError(f"--retry {shown(min(unknown))}: unknown status; known are {', '.join(EXIT_CODES)}")
    return [id for id in ids if not selection.only or id in selection.only][: selection.limit]


def _place(out: Path | None, dataset: str) -> Path:
    """The folder of the evaluation. A link is followed only if the user names it."""
    place = out or Path(f"rfsn-eval-{Path(dataset.partition(':')[0]).stem}")
    if out is None and place.is_symlink():
        raise UsageError(f"{place} is a symbolic link: name the folder with --out")
    return place


def _todo(chosen: Sequence[str], retry: Collection[str], results: Results, spending: Spending | None) -> list[str]:
    """The instances to run. The results of those that are tried again are dropped, and their sessions.

    Raises `UsageError` if a session would replace something that rfsn did not make.
    """
    known = results.statuses()
    again = {id for id in chosen if known.get(id) in retry}
    kept = known.keys() - again
    todo = [id for id in chosen if id not in kept]
    for folder in (results.sessions() / id for id in todo):
        if os.path.lexists(folder) and not is_marked(folder):
            raise UsageError(f"{folder} is in the way, and rfsn did not make it: move it away, or choose another --out")
    for id in again:
        if spending is not None:
            spending.keep(id)
        remove_marked(results.sessions() / id)
    results.keep_only(kept)
    return todo


def _jobs(
    dataset: Dataset,
    todo: Sequence[str],
    config: Config,
    how: Evaluation,
    results: Results,
    spending: Spending | None,
) -> Iterator[Job]:
    """The jobs, each made when it is its turn. A session that was cut off goes on."""
    for id in todo:
        instance = dataset.instance(id)
        hidden = how.tests == "hidden"
        folder = results.sessions() / id
        resumed = _resumable(folder, id)
        if spending is not None and not resumed:
            spending.keep(id)
        yield Job(instance, config, folder, how.repos, hidden=hidden, resumed=resumed, sessions=how.workers)


def _resumable(folder: Path, id: str) -> bool:
    """Whether a folder has a session of this instance whose journal can be read."""
    if not (folder / JOURNAL).is_file():
        return False
    try:
        started = Record(folder).projection.started
    except JournalError:
        return False
    return started is not None and started.source == source_of(id)
