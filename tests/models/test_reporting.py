"""What is said of calls of models: metrics, the report and its page, the lines of progress, the messages."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from gate import Allowed, AskModel, DenialKind, Denied, ReadFile, Usage
from planners.answers import Answer, ToolCall
from planners.observations import Denial
from rfsn.cli.lines import line_of
from rfsn.models.doubles import ScriptedModel
from rfsn.models.failure import CallFailed
from rfsn.models.request import Received
from rfsn.reporting.metrics import Metrics
from rfsn.reporting.page import page_of
from rfsn.reporting.report import report_of
from rfsn.sessions.events import CallEnded, CallStarted, Observed, Proposed, Resumed, SessionEnded
from rfsn.sessions.meter import Used
from rfsn.sessions.record import Record
from tests.models.office import Office, action_of, card_of, open_office, proposal_of

type Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]

ANSWERED = Received(Answer("fixed", (ToolCall("1", "read", "{}"),), raw="opaque"), Usage(1_000, 100, 800, 50, 60))
WHY = "the loop ends <b>one</b> too early"


def asking(*texts: str) -> AskModel:
    return replace(action_of(*texts), files=("a.py", "b.py"), redacted=(("secret", 2), ("e-mail address", 1)))


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """A session with an answered call, one that fails, one that is lost, and one that was denied."""
    lines: list[Received | CallFailed] = [ANSWERED, CallFailed("400", "wrong <i>request</i>", billed=False)]
    with open_office(tmp_path, ScriptedModel(lines), card_of("http://127.0.0.1:1/v1"), max_cost=3.0) as office:
        office.ask(asking("one", "two"))
        lost = office.begin(action_of("three"))
        first = office.calls[0]
        assert isinstance(first, CallStarted)
        office.session.record(first.model_copy(update={"proposal": lost.id, "reserved_usd": 0.5}))
        office.session.record(Resumed())
        again = replace(proposal_of(asking("four"), 3), hypothesis=WHY)
        denied = Denied("models.secrets", DenialKind.INVARIANT, "a key", "leave it out")
        office.session.record(Proposed.of(again, denied))
        office.session.record(Observed.of(again, Denial(denied), Used(0.0, ())))
        office.session.record(SessionEnded(status="not_repaired", reason="nothing helped"))
        yield office


def samples_of(metrics: Metrics) -> Samples:
    page = generate_latest(metrics.registry).decode()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
        if sample.name.startswith("rfsn_llm")
    }


def test_metrics_add_up_to_what_the_journal_has(office: Office) -> None:
    metrics = Metrics()
    metrics.count(office.session.entries(), office.session.blobs)
    samples = samples_of(metrics)

    def value(name: str, **labels: str) -> float:
        return samples[f"rfsn_llm_{name}", frozenset({"model": "m", **labels}.items())]

    assert {status: value("calls_total", status=status) for status in ("ok", "400", "lost")} == {
        "ok": 1,
        "400": 1,
        "lost": 1,
    }
    tokens = {"input": 1_000, "output": 100, "cached": 800, "written": 50, "reasoning": 60}
    assert {kind: value("tokens_total", type=kind) for kind in tokens} == tokens
    assert value("cost_usd_total") == pytest.approx(office.session.projection.spent_usd)
    assert value("cost_usd_total") > 0.5
    assert value("latency_seconds_count") == 2


def test_the_labels_are_bounded_whatever_a_journal_says(office: Office) -> None:
    metrics = Metrics()
    projection = office.session.projection
    for number in range(50):
        event = CallEnded(
            proposal="p",
            sample=0,
            attempt=number,
            model=f"invented-{number}",
            finish="failed",
            status=f"word-{number}",
            cost_usd=-1.0,
        )
        metrics.observe(event, projection, 0.0, office.session.blobs)
    labels = {frozenset(pairs) for name, pairs in samples_of(metrics) if name == "rfsn_llm_calls_total"}
    assert labels == {frozenset({("model", "other"), ("status", "other")})}


def test_the_report_says_who_was_asked_what_and_why_and_what_that_cost(office: Office) -> None:
    models = report_of(office.session)["models"]
    assert models["cost_usd"] == pytest.approx(office.session.projection.spent_usd)
    assert (models["max_cost_usd"], models["calls"]) == (2.0, 3)
    (each,) = models["each"]
    assert (each["model"], each["calls"], each["answered"], each["priced"]) == ("m", 3, 1, "a test")
    assert each["tokens"] == {"input": 1_000, "output": 100, "cached": 800, "written": 50, "reasoning": 60}
    assert each["cost_usd"] == models["cost_usd"]
    asked = models["asked"]
    assert [(step["samples"], step["denied"]) for step in asked] == [(2, None), (1, None), (1, "models.secrets")]
    assert (asked[2]["why"], asked[2]["files"]) == (WHY, ["a.py", "b.py"])
    assert models["redacted"] == {"e-mail address": 1, "secret": 2}, "what was denied was not sent"


def test_the_page_shows_it_and_escapes_it(office: Office) -> None:
    page = page_of(office.session, report_of(office.session))
    section = page.partition('<section id="models">')[2].partition("</section>")[0]
    assert "the loop ends &lt;b&gt;one&lt;/b&gt; too early" in section
    assert "1 e-mail address, 2 secrets" in section
    assert "denied by models.secrets" in section
    assert "of at most 2 USD" in section
    assert "Models may be asked: m" in page
    assert "<i>request" not in page


def test_a_session_without_models_says_nothing_of_them(tmp_path: Path) -> None:
    with open_office(tmp_path, ScriptedModel([])) as office:
        office.session.record(SessionEnded(status="not_repaired", reason=""))
        bare = Record.read(office.session.folder)
    bare.projection = replace(bare.projection, models=None)
    report = report_of(bare)
    assert report["models"] is None
    assert 'id="models"' not in page_of(bare, report)


def test_a_look_of_an_agent_has_a_line_unless_it_is_denied(office: Office) -> None:
    look = replace(
        proposal_of(action_of("why?"), 99), action=ReadFile("shop/cart.py"), intent="m: read file shop/cart.py"
    )
    allowed = line_of(Proposed.of(look, Allowed()), office.session.projection, office.session.blobs)
    assert allowed == f"{look.phase:<12} m: read file shop/cart.py"
    denied = Denied("models.egress", DenialKind.INVARIANT, "it may hold keys", "read other files")
    assert line_of(Proposed.of(look, denied), office.session.projection, office.session.blobs) is None


def test_the_line_of_a_step_has_its_answers_and_the_cost_so_far(office: Office) -> None:
    events = [entry.event for entry in office.session.entries()]
    observed = next(event for event in events if isinstance(event, Observed))
    line = line_of(observed, office.session.projection, office.session.blobs)
    assert line is not None
    assert "answered 1 of 2 samples" in line
    assert "wrong <i>request</i>" in line
    assert f"{office.session.projection.spent_usd:.4f} USD so far" in line


def test_messages_are_one_call_a_line(office: Office, rfsn: Callable[..., Any]) -> None:
    ran = rfsn("report", office.session.folder, "--messages")
    assert (ran.code, ran.err) == (0, "")
    calls = [json.loads(line) for line in ran.out.splitlines()]
    assert [(call["status"], call["finish"]) for call in calls] == [
        ("ok", "complete"),
        ("400", "failed"),
        ("lost", "failed"),
    ]
    first = calls[0]
    assert first["request"]["turns"][-1] == {"role": "user", "text": "one"}
    assert (first["answer"]["text"], first["usage"]["cached"]) == ("fixed", 800)
    assert sum(call["cost_usd"] for call in calls) == pytest.approx(office.session.projection.spent_usd)
    assert not (office.session.folder / "report.html").exists(), "nothing is written"
