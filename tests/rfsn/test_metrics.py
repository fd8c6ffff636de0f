"""Metrics agree with the journal, and can be read while a repair runs."""

from __future__ import annotations

import json
import re
import socket
import struct
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from gate import DenialKind, Denied, GiveUp, Phase, Proposal
from planners.observations import Denial
from rfsn.compose import run_session
from rfsn.config import Config
from rfsn.evaluation import Evaluation, Selection, run_evaluation
from rfsn.reporting.exposition import serve
from rfsn.reporting.metrics import Metrics
from rfsn.sessions.blobs import BlobStore
from rfsn.sessions.events import Interrupted, Observed, Proposed, SessionEnded
from rfsn.sessions.journal import read_journal
from rfsn.sessions.meter import Meter
from rfsn.sessions.record import Record
from rfsn.sessions.session import Session
from sandbox import CommandResult, Ending

type Rfsn = Callable[..., Any]
type Samples = Mapping[tuple[str, frozenset[tuple[str, str]]], float]

NAMES = {
    "rfsn_proposals_total": {"intent", "action_type"},
    "rfsn_proposals_rejected_total": {"rejection_type", "phase"},
    "rfsn_proposals_accepted_total": {"intent", "phase"},
    "rfsn_repair_duration_seconds_count": set[str](),
    "rfsn_repair_iterations_count": set[str](),
    "rfsn_active_repairs": set[str](),
    "rfsn_tests_run_total": {"outcome"},
    "rfsn_test_duration_seconds_count": set[str](),
    "rfsn_gate_validations_total": {"decision"},
    "rfsn_gate_rejections_total": {"rule"},
    "rfsn_candidates_total": {"outcome"},
    "rfsn_sandbox_operations_total": {"backend", "operation", "outcome"},
    "rfsn_sandbox_operation_duration_seconds_count": {"backend", "operation"},
    "rfsn_errors_total": {"kind"},
    "rfsn_system_info": {"version", "python", "platform"},
}


def parsed(page: str) -> Samples:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }


def samples_of(metrics: Metrics) -> Samples:
    return parsed(generate_latest(metrics.registry).decode())


def total(samples: Samples, name: str, **labels: str) -> float:
    """The sum of a metric over every label that is not given."""
    return sum(value for (known, pairs), value in samples.items() if known == name and pairs >= set(labels.items()))


def fetch(address: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "journal.jsonl").read_text().splitlines()]


def observations(entries: Iterable[Mapping[str, Any]], kind: str) -> list[Any]:
    seen = [entry["event"]["observation"] for entry in entries if entry["event"]["kind"] == "observed"]
    return [observation for observation in seen if observation["type"] == kind]


def check_against_journal(samples: Samples, folder: Path) -> None:
    """Everything counted again, only from the lines of the journal."""
    entries = lines(folder)
    events = [entry["event"] for entry in entries]
    proposed = [event for event in events if event["kind"] == "proposed"]
    assert total(samples, "rfsn_proposals_total") == len(proposed)
    for action, count in Counter(event["proposal"]["action"]["type"] for event in proposed).items():
        assert total(samples, "rfsn_proposals_total", action_type=action) == count
    for phase, count in Counter(event["proposal"]["phase"] for event in proposed).items():
        assert total(samples, "rfsn_proposals_accepted_total", phase=phase) == count
    assert total(samples, "rfsn_gate_validations_total", decision="allowed") == len(proposed)

    batches = observations(entries, "batch")
    assert total(samples, "rfsn_candidates_total") == sum(len(batch["outcomes"]) for batch in batches) > 0
    plausible = sum(batch["outcomes"].count("p") for batch in batches)
    assert total(samples, "rfsn_candidates_total", outcome="plausible") == plausible

    suites = observations(entries, "suite_ran")
    assert total(samples, "rfsn_tests_run_total") == sum(suite["total"] for suite in suites) > 0
    assert total(samples, "rfsn_tests_run_total", outcome="passed") == sum(suite["passed"] for suite in suites)
    assert total(samples, "rfsn_test_duration_seconds_count") == sum(suite["total"] for suite in suites)

    uses = [use for event in events if event["kind"] == "observed" for use in event["sandbox"]]
    for operation in ("run", "spawn"):
        count = sum(use["count"] for use in uses if use["operation"] == operation)
        assert total(samples, "rfsn_sandbox_operations_total", operation=operation) == count > 0
        assert total(samples, "rfsn_sandbox_operation_duration_seconds_count", operation=operation) == count
    seconds = sum(use["seconds"] for use in uses)
    assert total(samples, "rfsn_sandbox_operation_duration_seconds_sum") == pytest.approx(seconds)

    assert total(samples, "rfsn_repair_iterations_sum") == len([e for e in events if e["kind"] == "observed"])
    assert total(samples, "rfsn_repair_duration_seconds_sum") == pytest.approx(entries[-1]["clock"])
    assert total(samples, "rfsn_active_repairs") == 0
    assert total(samples, "rfsn_errors_total") == 0


