"""What the commands do, and what the user sees of it."""

from __future__ import annotations

import hashlib
import os
import shlex
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gate import UNREPAIRED
from rfsn.cli.lines import Lines
from rfsn.cli.notice import tell_destinations
from rfsn.compose import check_config, check_resumable, run_session
from rfsn.config import load_config
from rfsn.errors import InfraError, RfsnError, UsageError
from rfsn.machine.home import resume_command
from rfsn.machine.log import configure_logging, log
from rfsn.machine.terminal import errors, give_diff, give_json, say, tell
from rfsn.machine.text import counted
from rfsn.project.delivery import Delivery, delivered_before
from rfsn.project.issue import ISSUE, read_issue
from rfsn.replay import replay_session
from rfsn.sessions.outcome import EXIT_CODES
from rfsn.sessions.record import JOURNAL, Record
from rfsn.sessions.session import Session, session_folder
from rfsn.source.remote import Remote
from rfsn.source.source import place_of
from sandbox import SandboxError

__all__ = ["counting", "finish", "guarded", "measured", "repair", "replay", "resume"]

_AMBIGUITIES = 3
_FINDINGS = 3
"""How many findings the terminal shows; the report has all."""
_PATIENT = 2
"""Which Ctrl-C only prints a message: the second, while the first is still being handled."""


def repair(
    source: str,
    options: Mapping[str, Any],
    config_file: Path | None,
    out: Path | None,
    *,
    issue: Path | None,
    metrics_port: int | None,
    as_json: bool,
) -> int:
    """`rfsn repair`: a new session, with the text of an `issue` in its folder."""

    def run() -> int:
        config, files = load_config(options, config_file), {}
        if issue is not None:
            files = {ISSUE: read_issue(issue)}
            config = config.model_copy(update={"issue": hashlib.sha256(files[ISSUE]).hexdigest()})
        remote = Remote.parse(source)
        place = place_of(source, remote, config.ref)
        Delivery(place, config.apply, config.branch).check()
        cards = check_config(config)
        with measured(metrics_port) as follow:
            tell_destinations(cards, config, as_json=as_json)
            return finish(Session.create(place, config, out, files), follow, remote=remote, as_json=as_json)

    return guarded(run, as_json=as_json)


def resume(name: str, *, metrics_port: int | None, as_json: bool) -> int:
    """`rfsn resume`: a session that exists."""

    def run() -> int:
        with measured(metrics_port) as follow:
            session = Session.resume(session_folder(name))
            if session.taken_back:
                lost = counted(session.taken_back, "event")
                say(f"a power cut took files that the journal's end names: {lost} cut off, those steps are made again")
            if session.projection.ended is not None:
                say(_ended_before(session))
            else:
                _check(session, as_json=as_json)
            return finish(session, follow, as_json=as_json)

    return guarded(run, as_json=as_json)


def _check(session: Session, *, as_json: bool) -> None:
    """Refuse to continue a session whose models have no key now, or whose plugins are not here: that may change."""
    try:
        cards = check_resumable(session)
    except UsageError:
        session.close()
        raise
    tell_destinations(cards, session.config, as_json=as_json)


def _ended_before(session: Session) -> str:
    """The message for a session that has ended: how it ended, and what can be done now."""
    assert session.projection.started is not None
    assert session.projection.ended is not None
    ended = f"the session has already ended: {session.projection.ended.status.replace('_', ' ')}; nothing is run again"
    if before := delivered_before(session):
        return f"{ended}, and its patch was delivered then: {before}"
    return f"{ended}; for a new session: rfsn repair {shlex.quote(session.projection.started.source)}"


def replay(name: str, *, as_json: bool) -> int:
    """`rfsn replay`: whether the journal is consistent."""

    def run() -> int:
        result = replay_session(session_folder(name))
        if as_json:
            give_json({"agrees": not result.problems, "steps": result.steps, "problems": list(result.problems)})
        else:
            for line in result.problems or [f"{result.steps} steps replayed: planner, gate and states agree"]:
                tell(line)
        return 1 if result.problems else 0

    return guarded(run, as_json=as_json)


