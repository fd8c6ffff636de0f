"""The report of a session as one HTML file: no script, nothing fetched, and everything hostile escaped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from planners.observations import Batch
from rfsn.errors import RfsnError
from rfsn.machine.text import counted
from rfsn.reporting.page.document import framed
from rfsn.reporting.page.markup import Html, folded, lines, tag
from rfsn.reporting.page.models import models
from rfsn.reporting.page.plot import candidates_plot
from rfsn.reporting.page.results import alternatives, diff, suspects, tests
from rfsn.reporting.page.timeline import timeline
from rfsn.reporting.report import report_of
from rfsn.sessions.events import Observed
from rfsn.sessions.record import Record

__all__ = ["page_of", "render_page"]


def render_page(session_folder: Path) -> str:
    """The page of a session, which may be in use, from its journal, the blobs that it names and the snapshot.

    Raises `JournalError` if the journal is damaged. A section whose blob or snapshot cannot be read says so instead.
    """
    record = Record.read(session_folder)
    return page_of(record, report_of(record))


def page_of(record: Record, report: Mapping[str, Any]) -> str:
    """The page of a record and its report."""
    diagnosis = [("Diagnosis", lambda: _diagnosis(report))] if report["diagnosis"] else []
    sections: list[tuple[str, Callable[[], Html]]] = [
        *diagnosis,
        ("Patch", lambda: _patch(report)),
        ("Tests", lambda: tests(record)),
        ("Timeline", lambda: timeline(record.entries())),
        ("Localization", lambda: suspects(record)),
        ("Candidates", lambda: candidates_plot(_outcomes(record))),
        ("Alternatives", lambda: alternatives(record)),
        *([("Models", lambda: models(report["models"]))] if report["models"] else []),
        ("Environment", lambda: _environment(record)),
    ]
    links = (tag("a", name, href=f"#{name.lower()}") for name, _ in sections)
    body = [_header(record, report), tag("nav", *links), *(_section(name, build) for name, build in sections)]
    before, after = framed(report["title"])
    return before + "\n".join(body) + after


def _patch(report: Mapping[str, Any]) -> Html:
    if report["patch"]:
        return tag("div", _narrow(report), diff(report["patch"]), _confidence(report))
    if report["best"]:
        fixed = tag("ul", *(tag("li", tag("code", id)) for id in report["best"]["fixed"]))
        note = "No patch was verified. The best candidate broke none of the tests that it ran; it repairs:"
        if report["withdrawn"]:
            note = "The patch was withdrawn, for its confidence is less than what was asked for; it repairs:"
        return tag("div", tag("p", note), fixed, diff(report["best"]["patch"]), _confidence(report))
    return tag("p", "No patch was verified.")


def _narrow(report: Mapping[str, Any]) -> Html:
    """Whether the patch does more than know the answers of the tests."""
    heads = {True: "Narrow: ", False: "Not narrow: ", None: "Narrow or not, that is not known: "}
    if not report["narrow_because"]:
        return Html("")
    return tag(
        "p",
        tag("strong", heads[report["narrow"]]),
        report["narrow_because"],
        ".",
        class_="bad" * bool(report["narrow"]),
    )


def _confidence(report: Mapping[str, Any]) -> Html:
    """How likely the patch is right and why, and inputs on which others that pass every test give other answers."""
    if report["confidence"] is None:
        return Html("")
    why = tag("p", tag("strong", f"Confidence {report['confidence']:.2f}: "), "; ".join(report["because"]), ".")
    if not report["ambiguities"]:
        return why
    head = tag("tr", *(tag("th", name) for name in ("No test has", "This patch", "Others", "Alternatives")))
    rows = (
        tag(
            "tr",
            *(tag("td", tag("code", known[key])) for key in ("input", "answer", "other")),
            tag("td", ", ".join(map(str, known["alternatives"]))),
        )
        for known in report["ambiguities"]
    )
    return tag("div", why, tag("p", "What no test decides:"), tag("table", head, *rows))


def _diagnosis(report: Mapping[str, Any]) -> Html:
    """What the failure looks like: each kind with what to do and its tests."""
    return tag("div", *map(_finding, report["diagnosis"]))


def _finding(found: Mapping[str, Any]) -> Html:
    ids = tag("ul", *(tag("li", tag("code", id)) for id in found["tests"]), class_="ids")
    advice = (tag("strong", "What to do: "), found["advice"], ".")
    text = tag("p", lines(f"It looks like {found['seems']}."), tag("br"), *advice)
    return tag("div", text, folded(counted(len(found["tests"]), "failing test"), ids))


def _section(name: str, build: Callable[[], Html]) -> Html:
    try:
        content = build()
    except (RfsnError, OSError) as error:
        content = tag("p", f"This section cannot be shown: {error}", class_="bad")
    return tag("section", tag("h2", name), content, id=name.lower())


def _header(record: Record, report: Mapping[str, Any]) -> Html:
    good = report["status"] in {"repaired", "nothing_to_repair"}
    badge = tag("span", _words(report["status"]), class_="badge good" if good else "badge bad")
    facts = {
        "session": record.started.session,
        "source": report["source"] or record.started.source,
        "environment": report["environment"] or "none",
        "sandbox": report["sandbox"] or "none",
        "begun": record.first.time,
        "duration": f"{report['seconds']:.1f} s",
        "CPU in sandboxes": f"{report['cpu_seconds']:.1f} s",
        "steps": f"{report['steps']}, of which {len(report['denials'])} denied",
        "candidates": str(report["candidates"]),
    }
    if asked := report["models"]:
        facts["models"] = f"{counted(asked['calls'], 'call')}, {asked['cost_usd']:.4f} of {asked['max_cost_usd']:g} USD"
    heading = tag("h1", badge, " ", report["title"])
    return tag("header", heading, tag("p", lines(report["reason"]), class_="reason"), _facts(facts))


def _words(status: str) -> str:
    return status.replace("_", " ")


def _facts(facts: Mapping[str, str]) -> Html:
    parts = (tag("div", tag("dt", name), tag("dd", value)) for name, value in facts.items())
    return tag("dl", *parts, class_="facts")


def _outcomes(record: Record) -> str:
    """The outcome letters of all candidates in order."""
    events = (entry.event for entry in record.entries())
    observations = (event.observation for event in events if isinstance(event, Observed))
    return "".join(batch.outcomes for batch in observations if isinstance(batch, Batch))


def _environment(record: Record) -> Html:
    """What the session ran with, without the values of environment variables: they may be secrets."""
    facts = {"rfsn": record.started.version, "named by the user": record.started.source}
    if source := record.projection.source:
        facts |= {"taken from": source.origin, "tree": source.tree, "files": str(source.files)}
        if source.submodules or source.pointers:
            facts["not fetched (submodules, Git LFS pointers)"] = ", ".join((*source.submodules, *source.pointers))
    if ready := record.projection.environment:
        facts |= {"buildpack": ", ".join(part.pack for part in ready.parts), "interpreter": ready.description}
        if ready.why:
            facts["instead of"] = ready.why
        facts |= {"environment's key": ", ".join(part.cache_key for part in ready.parts)}
        facts |= {"sandbox": ready.backend, "test command": ready.test}
    return tag("div", _facts(facts), tag("h3", "Settings"), _facts(dict(_settings(record))))


def _settings(record: Record) -> Iterator[tuple[str, str]]:
    for name, value in record.config.model_dump(mode="json").items():
        if value not in (None, [], {}):
            shown = value if isinstance(value, list | dict) else [value]
            yield name.replace("_", " "), ", ".join(map(str, shown))