def test_the_metrics_of_a_session_agree_with_its_journal(examples: Path, tmp_path: Path) -> None:
    live = Metrics()
    session = Session.create(str(examples / "intervals"), Config(memory=False), tmp_path / "session")
    try:
        live.follow(session)
        assert live.active == 1
        assert run_session(session)["status"] == "repaired"
    finally:
        session.close()
    check_against_journal(samples_of(live), tmp_path / "session")

    folded = Metrics()
    folded.count(read_journal(tmp_path / "session" / "journal.jsonl"), BlobStore(tmp_path / "session" / "blobs"))
    created = re.compile(r"_created$")
    one, two = ({k: v for k, v in samples_of(m).items() if not created.search(k[0])} for m in (live, folded))
    assert one == two


def test_the_page_is_complete_and_its_labels_are_bounded(tmp_path: Path) -> None:
    session = Session.create("somewhere", Config(), tmp_path / "session")
    metrics = Metrics()
    try:
        metrics.follow(session)
        denied = Denied("order.phase", DenialKind.ORDERING, "too early", "wait")
        proposal = Proposal("p0001", Phase.STUCK, "give up after 17 tries", "", GiveUp("no"), "")
        session.record(Proposed.of(proposal, denied))
        session.record(Observed(proposal="p0001", observation=Denial(denied)))
        session.record(Interrupted())
        assert metrics.active == 0
    finally:
        session.close()
    session = Session.resume(tmp_path / "session")
    metrics = Metrics()
    try:
        metrics.follow(session)
        assert metrics.active == 1
        session.record(SessionEnded(status="infra_error", reason="the disk is full"))
    finally:
        session.close()
    page = generate_latest(metrics.registry).decode()
    for name in NAMES:
        assert f"# TYPE {name.removesuffix('_count')} " in page
    samples = parsed(page)
    assert total(samples, "rfsn_proposals_total", intent="stuck/give_up", action_type="give_up") == 1
    assert total(samples, "rfsn_proposals_rejected_total", rejection_type="ordering", phase="stuck") == 1
    assert total(samples, "rfsn_gate_validations_total", decision="denied") == 1
    assert total(samples, "rfsn_gate_rejections_total", rule="order.phase") == 1
    assert total(samples, "rfsn_proposals_accepted_total") == 0
    assert total(samples, "rfsn_errors_total", kind="infra_error") == 1
    assert total(samples, "rfsn_active_repairs") == 0
    assert total(samples, "rfsn_system_info") == 1


def test_operations_of_all_threads_are_added_up() -> None:
    meter = Meter()
    result = CommandResult(0, b"", b"", duration_s=0.5, cpu_s=0.25, ending=Ending.EXITED)

    def work() -> None:
        for _ in range(200):
            meter.add("bubblewrap", "run", result)
            meter.add("bubblewrap", "spawn", result)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    used = meter.take()
    assert used.cpu_s == 400
    assert [(use.operation, use.outcome, use.count, use.seconds) for use in used.sandbox] == [
        ("run", Ending.EXITED, 800, 400.0),
        ("spawn", Ending.EXITED, 800, 400.0),
    ]
    assert meter.take().sandbox == ()