@contextmanager
def measured(port: int | None) -> Iterator[Callable[[Session], None]]:
    """Gives a function to call with each session; if there is a `port`, its metrics are served there meanwhile."""
    if port is None:
        yield lambda _session: None
        return
    from rfsn.reporting.exposition import serve  # noqa: PLC0415  # prometheus_client takes a tenth of a second
    from rfsn.reporting.metrics import Metrics  # noqa: PLC0415  # the same

    metrics = Metrics()
    with serve(metrics, port) as address:
        say(f"metrics: {address}")
        yield metrics.follow


@contextmanager
def counting(port: int | None) -> Iterator[Callable[[Path], None]]:
    """The same for sessions of other processes: the function takes the folder of one that has ended."""
    if port is None:
        yield lambda _folder: None
        return
    from rfsn.reporting.exposition import serve  # noqa: PLC0415  # prometheus_client takes a tenth of a second
    from rfsn.reporting.metrics import Metrics  # noqa: PLC0415  # the same

    metrics = Metrics()

    def count(folder: Path) -> None:
        if (folder / JOURNAL).is_file():
            record = Record(folder)
            metrics.count(record.entries(), record.blobs)

    with serve(metrics, port) as address:
        say(f"metrics: {address}")
        yield count


def finish(
    session: Session,
    follow: Callable[[Session], None] = lambda _: None,
    *,
    remote: Remote | None = None,
    as_json: bool,
) -> int:
    """Run a session to its end and show the result. `follow` gets it first; `remote` has its credentials."""
    try:
        follow(session)
        with _shown(session, as_json=as_json):
            result = run_session(session, remote=remote)
        delivered, refused = _delivered(session)
    except KeyboardInterrupt:
        say(f"interrupted: continue with: {resume_command(session.folder)}", whole=True)
        if as_json:
            give_json({"status": "interrupted", "session": session.name, "folder": str(session.folder)})
        return EXIT_CODES["interrupted"]
    finally:
        session.close()
    delivery = {"delivered": delivered, "refused": refused}
    if as_json:
        give_json(result | {key: text for key, text in delivery.items() if text})
    else:
        _show(result, judged=session.config.given is not None)
    if not as_json and (delivered or refused):
        say(delivered or f"rfsn: {refused}")
    unaccepted = result["oracle"] == "generated" and not session.config.accept_generated
    if unaccepted and not refused and not EXIT_CODES[result["status"]]:
        if not as_json:
            say("exit code 1: only a generated test shows this repair; --accept-generated makes it count", whole=True)
        return EXIT_CODES["not_repaired"]
    return EXIT_CODES["usage_error" if refused else result["status"]]


def _delivered(session: Session) -> tuple[str | None, str | None]:
    """What was done with the patch, or why it was not: the repair stands either way."""
    try:
        return Delivery.of(session).deliver(session), None
    except UsageError as error:
        return None, str(error)


@contextmanager
def _shown(session: Session, *, as_json: bool) -> Iterator[None]:
    """Show the progress of a session: live on a terminal, as plain lines elsewhere, not at all with JSON."""
    if as_json:
        yield
    elif errors().isatty() and not os.environ.get("RFSN_LOG"):
        from rfsn.cli.live import LiveView  # noqa: PLC0415  # plain lines do not need it

        with LiveView(session, errors()) as view:
            session.listeners.append(view)
            yield
    else:
        session.listeners.append(Lines(session))
        yield


def _leaves_targets(verdict: Mapping[str, Any] | None) -> bool:
    """Whether a patch was rejected for tests that fail on the base already."""
    return verdict is not None and any(reason.startswith(UNREPAIRED) for reason in verdict["reasons"])