def test_a_running_repair_is_scraped(examples: Path, script: Path, environment: dict[str, str], tmp_path: Path) -> None:
    source, folder = str(examples / "checkout"), tmp_path / "session"
    command = [str(script), "repair", source, "--metrics-port", "0", "--out", str(folder)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    with process, process.stderr:
        address = process.stderr.readline().removeprefix("metrics: ").strip()
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/metrics", address)
        for line in process.stderr:
            if "again:" in line:
                break
        status, page = fetch(address)
        health = fetch(address.replace("/metrics", "/health"))
        missing, _ = fetch(address.replace("/metrics", "/nothing"))
        process.stderr.read()
    assert process.returncode == 0
    assert (status, missing) == (200, 404)
    assert (health[0], json.loads(health[1])) == (200, {"status": "ok", "sessions_active": 1})
    samples = parsed(page)
    found = {name: {label for label, _ in pairs} for name, pairs in samples}
    later = {name for name in NAMES if "reject" in name or "error" in name or "candidates" in name}
    assert {name: found.get(name) for name in NAMES.keys() - later} == {
        name: NAMES[name] for name in NAMES.keys() - later
    }
    assert total(samples, "rfsn_active_repairs") == 1
    suites = observations(lines(folder), "suite_ran")
    assert total(samples, "rfsn_tests_run_total") == sum(suite["total"] for suite in suites)
    with pytest.raises(urllib.error.URLError):
        fetch(address)


@pytest.mark.thorough
def test_an_evaluation_has_one_page_for_all(rfsn: Rfsn, tmp_path: Path) -> None:
    rows = [
        {
            "instance_id": id,
            "files": {"a.py": "", "test_a.py": "def test():\n    pass\n"},
            "test_command": ["python", "-m", "pytest"],
        }
        for id in ("one", "two")
    ]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    told: list[str] = []
    metrics = Metrics()

    def count(folder: Path) -> None:
        told.append(folder.name)
        record = Record(folder)
        metrics.count(record.entries(), record.blobs)

    how = Evaluation(workers=2)
    run_evaluation(str(tmp_path / "rows.jsonl"), Config(), tmp_path / "out", Selection(), how, ended=count, quiet=True)
    assert sorted(told) == ["one", "two"]
    assert total(samples_of(metrics), "rfsn_repair_duration_seconds_count") == 2
    assert total(samples_of(metrics), "rfsn_tests_run_total", outcome="passed") == 2
    ran = rfsn("eval", tmp_path / "rows.jsonl", "--out", tmp_path / "other", "--metrics-port", "0", "--json")
    assert ran.code == 0
    assert ran.json["nothing_to_repair"] == 2
    assert ran.err.startswith("metrics: http://127.0.0.1:")


def test_a_resume_serves_metrics_too(rfsn: Rfsn, examples: Path, tmp_path: Path) -> None:
    folder = tmp_path / "session"
    assert rfsn("repair", examples / "intervals", "--max-steps", "1", "--out", folder).code == 1
    before = (folder / "journal.jsonl").read_bytes()
    ran = rfsn("resume", folder, "--metrics-port", "0")
    assert ran.code == 1
    assert ran.err.startswith("metrics: http://127.0.0.1:")
    assert (folder / "journal.jsonl").read_bytes() == before


@pytest.mark.parametrize("command", ["repair", "resume", "eval"])
def test_a_port_in_use_is_a_usage_error(command: str, rfsn: Rfsn, examples: Path, tmp_path: Path) -> None:
    subject = {"repair": examples / "stock", "resume": "any", "eval": "any.jsonl"}[command]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ran = rfsn(command, subject, "--metrics-port", port, "--json", cwd=tmp_path)
    assert ran.code == 2
    assert ran.json["status"] == "usage_error"
    assert f"--metrics-port {port}: address already in use" in ran.err


def test_the_server_ends_with_its_block() -> None:
    with serve(Metrics(), 0) as address:
        assert fetch(address)[0] == 200
    with pytest.raises(urllib.error.URLError):
        fetch(address)


def test_nothing_is_loaded_before_metrics_are_asked_for() -> None:
    code = "import sys, rfsn.cli.commands; print('prometheus_client' in sys.modules)"
    ran = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"


def test_a_client_that_goes_away_is_not_reported(capfd: pytest.CaptureFixture[str]) -> None:
    with serve(Metrics(), 0) as address:
        port = int(address.split(":")[2].split("/")[0])
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", port)) as client:
                client.sendall(b"GET /metr")
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        assert fetch(address)[0] == 200
    assert capfd.readouterr().err == ""