def _show(result: Mapping[str, Any], *, judged: bool) -> None:
    """Print how a session ended. A patch from elsewhere that got a verdict was not made here: it is accepted or not."""
    ended = result["status"].replace("_", " ")
    if judged and result["verdict"] is not None:
        ended = "accepted" if result["verdict"]["accepted"] else "rejected"
    say(f"{ended}: {result['reason']}")
    if judged and (result["status"] == "partly_repaired" or _leaves_targets(result["verdict"])):
        say("what to do: if it is not for all tests that fail on the base, name those that it is for with --target")
    if result["narrow"] and result["verdict"]["accepted"]:
        say(f"NARROW: {result['narrow_because']}; --strict rejects such a patch")
    for finding in result["diagnosis"][:_FINDINGS]:
        say(f"it looks like {finding['seems']}")
        say(f"what to do: {finding['advice']}")
    if result["status"] in {"not_repaired", "partly_repaired"} and result["suspects"]:
        say(f"most suspicious lines: {', '.join(result['suspects'])}")
    if asked := result["models"]:
        calls, cost = counted(asked["calls"], "call"), f"{asked['cost_usd']:.4f} of {asked['max_cost_usd']:g} USD"
        say(f"models: {calls}, {cost}")
    say(f"report: {result['folder']}/report.html", whole=True)
    if result["confidence"] is not None:
        say(f"confidence {result['confidence']:.2f}: {'; '.join(result['because'])}")
    for known in result["ambiguities"][:_AMBIGUITIES]:
        others = " and ".join(map(str, known["alternatives"]))
        say(f"not decided by any test: {known['input']}")
        say(f"  gives {known['answer']} with this patch, and {known['other']} with alternative {others} of the report")
    if result["best"]:
        fixed = len(result["best"]["fixed"])
        repairs = f", repairs {fixed}" if fixed else ""
        what = "withdrawn" if result["withdrawn"] else "not verified"
        say(f"best candidate, {what}{repairs}: {result['folder']}/best.diff", whole=True)
    if result["oracle"] == "generated":
        say(f"oracle: generated; the test was written from the issue: {result['folder']}/report.html", whole=True)
    if result["patch"]:
        give_diff(result["patch"])
        say(f"patch: {result['folder']}/patch.diff", whole=True)


def guarded(command: Callable[[], int], *, as_json: bool) -> int:
    """Run a command; an error becomes a message and its exit code, never a traceback."""
    try:
        configure_logging()
        with _terminable():
            return command()
    except KeyboardInterrupt:
        say("interrupted")
        return EXIT_CODES["interrupted"]
    except (RfsnError, SandboxError) as error:
        status = "infra_error" if isinstance(error, InfraError | SandboxError) else "usage_error"
        return _refused(status, str(error), as_json=as_json)
    except OSError as error:
        reason = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        return _refused("infra_error", reason, as_json=as_json)
    except Exception as error:  # noqa: BLE001  # the outermost edge: no traceback reaches a user
        log.exception("a defect in rfsn")
        return _refused("infra_error", f"a defect in rfsn: {type(error).__name__}: {error}", as_json=as_json)


def _refused(status: str, reason: str, *, as_json: bool) -> int:
    say(f"rfsn: {reason}")
    if as_json:
        give_json({"status": status, "reason": reason})
    return EXIT_CODES[status]


@contextmanager
def _terminable() -> Iterator[None]:
    """Make SIGTERM end a session as Ctrl-C does: journaled and resumable.

    A second one does not keep the first from cleaning up; a third does.
    """
    signals = (signal.SIGINT, signal.SIGTERM)
    asked = 0

    def interrupt(_number: int, _frame: object) -> None:
        nonlocal asked
        asked += 1
        if asked == _PATIENT:
            say("rfsn: still stopping; press Ctrl-C again to leave everything behind")
        else:
            raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            # After a clean end, a later signal must not change the exit code that says so.
            signal.signal(number, signal.SIG_IGN if asked else handler)
